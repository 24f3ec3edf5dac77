"""Stages *invite*, *try* and *verify*: the judge on each article and its best candidates, in two passes.

An article is judged with the counts as they stood when its epoch began, as in the stream.  Its candidates from
earlier blocks come as visitors, so that a task reads its own block's folders and nothing else.  The second pass, with
better counts, looks again at what the first left in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from pipeline.archive.arranging import block_of
from pipeline.archive.counting import Pass, Walk, counted_rows, counts_after
from pipeline.archive.engine import Engine
from pipeline.archive.job import Job
from pipeline.archive.meeting import CANDIDATE
from pipeline.archive.parts import Told, column, load, pa, save, told
from pipeline.archive.profiles import SCHEMA, profiles_of
from pipeline.dedup.features import NAMES
from pipeline.dedup.index import EPOCH
from pipeline.dedup.verify import Pair, Verdict, verify

# A candidate with its verdict; ``same`` is null where it was not compared.  Where it is true, ``kind``, ``figures``
# (float64 in the order of ``features.NAMES``) and ``alike``, the likeness of the titles among them, are there.
VERDICT = pa.schema(
    [
        *CANDIDATE, ("same", pa.bool_()), ("score", pa.float64()), ("kind", pa.string()), ("figures", pa.binary()),
        ("alike", pa.float64()),
    ]
)  # fmt: skip
SURE = 0.02  # scores nearer to 0 or 1 are not looked at again: better counts move scores in the middle
_TITLE = NAMES.index("title")
_VISITORS = """
SELECT {columns}, n.block AS block
FROM (
  SELECT DISTINCT row, {home} AS block FROM candidates WHERE {home} <> {own}
) n JOIN profiles p ON n.row = p.row
"""
Columns = tuple[bool | None, float | None, str | None, bytes | None, float | None]
_NONE: Columns = (None, None, None, None, None)


def invite(job: Job, engine: Engine) -> None:
    """Make ``visitors``: the profiles of other blocks that each block needs."""
    columns = ", ".join(f"p.{name} AS {name}" for name in SCHEMA.names)
    sql = _VISITORS.format(columns=columns, home=block_of(job, "query"), own=block_of(job, "row"))
    tables = {name: job.table(name) for name in ("candidates", "profiles")}
    engine.write(sql, tables, job.table("visitors"), cut=True)


@dataclass(frozen=True, slots=True)
class Verify:
    """The task: one block → the verdicts of one pass; ``before``: the pass whose sure verdicts stay."""

    job: Job
    now: Pass
    before: Pass | None = None

    def __call__(self, block: int) -> Told:
        """Counts: ``compared``, ``same``, ``changed`` by this pass."""
        done = self.job.part(self.now.verdicts, block)
        if done.exists():
            return told(done)
        found = load(self.job.files("candidates", block), CANDIDATE)
        known = self._known(block)
        pairs = self._best(found) if self.before is None else _by_query(p for p in known if _in_doubt(known[p]))
        anew = dict(self._judged(block, pairs))
        verdicts = known | anew
        counts = {
            "compared": len(anew),
            "same": sum(columns[0] is True for columns in verdicts.values()),
            "changed": sum(columns[0] is not anew[pair][0] for pair, columns in known.items() if pair in anew),
        }
        save(done, [_table(found, verdicts)], VERDICT, counts)
        return counts

    def _known(self, block: int) -> dict[Pair, Columns]:
        """What the pass before found."""
        if self.before is None:
            return {}
        table = load(self.job.files(self.before.verdicts, block), VERDICT)
        query, row, _, *rest = (table.column(name).to_pylist() for name in VERDICT.names)
        verdicts: Iterator[Columns] = zip(*rest, strict=True)
        pairs = zip(query, row, strict=True)
        return {pair: columns for pair, columns in zip(pairs, verdicts, strict=True) if columns[0] is not None}

    def _judged(self, block: int, pairs: Mapping[int, list[Pair]]) -> Iterator[tuple[Pair, Columns]]:
        """Verdicts on pairs by query, epoch by epoch, while the counts grow."""
        own = profiles_of(load(self.job.files("profiles", block), SCHEMA, ["row"]))
        known = own | profiles_of(load(self.job.files("visitors", block), SCHEMA))
        counted = counted_rows(self.job, self.now.starts, block)
        guests = counted_rows(self.job, self.now.guests, block)
        walk = Walk(counts_after(self.job, self.now, block - 1))
        for epoch, rows in groupby(own, key=lambda row: row // EPOCH):
            here = list(rows)
            wanted = [pair for row in here for pair in pairs.get(row, ())]
            older = {row for _, row in wanted if row < epoch * EPOCH and (row in counted or row in guests)}
            for pair, verdict in verify(wanted, known, older, walk.counts, self.job.rules.table).items():
                yield pair, _columns(verdict)
            walk.learn([(own[row].outlet, own[row].shingles) for row in here if row in counted])

    def _best(self, found: pa.Table) -> dict[int, list[Pair]]:
        """The best candidates of each article."""
        best = _by_query(zip(column(found, "query").tolist(), column(found, "row").tolist(), strict=True))
        return {query: pairs[: self.job.rules.settings.verified] for query, pairs in best.items()}


def _in_doubt(columns: Columns) -> bool:
    return columns[1] is not None and SURE < columns[1] < 1 - SURE


def _by_query(pairs: Iterable[Pair]) -> dict[int, list[Pair]]:
    found: dict[int, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(pair[0], []).append(pair)
    return found


def _table(found: pa.Table, verdicts: Mapping[Pair, Columns]) -> pa.Table:
    pairs = zip(column(found, "query").tolist(), column(found, "row").tolist(), strict=True)
    rows = [verdicts.get(pair, _NONE) for pair in pairs]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_NONE)
    return pa.table([*found.columns, *columns], schema=VERDICT)


def _columns(verdict: Verdict) -> Columns:
    if verdict.verdicts is None or not verdict.same:
        return False, verdict.score, None, None, None
    figures = verdict.verdicts.figures[verdict.place]
    kind = str(verdict.verdicts.kind[verdict.place])
    return True, verdict.score, kind, figures.astype("<f8").tobytes(), float(figures[_TITLE])
