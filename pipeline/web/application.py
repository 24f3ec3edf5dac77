"""The application: routes, the door in front of them, and what a person is told when something fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from pipeline.errors import NotFound, StoryfoldError, UsageError

from . import api, changes, hubs, pages
from .context import Web, page
from .desk import Desk
from .live import Streams
from .render import environment
from .security import Guard, Keys
from .settings import WebSettings, problems
from .source import Actions, FeedActions, Related, Source


def create_app(
    source: Source,
    actions: Actions | None,
    settings: WebSettings,
    clock: Callable[[], datetime],
    feed_actions: FeedActions | None = None,
    hub_door: hubs.HubDoor | None = None,
    related: Related | None = None,
) -> Starlette:
    """The page and the JSON API over ``source``; without ``actions`` they only show.

    With ``hub_door`` WebSub hubs are answered under ``/websub/``.  ``related`` finds the same event in other reports.

    Raises ``UsageError`` where ``settings`` would show the page to others without a token.
    """
    wrong = problems(settings)
    if wrong:
        raise UsageError("\n".join(wrong))
    keys = Keys(settings.token)
    app = Starlette(
        routes=[*_routes(), *([] if hub_door is None else [hubs.route(hub_door)])],
        middleware=[
            Middleware(Guard, settings=settings, keys=keys, clock=clock, beside=hubs.PATH if hub_door else None)
        ],
        exception_handlers={
            HTTPException: _http_error,
            StoryfoldError: _refused,
            Exception: _defect,
        },
        lifespan=_lifespan,
    )
    app.state.web = Web(Desk(source, clock, related), actions, feed_actions, settings, keys, environment(), clock)
    app.state.streams = Streams(settings.streams)
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    import asyncio

    # The first visitor should not wait for counts of weeks that are over.
    warming = asyncio.create_task(run_in_threadpool(app.state.web.desk.warm))
    yield
    app.state.streams.end()
    await asyncio.wait([warming], timeout=2)


def _routes() -> list[Route | Mount]:
    return [
        Route("/", pages.overview, name="overview"),
        Route("/items", pages.items),
        Route("/items/stream", pages.items_stream),
        Route("/stories", pages.stories),
        Route("/search", pages.search),
        Route("/stories/{story_id}", pages.story),
        Route("/stories/{story_id}/related", pages.related),
        Route("/stories/{story_id}/merge", changes.merge, methods=["POST"]),
        Route("/stories/{story_id}/split", changes.split, methods=["POST"]),
        Route("/stories/{story_id}/pin", changes.pin, methods=["POST"]),
        Route("/decisions/{decision_id:int}/undo", changes.undo, methods=["POST"]),
        Route("/articles/{article_id}", pages.article),
        Route("/feeds", pages.feeds),
        Route("/feeds", changes.add_feed, methods=["POST"]),
        Route("/feeds/discover", changes.discover, methods=["POST"]),
        Route("/feeds/opml", changes.export_opml),
        Route("/feeds/opml", changes.import_opml, methods=["POST"]),
        Route("/feeds/{feed_id:int}", pages.feed),
        Route("/outlets", pages.outlets),
        Route("/login", pages.login),
        Route("/login", changes.login, methods=["POST"]),
        Route("/logout", changes.logout, methods=["POST"]),
        Route("/favicon.ico", _favicon),
        *api.routes(),
        Mount("/static", _Static(packages=[("pipeline.web", "static")])),
    ]


class _Static(StaticFiles):
    """Files of ours; their address changes with their content, so a browser may keep them."""

    def file_response(self, *args: object, **more: object) -> Response:
        response = super().file_response(*args, **more)  # type: ignore[arg-type]
        scope: Scope = args[2] if len(args) > 2 else more["scope"]  # type: ignore[assignment]
        kept = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response


def _favicon(_request: Request) -> Response:
    return RedirectResponse("/static/icon.svg", 308)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    said = {
        404: "There is no page at this address.",
        405: "This address takes another kind of request.",
    }
    return _problem(request, error.status_code, said.get(error.status_code, error.detail), error.headers)


def _refused(request: Request, error: Exception) -> Response:
    """Errors raised on purpose: the visitor's, a missing name, or the database's."""
    status = 404 if isinstance(error, NotFound) else 400 if isinstance(error, UsageError) else 503
    return _problem(request, status, str(error))


def _defect(request: Request, _error: Exception) -> Response:
    return _problem(request, 500, "A defect of this program; its log has the details. Nothing was changed.")


def _problem(request: Request, status: int, detail: str, headers: object = None) -> Response:
    title = HTTPStatus(status).phrase
    detail = detail[:1].upper() + detail[1:]
    if request.url.path.startswith(api.ROOT):
        answer = api.as_json(api.Problem(title, status, detail), status)
    elif "stream" in request.url.path or request.headers.get("x-fragment"):
        answer = PlainTextResponse(detail + "\n", status)
    else:
        answer = page(request, "problem.html", status, status=status, title=title, detail=detail)
    if isinstance(headers, dict):
        answer.headers.update(headers)
    return answer
