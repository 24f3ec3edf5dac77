"""Telling others: new and changed stories of a saved search, signed, at least once, in order.

One POST carries a run of events, each with the story as it is now and an id that stays the same whenever it
is told again.  How far a hook was told is kept in the database, so that neither a crash nor a receiver that
is away loses an event.  Signed after "Standard Webhooks" (standardwebhooks.com): ``webhook-signature`` is
``v1,`` and base64 of the HMAC-SHA256 of ``id.timestamp.body`` under the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from pipeline.errors import NotFound, Rejected, UsageError
from pipeline.fetch import Request
from pipeline.storage import Delivery, Store, StoryEvent, StoryRecord, parse_query
from pipeline.text import one_line
from pipeline.urls import is_web_url, mask_url

if TYPE_CHECKING:
    import asyncio

    from pipeline.run.parts import Parts

EVENTS = 100  # in one message
MESSAGES = 20  # to one hook in one go: the next round goes on
FIRST_WAIT = timedelta(seconds=30)  # after a failure; doubles with each
MOST_WAIT = timedelta(hours=6)
ANSWER = 65_536  # bytes of an answer that are read


class About(StrEnum):
    """What a webhook may be told."""

    STORIES = "stories"  # what happens to stories
    ALERTS = "alerts"  # a feed is in trouble, works again, or fell silent
    DIGEST = "digest"  # once a day, all feeds in trouble


@dataclass(frozen=True, slots=True)
class Webhook:
    """One ``[[webhooks]]`` table."""

    url: str
    secret: str
    search: str = ""  # as for `search`; empty: every story
    name: str = ""  # for people, and to tell two hooks of one address apart
    about: tuple[About, ...] = (About.STORIES,)

    def __post_init__(self) -> None:
        if not is_web_url(self.url):
            raise ValueError("url should be an http:// or https:// address")
        if len(self.secret) < 16:
            raise ValueError("secret should have 16 characters or more: receivers trust what it signs")
        if not self.about:
            raise ValueError(f"about should name one of {', '.join(About)}")
        if self.search:
            try:
                parse_query(self.search, datetime.fromtimestamp(0, UTC))
            except UsageError as error:
                raise ValueError(f"search: {error}") from None

    @property
    def key(self) -> str:
        """What its place in the events is kept under; never holds a secret of the address."""
        digest = hashlib.blake2b(f"{self.url}\n{self.search}\n{self.name}".encode(), digest_size=8).hexdigest()
        return f"{one_line(self.name) or mask_url(self.url)} {digest}"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent next: nothing where no event is wanted; ``upto`` is the last event it settles."""

    upto: int
    id: str = ""
    body: bytes = b""


async def deliver(parts: Parts, hook: Webhook, stop: asyncio.Event) -> None:
    """Tell ``hook`` what it has not heard, as far as it answers."""
    for _ in range(MESSAGES):
        told = await parts.db(parts.store.delivery, hook.key)
        if stop.is_set() or waits(told, parts.clock()):
            return
        message = await parts.db(next_message, parts.store, hook, told, parts.clock())
        if message is None:
            if told.due is None:  # from now on, also when nothing has happened yet
                await parts.db(parts.store.save_delivery, replace(told, due=parts.clock()))
            return
        if message.body:
            await parts.db(parts.store.save_delivery, replace(told, upto=message.upto))
            failure = await send(parts, hook, message)
            if failure:
                await parts.db(parts.store.save_delivery, later(told, message.upto, failure, parts.clock()))
                structlog.get_logger().warning("webhook failed", hook=hook.key, detail=failure)
                return
        await parts.db(parts.store.save_delivery, Delivery(hook.key, message.upto, due=parts.clock()))


def waits(told: Delivery, now: datetime) -> bool:
    """Whether a hook that failed is left alone for a while.

    A wait that is longer than any that was ordered was ordered by a clock that was ahead: it is over.
    """
    if told.due is None or not told.attempts:
        return False
    return now < told.due <= now + _wait(told.attempts - 1)


def _wait(attempts: int) -> timedelta:
    """How long after a failure that so many went before."""
    return min(FIRST_WAIT * float(2 ** min(attempts, 20)), MOST_WAIT)


def later(told: Delivery, upto: int, failure: str, now: datetime) -> Delivery:
    """What is kept of an attempt that failed: the next one waits, longer each time."""
    return Delivery(told.hook, told.cursor, upto, told.attempts + 1, now + _wait(told.attempts), failure)


def next_message(store: Store, hook: Webhook, told: Delivery, now: datetime) -> Message | None:
    """The message behind ``told``; one that was tried before has the same events and the same id."""
    events = store.changes(told.cursor, EVENTS)
    if told.upto > told.cursor:
        events = [event for event in events if event.cursor <= told.upto]
    if not events:
        return None
    upto = events[-1].cursor
    stories = wanted(store, hook.search, events, now)
    lines = [event_json(event, stories[event.story_id]) for event in events if event.story_id in stories]
    if not lines:
        return Message(upto)
    name = f"evt_{events[0].cursor}_{upto}"
    return Message(upto, name, msgspec.json.encode({"id": name, "cursor": upto, "events": lines}))


def wanted(store: Store, search: str, events: list[StoryEvent], now: datetime) -> dict[str, StoryRecord]:
    """Story id → the story as it is now, for those among ``events`` that ``search`` finds."""
    found = {}
    for story_id in {event.story_id: None for event in events}:
        try:
            story = store.story(story_id)
            if not search or store.search(replace(parse_query(search, now), story=story_id), limit=1):
                found[story_id] = story
        except (NotFound, UsageError):
            continue
    return found


def event_json(event: StoryEvent, story: StoryRecord) -> dict[str, Any]:
    """One event as it is told."""
    return {
        "id": f"evt_{event.cursor}",
        "cursor": event.cursor,
        "time": event.time,
        "kind": event.kind,
        "story_id": event.story_id,
        "article_id": event.article_id,
        "other_story_id": event.other_story_id,
        "story": {
            "story_id": story.story_id,
            "title": story.title,
            "url": story.url,
            "outlet": story.outlet,
            "outlets": story.outlets,
            "articles": len(story.articles),
            "published": story.published,
            "first_seen": story.first_seen,
            "last_seen": story.last_seen,
        },
    }


async def send(parts: Parts, hook: Webhook, message: Message) -> str:
    """POST a message; why that failed, "" where the receiver took it (2xx)."""
    headers = signed(hook.secret, message, parts.clock())
    request = Request(
        url=hook.url,
        accept="*/*",
        headers=tuple(headers.items()),
        robots=False,
        partial=True,
        max_body_bytes=ANSWER,
        content=message.body,
    )
    try:
        await parts.web.fetch(request)
    except Rejected as error:
        return str(error)
    return ""


def signed(secret: str, message: Message, now: datetime) -> Mapping[str, str]:
    """The headers of a message; ``now`` is signed too, so that a recording of it is worth nothing later."""
    stamp = str(int(now.timestamp()))
    content = f"{message.id}.{stamp}.".encode() + message.body
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
