"""Pages → the feeds that they name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds import feed_links, guesses

URL = "https://news.example/world/page.html"
RSS = 'rel="alternate" type="application/rss+xml"'


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (f'<link {RSS} href="/feed">', ["https://news.example/feed"]),
        (f"<LINK {RSS} HREF='feed?a=1&amp;b=2' />", ["https://news.example/world/feed?a=1&b=2"]),
        ('<link rel=alternate type=application/atom+xml href=/atom>', ["https://news.example/atom"]),
        ('<link rel="alternate" type="application/feed+json" href="/j">', ["https://news.example/j"]),
        ('<link rel="feed" href="/f">', ["https://news.example/f"]),
        (f'<base href="https://cdn.example/x/"><link {RSS} href="feed">', ["https://cdn.example/x/feed"]),
        (f'<link {RSS} href="/a"><link {RSS} href="/b"><link {RSS} href="/a">', ["https://news.example/a", "https://news.example/b"]),
        ('<a href="/news.rss">RSS</a><a href="/about">x</a>', ["https://news.example/news.rss"]),
        (f'<a href="/x/feed/">x</a><link {RSS} href="/a">', ["https://news.example/a", "https://news.example/x/feed/"]),
        ('<link rel="stylesheet" type="text/css" href="/feed">', []),
        ('<link rel="alternate" hreflang="de" href="/de">', []),
        ('<link rel="alternate" type="application/json" href="/wp-json/x">', []),
        (f'<link {RSS} href="javascript:x()"><link {RSS} href="http://[">', []),
        (f'<!-- <link {RSS} href="/old"> --><script>"<link {RSS} href=/s>"</script>', []),
        (f"<link {RSS}>", []),
        ("", []),
    ],
)  # fmt: skip
def test_links(page: str, expected: list[str]) -> None:
    assert [link.url for link in feed_links(page, URL)] == expected


def test_titles_are_kept() -> None:
    (link,) = feed_links(f'<link {RSS} title="World &amp;\n News" href="/w">', URL)
    assert (link.title, link.guessed) == ("World & News", False)


def test_guesses_are_marked_as_such() -> None:
    assert all(link.guessed and link.url.startswith("https://news.example/") for link in guesses(URL))
    assert "https://news.example/sitemap-news.xml" in [link.url for link in guesses(URL)]


@given(st.text(max_size=300))
def test_no_page_makes_it_fail(text: str) -> None:
    feed_links(text, URL)
    feed_links(f"<link {text}>", URL)
    feed_links(f'<link {RSS} href="{text}">', URL)
