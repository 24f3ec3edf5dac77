"""``db copy``: a growing installation moves from SQLite to PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.run.lock import single_instance
from pipeline.text import count_of

if TYPE_CHECKING:
    from argparse import Namespace


def run(args: Namespace) -> int:
    """Copy everything, read it back and compare; going on where an earlier attempt was interrupted."""
    from pipeline.storage.copying import copy

    app.configure_log(args, default="console")
    with single_instance(app.lock_path(args.source), "db copy", app.clock()):
        rows = copy(args.source, args.target, show.ticker())
    if args.json:
        show.json_lines([{"rows": rows}])
        return 0
    counted = f"{count_of(rows['article'], 'article')} in {count_of(rows['story'], 'story', 'stories')}"
    say = f"{counted} copied, every value read back and found equal.  Now set [storage] url to the new database."
    show.console().print(show.text(say))
    return 0
