"""``story ID``: one story with every copy and why it matched.  Its actions are in ``corrections``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.cli.commands import corrections
from pipeline.cli.commands.stories import as_json
from pipeline.errors import UsageError
from pipeline.run.correcting import find_story
from pipeline.run.related import related_stories
from pipeline.storage import StoryRecord
from pipeline.text import count_of
from pipeline.web import shapes

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from rich.console import Console

    from pipeline.run.related import Related


def run(args: Namespace) -> int:
    """Show the story of that id, or the one that holds the article of that id or URL; or carry out an action."""
    if args.what in corrections.ACTIONS:
        return corrections.run(args)
    if args.names:
        known = ", ".join(corrections.ACTIONS)
        raise UsageError(f"{args.what!r} is no action on stories; there are {known}")
    with app.open_reader(args) as store:
        story = find_story(store, args.what)
        related = related_stories(store, story)
    if args.json:
        others = shapes.related([(r.story, r.similarity) for r in related])
        show.json_lines([{**as_json(story), "related": others}])
    else:
        print_story(show.console(), story)
        print_related(show.console(), related)
    return 0


def print_story(console: Console, story: StoryRecord) -> None:
    """Headline, what is known of the story as a whole, then its copies in order of publication."""
    console.print(show.text(story.title, "bold"))
    console.print(
        show.text(
            f"{story.story_id} · {count_of(len(story.articles), 'article')} from "
            f"{count_of(len(story.outlets), 'outlet')} · first seen {show.moment(story.first_seen)}"
            + (f" · {story.outlet} speaks for it: {story.canonical_rule}" if story.canonical_rule else ""),
            "dim",
        )
    )
    table = show.table("", "published", "outlet", "why", ">score", "~title and address")
    started = {member.article_id: "came with a merged story" for member in story.articles}
    started[story.articles[0].article_id] = "started the story"  # they are in the order in which they came
    for member in sorted(story.articles, key=lambda m: (m.published is None, m.published, m.article_id)):
        table.add_row(
            "●" if member.canonical else "",
            show.moment(member.published),
            show.text(member.outlet or "", width=28),
            member.reason or started[member.article_id],
            "" if member.score is None else f"{member.score:.2f}",
            show.two_lines(member.title, member.url),
        )
    console.print(table)


def print_related(console: Console, related: Sequence[Related]) -> None:
    """Reports of the same event in other words: never part of the story."""
    if not related:
        return
    table = show.table("same event", ">likeness", "outlets", "~title")
    for other in related:
        outlets = ", ".join(other.story.outlets)
        table.add_row(
            other.story.story_id, f"{other.similarity:.2f}", show.text(outlets, width=30), show.text(other.story.title)
        )
    console.print(table)
