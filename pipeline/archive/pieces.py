"""Stage *piece*: verified pairs → pieces that have nothing to do with each other.

A piece is a connected component of the pairs that were verified as the same report.  It is no story: stories are
made inside it, around canonical articles (``stars``).  It only cuts the work, so that pieces can be worked on
side by side.

Components are found by alternating large stars and small stars (Kiveris, Lattanzi, Mirrokni, Rastogi,
Vassilvitskii, "Connected Components in MapReduce and Beyond", SoCC 2014): a large star ties the neighbours of an
article that come after it to the earliest of its neighbourhood, a small star those that come before it.
When nothing changes, every article is tied to the first one of its component.  O(log² n) rounds; no round makes
more pairs than there were.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.archive.arranging import block_of
from pipeline.archive.counting import START
from pipeline.archive.engine import Engine
from pipeline.archive.job import Job
from pipeline.archive.parts import Told, pa
from pipeline.archive.profiles import SCHEMA
from pipeline.errors import StoryfoldError

ROUNDS = 100  # far beyond O(log² n) of anything that fits on disks

MEMBER = pa.schema([*SCHEMA, START.field("counted")])  # a profile, and whether its article is counted

_EDGES = "SELECT DISTINCT query AS high, row AS low FROM verdicts WHERE same"
_LARGE = """
WITH sides AS (SELECT high AS one, low AS other FROM edges UNION ALL SELECT low AS one, high AS other FROM edges),
least AS (SELECT one, LEAST(one, min(other)) AS first FROM sides GROUP BY one)
SELECT DISTINCT b.other AS high, l.first AS low FROM sides b JOIN least l ON b.one = l.one WHERE b.other > b.one
"""
_SMALL = """
WITH least AS (SELECT high AS one, min(low) AS first FROM edges GROUP BY high)
SELECT DISTINCT high, low FROM (
  SELECT e.low AS high, l.first AS low FROM edges e JOIN least l ON e.high = l.one WHERE e.low <> l.first
  UNION ALL
  SELECT one AS high, first AS low FROM least
) stars
"""
_STATE = """
SELECT count(*), coalesce(sum(high), 0), coalesce(sum(low), 0),
  coalesce(sum((high * (low % 1000003)) % 1000003), 0) FROM edges
"""
_PIECES = """
SELECT high AS row, low AS piece, {block} AS home FROM edges
UNION ALL SELECT DISTINCT low AS row, low AS piece, {block} AS home FROM edges
"""
_MEMBERS = """
SELECT {columns}, s.counted AS counted, c.home AS block
FROM profiles p JOIN pieces c ON p.row = c.row JOIN starts s ON p.row = s.row
"""
_FINDINGS = """
SELECT v.query AS query, v.row AS row, v.rank AS rank, v.same AS same, v.score AS score, v.kind AS kind,
  v.figures AS figures, v.alike AS alike, q.home AS block
FROM verdicts v JOIN pieces q ON v.query = q.row JOIN pieces r ON v.row = r.row
WHERE q.piece = r.piece
"""


def cut(job: Job, engine: Engine) -> Told:
    """Make ``pieces``, and for each block what its pieces need: ``members`` and ``findings``.

    A piece belongs to the block of its first article.  Returns ``rounds``, ``pieces``, ``articles`` in them,
    and the ``largest``.
    """
    rounds, edges = _components(job, engine)
    engine.write(_PIECES.format(block=block_of(job, "low")), {"edges": edges}, job.table("pieces"))
    columns = ", ".join(f"p.{name} AS {name}" for name in SCHEMA.names)
    tables = {name: job.table(name) for name in ("profiles", "pieces", "starts", "verdicts")}
    engine.write(_MEMBERS.format(columns=columns), tables, job.table("members"), cut=True)
    engine.write(_FINDINGS, tables, job.table("findings"), cut=True)
    shutil.rmtree(job.table("stars"), ignore_errors=True)
    pieces, articles, largest = engine.rows(_SIZES, {"pieces": job.table("pieces")})[0]
    return {"rounds": rounds, "pieces": int(pieces), "articles": int(articles), "largest": int(largest)}


_SIZES = """
SELECT count(*), coalesce(sum(size), 0), coalesce(max(size), 0)
FROM (SELECT piece, count(*) AS size FROM pieces GROUP BY piece) counted
"""


def _components(job: Job, engine: Engine) -> tuple[int, Path]:
    """Pairs of each article and the first one of its component; and after how many rounds."""
    edges = job.table("stars") / "0"
    engine.write(_EDGES, {"verdicts": job.table("verdicts")}, edges)
    state = engine.rows(_STATE, {"edges": edges})
    for number in range(1, ROUNDS):
        large, small = (job.table("stars") / f"{number}-{star}" for star in ("large", "small"))
        engine.write(_LARGE, {"edges": edges}, large)
        engine.write(_SMALL, {"edges": large}, small)
        shutil.rmtree(edges)
        shutil.rmtree(large)
        before, state, edges = state, engine.rows(_STATE, {"edges": small}), small
        if state == before:
            return number, edges
    raise StoryfoldError(f"the components were not found in {ROUNDS} rounds")
