"""``stories`` and their stable JSON shape."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pipeline import app
from pipeline.cli import show
from pipeline.errors import UsageError
from pipeline.storage import StoryFilter, StoryRecord
from pipeline.text import count_of
from pipeline.web import shapes

if TYPE_CHECKING:
    from argparse import Namespace


MOST = 50  # stories listed where no number is given
MOST_CHANGES = 1_000


def run(args: Namespace) -> int:
    """List stories, the last seen first; or what happened to them."""
    if args.changes:
        return _changes(args)
    if isinstance(args.since, int):
        raise UsageError(f"--since {args.since} is a cursor, which --changes takes; write a time such as 6h")
    wanted = StoryFilter(
        since=args.since.at(app.clock()) if args.since else None, outlet=args.outlet, min_articles=args.copies
    )
    with app.open_reader(args) as store:
        rows = store.stories(wanted, limit=args.limit or MOST)
    if args.json:
        show.json_lines(as_json(row) for row in rows)
    else:
        _print_table(rows)
    return 0


def _changes(args: Namespace) -> int:
    """Events behind a cursor, in the order they happened: keep the last cursor and nothing is missed."""
    if args.since is not None and not isinstance(args.since, int):
        raise UsageError("--changes goes on behind a cursor: --since 0 begins at the beginning")
    if args.outlet or args.copies > 1:
        raise UsageError("--changes lists every change: --outlet and --copies do not go with it")
    with app.open_reader(args) as store:
        events = store.changes(args.since or 0, args.limit or MOST_CHANGES)
    if args.json:
        show.json_lines(events)  # an event's own fields are the stable shape
        return 0
    table = show.table(">cursor", "time", "what", "story", "article", "other story", "~detail")
    for event in events:
        names = (event.story_id, event.article_id or "", event.other_story_id or "")
        table.add_row(str(event.cursor), show.moment(event.time), event.kind, *names, show.text(event.detail))
    show.console().print(table)
    return 0


def as_json(story: StoryRecord) -> dict[str, Any]:
    """The stable shape of ``stories --json`` and ``story ID --json``: the same as the API's."""
    return dataclasses.asdict(shapes.story(story))


def _print_table(rows: list[StoryRecord]) -> None:
    console = show.console()
    if not rows:
        console.print("No story matches.")
        return
    table = show.table("story", "last seen", ">copies", "outlets", "~title")
    for story in rows:
        table.add_row(
            story.story_id,
            show.moment(story.last_seen),
            str(len(story.articles)),
            show.text(", ".join(story.outlets), width=32),
            show.text(story.title),
        )
    console.print(table)
    console.print(count_of(len(rows), "story", "stories"), style="dim")
