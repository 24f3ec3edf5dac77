"""From the result into a store, so that an installation starts with its history.

Articles go in by the same door as those of a round, in order, each batch one transaction.  What is stored already is
left as it is, so that a load that was ended goes on, and one that is run twice adds nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.archive.counting import SECOND, Walk, counts_after, epochs
from pipeline.archive.job import Job
from pipeline.archive.parts import arrays, column, load, pa
from pipeline.archive.profiles import SCHEMA
from pipeline.archive.publishing import PLACE, evidence, story_id
from pipeline.archive.reading import articles
from pipeline.archive.stages import Progress
from pipeline.dedup.canonical import ONLY
from pipeline.dedup.index import EPOCH
from pipeline.dedup.opening import CHECKPOINT
from pipeline.dedup.sketch import pack
from pipeline.model import Action, Article, Decision, Ingest, JournalRow, Match, Outcome, Reason
from pipeline.storage.imports import known_ids

if TYPE_CHECKING:
    from pipeline.storage import Store

AT_ONCE = 512  # articles in one transaction
SKETCH = pa.schema([SCHEMA.field(name) for name in ("row", "samples", "size")])


@dataclass(frozen=True, slots=True)
class Loaded:
    """Articles and stories that came into the store, and articles that were there."""

    articles: int
    stories: int
    known: int


def load_store(
    job: Job, blocks: Sequence[int], store: Store, now: datetime, progress: Progress | None = None
) -> Loaded:
    """Load a finished archive.  Raises ``StorageError`` where the store cannot be written.

    Matching is over: articles that were in the store before are not compared with those that come.
    """
    load_ = _Load(job, store, now, sum(len(load(job.files("homes", block), PLACE)) for block in blocks))
    for done, block in enumerate(blocks, 1):
        load_.block(block)
        if progress is not None:
            progress("load", done, len(blocks))
    load_.keep_counts(blocks[-1])
    return Loaded(load_.articles, load_.stories, load_.known)


class _Load:
    """One pass over the result; of each article its rows in the store are kept: 16 bytes."""

    def __init__(self, job: Job, store: Store, now: datetime, count: int) -> None:
        self._job = job
        self._store = store
        self._now = now
        self._next_row, self._next_story = store.next_rows()
        self._rows = array("q", bytes(8 * (count + 1)))  # by row of the archive; 0: not in the store yet
        self._homes = array("q", bytes(8 * (count + 1)))  # by row of the article a story is named after
        self.articles = self.stories = self.known = 0

    def block(self, block: int) -> None:
        """Load one block."""
        rows, ids, _, found = articles(self._job, block)
        places = load(self._job.files("homes", block), PLACE, ["row"]).to_pylist()
        table = load(self._job.files("profiles", block), SKETCH, ["row"])
        sizes = column(table, "size").tolist()
        sketches = [pack(own, size) for own, size in zip(arrays(table, "samples", "<u4"), sizes, strict=True)]
        for begin in range(0, len(rows), AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            known = known_ids(self._store, ids[part])
            ingests = []
            for row, name, article, sketch, where in zip(
                rows[part], ids[part], found[part], sketches[part], places[part], strict=True
            ):
                if name in known:
                    self.known += 1
                    self._rows[row], home, _ = known[name]
                    self._homes[where["first"]] = self._homes[where["first"]] or home
                else:
                    ingests.append(self._ingest(name, article, sketch, where))
            if ingests:
                self._store.apply(ingests, self._now)

    def _ingest(self, name: str, article: Article, sketch: bytes, where: dict[str, object]) -> Ingest:
        row, first = int(str(where["row"])), int(str(where["first"]))
        place = self._rows[row] = self._next_row
        self._next_row += 1
        self.articles += 1
        starts = not self._homes[first]
        if starts:
            self._homes[first] = self._next_story
            self._next_story += 1
            self.stories += 1
        reason = Reason.STARTED_STORY if starts else Reason.JOINED_STORY
        return Ingest(
            row=place,
            article_id=name,
            article=article,
            sketch=sketch,
            decision=self._decision(where, place, self._homes[first], starts=starts),
            journal=JournalRow(
                self._now, None, article.url or None, article.outlet, article.title, Outcome.NEW, reason
            ),
            story_id=story_id(str(where["story"])) if starts else "",
            addresses=("", article.url) if article.url else ("",),  # here the id says what is one article
        )

    def _decision(self, where: dict[str, object], place: int, story: int, *, starts: bool) -> Decision:
        speaks = where["row"] == where["speaker"]
        rule = str(where["rule"] or ONLY)
        if starts:
            return Decision(Action.START, story, (), None, place, rule if speaks else ONLY)
        matches: tuple[Match, ...] = ()
        if where["matched"] is not None:
            figures = evidence(where["figures"])  # type: ignore[arg-type]
            target = self._rows[int(str(where["matched"]))]
            matches = (Match(target, float(str(where["score"])), str(where["reason"]), figures),)
        return Decision(Action.JOIN, story, matches, None, place if speaks else None, rule)

    def keep_counts(self, last: int) -> None:
        """Keep the counts of shingles, which the service would else derive from all texts at its first start.

        Only where the store holds this archive and nothing else: its rows are then the archive's.
        """
        end = len(self._rows)
        if any(place != row for row, place in enumerate(self._rows)) or self._next_row != end:
            return
        walk = Walk(counts_after(self._job, SECOND, last - 1))
        whole = end // EPOCH  # epochs that are complete
        for epoch, stories in epochs(self._job, SECOND, last):
            if epoch < whole:
                walk.learn(stories)
        if whole * EPOCH >= last * self._job.block:
            self._store.save_checkpoint(CHECKPOINT, whole * EPOCH - 1, walk.counts.dump())
