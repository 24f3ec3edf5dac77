"""``demo``: the real pipeline over bundled outlets on loopback, told step by step."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.cli.commands import once, stories
from pipeline.cli.commands.story import print_story
from pipeline.config import Config
from pipeline.demo import DemoWeb
from pipeline.model import Outcome
from pipeline.storage import ItemFilter, Member, Store, StoryRecord, open_store
from pipeline.text import count_of

if TYPE_CHECKING:
    from argparse import Namespace

    from rich.console import Console


def run(args: Namespace) -> int:
    """Two rounds over the demo web, then what came of them."""
    folder = args.keep or Path("demo")
    folder.mkdir(parents=True, exist_ok=True)
    app.configure_log(args)
    console = show.console(stderr=args.json)
    with DemoWeb(app.clock()) as web:
        config = write_config(folder, web, args.db)
        console.print(
            f"{count_of(len({feed.outlet for feed in web.feeds}), 'bundled outlet')} on loopback, "
            f"{count_of(len(web.feeds), 'feed')}; two of them broken on purpose.",
            style="bold",
        )
        rounds(config, web, console, quiet=args.json)
        with open_store(config.storage.url, read_only=True) as store:
            told = store.stories(limit=1000)
            if args.json:
                show.json_lines(stories.as_json(story) for story in told)
            else:
                tell(console, store, told, folder)
        if args.serve:
            serve(console, web)
    return 0


def write_config(folder: Path, web: DemoWeb, url: str | None = None) -> Config:
    """A configuration file for the demo, beside a fresh database, so that every other command can look too.

    ``url`` names another database, which should be empty.
    """
    for old in folder.glob("news.db*"):
        old.unlink()
    pages = "[pages]\nkeep_days = 0  # they would lie in the working folder\n\n" if url else ""
    url = url or f"sqlite:///{(folder / 'news.db').as_posix()}"
    path = folder / "pipeline.toml"
    feeds = "".join(f'\n[[feeds]]\nurl = "{feed.url}"\noutlet = "{feed.outlet}"\n' for feed in web.feeds)
    path.write_text(
        "# Written by the demo; its outlets are gone once it ends.\n"
        f'[storage]\nurl = "{url}"\n\n{pages}'
        '[fetch]\nallow_private = ["127.0.0.0/8"]  # the outlets are on loopback\n'
        "min_host_interval = 0  # and need no rest\n" + feeds,
        "utf-8",
    )
    return app.load_file(path)


def rounds(config: Config, web: DemoWeb, console: Console, *, quiet: bool) -> None:
    """The first round, then a second one after the outlets published and corrected something."""
    for stage, headline in (
        (1, "First round: everything is new."),
        (2, "Second round: one page was corrected silently, an update and a re-issue came out."),
    ):
        if stage > 1:
            web.advance(stage, app.clock())
        console.print(f"\n{headline}", style="bold")
        with show.progress(enabled=not quiet) as watch:
            report = asyncio.run(app.one_round(config, everything=True, watch=watch))
        if not quiet:
            once.print_report(console, report)


def tell(console: Console, store: Store, told: list[StoryRecord], folder: Path) -> None:
    """Stories with copies in full, the others in a line each, then what was refused."""
    copied = [story for story in told if len(story.articles) > 1]
    alone = [story for story in told if len(story.articles) == 1]
    console.print(f"\n{count_of(len(copied), 'story', 'stories')} told more than once", style="bold")
    for story in copied:
        print_story(console, story)
        who = first(story)
        console.print(show.text(f"First published by {who.outlet}, {show.moment(who.published)}.\n"))
    console.print(f"{count_of(len(alone), 'story', 'stories')} told once", style="bold")
    table = show.table("outlet", "~title")
    for story in alone:
        table.add_row(show.text(story.outlet or ""), show.text(story.title))
    console.print(table)
    refused(console, store)
    console.print(
        f"Look further: run_pipeline.py --config {folder / 'pipeline.toml'} items | stories | story ID | explain A B",
        style="dim",
    )


def first(story: StoryRecord) -> Member:
    """The copy that was published first, as far as known."""
    dated = [member for member in story.articles if member.published]
    return min(dated, key=lambda member: (member.published, not member.canonical), default=story.articles[0])


def refused(console: Console, store: Store) -> None:
    """Entries that became no article, each with its reason."""
    console.print("Refused, and why", style="bold")
    table = show.table("outcome", "reason", "outlet", "~what")
    for outcome in (Outcome.SKIPPED, Outcome.FAILED):
        for item in store.items(ItemFilter(outcome=outcome), limit=1000):
            row = item.row
            what = " - ".join(part for part in (row.title or row.url or "", row.detail) if part)
            table.add_row(
                show.text(row.outcome.value, show.OUTCOME_STYLE[row.outcome]),
                row.reason.value,
                show.text(row.outlet or ""),
                show.text(what),
            )
    console.print(table)


def serve(console: Console, web: DemoWeb) -> None:
    """Leave the outlets up until Ctrl-C."""
    console.print("The outlets stay up until Ctrl-C:")
    for feed in web.feeds:
        console.print(show.text(f"  {feed.url}  {feed.outlet}"))
    threading.Event().wait()
