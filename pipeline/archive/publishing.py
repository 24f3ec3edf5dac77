"""Stage *publish*: decisions → the result, one row an article with its evidence, and one row a story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.archive.arranging import block_of
from pipeline.archive.engine import Engine
from pipeline.archive.job import Job
from pipeline.archive.parts import Told, arrays, column, load, pa, save, told
from pipeline.archive.reading import ARTICLE
from pipeline.dedup.features import NAMES
from pipeline.run.naming import public_id
from pipeline.run.results import result_line, written_whole

# What is known of each article at the end; ``first``, ``speaker`` and ``matched`` are rows.
PLACE = pa.schema(
    [
        ("row", pa.int64()), ("id", pa.string()), ("story", pa.string()), ("first", pa.int64()),
        ("speaker", pa.int64()), ("rule", pa.string()), ("matched", pa.int64()), ("match", pa.string()),
        ("score", pa.float64()), ("reason", pa.string()), ("figures", pa.binary()),
    ]
)  # fmt: skip
SUM = pa.schema(
    [
        ("first", pa.int64()), ("story", pa.string()), ("canonical", pa.string()), ("title", pa.string()),
        ("url", pa.string()), ("rule", pa.string()), ("articles", pa.int64()), ("outlets", pa.int64()),
        ("begun", pa.int64()), ("ended", pa.int64()),
    ]
)  # fmt: skip
_TIME = pa.timestamp("us", tz="UTC")
ARTICLES = pa.schema(
    [
        ("id", pa.string()), ("story_id", pa.string()), ("canonical", pa.bool_()), ("match_id", pa.string()),
        ("match_score", pa.float64()), ("match_reason", pa.string()),
        ("evidence", pa.map_(pa.string(), pa.float64())), ("url", pa.string()), ("title", pa.string()),
        ("outlet", pa.string()), ("published", _TIME),
    ]
)  # fmt: skip
STORIES = pa.schema(
    [
        ("story_id", pa.string()), ("canonical_id", pa.string()), ("canonical_rule", pa.string()),
        ("title", pa.string()), ("url", pa.string()), ("articles", pa.int64()), ("outlets", pa.int64()),
        ("first_published", _TIME), ("last_published", _TIME),
    ]
)  # fmt: skip

_PLACES = """
SELECT f.row AS row, f.id AS id, coalesce(s.id, f.id) AS story, coalesce(d.story, f.row) AS first,
  coalesce(d.speaker, f.row) AS speaker, d.rule AS rule, d.matched AS matched, m.id AS match, d.score AS score,
  d.reason AS reason, d.figures AS figures, {block} AS block
FROM facts f LEFT JOIN decided d ON f.row = d.row LEFT JOIN facts s ON d.story = s.row
  LEFT JOIN facts m ON d.matched = m.row
"""
_SUMS = """
SELECT p.first AS first, p.story AS story, c.id AS canonical, c.title AS title, c.url AS url, p.rule AS rule,
  p.articles AS articles, p.outlets AS outlets, p.begun AS begun, p.ended AS ended, {block} AS block
FROM (
  SELECT p.first, p.story, p.speaker, p.rule, count(*) AS articles, count(DISTINCT a.outlet) AS outlets,
    min(a.published) AS begun, max(a.published) AS ended
  FROM places p JOIN articles a ON p.row = a.row
  GROUP BY p.first, p.story, p.speaker, p.rule
) p JOIN articles c ON p.speaker = c.row
"""


_NUMBERS = """
SELECT count(*), coalesce(sum(CASE WHEN articles > 1 THEN 1 ELSE 0 END), 0), coalesce(max(articles), 0) FROM sums
"""


def place(job: Job, engine: Engine) -> Told:
    """Make ``homes`` and ``sums``; returns the number of ``stories`` and of those with ``copies``."""
    tables = {name: job.table(name) for name in ("facts", "decided", "articles")}
    engine.write(_PLACES.format(block=block_of(job, "f.row")), tables, job.table("homes"), cut=True)
    tables = {"places": job.table("homes"), "articles": job.table("articles")}
    engine.write(_SUMS.format(block=block_of(job, "p.first")), tables, job.table("sums"), cut=True)
    numbers = engine.rows(_NUMBERS, {"sums": job.table("sums")})[0]
    return dict(zip(("stories", "with_copies", "largest"), map(int, numbers), strict=True))


@dataclass(frozen=True, slots=True)
class Publish:
    """The task: one block of the result → files in ``articles`` and ``stories`` under ``output``."""

    job: Job
    output: Path

    def __call__(self, block: int) -> Told:
        """Count: ``articles``."""
        done = self.output / "articles" / f"part-{block:05}.parquet"
        if done.exists():
            return told(done)
        sums = load(self.job.files("sums", block), SUM, ["first"])
        save(self.output / "stories" / done.name, [_stories(sums)], STORIES)
        places = load(self.job.files("homes", block), PLACE, ["row"])
        known = load(self.job.files("articles", block), pa.schema([f for f in ARTICLE if f.name != "text"]), ["row"])
        save(done, [_articles(places, known)], ARTICLES, {"articles": len(places)})
        return {"articles": len(places)}


def story_id(name: str) -> str:
    """The public id of a story that the article of that id began: the one that ``dedup`` gives it."""
    return public_id("s", f"import:{name}")


def evidence(figures: bytes | None) -> dict[str, float]:
    """The figures behind a match by name; none for none."""
    import numpy as np

    return dict(zip(NAMES, np.frombuffer(figures, "<f8").tolist(), strict=True)) if figures else {}


def _articles(places: pa.Table, known: pa.Table) -> pa.Table:
    figures = [row.tobytes() for row in arrays(places, "figures", "<f8")]
    columns = [
        places.column("id"),
        [story_id(name) for name in places.column("story").to_pylist()],
        column(places, "row") == column(places, "speaker"),
        *(places.column(name) for name in ("match", "score", "reason")),
        pa.array([list(evidence(own).items()) or None for own in figures], ARTICLES.field("evidence").type),
        *(known.column(name) for name in ("url", "title", "outlet")),
        known.column("published").cast(_TIME),
    ]
    return pa.table(columns, schema=ARTICLES)


def _stories(sums: pa.Table) -> pa.Table:
    columns = [
        [story_id(name) for name in sums.column("story").to_pylist()],
        *(sums.column(name) for name in ("canonical", "rule", "title", "url", "articles", "outlets")),
        *(sums.column(name).cast(_TIME) for name in ("begun", "ended")),
    ]
    names = ["story_id", "canonical_id", "canonical_rule", "title", "url", "articles", "outlets"]
    return pa.table(columns, names=[*names, "first_published", "last_published"]).select(STORIES.names)


def write_lines(job: Job, blocks: list[int], output: Path) -> None:
    """The result in the shape of ``dedup``, in the order of the archive.  Complete or not there.

    Raises ``UsageError`` where it cannot be written.
    """
    with written_whole(output) as out:
        for block in blocks:
            out.write(b"".join(_lines(job, block)))


def _lines(job: Job, block: int) -> Iterator[bytes]:
    places = load(job.files("homes", block), PLACE, ["row"]).to_pylist()
    whole = load(job.files("articles", block), pa.schema([ARTICLE.field("row"), ARTICLE.field("whole")]), ["row"])
    for row, number in zip(places, whole.column("whole").to_pylist(), strict=True):
        match = None if row["match"] is None else (row["match"], row["score"], row["reason"])
        speaks = row["speaker"] == row["row"]
        yield result_line(row["id"], story_id(row["story"]), match, whole=bool(number), canonical=speaks)
