"""Stage *verify*: the judge on each article and its best candidates.

An article is judged with the counts as they stood when its epoch began, as in the stream.  Its candidates from
earlier blocks come as visitors, so that a task reads its own block's folders and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from pipeline.archive.arranging import block_of
from pipeline.archive.counting import START, Walk, counted_rows, counts_after
from pipeline.archive.engine import Engine
from pipeline.archive.job import Job
from pipeline.archive.meeting import CANDIDATE
from pipeline.archive.parts import Told, column, load, pa, save, told
from pipeline.archive.profiles import SCHEMA, profiles_of
from pipeline.dedup.counts import ShingleCounts
from pipeline.dedup.index import EPOCH
from pipeline.dedup.verify import Pair, Verdict, verify

# A candidate with its verdict; ``same`` is null where it was not compared, ``kind`` and ``figures`` (float64 in
# the order of ``features.NAMES``) are there where it is true.
VERDICT = pa.schema(
    [*CANDIDATE, ("same", pa.bool_()), ("score", pa.float64()), ("kind", pa.string()), ("figures", pa.binary())]
)
GUEST = pa.schema([*SCHEMA, START.field("counted")])  # a profile, and whether its article is counted
_VISITORS = """
SELECT {columns}, s.counted AS counted, n.block AS block
FROM (
  SELECT DISTINCT row, {home} AS block FROM candidates WHERE {home} <> {own}
) n JOIN profiles p ON n.row = p.row JOIN starts s ON n.row = s.row
"""


def invite(job: Job, engine: Engine) -> None:
    """Make ``visitors``: the profiles of other blocks that each block needs."""
    columns = ", ".join(f"p.{name} AS {name}" for name in SCHEMA.names)
    sql = _VISITORS.format(columns=columns, home=block_of(job, "query"), own=block_of(job, "row"))
    tables = {name: job.table(name) for name in ("candidates", "profiles", "starts")}
    engine.write(sql, tables, job.table("visitors"), cut=True)


@dataclass(frozen=True, slots=True)
class Verify:
    """The task: one block → ``verdicts``."""

    job: Job

    def __call__(self, block: int) -> Told:
        """Counts: ``compared``, ``same``."""
        done = self.job.part("verdicts", block)
        if done.exists():
            return told(done)
        found = load(self.job.files("candidates", block), CANDIDATE)
        own = profiles_of(load(self.job.files("profiles", block), SCHEMA, ["row"]))
        guests = load(self.job.files("visitors", block), GUEST)
        known = own | profiles_of(guests)
        counted = counted_rows(self.job, block)
        counted |= set(column(guests, "row")[column(guests, "counted")].tolist())
        walk = Walk(counts_after(self.job, block - 1) if block else ShingleCounts())
        verdicts: dict[Pair, Verdict] = {}
        pairs = self._pairs(found)
        for epoch, rows in groupby(own, key=lambda row: row // EPOCH):
            here = list(rows)
            wanted = [pair for row in here for pair in pairs.get(row, ())]
            older = {other for _, other in wanted if other < epoch * EPOCH and other in counted}
            verdicts.update(verify(wanted, known, older, walk.counts, self.job.rules.table))
            walk.learn([(own[row].outlet, own[row].shingles) for row in here if row in counted])
        same = sum(verdict.same for verdict in verdicts.values())
        save(done, [_told(found, verdicts)], VERDICT, {"compared": len(verdicts), "same": same})
        return {"compared": len(verdicts), "same": same}

    def _pairs(self, found: pa.Table) -> dict[int, list[Pair]]:
        """The best candidates of each article."""
        pairs: dict[int, list[Pair]] = {}
        for query, row in zip(column(found, "query").tolist(), column(found, "row").tolist(), strict=True):
            own = pairs.setdefault(query, [])
            if len(own) < self.job.rules.settings.verified:
                own.append((query, row))
        return pairs


def _told(found: pa.Table, verdicts: dict[Pair, Verdict]) -> pa.Table:
    pairs = zip(column(found, "query").tolist(), column(found, "row").tolist(), strict=True)
    rows = [_columns(verdicts.get(pair)) for pair in pairs]
    same, score, kind, figures = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table([*found.columns, same, score, kind, figures], schema=VERDICT)


def _columns(verdict: Verdict | None) -> tuple[bool | None, float | None, str | None, bytes | None]:
    if verdict is None or verdict.verdicts is None:
        return None, None, None, None
    if not verdict.same:
        return False, verdict.score, None, None
    figures = verdict.verdicts.figures[verdict.place]
    return True, verdict.score, str(verdict.verdicts.kind[verdict.place]), figures.astype("<f8").tobytes()
