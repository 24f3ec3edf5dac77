"""Stages *guess*, *begin* and *count*: which articles are counted, and the counts as they stood after each block.

The stream counts the shingles of an article that begins a story.  Here who begins one is not known before all is
compared, and comparing needs the counts.  So there are two passes: first an article counts unless an earlier one is
likely its copy by the sketches alone; then, when all was compared with these counts, unless it was verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from pipeline.archive.arranging import block_of
from pipeline.archive.engine import Engine
from pipeline.archive.job import Job
from pipeline.archive.parts import arrays, column, load, pa
from pipeline.dedup.counts import ShingleCounts
from pipeline.dedup.deciding import RETITLED
from pipeline.dedup.hashing import Hashes
from pipeline.dedup.index import EPOCH

START = pa.schema([("row", pa.int64()), ("counted", pa.bool_())])
COUNTED = pa.schema([("row", pa.int64()), ("outlet", pa.int64()), ("shingles", pa.binary())])
Counted = tuple[int, Hashes]  # outlet and shingles of an article
LIKELY = 0.4  # estimated overlap from which a candidate is taken for a copy: as many wrong guesses either way


@dataclass(frozen=True, slots=True)
class Pass:
    """The tables of one pass: which articles count (``starts``), the same of visitors (``guests``), the
    ``counts``, and the ``verdicts`` by them."""

    starts: str
    guests: str
    counts: str
    verdicts: str


FIRST = Pass("guessed", "guessed_guests", "guessed_counts", "guessed_verdicts")
SECOND = Pass("starts", "guests", "counts", "verdicts")

# In both, as in the stream: one that joins a story of its own outlet under another title is counted all the same.
_GUESSED = """
SELECT f.row AS row, copies.row IS NULL AS counted, {block} AS block
FROM facts f LEFT JOIN (
  SELECT DISTINCT c.query AS row
  FROM candidates c JOIN facts a ON c.query = a.row JOIN facts b ON c.row = b.row
  WHERE c.rank >= {likely} AND (a.outlet <> b.outlet OR a.title = b.title)
) copies ON f.row = copies.row
"""
_BEGUN = """
SELECT f.row AS row, b.row IS NULL OR (b.alike < {retitled} AND f.outlet = g.outlet) AS counted, {block} AS block
FROM facts f LEFT JOIN (
  SELECT query, row, alike, row_number() OVER (PARTITION BY query ORDER BY score DESC, row) AS nth
  FROM verdicts WHERE same
) b ON f.row = b.query AND b.nth = 1 LEFT JOIN facts g ON b.row = g.row
"""
_GUESTS = """
SELECT DISTINCT c.row AS row, s.counted AS counted, {home} AS block
FROM candidates c JOIN starts s ON c.row = s.row
WHERE {home} <> {own}
"""


def guess(job: Job, engine: Engine) -> None:
    """Make ``guessed``: whether each article is counted, by the sketches."""
    tables = {"facts": job.table("facts"), "candidates": job.table("candidates")}
    engine.write(
        _GUESSED.format(block=block_of(job, "f.row"), likely=LIKELY), tables, job.table(FIRST.starts), cut=True
    )
    _tell_guests(job, engine, FIRST)


def begin(job: Job, engine: Engine) -> None:
    """Make ``starts``: whether each article is counted, by the verdicts of the first pass."""
    tables = {"facts": job.table("facts"), "verdicts": job.table(FIRST.verdicts)}
    sql = _BEGUN.format(block=block_of(job, "f.row"), retitled=RETITLED)
    engine.write(sql, tables, job.table(SECOND.starts), cut=True)
    _tell_guests(job, engine, SECOND)


def _tell_guests(job: Job, engine: Engine, one: Pass) -> None:
    tables = {"candidates": job.table("candidates"), "starts": job.table(one.starts)}
    sql = _GUESTS.format(home=block_of(job, "c.query"), own=block_of(job, "c.row"))
    engine.write(sql, tables, job.table(one.guests), cut=True)


def count(job: Job, one: Pass, blocks: list[int]) -> Iterator[int]:
    """Keep the counts as they stood at the end of each block; yields the blocks as they are done.

    One after the other, since each goes on from the one before.
    """
    walk = None
    for block in blocks:
        path = _file(job, one, block)
        if path.exists():
            walk = None
        else:
            if walk is None:
                walk = Walk(counts_after(job, one, block - 1))
            for _, stories in epochs(job, one, block):
                walk.learn(stories)
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".draft")
            draft.write_bytes(walk.counts.dump())
            draft.replace(path)
        yield block


class Walk:
    """Counts on their way through the articles, an epoch at a time, as the matcher goes."""

    def __init__(self, counts: ShingleCounts) -> None:
        self.counts = counts

    def learn(self, stories: list[Counted]) -> None:
        """Count the articles of an epoch that are counted."""
        self.counts.add(stories)
        self.counts.settle()


def epochs(job: Job, one: Pass, block: int) -> Iterator[tuple[int, list[Counted]]]:
    """Each epoch of a block, and what is counted of it."""
    table = load(job.files("profiles", block), COUNTED, ["row"])
    counted = counted_rows(job, one.starts, block)
    rows = column(table, "row").tolist()
    outlets = column(table, "outlet").view(np.uint64).tolist()
    own = zip(rows, outlets, arrays(table, "shingles", "<u8"), strict=True)
    for epoch, part in groupby(own, key=lambda item: item[0] // EPOCH):
        yield epoch, [(outlet, shingles) for row, outlet, shingles in part if row in counted]


def counted_rows(job: Job, table: str, block: int) -> set[int]:
    """Rows that are counted, of a block (``starts``) or of its visitors (``guests``)."""
    found = load(job.files(table, block), START)
    return set(column(found, "row")[column(found, "counted")].tolist())


def counts_after(job: Job, one: Pass, block: int) -> ShingleCounts:
    """The counts as they stood at the end of a block; none before the first."""
    return ShingleCounts() if block < 0 else ShingleCounts.load(_file(job, one, block).read_bytes())


def _file(job: Job, one: Pass, block: int) -> Path:
    return job.table(one.counts) / f"{block}.bin"
