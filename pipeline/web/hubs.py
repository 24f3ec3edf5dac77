"""Where WebSub hubs reach us: beside the page's door, since a hub can know no token of the page.

What lets a hub in is the last part of the path, a secret of its own for each subscription, and what it sends is
believed only with its signature; both are judged by ``HubDoor``.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PATH = "/websub/"  # ``[websub] callback`` has to lead here


@dataclass(frozen=True, slots=True)
class HubRequest:
    """What a hub sends to the callback of one subscription."""

    method: str
    token: str  # the last part of the path
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: AsyncIterable[bytes]


class HubDoor(Protocol):
    """Answers what a hub sends: (status, plain text)."""

    async def __call__(self, sent: HubRequest) -> tuple[int, str]: ...


def route(door: HubDoor) -> Route:
    """The callback's route."""

    async def answer(request: Request) -> Response:
        query, headers = dict(request.query_params), dict(request.headers)
        sent = HubRequest(request.method, request.path_params["token"], query, headers, request.stream())
        status, text = await door(sent)
        return PlainTextResponse(text, status)

    return Route(PATH + "{token}", answer, methods=["GET", "POST"])
