"""``overview``: the state of the whole on one screen, the same figures as on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.text import count_of
from pipeline.web.desk import Desk
from pipeline.web.render import duration, percent, size

if TYPE_CHECKING:
    from argparse import Namespace

    from pipeline.web.shapes import Overview

BARS = " ▁▂▃▄▅▆▇█"


def run(args: Namespace) -> int:
    """Print it."""
    with app.open_reader(args) as store:
        found = Desk(store, app.clock).overview()
    if args.json:
        show.json_lines([found])
    else:
        _print(found)
    return 0


def _print(found: Overview) -> None:
    table = show.table("", "~")
    delay = found.delay_seconds
    feeds = ", ".join(f"{number} {health}" for health, number in sorted(found.feeds.items()))
    rows = {
        "stories": f"{count_of(found.stories, 'story', 'stories')} from {count_of(found.articles, 'article')}",
        "last 24 h": f"{count_of(found.items_24h, 'item')}, {percent(found.copies_share_24h)} of new articles copies",
        "last 48 h": chart([sum(hour.outcomes.values()) for hour in found.hours]) + "  items an hour",
        "last 30 d": chart([sum(day.outcomes.values()) for day in found.days]) + "  items a day",
        "delay": f"half within {duration(delay['p50'])}, 9 of 10 within {duration(delay['p90'])} of publication"
        if delay
        else "not known yet",
        "feeds": feeds or "none",
        "schedule": "on time" if found.late_seconds < 60 else f"{duration(found.late_seconds)} behind",
        "waiting": count_of(found.waiting, "entry", "entries"),
        "storage": size(found.database_bytes),
    }
    for name, said in rows.items():
        table.add_row(name, show.text(said))
    show.console().print(table)


def chart(numbers: list[int]) -> str:
    """Numbers as one line of bars; the highest fills the line, none is a blank.

    >>> chart([0, 1, 4, 8])
    ' ▁▄█'
    """
    top = max(numbers, default=0)
    return "".join(BARS[-(-number * 8 // top)] if top else BARS[0] for number in numbers)
