"""Webhooks: signed, in order, at least once, and nothing that nobody asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipeline import app
from pipeline.run.webhooks import waits
from pipeline.storage import Delivery
from tests.fakeweb import Answer, Asked, FakeWeb
from tests.records.conftest import BRIDGE, GLASS, NOW, SWANS, Newsroom, article
from tests.records.test_revisions import Clock

SECRET = "a secret that both sides know"


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(app, "clock", made)
    return made


class Receiver:
    """Keeps what it is told; ``status`` is what it answers."""

    def __init__(self, web: FakeWeb) -> None:
        self.told: list[Asked] = []
        self.status = 204
        web.handle("/hook", self._take)

    def _take(self, asked: Asked) -> Answer:
        self.told.append(asked)
        return Answer(status=self.status)

    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(asked.body) for asked in self.told]


def room_with(room: Newsroom, web: FakeWeb, more: str = "") -> Newsroom:
    hook = f'[[webhooks]]\nurl = "{web.url("/hook")}"\nsecret = "{SECRET}"\n'
    room.configure(f"[run]\nworkers = 1\n{hook}{more}")
    assert room.run("once").code == 0  # from here on
    return room


def test_new_and_changed_stories_are_told_once_and_signed(newsroom: Newsroom, web: FakeWeb, clock: Clock) -> None:
    receiver = Receiver(web)
    newsroom.add(article("old", SWANS))
    room = room_with(newsroom, web)
    assert receiver.told == [], "what happened before is not told"
    room.add(article("bridge", BRIDGE), article("bridge-shut", BRIDGE, "Ashby Post"))
    room.run("once")
    room.run("once")
    (asked,) = receiver.told
    body = json.loads(asked.body)
    assert [event["kind"] for event in body["events"]][:2] == ["started", "joined"]
    assert body["events"][0]["story"]["outlets"] == ["Tarn Courier", "Ashby Post"]
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert asked.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert asked.method == "POST"
    assert SECRET not in str(asked.headers)


def test_a_receiver_that_is_away_misses_nothing(newsroom: Newsroom, web: FakeWeb, clock: Clock) -> None:
    receiver = Receiver(web)
    room = room_with(newsroom, web)
    receiver.status = 500
    room.add(article("bridge", BRIDGE))
    room.run("once")
    room.add(article("glass", GLASS))
    room.run("once")
    assert len(receiver.told) == 1, "it is left alone for a while"
    assert "failed 1 times" in room.run("doctor").out
    clock.ahead = timedelta(seconds=40)
    room.run("once")
    clock.ahead += timedelta(seconds=40)
    room.run("once")
    assert len(receiver.told) == 2, "the wait doubles"
    receiver.status = 200
    clock.ahead += timedelta(seconds=30)
    room.run("once")
    first, second, third, fourth = receiver.bodies()
    assert first["id"] == second["id"] == third["id"] != fourth["id"]
    assert [event["id"] for event in first["events"]] == [event["id"] for event in third["events"]]  # type: ignore[attr-defined]
    cursors = [event["cursor"] for body in (third, fourth) for event in body["events"]]  # type: ignore[attr-defined]
    assert cursors == [event["cursor"] for event in room.told("stories", "--changes")]


def test_a_saved_search_is_told_its_stories_only(newsroom: Newsroom, web: FakeWeb, clock: Clock) -> None:
    receiver = Receiver(web)
    hook = f'[[webhooks]]\nurl = "{web.url("/hook")}"\nsecret = "{SECRET}"\nsearch = "swans"\n'
    newsroom.configure(f"[run]\nworkers = 1\n{hook}")
    newsroom.run("once")
    newsroom.add(article("bridge", BRIDGE), article("swans", SWANS), article("glass", GLASS))
    newsroom.run("once")
    titles = [event["story"]["title"] for body in receiver.bodies() for event in body["events"]]  # type: ignore[attr-defined]
    assert titles == ["Swans"]


def test_the_address_guard_holds_for_webhooks_too(newsroom: Newsroom, web: FakeWeb, clock: Clock) -> None:
    receiver = Receiver(web)
    room = room_with(newsroom, web)
    room.config.write_text(room.config.read_text().replace('allow_private = ["127.0.0.0/8"]', ""))
    room.add(article("bridge", BRIDGE))
    room.run("once")
    assert receiver.told == []
    assert "address_refused" in room.run("doctor").out


def test_a_redirect_is_not_followed(newsroom: Newsroom, web: FakeWeb, clock: Clock) -> None:
    receiver = Receiver(web)
    room = room_with(newsroom, web)
    web.set("/hook", redirect=web.url("/elsewhere"), status=307)
    room.add(article("bridge", BRIDGE))
    room.run("once")
    assert receiver.told == []
    assert "/elsewhere" not in web.paths()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('url = "ftp://x"\nsecret = "0123456789abcdef"', "http:// or https://"),
        ('url = "https://x.example/"\nsecret = "short"', "16 characters"),
        ('url = "https://x.example/"', "secret: is missing"),
        ('url = "https://x.example/"\nsecret = "0123456789abcdef"\nsearch = "outlet:"', "search"),
    ],
)
def test_mistakes_are_told(newsroom: Newsroom, table: str, said: str) -> None:
    newsroom.configure(f"[[webhooks]]\n{table}\n")
    done = newsroom.run("config", "check")
    assert (done.code, said in done.err) == (2, True), done.err


def test_feeds_in_trouble_are_told_at_once_and_every_day(newsroom: Newsroom, web: FakeWeb, clock: Clock) -> None:
    receiver = Receiver(web)
    hook = f'[[webhooks]]\nurl = "{web.url("/hook")}"\nsecret = "{SECRET}"\nabout = ["alerts", "digest"]\n'
    feed = f'[[feeds]]\nurl = "{web.url("/feed")}"\noutlet = "Tarn Courier"\n'
    web.set("/feed", '<rss version="2.0"><channel><title>Tarn</title></channel></rss>', content_type="text/xml")
    newsroom.configure(f"[run]\nworkers = 1\n{hook}{feed}")
    newsroom.add(article("bridge", BRIDGE))
    newsroom.run("once")
    assert receiver.told == [], "stories are not what it asked about"
    web.set("/feed", "gone", status=410)
    receiver.status = 500
    newsroom.run("once", "--all")
    receiver.status = 204
    clock.ahead = timedelta(minutes=1)
    newsroom.run("once")
    newsroom.run("once")
    first, second = receiver.bodies()
    assert first["id"] == second["id"], "told again under its name"
    assert second["kind"] == "feeds.alert"
    (trouble,) = second["began"]  # type: ignore[misc]
    assert (trouble["kind"], trouble["reason"], trouble["tried"]) == ("gone", "http_gone", 1)
    assert "feeds remove" in trouble["todo"]
    assert trouble["outlet"] in str(second["text"])
    assert receiver.told[-1].headers["webhook-signature"].startswith("v1,")
    clock.ahead = timedelta(days=1)
    newsroom.run("once")
    newsroom.run("once")
    digest = receiver.bodies()[-1]
    assert len(receiver.told) == 3, "one digest a day"
    assert digest["kind"] == "feeds.digest"
    assert [trouble["reason"] for trouble in digest["troubles"]] == ["http_gone"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("attempts", "due", "waiting"),
    [
        (0, timedelta(days=3650), False),  # told by a clock that was ahead
        (0, timedelta(hours=3), False),
        (1, timedelta(seconds=30), True),
        (1, timedelta(seconds=31), False),  # no first wait is that long
        (3, timedelta(seconds=120), True),
        (40, timedelta(hours=6), True),
        (40, timedelta(hours=7), False),
        (3, timedelta(0), False),
    ],
)
def test_a_hook_waits_after_failures_only_and_not_for_a_clock(attempts: int, due: timedelta, waiting: bool) -> None:
    told = Delivery("hook", 5, attempts=attempts, due=NOW + due)
    assert waits(told, NOW) is waiting
