"""The command line, the JSON API and the page say the same: one query layer, one shape."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import app
from pipeline.desk import related_to
from pipeline.storage import Store, open_store
from pipeline.web import WebSettings, create_app
from tests.records.conftest import BRIDGE, SWANS, Newsroom, article, run
from tests.web.web_client import Client

NOW = datetime.now(UTC)


class Both:
    """One database, asked both ways at one moment."""

    def __init__(self, newsroom: Newsroom, store: Store) -> None:
        self.newsroom = newsroom
        made = create_app(store, None, WebSettings(), lambda: NOW, related=related_to(store))
        self.client = Client(made)

    def told(self, *words: object) -> list[dict[str, Any]]:
        done = run("--config", self.newsroom.config, "--json", *words)
        assert done.code == 0, done.err
        return [json.loads(line) for line in done.out.splitlines()]

    def api(self, path: str) -> Any:
        answer = self.client.get(f"/api/v1{path}")
        assert answer.status == 200, answer.text
        return answer.json


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    monkeypatch.setattr(app, "clock", lambda: NOW)
    newsroom = Newsroom(tmp_path)
    newsroom.configure(
        '[[feeds]]\nurl = "https://user:secret@tarn.example/feed"\noutlet = "Tarn Courier"\npriority = 3\n'
        '[[feeds]]\nurl = "https://ashby.example/feed"\noutlet = "Ashby Post"\nlanguage = "en"\n'
    )
    newsroom.now = NOW - timedelta(hours=3)
    config = app.load_config(Namespace(config=newsroom.config, db=None))
    with newsroom.store() as store:
        store.sync_feeds(config.feeds, NOW)
        store.add_alias("The Ashby Post", "Ashby Post", NOW)
    newsroom.add(
        article("bridge", BRIDGE, published=NOW - timedelta(hours=5)),
        article("bridge-again", BRIDGE, "Ashby Post", published=NOW - timedelta(hours=4)),
        article("swans", SWANS, published=NOW - timedelta(hours=4)),
    )
    with open_store(f"sqlite:///{newsroom.database}") as store:
        while store.index_for_search():
            pass
        yield Both(newsroom, store)


def test_lists_are_the_same(both: Both) -> None:
    assert both.told("items") == both.api("/items")["items"] != []
    assert both.told("items", "--outlet", "Ashby Post") == both.api("/items?outlet=Ashby+Post")["items"] != []
    assert both.told("stories") == both.api("/stories")["stories"] != []
    assert both.told("stories", "--copies", 2) == both.api("/stories?min_articles=2")["stories"] != []
    assert both.told("feeds", "list") == both.api("/feeds")["feeds"] != []
    assert both.told("outlet", "list") == both.api("/outlets")["outlets"] != []
    assert both.told("search", "harbour") == both.api("/search?q=harbour")["hits"]
    assert both.told("search", "bridge") == both.api("/search?q=bridge")["hits"] != []


def test_single_things_are_the_same(both: Both) -> None:
    (overview,) = both.told("overview")
    assert overview == both.api("/overview")
    story = both.api("/stories?min_articles=2")["stories"][0]
    (told,) = both.told("story", story["story_id"])
    related = told.pop("related")
    assert told == story == both.api(f"/stories/{story['story_id']}")
    assert related == both.api(f"/stories/{story['story_id']}/related")["related"]
    assert "secret" not in json.dumps(both.told("feeds", "list"))


def test_the_page_shows_what_the_api_says(both: Both) -> None:
    found = both.client.get("/search?q=bridge").text
    for hit in both.api("/search?q=bridge")["hits"]:
        assert f"/stories/{hit['story_id']}" in found
    assert both.client.get("/stories?text=bridge").text.count('class="card story') == 1
    feeds = both.client.get("/feeds").text
    for feed in both.api("/feeds")["feeds"]:
        assert feed["url"] in feeds
        assert f'h-{feed["health"]}"' in feeds
    figures = both.client.get("/").text
    assert f"<b>{both.api('/overview')['items_24h']}</b>" in figures


def test_a_search_that_means_nothing_says_so_everywhere(both: Both) -> None:
    for path in (
        "/api/v1/search?q=outlet:",
        "/search?q=outlet:",
        "/stories?text=outlet:",
        "/api/v1/stories?text=outlet:",
    ):
        answer = both.client.get(path)
        assert answer.status == 400, path
        assert "needs a value" in answer.text
    assert run("--config", both.newsroom.config, "search", "outlet:").code == 2


def test_an_empty_database_is_no_mistake(tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path)
    assert run("--config", newsroom.config, "overview").code == 0
    with newsroom.store() as store:
        client = Client(create_app(store, None, WebSettings(), lambda: NOW))
        for path in ("/", "/items", "/stories", "/search", "/search?q=x", "/feeds", "/outlets"):
            assert client.get(path).status == 200, path
