"""Setting a matcher up from a database, and keeping what it has learned.

The index is built from the stored sketches.  Counts of shingles are too many to be derived from all texts in
seconds; they are kept now and then (``keep``), and what came after is counted again from the stored texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from pipeline.dedup.counts import ShingleCounts
from pipeline.dedup.index import EPOCH
from pipeline.dedup.matcher import Matcher, Rules
from pipeline.dedup.profile import profiles
from pipeline.dedup.sketch import is_whole, unpack_many
from pipeline.dedup.source import Keeper, Source

CHECKPOINT = "counts"
KEEP_EVERY = 20_000  # articles: counting them again takes two to five seconds
_LOAD = 1 << 14  # sketches read at once: about 10 MB as objects
_TIER = 4  # reads that make a tier of the index: smaller ones would only be merged and sorted again


def open_matcher(source: Source, rules: Rules | None = None) -> Matcher:
    """A matcher that knows everything stored in ``source``."""
    matcher = Matcher(source, rules or Rules())
    next_row, matcher.next_story = source.next_rows()
    _load_sketches(matcher)
    _load_counts(matcher, next_row)
    return matcher


def keep(matcher: Matcher, keeper: Keeper, *, every: int = KEEP_EVERY) -> bool:
    """Store the counts if ``every`` articles came since the last time; to be called after storing a batch."""
    upto = matcher.epoch * EPOCH - 1
    if upto - matcher.kept < every:
        return False
    keeper.save_checkpoint(CHECKPOINT, upto, matcher.counts.dump())
    matcher.kept = upto
    return True


def _load_sketches(matcher: Matcher) -> None:
    stream = matcher.source.sketches(0)
    reads = 0
    while part := list(islice(stream, _LOAD)):
        # A damaged sketch costs its own article's being found; `doctor` names it.
        part = [row for row in part if is_whole(row[3])]
        if not part:
            continue
        rows, stories, times, blobs = zip(*part, strict=True)
        keys, sizes, shingles = unpack_many(blobs)
        own = np.array(rows, np.int64)
        seconds = np.array([np.nan if t is None else t for t in times], np.float64)
        matcher.ledger.load(own, np.array(stories, np.int64), shingles, seconds)
        matcher.index.add(own, keys, sizes)
        reads += 1
        if reads % _TIER == 0:
            matcher.index.settle()
    matcher.index.settle()
    matcher.ledger.loaded()


def _load_counts(matcher: Matcher, next_row: int) -> None:
    stored = matcher.source.checkpoint(CHECKPOINT)
    if stored is not None:
        matcher.kept, blob = stored
        matcher.counts = ShingleCounts.load(blob)
    matcher.epoch = (matcher.kept + 1) // EPOCH
    for rows in _epochs(matcher.kept + 1, next_row):
        matcher.enter_epoch(rows[0] // EPOCH)
        began = matcher.ledger.started(np.array(rows)).tolist()
        found = matcher.source.articles([row for row, yes in zip(rows, began, strict=True) if yes])
        articles = [found[row].article for row in sorted(found)]
        matcher.learning.extend((p.outlet, p.shingles) for p in profiles(articles))


def _epochs(first: int, end: int) -> Iterator[range]:
    """The rows from ``first`` to ``end``, epoch by epoch."""
    while first < end:
        upto = min((first // EPOCH + 1) * EPOCH, end)
        yield range(first, upto)
        first = upto
