"""Stages *begin* and *count*: which articles are counted, and the counts as they stood before each block.

The stream counts the shingles of an article that begins a story.  Here who begins one is not known before all is
compared, and comparing needs the counts.  So an article counts unless an earlier one is all but surely its
copy by the sketches alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from pipeline.archive.arranging import block_of
from pipeline.archive.engine import Engine
from pipeline.archive.job import Job
from pipeline.archive.parts import arrays, column, load, pa
from pipeline.dedup.counts import ShingleCounts
from pipeline.dedup.hashing import Hashes
from pipeline.dedup.index import EPOCH

START = pa.schema([("row", pa.int64()), ("counted", pa.bool_())])
COUNTED = pa.schema([("row", pa.int64()), ("outlet", pa.int64()), ("shingles", pa.binary())])
Counted = tuple[int, Hashes]  # outlet and shingles of an article
SURE = 0.4  # rank from which a candidate is taken for a copy here; see docs/archive.md

# As in the stream, one that joins a story of its own outlet under another title is counted all the same.
_STARTS = """
SELECT f.row AS row, copies.row IS NULL AS counted, {block} AS block
FROM facts f LEFT JOIN (
  SELECT DISTINCT c.query AS row
  FROM candidates c JOIN facts a ON c.query = a.row JOIN facts b ON c.row = b.row
  WHERE c.rank >= {sure} AND (a.outlet <> b.outlet OR a.title = b.title)
) copies ON f.row = copies.row
"""


def begin(job: Job, engine: Engine) -> None:
    """Make ``starts``: whether each article is counted."""
    tables = {"facts": job.table("facts"), "candidates": job.table("candidates")}
    engine.write(_STARTS.format(block=block_of(job, "f.row"), sure=SURE), tables, job.table("starts"), cut=True)


def count(job: Job, blocks: list[int]) -> Iterator[int]:
    """Keep the counts as they stood at the end of each block; yields the blocks as they are done.

    One after the other, since each goes on from the one before.
    """
    walk = None
    for before, block in zip([None, *blocks[:-1]], blocks, strict=True):
        path = counts_file(job, block)
        if path.exists():
            walk = None
        else:
            if walk is None:
                walk = Walk(ShingleCounts() if before is None else counts_after(job, before))
            for _, stories in epochs(job, block):
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


def epochs(job: Job, block: int) -> Iterator[tuple[int, list[Counted]]]:
    """Each epoch of a block, and what is counted of it."""
    table = load(job.files("profiles", block), COUNTED, ["row"])
    counted = counted_rows(job, block)
    rows = column(table, "row").tolist()
    outlets = column(table, "outlet").view(np.uint64).tolist()
    own = zip(rows, outlets, arrays(table, "shingles", "<u8"), strict=True)
    for epoch, part in groupby(own, key=lambda item: item[0] // EPOCH):
        yield epoch, [(outlet, shingles) for row, outlet, shingles in part if row in counted]


def counted_rows(job: Job, block: int) -> set[int]:
    """Rows of a block that are counted."""
    table = load(job.files("starts", block), START)
    return set(column(table, "row")[column(table, "counted")].tolist())


def counts_file(job: Job, block: int) -> Path:
    """Where the counts at the end of a block are kept."""
    return job.table("counts") / f"{block}.bin"


def counts_after(job: Job, block: int) -> ShingleCounts:
    """The counts as they stood at the end of a block."""
    return ShingleCounts.load(counts_file(job, block).read_bytes())
