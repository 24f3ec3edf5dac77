"""The page's desk, wired: what people may do there, carried out by the same code as the commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from pipeline import app
from pipeline.config import Config
from pipeline.config.edit import add_feeds
from pipeline.errors import UsageError
from pipeline.feeds import read_opml, write_opml
from pipeline.fetch import Web
from pipeline.model import FeedSource
from pipeline.run.correcting import Corrections
from pipeline.run.discovery import discover
from pipeline.run.related import related_stories
from pipeline.storage import Link, LinkKind, Store, open_store
from pipeline.web import FoundFeed, HubDoor, PersonDecision, Related, create_app, serving


@asynccontextmanager
async def page(config: Config, changed: Callable[[], None], hub_door: HubDoor | None = None) -> AsyncIterator[str]:
    """The page while the block runs; gives its address.  ``changed`` is called when the feeds file was."""
    settings = config.sections["web"]
    with open_store(config.storage.url) as store:
        feeds = FeedDesk(config, store, changed)
        made = create_app(store, StoryDesk(store, config), settings, app.clock, feeds, hub_door, related_to(store))
        async with serving(made, settings.host, settings.port) as address:
            yield address


def related_to(store: Store) -> Related:
    """The same event in other reports, as the page asks for it."""
    return lambda story_id: [(r.story, r.similarity) for r in related_stories(store, store.story(story_id))]


class StoryDesk:
    """Corrections of stories, as ``pipeline.web.Actions`` says."""

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._config = config

    # What each method does is said in ``Actions``.
    def merge(self, story_id: str, other_id: str, now: datetime) -> str:
        return self._at_work(now).merge(story_id, other_id).story_id

    def split(self, story_id: str, article_id: str, now: datetime) -> str:
        self._at_work(now).split(article_id)
        return self._store.story(story_id).story_id

    def pin(self, story_id: str, article_id: str | None, now: datetime) -> str:
        people = self._at_work(now)
        return (people.unpin(story_id) if article_id is None else people.pin(article_id)).story_id

    def undo(self, decision_id: int, now: datetime) -> str:
        _, stories = self._at_work(now).undo(decision_id)
        return stories[0].story_id

    def decisions(self, story_id: str) -> Sequence[PersonDecision]:
        members = {member.article_id for member in self._store.story(story_id).articles}
        links = {link.row: link for name in members for link in self._store.links(name, undone=True)}
        return [_decision(links[row]) for row in sorted(links, reverse=True)]

    def _at_work(self, now: datetime) -> Corrections:
        return Corrections(self._store, app.matching_rules(self._config, self._store).ranks, now)


def _decision(link: Link) -> PersonDecision:
    text = "one report" if link.kind is LinkKind.MUST else "two reports"
    note = f": {link.note}" if link.note else ""
    return PersonDecision(link.row, f"{link.a} and {link.b} are {text}{note}", link.made, link.undone)


class FeedDesk:
    """Changes of the feeds file, as ``pipeline.web.FeedActions`` says."""

    def __init__(self, config: Config, store: Store, changed: Callable[[], None]) -> None:
        self._config = config
        self._store = store
        self._changed = changed

    async def discover(self, url: str) -> Sequence[FoundFeed]:
        async with Web(self._config.sections["fetch"], now=app.clock) as web:
            looks = await discover(web, url, self._config.sections["parse"], app.clock())
        return [FoundFeed(look.url, look.name) for look in looks]

    async def add(self, feed: FeedSource) -> None:
        await asyncio.to_thread(add_feeds, self._file(), [feed])
        self._changed()

    async def import_opml(self, text: str) -> int:
        feeds = list(read_opml(text.encode("utf-8", "replace")).feeds)
        added = await asyncio.to_thread(add_feeds, self._file(), feeds)
        if added:
            self._changed()
        return len(added)

    async def export_opml(self) -> str:
        feeds = [state.source for state in await asyncio.to_thread(self._store.feeds) if not state.retired]
        return write_opml(feeds, title="Storyfold", created=app.clock())

    def _file(self) -> Path:
        path = self._config.feeds_path or self._config.path
        if path is None:
            raise UsageError("the service runs without a configuration file: there is nothing to add a feed to")
        return path
