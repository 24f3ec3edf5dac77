"""``story merge | split | pin | unpin | undo | links``: people have the last word.

A correction is one short transaction, so that it can be made while the service runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import app
from pipeline.cli import show
from pipeline.cli.commands.stories import as_json
from pipeline.errors import UsageError
from pipeline.run.correcting import Corrections
from pipeline.storage import Link, StoryRecord, open_store

if TYPE_CHECKING:
    from argparse import Namespace


def run(args: Namespace) -> int:
    """Carry out one action."""
    action = ACTIONS[args.what]
    if not action.least <= len(args.names) <= action.most:
        raise UsageError(f"write: story {args.what} {action.usage}".rstrip())
    config = app.load_config(args)
    if action.change is None:
        with app.open_reader(args) as store:
            _print_links(args, store.links(undone=True))
        return 0
    with open_store(config.storage.url, progress=show.ticker()) as store:
        work = Corrections(store, app.outlet_ranks(config, store.aliases()), app.clock())
        said, stories = action.change(work, args)
    if args.json:
        show.json_lines(map(as_json, stories))
    else:
        show.console().print(show.text(said))
    return 0


@dataclass(frozen=True, slots=True)
class Action:
    """What an action takes, and does: a sentence about it and the stories as they are now."""

    usage: str
    least: int
    most: int
    change: Callable[[Corrections, Namespace], tuple[str, list[StoryRecord]]] | None


def _merge(work: Corrections, args: Namespace) -> tuple[str, list[StoryRecord]]:
    story = work.merge(args.names[0], args.names[1], args.note)
    return f"One story of {len(story.articles)} articles: {story.story_id} ({story.canonical_rule})", [story]


def _split(work: Corrections, args: Namespace) -> tuple[str, list[StoryRecord]]:
    new, old = work.split(args.names[0], args.note)
    return f"A story of its own: {new.story_id}; it left {old.story_id}", [new, old]


def _pin(work: Corrections, args: Namespace) -> tuple[str, list[StoryRecord]]:
    story = work.pin(args.names[0])
    return f"{story.outlet or story.url} speaks for {story.story_id}, whatever the rules say", [story]


def _unpin(work: Corrections, args: Namespace) -> tuple[str, list[StoryRecord]]:
    story = work.unpin(args.names[0])
    return f"{story.outlet or story.url} speaks for {story.story_id}: {story.canonical_rule}", [story]


def _undo(work: Corrections, args: Namespace) -> tuple[str, list[StoryRecord]]:
    number = args.names[0] if args.names else None
    if number is not None and not (number.isascii() and number.isdigit()):
        raise UsageError(f"{number}: undo takes the number of a link; `story links` lists them")
    link, stories = work.undo(None if number is None else int(number))
    return f"Taken back: {_told(link)}", stories


ACTIONS: dict[str, Action] = {
    "merge": Action("KEEP FOLD", 2, 2, _merge),
    "split": Action("ARTICLE", 1, 1, _split),
    "pin": Action("ARTICLE", 1, 1, _pin),
    "unpin": Action("STORY", 1, 1, _unpin),
    "undo": Action("[LINK]", 0, 1, _undo),
    "links": Action("", 0, 0, None),
}


def link_json(link: Link) -> dict[str, Any]:
    """The stable shape of ``story links --json``."""
    return {
        "link": link.row,
        "kind": link.kind,
        "a": link.a,
        "b": link.b,
        "made": link.made,
        "undone": link.undone,
        "note": link.note,
    }


def _told(link: Link) -> str:
    means = "are the same report" if link.kind == "must" else "are not the same report"
    return f"{link.row}: {link.a} and {link.b} {means}"


def _print_links(args: Namespace, links: list[Link]) -> None:
    if args.json:
        show.json_lines(map(link_json, links))
        return
    table = show.table(">link", "made", "undone", "~what was said")
    for link in links:
        said = _told(link).partition(": ")[2] + (f" ({link.note})" if link.note else "")
        table.add_row(str(link.row), show.moment(link.made), show.moment(link.undone), show.text(said))
    show.console().print(table)
