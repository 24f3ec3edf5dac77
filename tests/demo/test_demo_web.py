"""The loopback web of the demo: HTTP as outlets speak it, pages and feeds that real tools read."""

from __future__ import annotations

import gzip
import io
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPMessage
from importlib.resources import files
from urllib.parse import urlsplit

import feedparser
import pytest
import trafilatura

from pipeline.demo import DemoWeb, load_world
from pipeline.demo.world import FIRST, SECOND, PageKind

NOW = datetime(2026, 3, 14, 18, 30, tzinfo=UTC)
EXPECTED = tomllib.loads(files("pipeline.demo").joinpath("expected.toml").read_text("utf-8"))
ARTICLES = [a.id for o in load_world(SECOND) for a in o.articles if a.page is PageKind.ARTICLE]
VOID = {"meta", "link", "br", "img", "input", "hr"}


@pytest.fixture(scope="module")
def web() -> Iterator[DemoWeb]:
    """Shared by the tests that only look; it stands at the second stage."""
    with DemoWeb(NOW) as running:
        running.advance(SECOND)
        yield running


def get(url: str, method: str = "GET", **headers: str) -> tuple[int, HTTPMessage, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 4]) for i in range(len(words) - 3)}


class Balance(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.h1 = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.h1 += tag == "h1"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", ARTICLES)
def test_pages_are_balanced_html_with_one_heading(web: DemoWeb, name: str) -> None:
    status, headers, body = get(web.url(name))
    assert status == 200
    charset = headers.get_content_charset()
    text = body.decode(str(charset))
    assert f'charset="{charset}"' in text or f"charset={charset}" in text
    assert "$" not in text
    check = Balance()
    check.feed(text)
    check.close()
    assert check.open == []
    assert check.h1 == 1
    for block in re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S):
        json.loads(block)


@pytest.mark.parametrize("name", ARTICLES)
def test_prose_can_be_found_in_the_page(web: DemoWeb, name: str) -> None:
    _, _, body = get(web.url(name))
    found = trafilatura.extract(body, include_comments=False, with_metadata=False) or ""
    article = next(a for o in load_world(SECOND) for a in o.articles if a.id == name)
    gold, got = shingles(article.text), shingles(found)
    assert len(gold & got) / len(gold) >= 0.9, "recall"
    assert len(gold & got) / len(got) >= 0.9, "precision"


def test_every_feed_is_read_by_its_format(web: DemoWeb) -> None:
    broken = {feed["path"] for feed in EXPECTED["feeds"]}
    versions = set()
    for source in web.feeds:
        status, headers, body = get(source.url)
        path = urlsplit(source.url).path
        if path in broken:
            assert status == 404 or headers.get_content_type() == "text/html"
            continue
        served = [(e.title, e.link) for e in web.entries() if e.feed == source.url]
        if headers.get_content_type() == "application/feed+json":
            document = json.loads(body)
            versions.add(document["version"])
            assert [(i["title"], i["url"]) for i in document["items"]] == served
            continue
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        assert not parsed.bozo, parsed.get("bozo_exception")
        versions.add(parsed.version)
        assert [(e.title, e.get("link", "")) for e in parsed.entries] == served
    assert versions >= {"rss20", "rss10", "atom10", "rss091u", "https://jsonfeed.org/version/1.1"}


def test_entries_are_thirty_to_forty_and_expected(web: DemoWeb) -> None:
    ids = [entry.id for entry in web.entries()]
    assert 30 <= len(ids) <= 40
    assert len(set(ids)) == len(ids)
    named = {a for s in EXPECTED["stories"] for a in (*s["articles"], *s.get("later", ()))}
    named |= {item["entry"] for item in (*EXPECTED["refused"], *EXPECTED["repeated"])}
    assert named == set(ids)


def test_outlets_have_origins_of_their_own(web: DemoWeb) -> None:
    origins = {(source.outlet, urlsplit(source.url).netloc) for source in web.feeds}
    assert len({netloc for _, netloc in origins}) == len({outlet for outlet, _ in origins}) == len(origins)


def test_conditional_get_is_honoured(web: DemoWeb) -> None:
    url = web.feeds[0].url
    status, headers, body = get(url)
    assert (status, bool(body)) == (200, True)
    later = "Sun, 15 Mar 2026 00:00:00 GMT"
    cases: list[tuple[dict[str, str], int]] = [
        ({"If_None_Match": headers["ETag"]}, 304),
        ({"If_None_Match": f'"other", {headers["ETag"]}'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"other"'}, 200),
        ({"If_Modified_Since": headers["Last-Modified"]}, 304),
        ({"If_Modified_Since": later}, 304),
        ({"If_Modified_Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        ({"If_None_Match": '"other"', "If_Modified_Since": later}, 200),  # the tag rules
    ]
    for condition, expected in cases:
        status, again, body = get(url, **condition)
        assert status == expected, condition
        assert again["ETag"] == headers["ETag"]
        assert (body == b"") == (expected == 304)


def test_gzip_is_sent_to_those_who_accept_it(web: DemoWeb) -> None:
    url = web.url("harbour/oysters")
    _, plain_headers, plain = get(url)
    _, headers, packed = get(url, Accept_Encoding="gzip")
    assert plain_headers["Content-Encoding"] is None
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain


def test_head_has_headers_only(web: DemoWeb) -> None:
    status, headers, body = get(web.url("faro/mercado"), method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 1000
    assert headers.get_content_charset() == "iso-8859-1"


@pytest.mark.parametrize(
    ("name", "status", "content_type"),
    [
        ("lantern/cinema", 404, "text/html"),
        ("harbour/tide-tables", 200, "application/pdf"),
        ("courier/map", 200, "text/html"),
    ],
)
def test_odd_pages(web: DemoWeb, name: str, status: int, content_type: str) -> None:
    got, headers, _ = get(web.url(name))
    assert (got, headers.get_content_type()) == (status, content_type)


def test_tracking_parameters_are_ignored_and_ids_are_not(web: DemoWeb) -> None:
    assert get(web.url("harbour/oysters") + "?utm_source=x")[2] == get(web.url("harbour/oysters"))[2]
    assert get(web.url("tribune/bridge") + "&utm_source=x")[2] == get(web.url("tribune/bridge"))[2]
    assert get(web.url("tribune/bridge"))[2] != get(web.url("tribune/ferry"))[2]


def test_robots_txt_closes_the_archive(web: DemoWeb) -> None:
    _, headers, body = get(web.url("tribune/archive").replace("/archive/1974-flood", "/robots.txt"))
    assert headers.get_content_type() == "text/plain"
    assert "Disallow: /archive/" in body.decode()


def test_second_stage_shows_an_edit_and_two_new_reports() -> None:
    with DemoWeb(NOW) as web:
        url = web.url("harbour/oysters")
        _, headers, first = get(url)
        before = {entry.id for entry in web.entries()}
        with pytest.raises(KeyError):
            web.url("meridian/rail-update")
        web.advance(SECOND, now=NOW + timedelta(hours=1))
        status, later, second = get(url, If_None_Match=headers["ETag"])
        assert status == 200
        assert b"64 living oysters" in first
        assert b"46 living oysters" in second
        assert later["Last-Modified"] == "Sat, 14 Mar 2026 19:30:00 GMT"
        new = {entry.id for entry in web.entries()} - before
        assert new == {"meridian/rail-update", "meridian/reservoirs-corrected"}
        unchanged = [feed for feed in web.feeds if feed.outlet in ("Capital Courier", "El Faro del Sur")]
        assert len(unchanged) == 2
        assert [served.status for served in web.served] == [200, 200]


def test_the_same_now_gives_the_same_pages() -> None:
    def pages(now: datetime) -> list[bytes]:
        with DemoWeb(now) as web:
            return [re.sub(rb":\d{4,5}\b", b"", get(web.url(name))[2]) for name in ARTICLES[:8:3]]

    assert pages(NOW) == pages(NOW.astimezone(timezone(timedelta(hours=9))))
    assert pages(NOW) != pages(NOW + timedelta(days=1))


def test_ports_are_given_back_and_a_naive_now_is_refused() -> None:
    with DemoWeb(NOW) as web:
        assert web.stage == FIRST
        url = web.feeds[0].url
    with pytest.raises(ConnectionRefusedError):
        get(url)
    with pytest.raises(ValueError, match="naive"):
        DemoWeb(datetime(2026, 1, 1))
