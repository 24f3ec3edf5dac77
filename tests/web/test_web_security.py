"""Who may ask and what they may do: names, tokens, sessions, forged requests, headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from starlette.routing import Route
from web_client import Client
from web_world import NOW, clock

from pipeline.errors import UsageError
from pipeline.storage import Store
from pipeline.web import PersonDecision, WebSettings, create_app
from pipeline.web.security import Keys
from pipeline.web.settings import is_loopback

TOKEN = "correct horse battery staple"


class Decisions:
    """Carries out decisions about stories by writing them down."""

    def __init__(self) -> None:
        self.made: list[tuple[object, ...]] = []

    def merge(self, story_id: str, other_id: str, now: datetime) -> str:
        self.made.append(("merge", story_id, other_id, now))
        return story_id

    def split(self, story_id: str, article_id: str, now: datetime) -> str:
        self.made.append(("split", story_id, article_id, now))
        return story_id

    def pin(self, story_id: str, article_id: str | None, now: datetime) -> str:
        self.made.append(("pin", story_id, article_id, now))
        return story_id

    def undo(self, decision_id: int, now: datetime) -> str:
        self.made.append(("undo", decision_id, now))
        return "s0001"

    def decisions(self, story_id: str) -> Sequence[PersonDecision]:
        return [PersonDecision(7, "split off “Title” of Outlet", NOW)]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"host": "0.0.0.0"}, "set [web] token"),
        ({"host": "192.168.1.5"}, "set [web] token"),
        ({"host": "news.example"}, "set [web] token"),
        ({"host": "::"}, "set [web] token"),
        ({"host": "0.0.0.0", "token": "short"}, "at least 16 characters"),
        ({"token": "short"}, "at least 16 characters"),
    ],
)
def test_a_page_that_others_could_open_is_refused(world: Store, settings: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        create_app(world, None, WebSettings(**settings), clock)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_needs_no_token(world: Store, host: str) -> None:
    assert is_loopback(host)
    create_app(world, None, WebSettings(host=host), clock)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8321", 200),
        ("localhost", 200),
        ("LocalHost:99", 200),
        ("[::1]:8321", 200),
        ("evil.example", 421),
        ("evil.example:8321", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("localhost@evil.example", 421),
        ("evil.example/127.0.0.1", 421),
        ("8.8.8.8", 421),
        ("", 421),
    ],
)
def test_only_names_of_this_machine_are_answered(world: Store, host: str, status: int) -> None:
    client = Client(create_app(world, None, WebSettings(), clock), host)
    for path in ("/stories", "/api/v1/items?limit=1", "/static/app.js"):
        assert client.get(path).status == status


def test_a_configured_name_is_answered(client_for: Callable[..., Client], world: Store) -> None:
    client = client_for(world, token=TOKEN, hosts=("news.example",))
    client.host = "news.example"
    assert client.get("/login").status == 200


@pytest.mark.parametrize("path", ["/", "/items", "/api/v1/items", "/static/style.css", "/nowhere", "/stories/x"])
def test_every_answer_is_sealed(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


class TestToken:
    @pytest.fixture
    def client(self, client_for: Callable[..., Client], world: Store) -> Client:
        return client_for(world, token=TOKEN, host="0.0.0.0")

    def test_nothing_is_shown_without_it(self, client: Client) -> None:
        for route in client.app.routes:
            if isinstance(route, Route) and "GET" in (route.methods or ()) and route.path != "/login":
                path = re.sub(r"\{[^}]*\}", "1", route.path)
                answer = client.get(path)
                assert answer.status in (303, 401), path
        assert client.get("/stories").headers["location"] == "/login?next=/stories"
        assert client.get("/api/v1/items").json["status"] == 401

    def test_a_program_says_it_with_every_request(self, client: Client) -> None:
        assert client.get("/api/v1/items", authorization=f"Bearer {TOKEN}").status == 200
        assert client.get("/api/v1/items", authorization=f"Bearer {TOKEN}x").status == 401
        assert client.get("/api/v1/items", authorization="Bearer ").status == 401
        assert client.get("/api/v1/items", authorization="Basic é").status == 401

    def test_a_person_says_it_once(self, client: Client) -> None:
        csrf = client.csrf("/login")
        assert client.post("/login", {"csrf": csrf, "token": "wrong", "next": "/"}).status == 403
        answer = client.post("/login", {"csrf": csrf, "token": TOKEN, "next": "/stories"})
        assert (answer.status, answer.headers["location"]) == (303, "/stories")
        assert "HttpOnly; SameSite=Lax" in answer.headers["set-cookie"]
        assert client.get("/stories").status == 200
        client.post("/logout", {"csrf": client.csrf("/stories")})
        assert client.get("/stories").status == 303

    @pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
    def test_signing_in_leads_nowhere_else(self, client: Client, target: str) -> None:
        fields = {"csrf": client.csrf("/login"), "token": TOKEN, "next": target}
        assert client.post("/login", fields).headers["location"] == "/"

    def test_an_anonymous_session_is_no_key(self, client: Client) -> None:
        client.get("/login")
        assert client.get("/stories").status == 303


@pytest.mark.parametrize("value", ["", "a.b.c", "a.b.c.d", "x" * 5000, "a.1.t.", "….…"])
def test_made_up_cookies_are_nobody(value: str) -> None:
    assert Keys(TOKEN).session(value, NOW) is None


def test_a_session_ends_after_thirty_days() -> None:
    keys = Keys(TOKEN)
    value = keys.cookie("name", knows_token=True, now=NOW)
    assert keys.session(value, NOW + timedelta(days=29)) is not None
    assert keys.session(value, NOW + timedelta(days=31)) is None
    assert keys.session(value.replace(".t.", ".a."), NOW) is None
    assert Keys("another token, longer").session(value, NOW) is None


CHANGES = [
    ("/stories/s0001/merge", {"other": "s0002"}, ("merge", "s0001", "s0002", NOW)),
    ("/stories/s0001/merge", {"other": "http://127.0.0.1/stories/s0002"}, ("merge", "s0001", "s0002", NOW)),
    ("/stories/s0001/split", {"article": "a0002"}, ("split", "s0001", "a0002", NOW)),
    ("/stories/s0001/pin", {"article": "a0002"}, ("pin", "s0001", "a0002", NOW)),
    ("/stories/s0001/pin", {"article": ""}, ("pin", "s0001", None, NOW)),
    ("/decisions/7/undo", {}, ("undo", 7, NOW)),
]


class TestChanges:
    @pytest.fixture
    def made(self) -> Decisions:
        return Decisions()

    @pytest.fixture
    def client(self, client_for: Callable[..., Client], world: Store, made: Decisions) -> Client:
        return client_for(world, made)

    @pytest.mark.parametrize(("path", "fields", "expected"), CHANGES)
    def test_a_form_of_ours_is_carried_out(
        self, client: Client, made: Decisions, path: str, fields: dict[str, str], expected: tuple[object, ...]
    ) -> None:
        answer = client.post(path, {"csrf": client.csrf(), **fields})
        assert (answer.status, answer.headers["location"]) == (303, "/stories/s0001")
        assert made.made == [expected]

    @pytest.mark.parametrize(("path", "fields", "_expected"), CHANGES)
    @pytest.mark.parametrize(
        ("csrf", "headers"),
        [
            ("", {}),
            ("forged", {}),
            ("right", {"sec_fetch_site": "cross-site"}),
            ("right", {"sec_fetch_site": "same-site"}),
            ("right", {"origin": "https://evil.example"}),
            ("right", {"origin": "null"}),
        ],
    )
    def test_a_forged_one_is_not(
        self, client: Client, made: Decisions, path: str, fields: dict[str, str], _expected: object,
        csrf: str, headers: dict[str, str],
    ) -> None:  # fmt: skip
        right = client.csrf()
        answer = client.post(path, {"csrf": right if csrf == "right" else csrf, **fields}, **headers)
        assert answer.status in (400, 403)
        assert made.made == []

    def test_no_route_changes_anything_on_its_word_alone(self, client: Client, made: Decisions) -> None:
        for route in client.app.routes:
            if isinstance(route, Route) and "POST" in (route.methods or ()):
                answer = client.post(re.sub(r"\{[^}]*\}", "1", route.path), {"article": "a", "other": "b"})
                assert answer.status in (400, 403), route.path
        assert made.made == []

    def test_the_api_takes_the_sessions_token(self, client: Client, made: Decisions) -> None:
        csrf = client.get("/api/v1/session").json["csrf"]
        path, headers = "/api/v1/stories/s0001/split", {"content-type": "application/json"}
        assert client.send("POST", path, headers, b'{"article_id": "a0002"}').status == 403
        answer = client.send("POST", path, headers | {"x-csrf-token": csrf}, b'{"article_id": "a0002"}')
        assert answer.status == 200
        assert answer.json["story_id"] == "s0001"
        assert made.made == [("split", "s0001", "a0002", NOW)]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"article_id": 5}', b'{"article_id": ""}', b"\xff"])
    def test_the_api_explains_a_wrong_body(self, client: Client, made: Decisions, body: bytes) -> None:
        csrf = client.get("/api/v1/session").json["csrf"]
        answer = client.send("POST", "/api/v1/stories/s0001/split", {"x-csrf-token": csrf}, body)
        assert answer.status == 400
        assert made.made == []

    def test_buttons_are_there_when_somebody_carries_them_out(self, client: Client, world: Store) -> None:
        story = world.story_page({"min_articles": 5})[0][1].story_id
        text = client.get(f"/stories/{story}").text
        assert text.count(">Split off<") == 4
        assert ">Undo<" in text


def test_changes_without_anybody_to_carry_them_out_are_refused(client: Client) -> None:
    assert client.post("/stories/s0001/split", {"csrf": client.csrf(), "article": "a"}).status == 400


def test_a_huge_form_is_refused(client: Client) -> None:
    answer = client.send("POST", "/stories/s0001/merge", {}, b"a" * (5 * 2**20))
    assert answer.status == 400
    assert "MiB" in answer.text
