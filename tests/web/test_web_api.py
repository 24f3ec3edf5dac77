"""The JSON API: shapes, places, mistakes, and that its description describes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web_client import Client

from pipeline.storage import Store

ITEM = {
    "cursor", "time", "feed", "url", "outlet", "title", "outcome", "reason", "detail", "article_id", "story_id",
    "timings", "trail",
}  # fmt: skip
STORY = {
    "story_id", "title", "url", "outlet", "published", "first_seen", "last_seen", "outlets", "canonical_rule",
    "articles",
}  # fmt: skip
COPY = {"article_id", "url", "outlet", "title", "published", "canonical", "score", "reason", "revision"}


def test_items_and_stories_have_their_stable_shapes(client: Client) -> None:
    item = client.get("/api/v1/items?limit=1").json["items"][0]
    assert set(item) == ITEM
    assert datetime.fromisoformat(item["time"]).tzinfo is not None
    story = client.get("/api/v1/stories?min_articles=5").json["stories"][0]
    assert set(story) == STORY
    assert set(story["articles"][0]) == COPY
    assert client.get(f"/api/v1/stories/{story['story_id']}").json == story


@pytest.mark.parametrize(
    "path", ["/api/v1/items?limit=7", "/api/v1/stories?limit=7", "/api/v1/stories?order=widest&limit=3"]
)
def test_pages_lose_and_repeat_nothing(client: Client, path: str) -> None:
    name = "items" if "items" in path else "stories"
    key = "cursor" if name == "items" else "story_id"
    whole = [row[key] for row in client.get(path.split("limit")[0] + "limit=200").json[name]]
    found: list[Any] = []
    answer = client.get(path).json
    while True:
        found += [row[key] for row in answer[name]]
        if answer["next"] is None:
            break
        answer = client.get(f"{path}&before={answer['next']}").json
    assert found == whole
    assert len(set(found)) == len(found) > 10


def test_two_articles_beside_each_other(client: Client) -> None:
    story = client.get("/api/v1/stories?min_articles=5").json["stories"][0]
    speaker = next(a for a in story["articles"] if a["canonical"])["article_id"]
    copy = next(a for a in story["articles"] if a["reason"] == "abridged")["article_id"]
    found = client.get(f"/api/v1/articles/{speaker}/beside/{copy}").json
    assert found["share_kept"] == 1.0
    assert {pair["kind"] for block in found["blocks"] for pair in block} == {"kept", "cut"}


def test_an_article_with_evidence_and_earlier_texts(client: Client) -> None:
    story = client.get("/api/v1/stories?min_articles=5").json["stories"][0]
    speaker, copy = (story["articles"][n]["article_id"] for n in (0, 1))
    found = client.get(f"/api/v1/articles/{speaker}").json
    assert found["story_id"] == story["story_id"]
    assert [r["number"] for r in found["revisions"]] == [1]
    assert client.get(f"/api/v1/articles/{copy}").json["evidence"][0]["figures"]["longest_run"] == 41.0


def test_feeds_and_outlets(client: Client) -> None:
    feeds = client.get("/api/v1/feeds").json["feeds"]
    assert [feed["health"] for feed in feeds][:2] == ["failing", "silent"]
    assert all(len(feed["days"]) == 14 for feed in feeds)
    assert client.get(f"/api/v1/feeds/{feeds[0]['feed_id']}?days=3").json["days"] == feeds[0]["days"][-3:]
    outlets = client.get("/api/v1/outlets?days=14").json
    assert {"copier": "Harbour Gazette", "speaker": "Northwire", "number": 1} in outlets["copying"]
    assert sum(o["items"] for o in outlets["outlets"]) == client.get("/api/v1/overview").json["articles"] + 7


def test_overview(client: Client) -> None:
    found = client.get("/api/v1/overview").json
    assert len(found["hours"]) == 48
    assert len(found["days"]) == 30
    assert found["feeds"] == {"fine": 5, "failing": 1, "silent": 1}
    assert 0 < found["copies_share_24h"] < 1
    assert found["delay_seconds"]["p50"] == 540.0


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("items?limit=0", 400, "limit"),
        ("items?limit=501", 400, "limit"),
        ("items?limit=ten", 400, "limit"),
        ("items?limit=1.5", 400, "limit"),
        ("items?before=-1", 400, "before"),
        ("items?before=99999999999999999999999", 400, "before"),
        ("items?since=yesterday", 400, "since"),
        ("items?since=2026-03-01T12:00:00", 400, "since"),
        ("items?since=0001-01-01T00:00:00Z", 400, "since"),
        ("items?outcome=odd", 400, "outcome"),
        ("items?text=" + "x" * 201, 400, "text"),
        ("items?what=1", 400, "no parameter"),
        ("stories?before=abc", 400, "before"),
        ("stories?before=9999999999999999999-1", 400, "before"),
        ("stories?min_articles=0", 400, "min_articles"),
        ("stories/none", 404, "none"),
        ("articles/none", 404, "none"),
        ("articles/none/beside/other", 404, "none"),
        ("feeds/none", 400, "number"),
        ("feeds/12345", 404, "12345"),
        ("outlets?days=31", 400, "days"),
        ("overview?x=1", 400, "no parameter"),
        ("nothing", 404, "no page"),
        ("items/stream?after=x", 400, "cursor"),
    ],
)
def test_mistakes(client: Client, path: str, status: int, says: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert says.lower() in answer.json["detail"].lower()


@pytest.mark.parametrize(
    "query", ["before=4000000000000000000", "text=%00", "text=%25_%5C", "outlet=%F0%9F%A6%86", "since=&limit="]
)
def test_odd_but_right(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/items?{query}").status == 200


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_nothing_asked_is_ever_a_server_error(world: Store, data: st.DataObject) -> None:
    from urllib.parse import quote

    from web_world import clock

    from pipeline.web import WebSettings, create_app

    client = _CLIENTS.setdefault(id(world), Client(create_app(world, None, WebSettings(), clock)))
    paths = client.get("/api/v1/openapi.json").json["paths"]
    path = data.draw(st.sampled_from(sorted(p for p in paths if not p.endswith("stream"))))
    value = st.text(max_size=30) | st.integers().map(str) | st.datetimes().map(lambda d: f"{d.isoformat()}Z")
    pairs = []
    for parameter in paths[path]["get"].get("parameters", []):
        if parameter["in"] == "path":
            part = quote(data.draw(value).encode("utf-8", "replace"), safe="") or "x"
            path = path.replace("{" + parameter["name"] + "}", part)
        elif data.draw(st.booleans()):
            pairs.append(f"{parameter['name']}={quote(data.draw(value).encode('utf-8', 'replace'))}")
    assert client.get(f"{path}?{'&'.join(pairs)}").status < 500


_CLIENTS: dict[int, Client] = {}


def test_the_description_names_every_route_and_type(client: Client) -> None:
    found = client.get("/api/v1/openapi.json").json
    assert found["openapi"] == "3.1.0"
    routes = {route.path for route in client.app.routes if route.path.startswith("/api/v1/")}
    reads = {path for path in routes if "GET" in _methods(client, path)} - {"/api/v1/openapi.json"}
    assert set(found["paths"]) == reads
    schemas = found["components"]["schemas"]

    def check(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].removeprefix("#/components/schemas/") in schemas
            for part in value.values():
                check(part)
        elif isinstance(value, list):
            for part in value:
                check(part)

    check(found)
    limit = next(p for p in found["paths"]["/api/v1/items"]["get"]["parameters"] if p["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}


def _methods(client: Client, path: str) -> set[str]:
    return {m for route in client.app.routes if route.path == path for m in route.methods or ()}


def test_a_database_that_fails_is_told_as_such(client_for: Callable[..., Client], empty: Store) -> None:
    client = client_for(empty)
    with empty._db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE journal RENAME TO elsewhere")
    answer = client.get("/api/v1/items")
    assert answer.status == 503
    assert "database" in answer.json["detail"]
    assert client.get("/items").status == 503
