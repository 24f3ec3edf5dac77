"""``stories`` and their stable JSON shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline import app
from pipeline.cli import show
from pipeline.storage import StoryFilter, StoryRecord
from pipeline.text import count_of

if TYPE_CHECKING:
    from argparse import Namespace


def run(args: Namespace) -> int:
    """List stories, the last seen first."""
    wanted = StoryFilter(
        since=args.since.at(app.clock()) if args.since else None, outlet=args.outlet, min_articles=args.copies
    )
    with app.open_reader(args) as store:
        rows = store.stories(wanted, limit=args.limit)
    if args.json:
        show.json_lines(as_json(row) for row in rows)
    else:
        _print_table(rows)
    return 0


def as_json(story: StoryRecord) -> dict[str, Any]:
    """The stable shape of ``stories --json`` and ``story ID --json``."""
    return {
        "story_id": story.story_id,
        "title": story.title,
        "url": story.url,
        "outlet": story.outlet,
        "published": story.published,
        "first_seen": story.first_seen,
        "last_seen": story.last_seen,
        "outlets": story.outlets,
        "canonical_rule": story.canonical_rule,
        "articles": [
            {
                "article_id": member.article_id,
                "url": member.url,
                "outlet": member.outlet,
                "title": member.title,
                "published": member.published,
                "canonical": member.canonical,
                "score": member.score,
                "reason": member.reason,
                "revision": member.revision,
            }
            for member in story.articles
        ],
    }


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
