"""The page and the API say the same over PostgreSQL as over SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pgserver
import pytest
from web_client import Client
from web_world import clock, fill

from pipeline.storage import Store, open_store
from pipeline.web import WebSettings, create_app


@pytest.fixture(scope="module")
def other(postgres: pgserver.Server) -> Iterator[Store]:
    with open_store(postgres.database()) as store:
        fill(store)
        yield store


def paths(world: Store) -> list[str]:
    story = world.stories(limit=1)[0]
    one, two = story.articles[0].article_id, story.articles[-1].article_id
    lists = [
        f"{name}?{query}"
        for name, queries in {
            "items": ("", "limit=7", "reason=joined_story", "text=swing", "outlet=Northwire", "outcome=failed"),
            "stories": ("", "order=widest", "order=fastest", "min_articles=3", "text=bridge", "outlet=Northwire"),
            "outlets": ("days=1", "days=14"),
            "feeds": ("days=3",),
            "overview": ("",),
        }.items()
        for query in queries
    ]
    single = [f"stories/{story.story_id}", f"articles/{one}", f"articles/{one}/beside/{two}"]
    return [*(f"/api/v1/{path}" for path in (*lists, *single)), "/", "/items", "/stories", "/outlets", "/feeds"]


def test_every_view_is_the_same(world: Store, other: Store) -> None:
    ours, theirs = (Client(create_app(store, None, WebSettings(), clock)) for store in (world, other))
    for path in paths(world):
        expected, found = ours.get(path), theirs.get(path)
        assert found.status == expected.status, path
        if path.startswith("/api/"):
            told, wanted = found.json, expected.json
            for one in (told, wanted):
                one.pop("database_bytes", None) if isinstance(one, dict) else None
                one.pop("bytes", None) if isinstance(one, dict) else None
            assert told == wanted, path
