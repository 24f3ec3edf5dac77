"""What only one origin may be told."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pipeline.urls import WebURL, split_url

if TYPE_CHECKING:
    from pipeline.fetch.values import Request


def may_send_credentials(first: WebURL, url: WebURL) -> bool:
    """Whether secrets for ``first`` may be told to ``url``: one origin, or its move from http to https."""
    upgraded = first.scheme == "http" and url.scheme == "https" and first.port is url.port is None
    return first.origin == url.origin or (upgraded and first.host == url.host)


def share_credentials(one: str, other: str) -> bool:
    """``may_send_credentials`` for addresses as text; false where one of them is none."""
    try:
        return may_send_credentials(split_url(one), split_url(other))
    except ValueError:
        return False


def private_headers(first: WebURL, request: Request) -> list[tuple[str, str]]:
    """Headers of the feed's own, and basic authentication from the request or the address (RFC 7617)."""
    headers = [(name, value) for name, value in request.headers]
    user, password = request.username, request.password
    if user is None and first.userinfo is not None:
        name, _, secret = first.userinfo.partition(":")
        user, password = unquote(name), unquote(secret)
    if user is not None and not any(name.lower() == "authorization" for name, _ in headers):
        token = b64encode(f"{user}:{password or ''}".encode()).decode("ascii")
        headers.append(("Authorization", f"Basic {token}"))
    return headers
