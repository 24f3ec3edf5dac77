"""WebSub (W3C Recommendation of 2018): what to tell a hub, and what to believe of what it tells us.  Pure.

A subscription is *asked* until the hub has verified our intent, then *held* until its lease ends.  A held one
lets a feed be polled less; polls go on, and find out whether the hub tells everything.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode, urljoin

from pipeline.model import FeedHints, FeedState

SLOWER = 4  # times the usual interval between polls while the hub works
RENEWED = 0.8  # of a lease: then it is asked for again
PATIENCE = timedelta(days=1)  # for a hub to verify; then it is asked again
REFUSED = timedelta(days=7)  # until a hub that refused, or told less than the feed holds, is asked again
MISSES = 2  # polls that found what the hub had not told, until it is no longer trusted
SHORTEST_LEASE = timedelta(hours=1)
LONGEST_LEASE = timedelta(days=30)
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})  # section 7 of the Recommendation
MAX_LINKS = 8_192  # characters of Link headers that are read
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~-]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]*))?)*)')  # RFC 8288, 3
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]*))', re.IGNORECASE)


class Standing(StrEnum):
    """How a hub and we stand."""

    ASKED = "asked"
    HELD = "held"
    REFUSED = "refused"  # by the hub, or given up because it misses entries


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is known about one feed's subscription.  ``token`` and ``secret`` are ours, and nobody else's."""

    hub: str
    topic: str  # the address the hub knows the feed by
    token: str  # last part of our callback's address
    secret: str  # signs what the hub sends
    since: datetime  # of its standing
    standing: Standing = Standing.ASKED
    lease: timedelta = timedelta()
    told: datetime | None = None  # the last genuine delivery
    misses: int = 0  # polls in a row that found what it had not told

    def holds(self, now: datetime) -> bool:
        """Whether the hub is to tell us what is new."""
        return self.standing is Standing.HELD and self.since <= now < self.since + self.lease


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request to our callback is answered with, and the subscription after it."""

    status: int
    body: str
    subscription: Subscription
    document: bytes | None = None  # a genuine delivery


def announced(hints: FeedHints, link_header: str, url: str) -> FeedHints:
    """``hints`` with the hub and the topic that the answer's Link headers name, absolute.

    Headers come before the document, and the first of several hubs is taken (section 4).  ``url`` is where the
    answer came from.
    """
    named: dict[str, str] = {}
    for target, relations in _links(link_header[:MAX_LINKS]):
        for relation in relations:
            named.setdefault(relation, target)
    hub, topic = named.get("hub", hints.hub), named.get("self", hints.self_url)
    return replace(hints, hub=_joined(url, hub), self_url=_joined(url, topic))


def _links(header: str) -> Iterator[tuple[str, list[str]]]:
    for link in _LINK.finditer(header):
        if relation := _REL.search(link[2]):
            yield link[1].strip(), (relation[1] or relation[2] or "").lower().split()


def _joined(url: str, link: str | None) -> str | None:
    if not link:
        return None
    try:
        joined = urljoin(url, link)
        joined.encode()  # a lone surrogate, as JSON can carry it, could be asked for by nobody
    except ValueError:
        return None
    return joined


def to_ask(known: Subscription | None, feed: FeedState, now: datetime, token: str, secret: str) -> Subscription | None:
    """The subscription to ask the feed's hub for now; ``None`` where there is nothing to ask.

    ``token`` and ``secret`` are fresh random texts, used where a new subscription begins.
    """
    hub, topic = feed.hints.hub, feed.hints.self_url or feed.url
    if hub is None or feed.retired:
        return None
    if known is None or (known.hub, known.topic) != (hub, topic):
        return Subscription(hub, topic, token, secret, now)
    waits = {
        Standing.ASKED: PATIENCE,
        Standing.HELD: known.lease * RENEWED,
        Standing.REFUSED: REFUSED,
    }
    if now < known.since + waits[known.standing]:
        return None
    if known.holds(now):
        return known  # renewed under the same token: it goes on holding until the hub answers
    return replace(known, standing=Standing.ASKED, since=now, misses=0)


def request_body(wanted: Subscription, callback: str, lease: timedelta) -> bytes:
    """The form that asks a hub to subscribe us (section 5.1); ``callback`` ends in the token."""
    return urlencode(
        {
            "hub.mode": "subscribe",
            "hub.topic": wanted.topic,
            "hub.callback": callback,
            "hub.secret": wanted.secret,
            "hub.lease_seconds": str(int(lease.total_seconds())),
        }
    ).encode("ascii")


def answered(known: Subscription, query: Mapping[str, str], now: datetime) -> Reply:
    """A hub's GET: it verifies that we asked (section 5.3), or says that it will not (section 5.2)."""
    mode = query.get("hub.mode", "")
    if query.get("hub.topic") != known.topic:
        return Reply(404, "not asked for", known)
    if mode == "denied":
        return Reply(200, "", replace(known, standing=Standing.REFUSED, since=now))
    challenge = query.get("hub.challenge", "")
    if mode != "subscribe" or not challenge or known.standing is Standing.REFUSED:
        return Reply(404, "not asked for", known)
    held = replace(known, standing=Standing.HELD, since=now, lease=_lease(query.get("hub.lease_seconds", "")))
    return Reply(200, challenge, held)


def delivered(known: Subscription, headers: Mapping[str, str], body: bytes, now: datetime) -> Reply:
    """A hub's POST.  One without our signature is acknowledged and not believed (section 8).

    ``headers`` has lower-case names.
    """
    if not genuine(known.secret, headers.get("x-hub-signature", ""), body):
        return Reply(202, "", known)
    return Reply(202, "", replace(known, told=now, misses=0), body)


def genuine(secret: str, signature: str, body: bytes) -> bool:
    """Whether ``signature`` (``method=hex``) is that of ``body`` under ``secret``; compared in constant time."""
    method, _, given = signature.strip().partition("=")
    if method.lower() not in _METHODS:
        return False
    right = hmac.new(secret.encode(), body, getattr(hashlib, method.lower())).hexdigest()
    return hmac.compare_digest(right.encode(), given.strip().lower().encode("utf-8", "replace"))


def eased(known: Subscription, state: FeedState, found_new: int, now: datetime, longest: timedelta) -> FeedState:
    """The feed's state after a poll: asked later while the hub works, and at its usual pace while it does not."""
    if not known.holds(now) or state.failures or known.misses or found_new:
        return state
    wait = min((state.next_poll - now) * SLOWER, longest)
    if wait <= state.next_poll - now:
        return state
    return replace(state, next_poll=now + wait, why_next=f"{state.why_next}; its hub tells what is new, so later")


def after_poll(known: Subscription, found_new: int, now: datetime) -> Subscription:
    """The subscription after a poll that found ``found_new`` entries which the hub should have told before."""
    if not known.holds(now) or not found_new:
        return known
    misses = known.misses + 1
    if misses < MISSES:
        return replace(known, misses=misses)
    return replace(known, standing=Standing.REFUSED, since=now, misses=misses)


def write(known: Subscription) -> str:
    """As text, to be stored."""
    plain = asdict(known) | {
        "since": known.since.isoformat(),
        "lease": known.lease.total_seconds(),
        "told": known.told and known.told.isoformat(),
    }
    return json.dumps(plain)


def read(text: str) -> Subscription:
    """What ``write`` wrote."""
    plain = json.loads(text)
    told = plain["told"]
    return Subscription(
        **plain
        | {
            "since": datetime.fromisoformat(plain["since"]),
            "standing": Standing(plain["standing"]),
            "lease": timedelta(seconds=plain["lease"]),
            "told": told and datetime.fromisoformat(told),
        }
    )


def _lease(text: str) -> timedelta:
    """What the hub grants, between an hour and thirty days."""
    seconds = int(text[:10]) if text.isascii() and text.isdigit() else int(LONGEST_LEASE.total_seconds())
    return min(max(timedelta(seconds=seconds), SHORTEST_LEASE), LONGEST_LEASE)
