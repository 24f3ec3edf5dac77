"""Feeds: bytes → entries; what is new; when to ask again; discovery and OPML.

Names are loaded when first used: feedparser takes a tenth of a second that ``--help`` need not spend.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.feeds.arrivals import Expectation, expectation
    from pipeline.feeds.dates import ReadDate, read_date
    from pipeline.feeds.decide import New, Revised, Seen, Verdict, decide_entries
    from pipeline.feeds.discover import FeedLink, feed_links, guesses
    from pipeline.feeds.opml import OpmlFeeds, read_opml, write_opml
    from pipeline.feeds.parse import parse_feed
    from pipeline.feeds.schedule import (
        PollFacts,
        after_delivery,
        after_poll,
        moved_back,
        needs_parsing,
        should_poll_unconditionally,
    )
    from pipeline.feeds.settings import FeedLimits, PollSettings, WebSubSettings

_HOME = {
    "after_delivery": "schedule",
    "after_poll": "schedule",
    "decide_entries": "decide",
    "Expectation": "arrivals",
    "expectation": "arrivals",
    "feed_links": "discover",
    "FeedLimits": "settings",
    "FeedLink": "discover",
    "guesses": "discover",
    "moved_back": "schedule",
    "needs_parsing": "schedule",
    "New": "decide",
    "OpmlFeeds": "opml",
    "parse_feed": "parse",
    "PollFacts": "schedule",
    "PollSettings": "settings",
    "read_date": "dates",
    "read_opml": "opml",
    "ReadDate": "dates",
    "Revised": "decide",
    "Seen": "decide",
    "should_poll_unconditionally": "schedule",
    "Verdict": "decide",
    "WebSubSettings": "settings",
    "write_opml": "opml",
}

__all__ = [
    "Expectation",
    "FeedLimits",
    "FeedLink",
    "New",
    "OpmlFeeds",
    "PollFacts",
    "PollSettings",
    "ReadDate",
    "Revised",
    "Seen",
    "Verdict",
    "WebSubSettings",
    "after_delivery",
    "after_poll",
    "decide_entries",
    "expectation",
    "feed_links",
    "guesses",
    "moved_back",
    "needs_parsing",
    "parse_feed",
    "read_date",
    "read_opml",
    "should_poll_unconditionally",
    "write_opml",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
