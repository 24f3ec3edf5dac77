"""WebSub, applied: hubs are asked after polls, and what they send becomes work like the entries of a poll.

poll → follow_hub: told less often? found what the hub missed? ask it (again)?
hub  → receive: verification of intent, or a signed document → entries in the queue
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from pipeline.errors import Rejected
from pipeline.feeds import New, Revised, after_delivery, decide_entries, parse_feed, websub
from pipeline.fetch import Request
from pipeline.storage import Poll
from pipeline.urls import mask_url

if TYPE_CHECKING:
    from pipeline.feeds.websub import Subscription
    from pipeline.model import FeedDocument, FeedState
    from pipeline.run.parts import Parts
    from pipeline.storage import Store
    from pipeline.web import HubRequest

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
MAX_TOKEN = 200  # characters; ours have 32


async def follow_hub(parts: Parts, state: FeedState, found_new: int, now: datetime) -> FeedState:
    """The feed's ``state`` after a poll, put off while its hub works; asks the hub where it is time to.

    ``found_new`` counts entries which the poll was the first to bring.  Does nothing without ``[websub] callback``.
    """
    if not parts.websub.callback or state.failures or (state.hints.hub is None):
        return state
    text = await parts.db(parts.store.subscription, state.row)
    known = websub.read(text) if text else None
    if known is not None:
        after = websub.after_poll(known, found_new, now)
        state = websub.eased(after, state, found_new, now, timedelta(minutes=parts.polling.max_minutes))
        if after != known:
            await _keep(parts, state.row, after)
        known = after
    wanted = websub.to_ask(known, state, now, secrets.token_urlsafe(24), secrets.token_urlsafe(32))
    if wanted is not None:
        await _ask(parts, state, wanted)
    return state


async def _ask(parts: Parts, state: FeedState, wanted: Subscription) -> None:
    """Ask the hub; kept before, since hubs may verify while they are still being asked."""
    await _keep(parts, state.row, wanted)
    body = websub.request_body(
        wanted, f"{parts.websub.callback.rstrip('/')}/{wanted.token}", timedelta(days=parts.websub.lease_days)
    )
    log = structlog.get_logger().bind(feed=mask_url(state.url), hub=mask_url(wanted.hub))
    try:
        answer = await parts.web.fetch(Request(url=wanted.hub, headers=FORM, content=body, robots=False))
        log.info("hub asked", status=answer.status)
    except Rejected as error:
        log.warning("hub refused", reason=error.reason.value, detail=error.detail)


async def receive(parts: Parts, sent: HubRequest) -> tuple[int, str]:
    """Answer a hub's request to the callback: (status, plain text).

    Its body is read only where the token is one of ours, at most ``[fetch] max_body_bytes`` of it within
    ``deadline_seconds``.  What was acknowledged is stored.
    """
    asked = bool(parts.websub.callback) and len(sent.token) < MAX_TOKEN
    found = await parts.db(parts.store.subscription_by_token, sent.token) if asked else None
    if found is None:
        return 404, "not asked for"
    row, known, now = found[0], websub.read(found[1]), parts.clock()
    if (await parts.db(parts.store.feed, row)).retired:
        return 410, "this feed is no longer followed"  # the hub may end the subscription (section 7)
    if sent.method == "GET":
        reply = websub.answered(known, sent.query, now)
    elif sent.method == "POST":
        limits = parts.web.settings
        body = await _read(sent.body, limits.max_body_bytes, limits.deadline_seconds)
        if isinstance(body, str):
            return 413, body
        reply = websub.delivered(known, sent.headers, body, now)
    else:
        return 405, "GET or POST"
    if reply.subscription != known:
        await _keep(parts, row, reply.subscription)
    if reply.document is not None:
        await _take(parts, row, known.topic, sent.headers.get("content-type"), reply.document, now)
    return reply.status, reply.body


async def _read(body: AsyncIterable[bytes], most: int, seconds: float) -> bytes | str:
    """What is sent, or why it is not taken."""
    read = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in body:
                read += part
                if len(read) > most:
                    return f"more than {most:,} bytes"
    except TimeoutError:
        return f"not sent within {seconds:g} s"
    return bytes(read)


async def _take(parts: Parts, row: int, topic: str, kind: str | None, body: bytes, now: datetime) -> None:
    """Make the entries of a delivered document work; one that is no feed is told in the log."""
    try:
        document = await parts.pool.run(parse_feed, body, topic, kind, parts.limits, now)
    except Rejected as error:
        structlog.get_logger().warning("delivery is no feed", topic=mask_url(topic), reason=error.reason.value)
        return
    await parts.db(_store, parts.store, row, document, now)


def _store(store: Store, row: int, document: FeedDocument, now: datetime) -> None:
    """On the database's thread, so that no poll comes between reading the feed's state and writing it."""
    known = store.known_entries(row, [entry.key for entry in document.entries])
    verdicts = decide_entries(document, known)
    taken = [(v.entry, isinstance(v, Revised)) for v in verdicts if isinstance(v, New | Revised)]
    shown = [(entry.key, entry.published) for entry in document.entries]
    store.apply_polls([Poll(after_delivery(store.feed(row), shown, now), taken, [], now)])


async def _keep(parts: Parts, row: int, known: Subscription) -> None:
    await parts.db(parts.store.save_subscription, row, known.token, websub.write(known))
