"""A file of articles → the database → the story of each line: the whole way of ``dedup`` on one page.

``reader and profiles (a process ahead) → known? → matcher → one transaction a batch (a process behind) →
output``.  The output is written at the end from the database, since a later article may merge the stories of
earlier ones.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.model import Outcome, Reason
from pipeline.run.profiling import Reading, Sheet, reading
from pipeline.run.records import BadLine
from pipeline.run.results import result_line, written_whole
from pipeline.run.storing import Aside, AtOnce, Behind, Order, Orders, in_turn
from pipeline.storage.imports import known_ids, places

if TYPE_CHECKING:
    from pipeline.dedup import Matcher, Profile, Rules
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
    with reading(source) as ahead:
        return fold(ahead, output, store, rules, progress, now)


def fold(
    ahead: Reading,
    output: Path,
    store: Store,
    rules: Rules,
    progress: Progress | None,
    now: datetime,
) -> BulkReport:
    """``dedup_file`` of a file that is being read already."""
    from pipeline.dedup.opening import keep, open_matcher

    url = store.shared_url
    keeping = AtOnce(store, in_turn(ahead.texts), now) if url is None else Aside(ahead, url, now)
    behind = Behind(store, keeping)
    run = _Run(store, behind, open_matcher(behind, rules))
    for sheet in run.clock.waiting("read", iter(ahead)):
        run.take(sheet)
        keep(run.matcher, behind, every=KEPT)
        if progress is not None:
            progress(run.lines, len(run.rows))
    with run.clock.stage("store"):
        behind.wait()
    keep(run.matcher, behind)
    with run.clock.stage("write"):
        stories = run.write(output)
    return run.report(stories)


@dataclass(slots=True)
class _Clock:
    """Seconds by stage."""

    seconds: Counter[str] = field(default_factory=Counter)

    def waiting(self, name: str, items: Iterator[Sheet]) -> Iterator[Sheet]:
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

    def __init__(self, store: Store, behind: Behind, matcher: Matcher) -> None:
        self._store = store
        self._behind = behind
        self.matcher = matcher
        self._next_row, _ = store.next_rows()
        self._outcomes: Counter[Outcome] = Counter()
        self._reasons: Counter[Reason] = Counter()
        self._bad: list[BadLine] = []
        self._bad_count = 0
        self._whole = bytearray()  # whether the id was a whole number
        self.rows = array("q")
        self.lines = 0
        self.clock = _Clock()

    def take(self, sheet: Sheet) -> None:
        """Decide about a parcel and have it stored."""
        self.lines = sheet.lines
        self._bad_count += len(sheet.bad)
        self._bad.extend(sheet.bad[: BAD_KEPT - len(self._bad)])
        self._whole.extend(sheet.whole)
        with self.clock.stage("unpack"):
            profiles = sheet.profiles()
        parts = list(_without_repeats(sheet.ids)) or [range(0)]
        for part in parts:
            self._take_part(sheet, profiles, part, last=part is parts[-1])

    def _take_part(self, sheet: Sheet, profiles: list[Profile], part: range, *, last: bool) -> None:
        ids = sheet.ids[part.start : part.stop]
        first_row = self._next_row
        with self.clock.stage("look up"):
            self._behind.wait_for(ids)
            known = known_ids(self._store, ids)
        with self.clock.stage("match"):
            orders = self._orders(sheet, profiles, part, known, last=last)
        with self.clock.stage("store"):
            self._behind.order(orders, first_row, set(ids).difference(known))

    def _orders(
        self,
        sheet: Sheet,
        profiles: list[Profile],
        part: range,
        known: dict[str, tuple[int, int, bytes]],
        *,
        last: bool,
    ) -> Orders:
        from pipeline.dedup.matcher import Incoming

        fresh: list[int] = []
        incoming: list[Incoming] = []
        revised: list[tuple[int, int]] = []
        for place in part:
            row, _, text = known.get(sheet.ids[place], (self._next_row, 0, b""))
            self.rows.append(row)
            if row == self._next_row:
                self._next_row += 1
                fresh.append(place)
                incoming.append(Incoming(row, None, profiles[place]))
            elif sheet.hashes[place] != text:
                revised.append((place, row))
            else:
                self._count(Outcome.SEEN, Reason.SAME_TEXT)
        orders = Orders([], [], last)
        for place, item, decided in zip(fresh, incoming, self.matcher.decide(incoming), strict=True):
            self._count(Outcome.NEW, decided.reason)
            if decided.reason is Reason.STARTED_STORY:
                orders.started.append((place, item.row, decided.decision.story))
            else:
                orders.others.append(Order(place, item.row, decided.decision, decided.reason))
        if revised:
            self._revise(orders, profiles, revised)
        return orders

    def _revise(self, orders: Orders, profiles: list[Profile], revised: list[tuple[int, int]]) -> None:
        """Later texts of stored articles: place and row."""
        from pipeline.dedup.matcher import Incoming

        stored = self._behind.articles([row for _, row in revised])
        for place, row in revised:
            decided = self.matcher.revise(Incoming(row, None, profiles[place]))
            self._count(Outcome.REVISED, decided.reason)
            orders.others.append(Order(place, row, decided.decision, decided.reason, stored[row].revision))

    def _count(self, outcome: Outcome, reason: Reason) -> None:
        self._outcomes[outcome] += 1
        self._reasons[reason] += 1

    def write(self, output: Path) -> int:
        """Write the output file; returns the number of stories.  It is complete or not there."""
        stories: set[str] = set()
        with written_whole(output) as out:
            for first in range(0, len(self.rows), WRITTEN):
                rows = self.rows[first : first + WRITTEN]
                out.write(b"".join(self._lines(rows, self._whole[first : first + WRITTEN], stories)))
        return len(stories)

    def _lines(self, rows: Sequence[int], whole: bytearray, stories: set[str]) -> Iterator[bytes]:
        found = places(self._store, rows)
        for row, number in zip(rows, whole, strict=True):
            key, story, speaks, best = found[row]
            stories.add(story)
            match = None if best is None else (best.article_id, best.score, best.reason)
            yield result_line(key, story, match, whole=bool(number), canonical=speaks)

    def report(self, stories: int) -> BulkReport:
        """The sums."""
        return BulkReport(
            lines=self.lines,
            articles=len(self.rows),
            stories=stories,
            outcomes={outcome.value: number for outcome, number in self._outcomes.items()},
            reasons={reason.value: number for reason, number in self._reasons.items()},
            bad_count=self._bad_count,
            bad=tuple(self._bad),
            seconds={name: round(spent, 3) for name, spent in self.clock.seconds.items()},
        )


def _without_repeats(ids: Sequence[str]) -> Iterator[range]:
    """The places of ``ids`` cut where an id comes again, so that each part holds it once."""
    begin = 0
    seen: set[str] = set()
    for place, key in enumerate(ids):
        if key in seen:
            yield range(begin, place)
            begin, seen = place, set()
        seen.add(key)
    if ids:
        yield range(begin, len(ids))
