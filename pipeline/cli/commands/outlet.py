"""``outlet list | alias | unalias``: outlets and the names they go by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline import app
from pipeline.cli import show
from pipeline.storage import open_store
from pipeline.text import count_of

if TYPE_CHECKING:
    from argparse import Namespace

    from pipeline.config import Config


def run(args: Namespace) -> int:
    """Carry out one action."""
    config = app.load_config(args)
    return {"list": _list, "alias": _alias, "unalias": _unalias}[args.action](args, config)


def _list(args: Namespace, config: Config) -> int:
    with app.open_reader(args) as store:
        counts, aliases = dict(store.outlet_counts()), store.aliases()
    feeds: dict[str, int] = {}
    priorities: dict[str, int] = {}
    for feed in config.feeds:
        outlet = aliases.get(feed.outlet, feed.outlet)
        feeds[outlet] = feeds.get(outlet, 0) + 1
        priorities[outlet] = max(priorities.get(outlet, feed.priority), feed.priority)
    rows: list[dict[str, Any]] = [
        {
            "outlet": outlet,
            "articles": counts.get(outlet, 0),
            "feeds": feeds.get(outlet, 0),
            "priority": priorities.get(outlet, 0),
            "aliases": sorted(name for name, meant in aliases.items() if meant == outlet),
        }
        for outlet in sorted({*counts, *feeds, *aliases.values()}, key=str.casefold)
    ]
    if args.json:
        show.json_lines(rows)
        return 0
    table = show.table("outlet", ">articles", ">feeds", ">priority", "~also called")
    for row in rows:
        numbers = [str(row[key]) for key in ("articles", "feeds", "priority")]
        table.add_row(show.text(row["outlet"], width=40), *numbers, show.text(", ".join(map(str, row["aliases"]))))
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
        renamed = store.remove_alias(args.name)
    _tell(args, f"{args.name!r} is a name of its own again; {count_of(renamed, 'stored article')} renamed", renamed)
    return 0


def _tell(args: Namespace, said: str, renamed: int) -> None:
    if args.json:
        show.json_lines([{"name": args.name, "renamed": renamed}])
    else:
        show.console().print(show.text(said))
