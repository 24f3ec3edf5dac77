"""OPML in and out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.feeds import read_opml, write_opml
from pipeline.model import FeedSource

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def opml(body: str) -> bytes:
    return f'<?xml version="1.0"?>\n<opml version="2.0"><body>{body}</body></opml>'.encode()


def test_nested_outlines_are_read_in_order() -> None:
    found = read_opml(
        opml(
            '<outline text="News"><outline text="One" xmlUrl="https://one.example/feed"/>'
            '<outline text="Deeper"><outline title="Two" xmlUrl="https://two.example/feed" language="de"/>'
            '</outline></outline><outline xmlurl="https://three.example/feed"/>'
        )
    )
    assert [(feed.outlet, feed.url, feed.language) for feed in found.feeds] == [
        ("One", "https://one.example/feed", None),
        ("Two", "https://two.example/feed", "de"),
        ("three.example", "https://three.example/feed", None),
    ]
    assert found.notes == ()


def test_what_cannot_be_taken_is_noted() -> None:
    found = read_opml(
        opml(
            '<outline text="x" xmlUrl="javascript:x"/><outline text="a" xmlUrl="https://a.example/"/>'
            '<outline text="again" xmlUrl="https://a.example/"/>'
        )
    )
    assert [feed.outlet for feed in found.feeds] == ["a"]
    assert len(found.notes) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<rss/>",
        b"<opml><body>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><opml>&a;</opml>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml>&a;</opml>',
        b"<opml>" + b"<outline>" * 300 + b"</outline>" * 300 + b"</opml>",
        b"<opml><body>" + b"<outline>" * 100_000,
        bytes(range(256)),
    ],
)
def test_what_is_no_opml_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(UsageError, match="OPML"):
        read_opml(data)


def test_a_latin_1_file_is_read() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><opml><body><outline text="Café" xmlUrl="http://c.example"/></body></opml>'
    assert read_opml(text.encode("latin-1")).feeds[0].outlet == "Café"


def test_secrets_stay_at_home() -> None:
    feed = FeedSource(
        url="https://user:secret@a.example/feed",
        outlet="A",
        headers=(("Cookie", "secret"),),
        username="user",
        password="secret",
        proxy="http://user:secret@proxy.example",
    )
    text = write_opml([feed], title="Feeds", created=NOW)
    assert "secret" not in text
    assert "user" not in text
    assert "https://a.example/feed" in text


NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
FEEDS = st.builds(
    FeedSource,
    url=st.integers(0, 10**6).map(lambda n: f"https://a.example/feed?n={n}&x='<\">"),
    outlet=NAMES,
    interval_minutes=st.none() | st.integers(0, 10_080).map(float),
    language=st.none() | st.sampled_from(["de", "pt-BR"]),
    country=st.none() | st.sampled_from(["DE", "BR"]),
    priority=st.integers(-9, 9),
)


@given(st.lists(FEEDS, unique_by=lambda feed: feed.url, max_size=8))
def test_a_list_comes_back_as_it_went(feeds: list[FeedSource]) -> None:
    text = write_opml(feeds, title="My <feeds>", created=NOW)
    assert list(read_opml(text.encode()).feeds) == feeds


def test_the_document_is_what_other_readers_expect() -> None:
    text = write_opml([FeedSource(url="https://a.example/feed", outlet="A & B")], title="Feeds", created=NOW)
    assert '<outline type="rss" text="A &amp; B" title="A &amp; B" xmlUrl="https://a.example/feed"/>' in text
    assert "<dateCreated>Mon, 23 Nov 2026 12:00:00 GMT</dateCreated>" in text
