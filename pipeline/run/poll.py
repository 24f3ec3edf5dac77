"""One poll of one feed: ask, parse what came, decide what is new, and keep all of it in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

import structlog

from pipeline.errors import Rejected
from pipeline.feeds import (
    New,
    PollFacts,
    Revised,
    after_poll,
    decide_entries,
    needs_parsing,
    parse_feed,
    should_poll_unconditionally,
)
from pipeline.feeds.websub import announced
from pipeline.fetch import FetchFailed, Request
from pipeline.fetch.freshness import freshness
from pipeline.model import Entry, FeedDocument, FeedState, JournalRow, Outcome, Reason, RefusedEntry, Validators
from pipeline.run.pushing import follow_hub
from pipeline.run.replacing import offered_instead
from pipeline.run.report import FailedFeed
from pipeline.storage import Poll
from pipeline.urls import mask_url

if TYPE_CHECKING:
    from pipeline.fetch import Response
    from pipeline.run.parts import Parts
    from pipeline.run.report import Tally
    from pipeline.run.together import PollKeeper
    from pipeline.run.trace import Trace


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll brought: facts for the schedule, and the document where there is a new one."""

    facts: PollFacts
    document: FeedDocument | None = None


async def poll_feed(parts: Parts, feed: FeedState, tally: Tally, keeper: PollKeeper) -> None:
    """Poll ``feed`` and store everything about it: its next state, its new entries, what was refused."""
    began = time.monotonic()
    trace = parts.tracer.poll(feed)
    try:
        polled = await _ask(parts, feed, trace)
    except Rejected as error:
        polled = Polled(await _failure(parts, feed, error))
    except Exception as error:  # noqa: BLE001 - a defect of ours costs this feed only
        structlog.get_logger().exception("defect", feed=feed.url)
        polled = Polled(PollFacts(Reason.INTERNAL_ERROR, f"{type(error).__name__}: {error}"))
    now = parts.clock()
    state = after_poll(feed, polled.facts, now, parts.polling, parts.random.random())
    taken, refused = await _news(keeper, feed, polled.document, now)
    state = await follow_hub(parts, state, len(taken) if feed.last_keys else 0, now)
    failure = state.last_reason or polled.facts.reason
    spent = {"poll": round((time.monotonic() - began) * 1000, 2)}
    rows = (
        [] if failure is None else [_failed_row(state, failure, polled.facts.detail or state.last_detail, now, spent)]
    )
    if state.url != feed.url:
        structlog.get_logger().info("feed moved", feed=mask_url(feed.url), to=mask_url(state.url))
        rows.append(moved_row(state, Reason.FEED_MOVED, feed.url, now))
    fresh = await keeper.keep(Poll(state, taken, rows, now, refused))
    trace.end("failed" if failure else "fetched" if polled.document else "unchanged", failed=failure, taken=len(taken))
    tally.feeds_polled += 1
    tally.feeds_unchanged += failure is None and polled.document is None
    for row in fresh:
        tally.count(row.outcome, row.reason)
    if failure is not None:
        detail = polled.facts.detail or state.last_detail
        tally.failed.append(_failed(state, failure, detail))
        structlog.get_logger().warning("feed failed", feed=feed.url, reason=failure.value, detail=detail)


async def _ask(parts: Parts, feed: FeedState, trace: Trace) -> Polled:
    """Fetch and parse; raises ``Rejected``."""
    blind = should_poll_unconditionally(feed, parts.random.random(), parts.polling)
    validators = Validators() if blind else feed.validators
    began = time.monotonic()
    response = await parts.web.fetch(Request.for_feed(feed.source, feed.url, validators))
    trace.stage("fetch", began, url=mask_url(response.final_url), status=response.status, bytes=len(response.body))
    facts = _transport_facts(response, parts.clock(), unconditional=blind)
    if response.not_modified:
        return Polled(replace(facts, not_modified=True))
    facts = replace(facts, body_hash=blake2b(response.body, digest_size=16).hexdigest())
    if not response.delta and not needs_parsing(feed, facts.body_hash or ""):
        return Polled(replace(facts, same_body=True))
    began = time.monotonic()
    try:
        document = await parts.pool.run(
            parse_feed,
            response.body,
            response.final_url,
            response.headers.get("content-type"),
            parts.limits,
            parts.clock(),
        )
    except Rejected as error:
        offered = await offered_instead(parts, feed, response) if error.reason is Reason.FEED_IS_HTML else None
        return Polled(replace(facts, reason=error.reason, detail=_said(error.detail, offered), proposal=offered))
    trace.stage("parse", began, entries=len(document.entries), refused=len(document.refused))
    return Polled(
        replace(
            facts,
            hints=announced(document.hints, response.headers.get("link", ""), response.final_url),
            title=document.title,
            entries=_entry_times(feed, document, delta=response.delta),
        ),
        document,
    )


def _entry_times(feed: FeedState, document: FeedDocument, *, delta: bool) -> tuple[tuple[str, datetime | None], ...]:
    """Keys and publication times; a document of differences (RFC 3229) still holds what it held before."""
    times: dict[str, datetime | None] = dict.fromkeys(feed.last_keys) if delta else {}
    times.update((entry.key, entry.published) for entry in document.entries)
    return tuple(times.items())


def _transport_facts(response: Response, now: datetime, *, unconditional: bool) -> PollFacts:
    fresh = freshness(response.headers, now)
    return PollFacts(
        unconditional=unconditional,
        freshness=fresh.fresh_for,
        expired=response.headers.get("expires", "").strip() == "0" and fresh.validators == Validators(),
        validators=fresh.validators,
        final_url=response.final_url if response.hops else None,
        permanent=response.moved_to is not None,
    )


async def _failure(parts: Parts, feed: FeedState, error: Rejected) -> PollFacts:
    asked = error.retry_after if isinstance(error, FetchFailed) else None
    offered = await offered_instead(parts, feed) if error.reason is Reason.HTTP_GONE else None
    return PollFacts(
        error.reason,
        _said(error.detail, offered),
        retry_after=None if asked is None else timedelta(seconds=asked),
        proposal=offered,
    )


def _said(detail: str, offered: str | None) -> str:
    return detail if offered is None else f"{detail}; the site announces {mask_url(offered)}"


async def _news(
    keeper: PollKeeper, feed: FeedState, document: FeedDocument | None, now: datetime
) -> tuple[list[tuple[Entry, bool]], Sequence[tuple[RefusedEntry, JournalRow]]]:
    """Entries that become work, with whether they are revised; and refused ones with their journal rows."""
    if document is None:
        return [], []
    keys = [entry.key for entry in document.entries]
    known = await keeper.known(feed.row, keys)
    verdicts = decide_entries(document, known)
    taken = [(v.entry, isinstance(v, Revised)) for v in verdicts if isinstance(v, New | Revised)]
    refused = [(v, _refused_row(feed, v, now)) for v in verdicts if isinstance(v, RefusedEntry)]
    return taken, refused


def _refused_row(feed: FeedState, entry: RefusedEntry, now: datetime) -> JournalRow:
    return JournalRow(
        time=now,
        feed=feed.source.url,
        url=entry.url,
        outlet=feed.source.outlet,
        title=entry.title,
        outcome=Outcome.SKIPPED,
        reason=entry.reason,
        detail=entry.detail,
    )


def moved_row(state: FeedState, reason: Reason, left: str, now: datetime) -> JournalRow:
    """The journal's line about a feed that is polled somewhere else from now on; it ``left`` that address."""
    detail = f"polled at {mask_url(state.url)} instead of {mask_url(left)}"
    return _feed_row(state, Outcome.SEEN, reason, detail, now)


def _failed_row(state: FeedState, reason: Reason, detail: str, now: datetime, timings: dict[str, float]) -> JournalRow:
    row = _feed_row(state, Outcome.FAILED, reason, detail, now)
    return replace(row, timings=timings, trail=(state.why_next,))


def _feed_row(state: FeedState, outcome: Outcome, reason: Reason, detail: str, now: datetime) -> JournalRow:
    """The journal's line about a feed itself."""
    return JournalRow(
        time=now,
        feed=state.source.url,
        url=state.url,
        outlet=state.source.outlet,
        title="",
        outcome=outcome,
        reason=reason,
        detail=detail,
    )


def _failed(state: FeedState, reason: Reason, detail: str) -> FailedFeed:
    return FailedFeed(
        url=state.url,
        outlet=state.source.outlet,
        reason=reason,
        detail=detail,
        failures=state.failures,
        next_poll=state.next_poll,
    )
