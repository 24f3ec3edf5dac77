"""Stage *arrange*: usable lines → articles in the order of the archive, cut into blocks.

The order rule: by time of publication; one without a date comes with the dated one before it in its file, and
what is alike stays in the order of the inputs.  An id that comes again is one article, with the text, and in the
place, of the last line that has it.
"""

from __future__ import annotations

from pipeline.archive.engine import Engine
from pipeline.archive.job import Job
from pipeline.archive.reading import ARTICLE

_ORDER = """
SELECT file, line, row_number() OVER (ORDER BY moment, file, line) AS row
FROM (
  SELECT file, line, moment, row_number() OVER (PARTITION BY id ORDER BY file DESC, line DESC) AS again
  FROM lines
) numbered
WHERE again = 1
"""


def arrange(job: Job, engine: Engine) -> int:
    """Make ``places`` (line → row) and ``articles``; returns the number of articles."""
    lines = job.table("lines")
    engine.write(_ORDER, {"lines": lines}, job.table("places"))
    columns = ", ".join(f"l.{name}" for name in ARTICLE.names if name != "row")
    engine.write(
        f"SELECT p.row, {columns}, {block_of(job, 'p.row')} AS block"  # noqa: S608 - our own names
        " FROM lines l JOIN places p ON l.file = p.file AND l.line = p.line",
        {"lines": lines, "places": job.table("places")},
        job.table("articles"),
        cut=True,
    )
    return int(engine.rows("SELECT count(*) FROM places", {"places": job.table("places")})[0][0])


def block_of(job: Job, row: str) -> str:
    """The SQL for the block of a row."""
    return f"CAST(floor({row} / {job.block}) AS BIGINT)"
