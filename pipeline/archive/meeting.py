"""Stages *meet* and *rank*: keys → meetings of articles → the few candidates of each.

The join gives each article the sixteen articles before it that carry the same hash, as the index of the stream
does (``dedup.index``).  So no hash, however many articles carry it, makes more than sixteen pairs for each of
them; and since carriers are numbered and met in cells of sixteen, it does not make one long list in one task
either: furniture, and hashes that somebody floods on purpose, cost what any others cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.archive.arranging import block_of
from pipeline.archive.engine import Engine
from pipeline.archive.job import Job
from pipeline.archive.parts import Told, column, load, pa, save, told
from pipeline.archive.profiling import FACTS
from pipeline.dedup.candidates import Candidates, candidates
from pipeline.dedup.index import NEWEST, Hits
from pipeline.dedup.ledger import Ledger
from pipeline.dedup.matcher import DAY

HIT = pa.schema([(n, pa.int64()) for n in ("query", "row", "found", "size")] + [("moment", pa.float64())])
CANDIDATE = pa.schema([("query", pa.int64()), ("row", pa.int64()), ("rank", pa.float64())])
AT_ONCE = 1024  # articles ranked at once: 1,500,000 meetings at the worst

_MEETINGS = """
WITH carriers AS (
  SELECT key, row, size, moment,
    row_number() OVER (PARTITION BY key ORDER BY row) - 1 AS nth,
    count(*) OVER (PARTITION BY key) AS carried
  FROM keys
  WHERE key % {bands} = {band}
),
shared AS (SELECT * FROM carriers WHERE carried > 1),
cells AS (
  SELECT key, row, size, moment, nth, floor(nth / {newest}) AS cell FROM shared
  UNION ALL
  SELECT key, row, size, moment, nth, floor(nth / {newest}) + 1 AS cell FROM shared
)
SELECT s.row AS query, c.row AS row, LEAST(s.nth, {newest}) AS found, c.size AS size, c.moment AS moment,
  {block} AS block
FROM shared s JOIN cells c ON s.key = c.key AND floor(s.nth / {newest}) = c.cell
WHERE c.nth < s.nth AND c.nth >= s.nth - {newest} AND c.row < s.row
"""
_CROWDED = """
SELECT count(*), coalesce(max(carried), 0), coalesce(sum((carried - {newest}) * (carried - {newest} - 1) / 2), 0)
FROM (SELECT key, count(*) AS carried FROM keys GROUP BY key) counted
WHERE carried > {newest}
"""


def meet(job: Job, engine: Engine, entries: int) -> Told:
    """Make ``hits``, band by band of the hashes where memory asks for it.

    Returns what was capped: ``crowded_hashes`` with more than sixteen carriers, the ``most_carried``, and the
    ``meetings_left_out``.
    """
    bands = engine.bands(entries)
    for band in range(bands):
        into = job.table("hits") / f"band={band}"
        if not into.exists():
            sql = _MEETINGS.format(bands=bands, band=band, newest=NEWEST, block=block_of(job, "s.row"))
            engine.write(sql, {"keys": job.table("keys")}, into, cut=True)
    crowded = engine.rows(_CROWDED.format(newest=NEWEST), {"keys": job.table("keys")})[0]
    return dict(zip(("crowded_hashes", "most_carried", "meetings_left_out"), map(int, crowded), strict=True))


@dataclass(frozen=True, slots=True)
class Rank:
    """The task: the meetings of one block → ``candidates``, best first."""

    job: Job

    def __call__(self, block: int) -> Told:
        """Counts: ``meetings``, ``candidates``."""
        done = self.job.part("candidates", block)
        if done.exists():
            return told(done)
        files = sorted(self.job.table("hits").glob(f"band=*/block={block}/*.parquet"))
        hits = load(files, HIT)
        hits = hits.take(pa.array(np.argsort(column(hits, "query"), kind="stable")))
        own = load(self.job.files("facts", block), FACTS, ["row"])
        parts = [self._ranked(hits, own, begin) for begin in range(0, len(own), AT_ONCE)]
        counts = {"meetings": len(hits), "candidates": sum(map(len, parts))}
        save(done, parts, CANDIDATE, counts)
        return counts

    def _ranked(self, hits: pa.Table, own: pa.Table, begin: int) -> pa.Table:
        """The candidates of ``AT_ONCE`` articles, from ``begin`` on."""
        part = own.slice(begin, AT_ONCE)
        rows = column(part, "row")
        query = column(hits, "query")
        low, high = np.searchsorted(query, rows[0]), np.searchsorted(query, rows[-1], "right")
        met = hits.slice(low, high - low)
        # Rows are counted from the first one met, so that the ledger is as long as the stretch that meets.
        base = int(min(rows[0], column(met, "row").min() if len(met) else rows[0])) - 1
        ledger = Ledger()
        stored = column(met, "row") - base
        ledger.expect(stored, column(met, "size"), column(met, "moment"))
        settings = self.job.rules.settings
        found: Candidates = candidates(
            Hits(np.searchsorted(rows, column(met, "query")), stored, column(met, "found")),
            column(part, "size"),
            column(part, "moment"),
            ledger,
            window=settings.window_days * DAY,
            least=settings.least_overlap,
            most=2 * settings.verified,
        )
        return pa.table([rows[found.query], found.row + base, found.rank], schema=CANDIDATE)
