"""The JSON API under ``/api/v1``: one table of endpoints, from which routes and description are made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.model import FeedSource
from pipeline.urls import is_web_url, mask_url

from . import live, shapes
from .context import Web, body, session, web
from .queries import DaysQuery, ItemQuery, NoQuery, QueryError, SearchQuery, StoryQuery, convert, read
from .security import same
from .source import FeedActions

ROOT = "/api/v1"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was not answered (RFC 9457)."""

    title: str
    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class MergeBody:
    """Fold the story ``other`` into this one."""

    other: Annotated[str, Meta(min_length=1, max_length=300)]


@dataclass(frozen=True, slots=True)
class SplitBody:
    """Take ``article_id`` out of the story."""

    article_id: Annotated[str, Meta(min_length=1, max_length=300)]


@dataclass(frozen=True, slots=True)
class PinBody:
    """Let ``article_id`` speak for the story; null lets the rules choose."""

    article_id: Annotated[str, Meta(min_length=1, max_length=300)] | None


@dataclass(frozen=True, slots=True)
class DiscoverBody:
    """Look for feeds at ``url``, a page or a feed."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]


@dataclass(frozen=True, slots=True)
class FeedBody:
    """Poll ``url``, of the organisation ``outlet``; a fixed interval in minutes instead of a learned one."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    outlet: Annotated[str, Meta(min_length=1, max_length=300)]
    interval_minutes: Annotated[float, Meta(gt=0, le=10080)] | None = None


@dataclass(frozen=True, slots=True)
class OpmlBody:
    """An OPML document."""

    opml: Annotated[str, Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """``csrf`` goes into ``X-CSRF-Token`` of every change made with the session's cookie."""

    csrf: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One question or change.  ``answer`` gets the parts, the read query (or body) and the path's names; it is
    called on a thread, and what it gives is awaited where it can be."""

    path: str
    name: str
    summary: str
    query: type
    gives: type
    answer: Callable[[Web, Any, dict[str, Any]], Any]
    method: str = "GET"


READS = (
    Endpoint(
        "/overview",
        "overview",
        "The state of the whole",
        NoQuery,
        shapes.Overview,
        lambda w, q, p: w.desk.overview(),
    ),
    Endpoint("/items", "items", "The journal, newest first", ItemQuery, shapes.Items, lambda w, q, p: w.desk.items(q)),
    Endpoint(
        "/search",
        "search",
        "Articles by what they say",
        SearchQuery,
        shapes.Hits,
        lambda w, q, p: w.desk.search(q),
    ),
    Endpoint("/stories", "stories", "Stories", StoryQuery, shapes.Stories, lambda w, q, p: w.desk.stories(q)),
    Endpoint(
        "/stories/{story_id}",
        "story",
        "One story; after a merge, the one it became part of",
        NoQuery,
        shapes.Story,
        lambda w, q, p: w.desk.story(p["story_id"]),
    ),
    Endpoint(
        "/stories/{story_id}/related",
        "related",
        "The same event in other reports",
        NoQuery,
        shapes.RelatedStories,
        lambda w, q, p: w.desk.related(p["story_id"]),
    ),
    Endpoint(
        "/stories/{story_id}/decisions",
        "decisions",
        "What people decided about a story",
        NoQuery,
        shapes.Decisions,
        lambda w, q, p: shapes.decisions(w.actions.decisions(p["story_id"]) if w.actions else ()),
    ),
    Endpoint(
        "/articles/{article_id}",
        "article",
        "One article with text, evidence and earlier texts",
        NoQuery,
        shapes.FullArticle,
        lambda w, q, p: w.desk.article(p["article_id"]),
    ),
    Endpoint(
        "/articles/{article_id}/beside/{other_id}",
        "beside",
        "Two articles, sentence beside sentence",
        NoQuery,
        shapes.SideBySide,
        lambda w, q, p: w.desk.side_by_side(p["article_id"], p["other_id"]),
    ),
    Endpoint(
        "/feeds",
        "feeds",
        "Every feed, those in trouble first",
        DaysQuery,
        shapes.Feeds,
        lambda w, q, p: w.desk.feeds(q.days),
    ),
    Endpoint(
        "/feeds/opml",
        "export_opml",
        "Every polled feed as OPML",
        NoQuery,
        shapes.Opml,
        lambda w, q, p: _exported(w),
    ),
    Endpoint(
        "/feeds/{feed_id}",
        "feed",
        "One feed",
        DaysQuery,
        shapes.Feed,
        lambda w, q, p: w.desk.feed(_number(p["feed_id"], "feed"), q.days),
    ),
    Endpoint(
        "/outlets",
        "outlets",
        "Outlets, and who copies whom",
        DaysQuery,
        shapes.Outlets,
        lambda w, q, p: w.desk.outlets(q.days),
    ),
)

CHANGES = (
    Endpoint(
        "/stories/{story_id}/merge",
        "merge",
        "Fold another story into this one",
        MergeBody,
        shapes.Story,
        lambda w, b, p: _story(w, _actions(w).merge(p["story_id"], b.other, w.clock())),
        "POST",
    ),
    Endpoint(
        "/stories/{story_id}/split",
        "split",
        "Take an article out of a story",
        SplitBody,
        shapes.Story,
        lambda w, b, p: _story(w, _actions(w).split(p["story_id"], b.article_id, w.clock())),
        "POST",
    ),
    Endpoint(
        "/stories/{story_id}/pin",
        "pin",
        "Let one article speak for a story",
        PinBody,
        shapes.Story,
        lambda w, b, p: _story(w, _actions(w).pin(p["story_id"], b.article_id, w.clock())),
        "POST",
    ),
    Endpoint(
        "/decisions/{decision_id}/undo",
        "undo",
        "Take a decision back",
        NoQuery,
        shapes.Story,
        lambda w, b, p: _story(w, _actions(w).undo(_number(p["decision_id"], "decision"), w.clock())),
        "POST",
    ),
    Endpoint(
        "/feeds/discover",
        "discover",
        "Which feeds an address leads to; asks the network",
        DiscoverBody,
        shapes.FoundFeeds,
        lambda w, b, p: _discovered(w, b.url),
        "POST",
    ),
    Endpoint(
        "/feeds",
        "add_feed",
        "Poll a feed from now on",
        FeedBody,
        shapes.Added,
        lambda w, b, p: _added(w, b),
        "POST",
    ),
    Endpoint(
        "/feeds/opml",
        "import_opml",
        "Poll the feeds of an OPML document from now on",
        OpmlBody,
        shapes.Added,
        lambda w, b, p: _imported(w, b.opml),
        "POST",
    ),
)


def routes() -> list[Route]:
    """Every route of the API."""
    from .openapi import description

    async def openapi(request: Request) -> Response:
        return as_json(await run_in_threadpool(description, web(request).actions is not None))

    async def session_answer(request: Request) -> Response:
        answer = as_json(SessionAnswer(session(request).csrf))
        who = session(request)
        if who.fresh:
            from .security import cookie_header

            value = web(request).keys.cookie(who.name, knows_token=False, now=web(request).clock())
            answer.headers["set-cookie"] = cookie_header(value, request.url.scheme)
        return answer

    return [
        Route(f"{ROOT}/openapi.json", openapi),
        Route(f"{ROOT}/session", session_answer),
        Route(f"{ROOT}/items/stream", stream),
        *(Route(ROOT + point.path, _reader(point)) for point in READS),
        *(Route(ROOT + point.path, _changer(point), methods=["POST"]) for point in CHANGES),
    ]


def as_json(value: Any, status: int = 200) -> Response:
    """``value`` as JSON."""
    kind = "application/problem+json" if isinstance(value, Problem) else "application/json"
    return Response(msgspec.json.encode(value), status, media_type=kind)


def stream(request: Request) -> Response:
    """The journal as it grows, one JSON item an event."""
    return live.stream(request, live.as_json)


def _reader(point: Endpoint) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        query: Any = read(point.query, request.query_params.multi_items())
        return as_json(await _answered(point, request, query))

    return answer


def _changer(point: Endpoint) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        who = session(request)
        if not who.bearer and not (who.csrf and same(request.headers.get("x-csrf-token", ""), who.csrf)):
            problem = Problem("Forbidden", 403, f"send X-CSRF-Token as given by {ROOT}/session, or the token")
            return as_json(problem, 403)
        try:
            given = msgspec.json.decode(await body(request) or b"{}")
        except msgspec.DecodeError as error:
            raise QueryError(f"the body is not JSON: {error}") from None
        change: Any = convert(point.query, given)
        return as_json(await _answered(point, request, change))

    return answer


async def _answered(point: Endpoint, request: Request, asked: Any) -> Any:
    found = await run_in_threadpool(point.answer, web(request), asked, request.path_params)
    return await found if inspect.isawaitable(found) else found


def _story(parts: Web, story_id: str) -> shapes.Story:
    """The story to show after a change."""
    parts.desk.kept.forget()
    return parts.desk.story(story_id)


async def _discovered(parts: Web, url: str) -> shapes.FoundFeeds:
    _web_address(url)
    found = await _feed_actions(parts).discover(url)
    known = await run_in_threadpool(lambda: {state.source.url for state in parts.desk.source.feeds()})
    return shapes.FoundFeeds(tuple(shapes.FoundFeed(mask_url(f.url), f.title, f.url in known) for f in found))


async def _added(parts: Web, feed: FeedBody) -> shapes.Added:
    _web_address(feed.url)
    await _feed_actions(parts).add(FeedSource(feed.url, feed.outlet, interval_minutes=feed.interval_minutes))
    parts.desk.kept.forget()
    return shapes.Added(1)


async def _imported(parts: Web, opml: str) -> shapes.Added:
    added = await _feed_actions(parts).import_opml(opml)
    parts.desk.kept.forget()
    return shapes.Added(added)


async def _exported(parts: Web) -> shapes.Opml:
    return shapes.Opml(await _feed_actions(parts).export_opml())


def _web_address(url: str) -> None:
    if not is_web_url(url):
        raise QueryError("url: an http:// or https:// address")


def _feed_actions(parts: Web) -> FeedActions:
    if parts.feed_actions is None:
        raise QueryError("feeds cannot be changed here")
    return parts.feed_actions


def _actions(parts: Web) -> Any:
    if parts.actions is None:
        raise QueryError("stories cannot be changed here")
    return parts.actions


def _number(text: str, noun: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise QueryError(f"a {noun} has a whole number")
    return int(text)
