"""Feeds in trouble and outlets that fell silent, from stored facts alone.  Pure.

A feed is in trouble once it failed often enough for its kind of failure: one timeout is weather, one 410 is
news.  It is silent where it answers, but brings nothing new for much longer than it ever paused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from pipeline.model import FeedState, Reason

LONGER = 2.0  # a feed is silent after so many times its longest pause
SHORTEST_SILENCE = timedelta(hours=24)
WEEKEND = timedelta(hours=84)  # Friday evening to Tuesday morning: no pause that a young history can rule out
YOUNG = timedelta(days=8)  # histories shorter than that may not have seen a weekend
MIN_ARRIVALS = 5  # fewer say nothing about a rhythm


class Kind(StrEnum):
    """What sort of trouble it is, and so who can do something about it."""

    NETWORK = "network"  # no connection
    SERVER = "server"  # the server fails or asks for patience
    REFUSED = "refused"  # the server does not want us
    GONE = "gone"  # nothing there any more
    NOT_A_FEED = "not a feed"  # an answer that cannot be used
    CONFIGURATION = "configuration"  # ours to put right
    DEFECT = "defect"  # of this program


@dataclass(frozen=True, slots=True)
class Advice:
    """How a reason of failure is treated: failures in a row before people are told, and what they can do."""

    kind: Kind
    patience: int
    todo: str


_NET = "Check the address in a browser. If it works there, check DNS, firewall and proxy of this machine."
_SERVER = "Wait: the server has to be mended by its owner. After a week, look for another feed of the outlet."
_SHAPE = "Open the address in a browser; run `feeds check URL`, and `feeds add` with the outlet's home page."
ADVICE: dict[Reason, Advice] = {
    Reason.DNS_FAILED: Advice(Kind.NETWORK, 3, _NET),
    Reason.CONNECT_FAILED: Advice(Kind.NETWORK, 3, _NET),
    Reason.TIMEOUT: Advice(Kind.NETWORK, 4, _NET),
    Reason.PROTOCOL_ERROR: Advice(Kind.NETWORK, 3, _NET),
    Reason.TLS_FAILED: Advice(
        Kind.NETWORK, 2, "The certificate is bad or expired; its owner has to mend it. Check this machine's clock."
    ),
    Reason.HTTP_SERVER_ERROR: Advice(Kind.SERVER, 4, _SERVER),
    Reason.HTTP_RATE_LIMITED: Advice(
        Kind.SERVER, 4, "Ask less often: set `interval_minutes` of the feed, or raise `[fetch] min_host_interval`."
    ),
    Reason.HOST_PAUSED: Advice(Kind.SERVER, 6, "Nothing: the host is asked again after its pause."),
    Reason.ROBOTS_UNREACHABLE: Advice(Kind.SERVER, 6, "Nothing: robots.txt is asked for again."),
    Reason.HTTP_CLIENT_ERROR: Advice(
        Kind.REFUSED, 2, "Check the address; set `[fetch] contact` so that owners know you."
    ),
    Reason.HTTP_UNAUTHORIZED: Advice(
        Kind.REFUSED, 2, "Set `username` and `password` (or `headers`) of the feed, or take it out."
    ),
    Reason.ROBOTS_DISALLOWED: Advice(Kind.REFUSED, 2, "The site does not want it fetched: look for a feed it offers."),
    Reason.HTTP_NOT_FOUND: Advice(
        Kind.GONE, 2, "Find the new address: `feeds add` with the outlet's home page; then `feeds remove` the old one."
    ),
    Reason.HTTP_GONE: Advice(Kind.GONE, 1, "The feed has ended for good and is no longer polled: `feeds remove` it."),
    Reason.FEED_EMPTY: Advice(Kind.NOT_A_FEED, 3, _SHAPE),
    Reason.FEED_IS_HTML: Advice(Kind.NOT_A_FEED, 2, _SHAPE),
    Reason.FEED_NOT_A_FEED: Advice(Kind.NOT_A_FEED, 2, _SHAPE),
    Reason.FEED_TRUNCATED: Advice(Kind.NOT_A_FEED, 4, _SERVER),
    Reason.BAD_ENCODING: Advice(Kind.NOT_A_FEED, 3, _SERVER),
    Reason.REDIRECT_LOOP: Advice(Kind.NOT_A_FEED, 2, _SHAPE),
    Reason.TOO_MANY_REDIRECTS: Advice(Kind.NOT_A_FEED, 2, _SHAPE),
    Reason.BAD_REDIRECT: Advice(Kind.NOT_A_FEED, 2, _SHAPE),
    Reason.LED_AWAY: Advice(Kind.NOT_A_FEED, 2, _SHAPE),
    Reason.BAD_URL: Advice(Kind.CONFIGURATION, 1, "Correct the feed's `url`: an http or https address."),
    Reason.ADDRESS_REFUSED: Advice(
        Kind.CONFIGURATION, 1, "The address is private. If that is meant, list its network in `[fetch] allow_private`."
    ),
    Reason.TOO_LARGE: Advice(Kind.CONFIGURATION, 2, "Raise `[fetch] max_body_bytes` if the feed is worth it."),
    Reason.OVERRUN_CPU: Advice(Kind.CONFIGURATION, 2, "Raise `[run] cpu_seconds` if the feed is worth it."),
    Reason.OVERRUN_MEMORY: Advice(Kind.CONFIGURATION, 2, "Raise `[run] memory_mib` if the feed is worth it."),
}
_DEFECT = Advice(Kind.DEFECT, 1, "Look for the traceback in the log and report it.")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One feed that cannot be had."""

    url: str
    outlet: str
    since: datetime  # first failure of the row
    kind: Kind
    reason: Reason
    detail: str
    tried: int  # times in a row
    todo: str  # a sentence for people
    next_poll: datetime | None  # None: it is retired
    proposal: str | None = None  # an address that may replace it


@dataclass(frozen=True, slots=True)
class Silence:
    """One feed that answers and brings nothing new."""

    url: str
    outlet: str
    since: datetime  # newest entry
    longest: timedelta  # its longest pause before


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody knows to be wrong: addresses of feeds with the time from which it is so."""

    troubles: Mapping[str, datetime] = field(default_factory=dict)
    silences: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HealthReport:
    """All feeds at one moment; those longest in trouble or silent come first."""

    time: datetime
    healthy: int
    retired: int  # those that are gone are troubles as well
    troubles: tuple[Trouble, ...] = ()
    silences: tuple[Silence, ...] = ()

    @property
    def known(self) -> Known:
        """What whoever has read this knows."""
        return Known({t.url: t.since for t in self.troubles}, {s.url: s.since for s in self.silences})


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be told at once."""

    new: tuple[Trouble, ...] = ()
    recovered: tuple[str, ...] = ()  # URLs
    fell_silent: tuple[Silence, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.recovered or self.fell_silent)


def advice_for(reason: Reason) -> Advice:
    """How a feed's failure for ``reason`` is treated."""
    return ADVICE.get(reason, _DEFECT)


def assess(feeds: Sequence[FeedState], now: datetime) -> HealthReport:
    """How ``feeds`` are at ``now``."""
    troubles = [trouble for feed in feeds if (trouble := trouble_of(feed, now))]
    silences = [silence for feed in feeds if (silence := silence_of(feed, now))]
    retired = sum(feed.retired for feed in feeds)
    ailing = {trouble.url for trouble in troubles} | {silence.url for silence in silences}
    return HealthReport(
        time=now,
        healthy=sum(not feed.retired and feed.source.url not in ailing for feed in feeds),
        retired=retired,
        troubles=tuple(sorted(troubles, key=lambda t: (t.since, t.url))),
        silences=tuple(sorted(silences, key=lambda s: (s.since, s.url))),
    )


def trouble_of(feed: FeedState, now: datetime) -> Trouble | None:
    """The trouble a feed is in; ``None`` while it is well or may still come round by itself."""
    reason = feed.last_reason
    if reason is None or feed.failures == 0 or not feed.listed:
        return None
    advice = advice_for(reason)
    if feed.failures < advice.patience:
        return None
    return Trouble(
        url=feed.source.url,
        outlet=feed.source.outlet,
        since=feed.failing_since or feed.last_poll or now,
        kind=advice.kind,
        reason=reason,
        detail=feed.last_detail,
        tried=feed.failures,
        todo=advice.todo,
        next_poll=None if feed.retired else feed.next_poll,
        proposal=feed.proposal,
    )


def silence_of(feed: FeedState, now: datetime) -> Silence | None:
    """Whether a feed that answers has brought nothing for far longer than it ever paused."""
    if feed.retired or feed.failures:
        return None
    past = sorted({time for time in feed.arrivals if time <= now})
    if len(past) < MIN_ARRIVALS:
        return None
    longest = max(later - earlier for earlier, later in pairwise(past))
    shortest = WEEKEND if past[-1] - past[0] < YOUNG else SHORTEST_SILENCE
    if now - past[-1] <= max(longest * LONGER, shortest):
        return None
    return Silence(feed.source.url, feed.source.outlet, past[-1], longest)


def overdue_seconds(feeds: Sequence[FeedState], now: datetime) -> float:
    """How long the feed that is most overdue has been waiting for its poll; 0 where none is."""
    return max(0.0, *((now - feed.next_poll).total_seconds() for feed in feeds if not feed.retired), 0.0)


def changes(before: Known, after: HealthReport) -> Changes:
    """What is new to somebody who knows ``before``: troubles that began, troubles that ended, outlets that
    fell silent."""
    still = after.known
    return Changes(
        new=tuple(trouble for trouble in after.troubles if before.troubles.get(trouble.url) != trouble.since),
        recovered=tuple(sorted(before.troubles.keys() - still.troubles.keys())),
        fell_silent=tuple(silence for silence in after.silences if silence.url not in before.silences),
    )
