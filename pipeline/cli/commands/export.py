"""``export stories|articles``: take the records away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.errors import UsageError
from pipeline.exports import ArticleRow, StoryRow, write, write_file
from pipeline.run.taking import article_rows, story_rows

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable


def run(args: Namespace) -> int:
    """Write one file, complete or not at all; ``-`` is standard output."""
    since = args.since.at(app.clock()) if args.since else None
    if args.format == "parquet" and args.output == "-":
        raise UsageError("Parquet goes to a file: name one with --output")
    with app.open_reader(args) as store:
        stories = args.what == "stories"
        rows: Iterable[StoryRow | ArticleRow] = story_rows(store, since) if stories else article_rows(store, since)
        what = StoryRow if stories else ArticleRow
        if args.output == "-":
            write(args.format, what, rows, sys.stdout.buffer, app.clock())
        else:
            write_file(args.format, what, rows, Path(args.output), app.clock())
    return 0
