"""The page people look at, and the JSON API.

``create_app`` makes the application over a ``Source`` (the store fits it), ``serving`` and ``serve`` run it
inside an event loop.  Loaded on first use: a web framework is nothing a command-line tool should wait for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .application import create_app
    from .hubs import HubDoor, HubRequest
    from .server import serve, serving
    from .settings import WebSettings, problems
    from .source import Actions, FeedActions, FoundFeed, PersonDecision, Related, Source

__all__ = [
    "Actions",
    "FeedActions",
    "FoundFeed",
    "HubDoor",
    "HubRequest",
    "PersonDecision",
    "Related",
    "Source",
    "WebSettings",
    "create_app",
    "problems",
    "serve",
    "serving",
]

_HOMES = {
    "HubDoor": "hubs",
    "HubRequest": "hubs",
    "create_app": "application",
    "problems": "settings",
    "serve": "server",
    "serving": "server",
    "WebSettings": "settings",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'source')}"), name)
