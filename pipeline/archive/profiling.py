"""Stage *profile*: the articles of a block → their profiles, and the keys by which they are found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.archive import profiles
from pipeline.archive.job import Job
from pipeline.archive.parts import Told, pa, save, told
from pipeline.archive.reading import articles
from pipeline.dedup.hashing import text_hash
from pipeline.dedup.index import Rows
from pipeline.dedup.profile import Batch, chunks, profile_batch

# One row a key: what the join carries along of the article it belongs to.
KEYS = pa.schema([("key", pa.int64()), ("row", pa.int64()), ("size", pa.int64()), ("moment", pa.float64())])
# One row an article: what is known of it without its text.  ``title`` is a hash, 0 for none.
FACTS = pa.schema(
    [
        ("row", pa.int64()), ("size", pa.int64()), ("moment", pa.float64()), ("outlet", pa.int64()),
        ("title", pa.int64()), ("id", pa.string()),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """The task: one block → ``profiles``, ``keys``, ``facts``."""

    job: Job

    def __call__(self, block: int) -> Told:
        """Counts: ``articles``, ``keys``."""
        done = self.job.part("profiles", block)  # written last
        if done.exists():
            return told(done)
        rows, ids, _, found = articles(self.job, block)
        made: list[tuple[Rows, Batch]] = []
        begin = 0
        for part in chunks(found):
            made.append((np.array(rows[begin : begin + len(part)], np.int64), profile_batch(part)))
            begin += len(part)
        del found
        counts = {"articles": len(rows), "keys": sum(len(batch.samples.values) for _, batch in made)}
        save(self.job.part("keys", block), (_keys(own, batch) for own, batch in made), KEYS, group=1 << 17)
        save(self.job.part("facts", block), _facts(made, ids), FACTS)
        save(done, (profiles.table_of(own, batch) for own, batch in made), profiles.SCHEMA, counts)
        return counts


def _keys(rows: Rows, batch: Batch) -> pa.Table:
    each = np.diff(batch.samples.offsets)
    times = np.array([frame[1] for frame in batch.frames], np.float64)
    columns = [batch.samples.values.astype(np.int64), *(np.repeat(v, each) for v in (rows, batch.size, times))]
    return pa.table(columns, schema=KEYS)


def _facts(made: list[tuple[Rows, Batch]], ids: list[str]) -> Iterator[pa.Table]:
    begin = 0
    for rows, batch in made:
        titles, times, outlets = list(zip(*batch.frames, strict=True))[:3]
        named = np.array([text_hash(title) if title else 0 for title in titles], np.uint64)
        columns = [
            rows, batch.size, np.array(times, np.float64), np.array(outlets, np.uint64).view(np.int64),
            named.view(np.int64), ids[begin : begin + len(rows)],
        ]  # fmt: skip
        yield pa.table(columns, schema=FACTS)
        begin += len(rows)
