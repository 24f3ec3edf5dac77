"""``search``: articles by what they say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.storage import Hit, open_store, parse_query
from pipeline.text import count_of
from pipeline.web import shapes

if TYPE_CHECKING:
    from argparse import Namespace

LITTLE = 20_000  # changes that are indexed while somebody waits: a few seconds
SLICE = 2_000


def run(args: Namespace) -> int:
    """List what was found, the last stored first."""
    query = parse_query(" ".join(args.query), app.clock())
    behind = _catch_up(args)
    with app.open_reader(args) as store:
        hits = store.search(query, limit=args.limit, before=args.before)
    if args.json:
        show.json_lines(map(shapes.hit, hits))
    else:
        _print(hits, args.limit)
    if behind:
        print(f"{count_of(behind, 'change')} are not indexed yet; the service does that when idle", file=sys.stderr)  # noqa: T201
    return 0


def _catch_up(args: Namespace) -> int:
    """Index what is missing where that is little; returns what is left to do."""
    with app.open_reader(args) as store:
        behind = store.search_backlog()
    if 0 < behind <= LITTLE:
        with open_store(app.load_config(args).storage.url, progress=show.ticker()) as store:
            while store.index_for_search(SLICE):
                pass
        return 0
    return behind


def _print(hits: list[Hit], limit: int) -> None:
    console = show.console()
    if not hits:
        console.print("Nothing was found.")
        return
    table = show.table("story", "published", "outlet", "~title and what it says")
    for hit in hits:
        said = show.text(hit.title, "bold").append("\n").append_text(show.text(hit.excerpt, "not bold"))
        table.add_row(hit.story_id, show.moment(hit.published), show.text(hit.outlet or "", width=24), said)
    console.print(table)
    more = f"; older ones: --before {hits[-1].place}" if len(hits) == limit else ""
    console.print(f"{count_of(len(hits), 'article')}{more}", style="dim")
