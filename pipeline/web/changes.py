"""What people change: sign in and out, decisions about stories, the list of feeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipeline.errors import StoryfoldError
from pipeline.model import FeedSource
from pipeline.urls import is_web_url

from . import charts
from .context import form, page, web
from .queries import QueryError
from .security import cookie_header, same
from .source import Actions, FeedActions


async def login(request: Request) -> Response:
    """Check the token and remember the browser."""
    parts = web(request)
    fields = await form(request)
    target = fields.get("next", "/")
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        target = "/"
    if not same(fields.get("token", ""), parts.keys.token):
        return page(request, "login.html", 403, error="That is not the token of [web] token.", next=target)
    new = parts.keys.new_session()
    value = parts.keys.cookie(new.name, knows_token=True, now=parts.clock())
    answer = RedirectResponse(target, 303)
    answer.headers["set-cookie"] = cookie_header(value, request.url.scheme)
    return answer


async def logout(request: Request) -> Response:
    """Forget the browser."""
    await form(request)
    answer = RedirectResponse("/login", 303)
    answer.headers["set-cookie"] = cookie_header("", request.url.scheme)
    return answer


async def merge(request: Request) -> Response:
    """Fold another story into this one."""
    fields = await form(request)
    other = fields.get("other", "").rstrip("/").rpartition("/")[2]
    if not other:
        raise QueryError("name the story to merge with, by its id or the address of its page")
    return await _story(request, lambda actions, now: actions.merge(_id(request), other, now))


async def split(request: Request) -> Response:
    """Take an article out of the story, for good."""
    article = (await form(request)).get("article", "")
    return await _story(request, lambda actions, now: actions.split(_id(request), article, now))


async def pin(request: Request) -> Response:
    """Let one article speak for the story; an empty one lets the rules choose again."""
    article = (await form(request)).get("article") or None
    return await _story(request, lambda actions, now: actions.pin(_id(request), article, now))


async def undo(request: Request) -> Response:
    """Take a decision back."""
    await form(request)
    number = request.path_params["decision_id"]
    return await _story(request, lambda actions, now: actions.undo(number, now))


def _id(request: Request) -> str:
    return str(request.path_params["story_id"])


async def _story(request: Request, change: Callable[[Actions, Any], str]) -> Response:
    parts = web(request)
    if parts.actions is None:
        raise QueryError("stories cannot be changed from this page")
    shown = await run_in_threadpool(change, parts.actions, parts.clock())
    parts.desk.kept.forget()
    return RedirectResponse(f"/stories/{shown}", 303)


async def discover(request: Request) -> Response:
    """Which feeds an address leads to."""
    fields = await form(request)
    url = fields.get("url", "")
    if url and "://" not in url:
        url = f"https://{url}"
    try:
        if not is_web_url(url):
            raise QueryError("that is not a web address; https://example.org is one")
        found = await _feed_actions(request).discover(url)
    except StoryfoldError as error:
        return await _feeds_with(request, str(error), 400)
    known = {state.source.url for state in await run_in_threadpool(web(request).desk.source.feeds)}
    return page(request, "discover.html", url=url, found=found, known=known)


async def add_feed(request: Request) -> Response:
    """Poll a feed from now on."""
    fields = await form(request)
    url, outlet = fields.get("url", ""), fields.get("outlet", "")
    try:
        if not is_web_url(url) or not outlet:
            raise QueryError("a feed needs a web address and the name of its outlet")
        await _feed_actions(request).add(FeedSource(url, outlet))
        web(request).desk.kept.forget()
    except StoryfoldError as error:
        return await _feeds_with(request, str(error), 400)
    return RedirectResponse("/feeds", 303)


async def import_opml(request: Request) -> Response:
    """Add the feeds of an OPML document."""
    text = (await form(request)).get("opml", "")
    try:
        await _feed_actions(request).import_opml(text)
        web(request).desk.kept.forget()
    except StoryfoldError as error:
        return await _feeds_with(request, str(error), 400)
    return RedirectResponse("/feeds", 303)


async def export_opml(request: Request) -> Response:
    """All feeds as OPML."""
    text = await _feed_actions(request).export_opml()
    headers = {"content-disposition": 'attachment; filename="feeds.opml"'}
    return Response(text, media_type="text/x-opml", headers=headers)


def _feed_actions(request: Request) -> FeedActions:
    actions = web(request).feed_actions
    if actions is None:
        raise QueryError("feeds cannot be changed from this page; edit the configuration")
    return actions


async def _feeds_with(request: Request, error: str, status: int) -> Response:
    found = (await run_in_threadpool(web(request).desk.feeds)).feeds
    sparks = {f.feed_id: charts.spark(f.days) for f in found}
    return page(request, "feeds.html", status, feeds=found, sparks=sparks, error=error)
