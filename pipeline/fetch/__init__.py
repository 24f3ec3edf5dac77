"""The only network code: client, address guard, robots, pace per host, freshness.

Names are loaded when they are first used, so that a command which fetches nothing does not load httpx.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.fetch.addresses import refusal
    from pipeline.fetch.client import Fetcher
    from pipeline.fetch.freshness import Freshness
    from pipeline.fetch.gate import HostGate
    from pipeline.fetch.pace import HostPace
    from pipeline.fetch.robots import Verdict
    from pipeline.fetch.settings import FetchSettings
    from pipeline.fetch.values import FetchFailed, Hop, Request, Response
    from pipeline.fetch.web import Web

__all__ = [
    "FetchFailed",
    "FetchSettings",
    "Fetcher",
    "Freshness",
    "Hop",
    "HostGate",
    "HostPace",
    "Request",
    "Response",
    "Verdict",
    "Web",
    "refusal",
]

_HOMES = {
    "FetchFailed": "values",
    "FetchSettings": "settings",
    "Fetcher": "client",
    "Freshness": "freshness",
    "Hop": "values",
    "HostGate": "gate",
    "HostPace": "pace",
    "Request": "values",
    "Response": "values",
    "Verdict": "robots",
    "Web": "web",
    "refusal": "addresses",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
