"""``outlet list | alias | unalias``: outlets and the names they go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.storage import open_store
from pipeline.text import count_of
from pipeline.web.desk import Desk

if TYPE_CHECKING:
    from argparse import Namespace

    from pipeline.config import Config


def run(args: Namespace) -> int:
    """Carry out one action."""
    config = app.load_config(args)
    return {"list": _list, "alias": _alias, "unalias": _unalias}[args.action](args, config)


def _list(args: Namespace, config: Config) -> int:
    with app.open_reader(args) as store:
        rows = Desk(store, app.clock).outlets().outlets
    if args.json:
        show.json_lines(rows)
        return 0
    table = show.table("outlet", ">articles", ">feeds", ">priority", ">new, 14 d", ">copies", "~also called")
    for row in rows:
        share = f"{row.copies / row.new:.0%}" if row.new else ""
        numbers = [f"{number:,}" for number in (row.articles, row.feeds, row.priority, row.new)]
        table.add_row(show.text(row.outlet, width=40), *numbers, share, show.text(", ".join(row.aliases)))
    show.console().print(table)
    return 0


def _alias(args: Namespace, config: Config) -> int:
    with open_store(config.storage.url, progress=show.ticker()) as store:
        renamed = store.add_alias(args.name, args.canonical, app.clock())
    said = f"{args.name!r} means {args.canonical!r} from now on; {count_of(renamed, 'stored article')} renamed"
    _tell(args, said, renamed)
    return 0


def _unalias(args: Namespace, config: Config) -> int:
    with open_store(config.storage.url, progress=show.ticker()) as store:
        renamed = store.remove_alias(args.name, app.clock())
    _tell(args, f"{args.name!r} is a name of its own again; {count_of(renamed, 'stored article')} renamed", renamed)
    return 0


def _tell(args: Namespace, said: str, renamed: int) -> None:
    if args.json:
        show.json_lines([{"name": args.name, "renamed": renamed}])
    else:
        show.console().print(show.text(said))
