"""A file of articles → the database → the story of each line: the whole way of ``dedup`` on one page.

``reader and profiles (a process ahead) → known? → matcher → one transaction a batch → output``.  The output
is written at the end from the database, since a later article may merge the stories of earlier ones.
"""

from __future__ import annotations

import os
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Ingest, JournalRow, Outcome, Reason
from pipeline.run.profiling import Parcel, ahead
from pipeline.run.records import BadLine, Record
from pipeline.run.writer import public_id
from pipeline.storage import text_hash
from pipeline.storage.imports import known_ids, places

if TYPE_CHECKING:
    from pipeline.dedup import Decided, Matcher, Profile, Rules
    from pipeline.storage import Store

BAD_KEPT = 1000  # lines left out that the report names one by one; all are counted
WRITTEN = 5000  # output lines at once
KEPT = 100_000  # articles between two checkpoints of the counts, about half a second each


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What ``dedup_file`` did.  ``seconds`` by stage: waiting for the reader, matching, storing, writing."""

    lines: int
    articles: int
    stories: int
    outcomes: dict[str, int]
    reasons: dict[str, int]
    bad_count: int
    bad: tuple[BadLine, ...]  # the first ``BAD_KEPT``
    seconds: dict[str, float]


Progress = Callable[[int, int], None]  # lines read, articles stored so far


def dedup_file(
    source: Path,
    output: Path,
    store: Store,
    rules: Rules,
    progress: Progress | None,
    now: datetime,
) -> BulkReport:
    """Fold the articles of ``source`` into stories and write one line per article to ``output``.

    A repeated id is a later text of the same article.  Running again with the same database changes nothing
    for articles that are known with the same text.  Raises ``UsageError`` for a file that cannot be read or
    written, ``StorageError`` for a database that cannot.
    """
    from pipeline.dedup.opening import keep, open_matcher

    if not source.is_file():
        raise UsageError(f"cannot read {source}: there is no such file")
    with ahead(source) as parcels:
        matcher = open_matcher(store, rules)
        run = _Run(store, matcher, now)
        for parcel in run.clock.waiting("read", parcels):
            run.take(parcel)
            keep(matcher, store, every=KEPT)
            if progress is not None:
                progress(run.lines, len(run.rows))
    keep(matcher, store)
    with run.clock.stage("write"):
        stories = run.write(output)
    return run.report(stories)


@dataclass(slots=True)
class _Clock:
    """Seconds by stage."""

    seconds: Counter[str] = field(default_factory=Counter)

    def waiting(self, name: str, items: Iterator[Parcel]) -> Iterator[Parcel]:
        while True:
            begun = time.perf_counter()
            item = next(items, None)
            self.seconds[name] += time.perf_counter() - begun  # type: ignore[assignment]
            if item is None:
                return
            yield item

    def stage(self, name: str) -> _Stage:
        return _Stage(self, name)


@dataclass(slots=True)
class _Stage:
    clock: _Clock
    name: str
    begun: float = 0.0

    def __enter__(self) -> None:
        self.begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.clock.seconds[self.name] += time.perf_counter() - self.begun  # type: ignore[assignment]


class _Run:
    """One pass over a file.  Of every line only its article's row is kept: 8 bytes."""

    def __init__(self, store: Store, matcher: Matcher, now: datetime) -> None:
        self._store = store
        self._matcher = matcher
        self._now = now
        self._next_row, _ = store.next_rows()
        self._outcomes: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._bad: list[BadLine] = []
        self._bad_count = 0
        self._whole = bytearray()  # whether the id was a whole number
        self.rows = array("q")
        self.lines = 0
        self.clock = _Clock()

    def take(self, parcel: Parcel) -> None:
        """Decide about a parcel and store it."""
        self.lines = parcel.lines
        self._bad_count += len(parcel.bad)
        self._bad.extend(parcel.bad[: BAD_KEPT - len(self._bad)])
        with self.clock.stage("unpack"):
            items = parcel.records()
        for part in _without_repeats(items):
            self._store_part(part)

    def _store_part(self, items: list[tuple[Record, Profile]]) -> None:
        with self.clock.stage("look up"):
            known = known_ids(self._store, [record.id for record, _ in items])
        with self.clock.stage("match"):
            ingests = self._ingests(items, known)
        with self.clock.stage("store"):
            if ingests:
                self._store.apply(ingests, self._now)

    def _ingests(self, items: list[tuple[Record, Profile]], known: dict[str, tuple[int, int, bytes]]) -> list[Ingest]:
        from pipeline.dedup.matcher import Incoming

        fresh: list[tuple[Record, Incoming]] = []
        revised: list[tuple[Record, Incoming]] = []
        for record, profile in items:
            place = known.get(record.id)
            row = self._next_row if place is None else place[0]
            incoming = Incoming(row, record.article, profile)
            self.rows.append(row)
            self._whole.append(record.whole)
            if place is None:
                self._next_row += 1
                fresh.append((record, incoming))
            elif text_hash(record.article.text) != place[2]:
                revised.append((record, incoming))
            else:
                self._count(Outcome.SEEN, Reason.SAME_TEXT)
        decided = self._matcher.decide([incoming for _, incoming in fresh])
        ingests = [
            self._ingest(record, incoming.row, what, Outcome.NEW)
            for (record, incoming), what in zip(fresh, decided, strict=True)
        ]
        stored = self._store.articles([incoming.row for _, incoming in revised])
        for record, incoming in revised:
            what = self._matcher.revise(incoming)
            again = stored[incoming.row].revision
            ingests.append(self._ingest(record, incoming.row, what, Outcome.REVISED, again))
        return ingests

    def _ingest(self, record: Record, row: int, what: Decided, outcome: Outcome, again: int = 0) -> Ingest:
        self._count(outcome, what.reason)
        article = record.article
        started = what.reason is Reason.STARTED_STORY
        name = f"import:{record.id}" + (f" revision {again}" if again else "")  # it may have started one before
        return Ingest(
            row=row,
            article_id=record.id,
            article=article,
            sketch=what.sketch,
            decision=what.decision,
            journal=JournalRow(
                self._now, None, article.url or None, article.outlet, article.title, outcome, what.reason
            ),
            story_id=public_id("s", name) if started else "",
            addresses=("", article.url) if article.url else ("",),  # here the id says what is one article
        )

    def _count(self, outcome: Outcome, reason: Reason) -> None:
        self._outcomes[outcome.value] += 1
        self._reasons[reason.value] += 1

    def write(self, output: Path) -> int:
        """Write the output file; returns the number of stories.  It is complete or not there."""
        part = output.with_name(output.name + ".part")
        stories: set[str] = set()
        try:
            with part.open("wb") as out:
                for first in range(0, len(self.rows), WRITTEN):
                    rows = self.rows[first : first + WRITTEN]
                    out.write(self._lines(rows, self._whole[first : first + WRITTEN], stories))
                out.flush()
                os.fsync(out.fileno())
            part.replace(output)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UsageError(f"cannot write {output}: {error.strerror or error}") from error
        return len(stories)

    def _lines(self, rows: Sequence[int], whole: bytearray, stories: set[str]) -> bytes:
        found = places(self._store, rows)
        encode = msgspec.json.Encoder().encode
        lines = []
        for row, number in zip(rows, whole, strict=True):
            key, story, speaks, best = found[row]
            stories.add(story)
            match = best and {"article_id": best.article_id, "score": best.score, "reason": best.reason}
            line = {"id": int(key) if number else key, "story_id": story, "canonical": speaks, "match": match}
            lines.append(encode(line))
        return b"\n".join(lines) + b"\n"

    def report(self, stories: int) -> BulkReport:
        """The sums."""
        return BulkReport(
            lines=self.lines,
            articles=len(self.rows),
            stories=stories,
            outcomes=dict(self._outcomes),
            reasons=dict(self._reasons),
            bad_count=self._bad_count,
            bad=tuple(self._bad),
            seconds={name: round(spent, 3) for name, spent in self.clock.seconds.items()},
        )


def _without_repeats(items: list[tuple[Record, Profile]]) -> Iterator[list[tuple[Record, Profile]]]:
    """``items`` cut where an id comes again, so that each part holds it once."""
    part: list[tuple[Record, Profile]] = []
    seen: set[str] = set()
    for item in items:
        key = item[0].id
        if key in seen:
            yield part
            part, seen = [], set()
        part.append(item)
        seen.add(key)
    if part:
        yield part
