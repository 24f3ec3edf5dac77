"""Where the page listens, and who may look."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

MIN_TOKEN = 16  # characters; a token guards a page that is reachable from elsewhere


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The ``[web]`` section."""

    enabled: bool = True  # the service shows the page
    host: str = "127.0.0.1"  # address to listen on; anything but loopback needs a token
    port: Annotated[int, Meta(ge=0, le=65535)] = 8321  # 0 takes any free one
    token: str = ""  # asked for once in the browser, and as "Authorization: Bearer …" by the API
    hosts: tuple[str, ...] = ()  # further names the page may be called by, e.g. behind a proxy
    streams: Annotated[int, Meta(ge=1, le=1000)] = 32  # live logs open at once
    stream_seconds: Annotated[float, Meta(ge=0.05, le=60)] = 1.0  # the journal is looked at this often


def is_loopback(host: str) -> bool:
    """Whether ``host`` is ``localhost`` or a loopback address.

    >>> is_loopback("::1"), is_loopback("0.0.0.0")
    (True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def problems(settings: WebSettings) -> list[str]:
    """What is wrong with where the page would listen, each as one line for people; empty when nothing is."""
    found = []
    if not is_loopback(settings.host) and not settings.token:
        found.append(
            f"[web] host = {settings.host!r} can be reached from elsewhere: set [web] token to a secret of at"
            f" least {MIN_TOKEN} characters, or listen on 127.0.0.1"
        )
    if settings.token and len(settings.token) < MIN_TOKEN:
        found.append(f"[web] token: should have at least {MIN_TOKEN} characters, it can be guessed otherwise")
    return found
