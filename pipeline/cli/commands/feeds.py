"""``feeds``: what is polled, how each feed is doing, and changes to the list."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.config.edit import add_feeds, remove_feeds
from pipeline.errors import UsageError
from pipeline.feeds import moved_back, read_opml, write_opml
from pipeline.fetch import Web
from pipeline.model import FeedSource, Reason
from pipeline.run.discovery import Look, discover, look
from pipeline.run.poll import moved_row
from pipeline.storage import open_store
from pipeline.text import count_of
from pipeline.urls import mask_url
from pipeline.web.desk import Desk
from pipeline.web.shapes import Feed, Health

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.config import Config


def run(args: Namespace) -> int:
    """Carry out one of the actions."""
    config = app.load_config(args)
    app.configure_log(args)
    return int(_ACTIONS[args.action](args, config))


def _list(args: Namespace, config: Config) -> int:
    with open_store(config.storage.url, progress=show.ticker()) as store:
        store.sync_feeds(config.feeds, app.clock())  # what a round would do first
        rows = tuple(feed for feed in Desk(store, app.clock).feeds().feeds if feed.configured)
    if args.failing:
        rows = tuple(feed for feed in rows if feed.health not in _WELL)
    if args.json:
        show.json_lines(rows)
        return 0
    table = show.table("outlet", "lang", "health", "last poll", "next poll", "~address, and why then")
    for feed in rows:
        said = feed.why_next if feed.health in _WELL else " ".join(filter(None, (f"{feed.note}.", feed.todo)))
        table.add_row(
            show.text(feed.outlet, width=28),
            feed.language or "",
            show.text(_said(feed), _STYLE.get(feed.health, "yellow")),
            show.moment(feed.last_poll),
            "" if feed.retired else show.moment(feed.next_poll),
            show.text(f"{feed.url}  {said}"),
        )
    console = show.console()
    console.print(table)
    console.print(count_of(len(rows), "feed"), style="dim")
    return 0


_WELL = (Health.FINE, Health.NEW)
_STYLE = {Health.FINE: "green", Health.NEW: "dim", Health.FAILING: "red", Health.RETIRED: "red"}


def _said(feed: Feed) -> str:
    """The health in a word or two, with the reason where polls fail."""
    failed = f" {feed.last_reason} ×{feed.failures}" if feed.failures and feed.last_reason else ""
    return f"{feed.health}{failed}"


def _add(args: Namespace, config: Config) -> int:

    async def discovered() -> list[Look]:
        async with Web(config.sections["fetch"], now=app.clock) as web:
            return await discover(web, args.url, config.sections["parse"], app.clock())

    found = asyncio.run(discovered())
    added = add_feeds(
        _feeds_file(config),
        [FeedSource(url=look.url, outlet=args.outlet or look.name, interval_minutes=args.interval) for look in found],
    )
    _tell("added", added, _feeds_file(config), args)
    return 0


def _check(args: Namespace, config: Config) -> int:
    known = {feed.url: feed for feed in config.feeds}
    sources = [known.get(url, FeedSource(url, "")) for url in args.url] or list(config.feeds)

    limits = config.sections["parse"]

    async def looked() -> list[Look]:
        async with Web(config.sections["fetch"], now=app.clock) as web:
            return list(await asyncio.gather(*(look(web, feed.url, limits, app.clock(), feed) for feed in sources)))

    looks = asyncio.run(looked())
    if args.json:
        show.json_lines(
            {
                "url": mask_url(source.url),
                "final_url": mask_url(look.url),
                "ok": look.document is not None,
                "reason": look.reason,
                "detail": look.detail,
                "title": look.document.title if look.document else None,
                "entries": len(look.document.entries) if look.document else 0,
            }
            for source, look in zip(sources, looks, strict=True)
        )
    else:
        _print_looks(sources, looks)
    return 0 if any(look.document for look in looks) else 3


def _print_looks(sources: Sequence[FeedSource], looks: Sequence[Look]) -> None:
    table = show.table("", ">entries", "newest", "~feed")
    for source, seen in zip(sources, looks, strict=True):
        if seen.document is None:
            said = show.text(f"{mask_url(source.url)}  {seen.reason}: {seen.detail}")
            table.add_row(show.text("fails", "red"), "", "", said)
            continue
        newest = max((e.published for e in seen.document.entries if e.published), default=None)
        table.add_row(
            show.text("well", "green"),
            str(len(seen.document.entries)),
            show.moment(newest),
            show.text(f"{seen.document.title}  {mask_url(seen.url)}"),
        )
    show.console().print(table)


def _remove(args: Namespace, config: Config) -> int:
    path = _feeds_file(config)
    gone = remove_feeds(path, set(args.url))
    missing = [url for url in args.url if url not in gone]
    if missing:
        raise UsageError(f"{path} has no feed {', '.join(map(mask_url, missing))}")
    _tell("removed", [feed for feed in config.feeds if feed.url in gone], path, args)
    return 0


def _import(args: Namespace, config: Config) -> int:
    try:
        found = read_opml(Path(args.file).read_bytes())
    except OSError as error:
        raise UsageError(f"{args.file}: cannot be read: {error.strerror}") from None
    added = add_feeds(_feeds_file(config), list(found.feeds))
    _tell("added", added, _feeds_file(config), args)
    return 0


def _export(args: Namespace, config: Config) -> int:
    text = write_opml(config.feeds, title="Storyfold", created=app.clock())
    if args.file == "-":
        sys.stdout.write(text)
    else:
        Path(args.file).write_text(text, "utf-8")
    return 0


def _undo_move(args: Namespace, config: Config) -> int:
    """Poll feeds at their configured addresses again; also while the service runs."""
    now = app.clock()
    with open_store(config.storage.url, progress=show.ticker()) as store:
        moved = [state for state in map(store.feed_by_url, args.url) if state.url != state.source.url]
        for state in moved:
            back = moved_back(state, now)
            store.apply_poll(back, [], [moved_row(back, Reason.FEED_MOVED_BACK, state.url, now)], now)
    _tell("moved back", [state.source for state in moved], Path(config.storage.url.partition(":///")[2]), args)
    return 0


def _feeds_file(config: Config) -> Path:
    """The file that changes go to: the feeds file, or the configuration where it holds the feeds itself."""
    path = config.feeds_path or config.path
    if path is None:
        raise UsageError("there is no configuration file to change; name one with --config")
    return path


def _tell(what: str, feeds: Sequence[FeedSource], path: Path, args: Namespace) -> None:
    if args.json:
        show.json_lines({"url": mask_url(feed.url), "outlet": feed.outlet, "change": what} for feed in feeds)
        return
    console = show.console()
    for feed in feeds:
        console.print(show.text(f"{what} {feed.outlet}: {mask_url(feed.url)}"))
    console.print(f"{count_of(len(feeds), 'feed')} {what} in {path}", style="dim")


_ACTIONS = {
    "list": _list,
    "add": _add,
    "remove": _remove,
    "check": _check,
    "import": _import,
    "export": _export,
    "undo-move": _undo_move,
}
