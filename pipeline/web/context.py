"""What every handler works with, and the small things they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from .desk import Desk
from .queries import QueryError
from .security import Keys, Session, same
from .settings import WebSettings
from .source import Actions, FeedActions

MAX_FORM = 4 * 2**20  # bytes; an OPML file of many thousand feeds fits


@dataclass(frozen=True, slots=True)
class Web:
    """The parts of the page."""

    desk: Desk
    actions: Actions | None
    feed_actions: FeedActions | None
    settings: WebSettings
    keys: Keys
    templates: Environment
    clock: Callable[[], datetime]


def web(request: Request) -> Web:
    """The parts that serve this request."""
    found: Web = request.app.state.web
    return found


def session(request: Request) -> Session:
    """Who asks."""
    found: Session = request.scope["session"]
    return found


def page(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """A rendered template."""
    parts = web(request)
    text = parts.templates.get_template(template).render(
        path=request.url.path,
        session=session(request),
        guarded=bool(parts.settings.token),
        can_edit=parts.actions is not None,
        can_edit_feeds=parts.feed_actions is not None,
        now=parts.clock(),
        **values,
    )
    return HTMLResponse(text, status)


async def body(request: Request) -> bytes:
    """The body, bounded; raises ``QueryError`` for a larger one."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MAX_FORM:
            raise QueryError(f"more than {MAX_FORM // 2**20} MiB were sent")
    return bytes(found)


async def form(request: Request) -> dict[str, str]:
    """The fields of a form whose CSRF token was right; raises ``QueryError``."""
    text = (await body(request)).decode("utf-8", "replace")
    fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50))
    who = session(request)
    if not who.csrf or not same(fields.pop("csrf", ""), who.csrf):
        raise QueryError("this form is too old: go back, reload the page and try again")
    return {name: value.strip() for name, value in fields.items()}
