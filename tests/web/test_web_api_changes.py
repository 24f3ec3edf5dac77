"""What the JSON API changes: feeds by address and OPML, stories; each by the page's own code."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from web_client import Answer, Client
from web_world import NOW, sources

from pipeline.errors import UsageError
from pipeline.model import FeedSource
from pipeline.storage import Store
from pipeline.web import FoundFeed, PersonDecision

TOKEN = "a token for these tests"


class Desk:
    """Carries out changes in memory, and remembers them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.added: list[FeedSource] = []
        self.split_off: list[str] = []

    async def discover(self, url: str) -> Sequence[FoundFeed]:
        if "nothing" in url:
            raise UsageError("no feed was found there")
        return [FoundFeed(sources()[0].url, "Known"), FoundFeed("https://u:secret@new.example/feed", "New")]

    async def add(self, feed: FeedSource) -> None:
        self.added.append(feed)

    async def import_opml(self, text: str) -> int:
        return text.count("<outline")

    async def export_opml(self) -> str:
        return "<opml/>"

    def split(self, story_id: str, article_id: str, now: datetime) -> str:
        self.split_off.append(article_id)
        return story_id

    def decisions(self, story_id: str) -> Sequence[PersonDecision]:
        return [PersonDecision(7, "a and b are two reports", NOW)]


@pytest.fixture
def desk(world: Store) -> Desk:
    return Desk(world)


@pytest.fixture
def client(world: Store, desk: Desk, client_for: Callable[..., Client]) -> Client:
    return client_for(world, desk, desk, token=TOKEN)


def send(client: Client, path: str, body: Any, method: str = "POST") -> Answer:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    return client.send(method, f"/api/v1{path}", headers, json.dumps(body).encode())


def test_feeds_are_found_and_added(client: Client, desk: Desk) -> None:
    found = send(client, "/feeds/discover", {"url": "https://new.example/"}).json["feeds"]
    assert [(feed["title"], feed["known"]) for feed in found] == [("Known", True), ("New", False)]
    assert "secret" not in str(found)
    answer = send(client, "/feeds", {"url": "https://new.example/feed", "outlet": "New", "interval_minutes": 20})
    assert answer.json == {"added": 1}
    assert desk.added == [FeedSource("https://new.example/feed", "New", interval_minutes=20)]


def test_opml_goes_in_and_out(client: Client) -> None:
    assert send(client, "/feeds/opml", {"opml": "<opml><outline/><outline/></opml>"}).json == {"added": 2}
    assert send(client, "/feeds/opml", None, "GET").json == {"opml": "<opml/>"}


def test_a_story_is_changed_and_what_was_decided_is_listed(client: Client, desk: Desk, world: Store) -> None:
    story = world.story_page({"min_articles": 5})[0][1]
    answer = send(client, f"/stories/{story.story_id}/split", {"article_id": story.articles[1].article_id})
    assert answer.json["story_id"] == story.story_id
    assert desk.split_off == [story.articles[1].article_id]
    (decision,) = send(client, f"/stories/{story.story_id}/decisions", None, "GET").json["decisions"]
    assert (decision["decision_id"], decision["undone"]) == (7, None)


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/feeds/discover", {"url": "ftp://x.example/"}, "http"),
        ("/feeds/discover", {"url": "https://nothing.example/"}, "no feed"),
        ("/feeds/discover", {}, "url"),
        ("/feeds", {"url": "javascript:alert(1)", "outlet": "X"}, "http"),
        ("/feeds", {"url": "https://x.example/", "outlet": ""}, "outlet"),
        ("/feeds", {"url": "https://x.example/", "outlet": "X", "interval_minutes": 0}, "interval_minutes"),
        ("/feeds/opml", {"opml": ""}, "opml"),
        ("/feeds/opml", [], "object"),
    ],
)
def test_mistakes(client: Client, path: str, body: Any, says: str) -> None:
    answer = send(client, path, body)
    assert answer.status == 400, answer.text
    assert says.lower() in answer.json["detail"].lower()


def test_changes_need_the_token(client: Client, desk: Desk) -> None:
    answer = client.send("POST", "/api/v1/feeds", {"content-type": "application/json"}, b"{}")
    assert answer.status == 401
    assert desk.added == []


def test_without_anybody_to_carry_them_out_changes_are_refused(world: Store, client_for: Callable[..., Client]) -> None:
    client = client_for(world, None, None, token=TOKEN)
    assert send(client, "/feeds", {"url": "https://x.example/", "outlet": "X"}).status == 400
    assert send(client, "/feeds/opml", None, "GET").status == 400
