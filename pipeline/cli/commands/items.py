"""``items``: the journal, newest first, or followed as it grows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pipeline import app
from pipeline.cli import show
from pipeline.model import Outcome, Reason
from pipeline.storage import ItemFilter, ItemRow, Store
from pipeline.urls import entry_identity_url, is_web_url
from pipeline.web import shapes

if TYPE_CHECKING:
    from argparse import Namespace

    from rich.console import Console

FOLLOW_SECONDS = 1.0


def run(args: Namespace) -> int:
    """List or follow journal rows."""
    now = app.clock()
    wanted = ItemFilter(
        since=args.since.at(now) if args.since else None,
        until=args.until.at(now) if args.until else None,
        outlet=args.outlet,
        feed=args.feed,
        outcome=Outcome(args.outcome) if args.outcome else None,
        reason=Reason(args.reason) if args.reason else None,
        story=args.story,
        url=args.url,
        address=entry_identity_url(args.url) if args.url and is_web_url(args.url) else None,
    )
    with app.open_reader(args) as store:
        if args.follow:
            return _follow(store, wanted, args)
        rows = store.items(wanted, limit=args.limit)
        if args.json:
            show.json_lines(shapes.item(row) for row in rows)
        else:
            _print_table(rows)
    return 0


def _follow(store: Store, wanted: ItemFilter, args: Namespace) -> int:
    """The last ``--limit`` rows, oldest first, then every new one until Ctrl-C."""
    rows: Iterable[ItemRow] = reversed(store.items(wanted, limit=args.limit))
    cursor = store.last_item()
    console = show.console()
    try:
        for row in _endless(store, wanted, rows, cursor):
            if args.json:
                show.json_lines([shapes.item(row)])
            else:
                _print_line(console, row)
    except KeyboardInterrupt:
        return 0
    return 0


def _endless(store: Store, wanted: ItemFilter, first: Iterable[ItemRow], cursor: int) -> Iterator[ItemRow]:
    yield from first
    while True:
        rows = store.items(wanted, after=cursor, limit=500)
        yield from rows
        if rows:
            cursor = rows[-1].cursor
        else:
            time.sleep(FOLLOW_SECONDS)


def _print_table(rows: list[ItemRow]) -> None:
    console = show.console()
    if not rows:
        console.print("Nothing in the journal matches.")
        return
    table = show.table("time", "outcome", "reason", "outlet", "~title or detail")
    for item in rows:
        table.add_row(*_cells(item))
    console.print(table)


def _cells(item: ItemRow) -> list[Any]:
    row = item.row
    return [
        show.moment(row.time),
        show.text(row.outcome.value, show.OUTCOME_STYLE[row.outcome]),
        row.reason.value,
        show.text(row.outlet or "", width=24),
        show.text(" - ".join(part for part in (row.title or row.url or row.feed or "", row.detail) if part)),
    ]


def _print_line(console: Console, item: ItemRow) -> None:
    from rich.text import Text

    when, outcome, reason, outlet, title = _cells(item)
    outcome.pad_right(8 - len(outcome))
    console.print(Text("  ").join([Text(when), outcome, Text(f"{reason:20}"), outlet, title]), soft_wrap=True)
