"""WebSub: what is told to hubs and what is believed of them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds import websub
from pipeline.feeds.websub import Standing, Subscription
from pipeline.model import FeedHints, FeedSource, FeedState

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HUB, TOPIC = "https://hub.example/", "https://a.example/feed"
FEED = FeedState(1, FeedSource(TOPIC, "A"), TOPIC, NOW + timedelta(hours=1), hints=FeedHints(hub=HUB))
ASKED = Subscription(HUB, TOPIC, "token", "secret", NOW)
HELD = replace(ASKED, standing=Standing.HELD, lease=10 * DAY)
REFUSED = replace(ASKED, standing=Standing.REFUSED)


def signed(body: bytes, method: str = "sha256", secret: str = "secret") -> str:
    return f"{method}={hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()}"


@pytest.mark.parametrize(
    ("known", "feed", "days", "standing"),
    [
        (None, FEED, 0, Standing.ASKED),
        (None, replace(FEED, hints=FeedHints()), 0, None),
        (None, replace(FEED, retired=True), 0, None),
        (ASKED, FEED, 0.9, None),
        (ASKED, FEED, 1, Standing.ASKED),
        (HELD, FEED, 7.9, None),
        (HELD, FEED, 8, Standing.HELD),
        (HELD, FEED, 10, Standing.ASKED),
        (REFUSED, FEED, 6.9, None),
        (REFUSED, FEED, 7, Standing.ASKED),
        (replace(HELD, hub="https://old.example/"), FEED, 0, Standing.ASKED),
    ],
)
def test_when_a_hub_is_asked(
    known: Subscription | None, feed: FeedState, days: float, standing: Standing | None
) -> None:
    wanted = websub.to_ask(known, feed, NOW + days * DAY, "fresh", "new")
    assert (wanted and wanted.standing) == standing


def test_the_topic_is_what_the_feed_calls_itself() -> None:
    feed = replace(FEED, hints=FeedHints(hub=HUB, self_url="https://a.example/self"))
    wanted = websub.to_ask(None, feed, NOW, "t", "s")
    assert wanted is not None
    form = parse_qs(websub.request_body(wanted, "https://me.example/websub/t", 10 * DAY).decode())
    assert form == {
        "hub.mode": ["subscribe"],
        "hub.topic": ["https://a.example/self"],
        "hub.callback": ["https://me.example/websub/t"],
        "hub.secret": ["s"],
        "hub.lease_seconds": ["864000"],
    }


@pytest.mark.parametrize(
    ("header", "hub", "topic"),
    [
        ("", "https://doc.example/hub", "https://doc.example/feed"),
        ('<https://h.example/>; rel="hub"', "https://h.example/", "https://doc.example/feed"),
        ("<https://h.example/>; rel=hub, <https://t.example/f>; rel=self", "https://h.example/", "https://t.example/f"),
        ('<https://t.example/f>; type="a,b;c"; rel="self"', "https://doc.example/hub", "https://t.example/f"),
        ('<https://h.example/>; title="x"; REL="Hub self"', "https://h.example/", "https://h.example/"),
        ("<https://h.example/1>; rel=hub,<https://h.example/2>; rel=hub", "https://h.example/1", None),
        ("</hub>; rel=hub", "https://a.example/hub", None),
        ("<https://h.example/>; rel=preconnect, </x.css>; rel=preload; as=style", "https://doc.example/hub", None),
        ("<http://[bad>; rel=hub", None, None),
        ("<https://h.example/\ud800>; rel=hub", None, None),  # as JSON may spell it
        ('<https://h.example/>; rel="hub', "https://doc.example/hub", None),
        ("<" * 9_000, "https://doc.example/hub", None),
    ],
)
def test_headers_name_the_hub_before_the_document(header: str, hub: str | None, topic: str | None) -> None:
    hints = FeedHints(hub="https://doc.example/hub", self_url="https://doc.example/feed")
    found = websub.announced(hints, header, "https://a.example/dir/feed")
    assert found.hub == hub
    assert found.self_url == (topic or "https://doc.example/feed")


@given(st.text(alphabet='<>;="\\, relhub/:', max_size=60))
def test_any_header_can_be_read(header: str) -> None:
    websub.announced(FeedHints(), header, "https://a.example/")


@pytest.mark.parametrize(
    ("known", "query", "status", "body", "standing"),
    [
        (ASKED, {"hub.mode": "subscribe", "hub.challenge": "c"}, 200, "c", Standing.HELD),
        (HELD, {"hub.mode": "subscribe", "hub.challenge": "c"}, 200, "c", Standing.HELD),
        (ASKED, {"hub.mode": "subscribe", "hub.challenge": "c", "hub.topic": "other"}, 404, "", Standing.ASKED),
        (ASKED, {"hub.mode": "subscribe"}, 404, "", Standing.ASKED),
        (REFUSED, {"hub.mode": "subscribe", "hub.challenge": "c"}, 404, "", Standing.REFUSED),
        (HELD, {"hub.mode": "unsubscribe", "hub.challenge": "c"}, 404, "", Standing.HELD),
        (ASKED, {"hub.mode": "denied"}, 200, "", Standing.REFUSED),
        (ASKED, {}, 404, "", Standing.ASKED),
    ],
)
def test_intent_is_verified(
    known: Subscription, query: dict[str, str], status: int, body: str, standing: Standing
) -> None:
    reply = websub.answered(known, {"hub.topic": TOPIC} | query, NOW)
    assert (reply.status, reply.subscription.standing) == (status, standing)
    assert reply.body == body or status == 404


@pytest.mark.parametrize(
    ("given", "lease"),
    [("864000", 10 * DAY), ("1", timedelta(hours=1)), ("9" * 30, 30 * DAY), ("", 30 * DAY), ("-5", 30 * DAY)],
)
def test_leases_are_bounded(given: str, lease: timedelta) -> None:
    query = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "c", "hub.lease_seconds": given}
    assert websub.answered(ASKED, query, NOW).subscription.lease == lease


@pytest.mark.parametrize(
    ("signature", "believed"),
    [
        *((signed(b"<rss/>", method), True) for method in ("sha1", "sha256", "sha384", "sha512")),
        (signed(b"<rss/>").upper().replace("SHA256", "sha256"), True),
        (signed(b"<rss/>", secret="other"), False),
        (signed(b"<RSS/>"), False),
        (signed(b"<rss/>", "md5"), False),
        ("sha256=", False),
        ("sha256=\udcff", False),
        ("new=1", False),
        ("", False),
    ],
)
def test_only_what_is_signed_is_believed(signature: str, believed: bool) -> None:
    reply = websub.delivered(HELD, {"x-hub-signature": signature}, b"<rss/>", NOW)
    assert reply.status == 202  # a stranger learns nothing
    assert reply.document == (b"<rss/>" if believed else None)
    assert reply.subscription.told == (NOW if believed else None)


def test_a_feed_is_polled_less_while_its_hub_works() -> None:
    assert websub.eased(HELD, FEED, 0, NOW, DAY).next_poll == NOW + timedelta(hours=4)
    assert websub.eased(HELD, FEED, 0, NOW, timedelta(hours=2)).next_poll == NOW + timedelta(hours=2)
    for known, feed, new in [
        (ASKED, FEED, 0),
        (REFUSED, FEED, 0),
        (HELD, replace(FEED, failures=1), 0),
        (HELD, FEED, 3),
        (replace(HELD, misses=1), FEED, 0),
        (replace(HELD, since=NOW - 11 * DAY), FEED, 0),
    ]:
        assert websub.eased(known, feed, new, NOW, DAY) == feed


def test_a_hub_that_misses_entries_is_found_out_and_tried_again_after_a_week() -> None:
    once = websub.after_poll(HELD, 1, NOW)
    assert once.holds(NOW)
    assert websub.delivered(once, {"x-hub-signature": signed(b"x")}, b"x", NOW).subscription.misses == 0
    twice = websub.after_poll(once, 1, NOW)
    assert not twice.holds(NOW)
    assert websub.to_ask(twice, FEED, NOW + 6 * DAY, "t", "s") is None
    assert websub.to_ask(twice, FEED, NOW + 7 * DAY, "t", "s") is not None
    assert websub.after_poll(ASKED, 5, NOW) == ASKED


@pytest.mark.parametrize("known", [ASKED, HELD, REFUSED, replace(HELD, told=NOW, misses=1)])
def test_what_is_written_is_read_back(known: Subscription) -> None:
    assert websub.read(websub.write(known)) == known


@given(st.dictionaries(st.sampled_from(["hub.mode", "hub.topic", "hub.challenge", "hub.lease_seconds"]), st.text()))
def test_nothing_that_is_sent_does_harm(query: dict[str, str]) -> None:
    assert websub.answered(ASKED, query, NOW).status in (200, 404)
    assert websub.delivered(ASKED, {"x-hub-signature": query.get("hub.mode", "")}, b"", NOW).document is None
