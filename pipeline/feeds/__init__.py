"""Feeds: bytes → entries; what is new; when to ask again; discovery and OPML.

Names are loaded when first used: feedparser and selectolax take a tenth of a second that ``--help`` need not
spend.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.feeds.parse import parse_feed
    from pipeline.feeds.settings import FeedLimits

_HOME = {
    "FeedLimits": "settings",
    "parse_feed": "parse",
}

__all__ = ["FeedLimits", "parse_feed"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
