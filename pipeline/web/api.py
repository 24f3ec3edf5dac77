"""The JSON API under ``/api/v1``: one table of endpoints, from which routes and description are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import live, shapes
from .context import Web, body, session, web
from .queries import DaysQuery, ItemQuery, NoQuery, QueryError, StoryQuery, convert, read
from .security import same

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
class SessionAnswer:
    """``csrf`` goes into ``X-CSRF-Token`` of every change made with the session's cookie."""

    csrf: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One question or change.  ``answer`` gets the parts, the read query (or body) and the path's names."""

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
        lambda w, b, p: _actions(w).merge(p["story_id"], b.other, w.clock()),
        "POST",
    ),
    Endpoint(
        "/stories/{story_id}/split",
        "split",
        "Take an article out of a story",
        SplitBody,
        shapes.Story,
        lambda w, b, p: _actions(w).split(p["story_id"], b.article_id, w.clock()),
        "POST",
    ),
    Endpoint(
        "/stories/{story_id}/pin",
        "pin",
        "Let one article speak for a story",
        PinBody,
        shapes.Story,
        lambda w, b, p: _actions(w).pin(p["story_id"], b.article_id, w.clock()),
        "POST",
    ),
    Endpoint(
        "/decisions/{decision_id}/undo",
        "undo",
        "Take a decision back",
        NoQuery,
        shapes.Story,
        lambda w, b, p: _actions(w).undo(_number(p["decision_id"], "decision"), w.clock()),
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


def _reader(point: Endpoint) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        query: Any = read(point.query, request.query_params.multi_items())
        return as_json(point.answer(web(request), query, request.path_params))

    return answer


def _changer(point: Endpoint) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        parts, who = web(request), session(request)
        if not who.bearer and not (who.csrf and same(request.headers.get("x-csrf-token", ""), who.csrf)):
            problem = Problem("Forbidden", 403, f"send X-CSRF-Token as given by {ROOT}/session, or the token")
            return as_json(problem, 403)
        try:
            given = msgspec.json.decode(await body(request) or b"{}")
        except msgspec.DecodeError as error:
            raise QueryError(f"the body is not JSON: {error}") from None
        change: Any = convert(point.query, given)
        shown = await run_in_threadpool(point.answer, parts, change, request.path_params)
        parts.desk.kept.forget()
        return as_json(await run_in_threadpool(parts.desk.story, shown))

    return answer


def _actions(parts: Web) -> Any:
    if parts.actions is None:
        raise QueryError("stories cannot be changed here")
    return parts.actions


def _number(text: str, noun: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise QueryError(f"a {noun} has a whole number")
    return int(text)
