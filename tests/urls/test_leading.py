"""Addresses that lead to others."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.urls import led_away, named_target, refresh_target

LONG = "https://www.courier.example/" + "a" * 200


def token(address: str, after: bytes = b"\xd2\x01\x00") -> str:
    length = len(address)
    size = bytes([length]) if length < 128 else bytes([length & 0x7F | 0x80, length >> 7])
    return urlsafe_b64encode(b"\x08\x13\x22" + size + address.encode() + after).decode().rstrip("=")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (f"https://news.google.com/rss/articles/{token('https://a.example/x')}?oc=5", "https://a.example/x"),
        (f"https://news.google.com/articles/{token('https://a.example/x', b'ABC')}", "https://a.example/x"),
        (f"https://news.google.com/rss/articles/{token(LONG, b'zzz')}", LONG),
        (f"https://news.google.com/read/{token('AU_yqLNothing')}", None),
        ("https://news.google.com/rss/articles/!!", None),
        ("https://news.google.com/topics/CAAq", None),
        ("https://www.google.com/url?q=https://a.example/x&sa=U", "https://a.example/x"),
        ("https://www.google.com/url?url=javascript:1&q=https://a.example/x", "https://a.example/x"),
        ("https://www.google.com/search?w=1", None),
        ("https://www.bing.com/news/apiclick.aspx?url=https%3a%2f%2fa.example%2fx&c=1", "https://a.example/x"),
        ("https://t.co/abc", None),
        ("https://a.example/redirect?url=https://b.example/", None),
        ("no address", None),
    ],
)
def test_addresses_inside_addresses(url: str, target: str | None) -> None:
    assert named_target(url) == target


@pytest.mark.parametrize(
    ("page", "target"),
    [
        (
            '<head><meta http-equiv="refresh" content="0;URL=https://a.example/x?a=1&amp;b=2"></head>',
            "https://a.example/x?a=1&b=2",
        ),
        ("<META HTTP-EQUIV=refresh CONTENT='0; url=/x'>", "https://t.co/x"),
        ('<meta http-equiv="refresh" content="30">', None),
        ('<meta http-equiv="refresh" content="0;url=javascript:alert(1)">', None),
        ('<meta http-equiv="refresh" content="0;url=file:///etc/passwd">', None),
        ('<meta http-equiv="refresh" content="0;url=https://t.co/abc">', None),
        ("<p>nothing</p>", None),
        ("<meta " * 100_000, None),
    ],
)
def test_refreshes(page: str, target: str | None) -> None:
    assert refresh_target(page, "https://t.co/abc") == target


@pytest.mark.parametrize(
    ("asked", "final", "away"),
    [
        ("https://a.example/news/7", "https://a.example/", True),
        ("https://a.example/news/7", "https://www.a.example/index.html", True),
        ("https://a.example/news/7", "https://parked.example/", True),
        ("https://a.example/news/7", "https://a.example/en/", True),
        ("https://a.example/news/7", "https://a.example/en/news/7", False),
        ("https://a.example/news/7", "https://a.example/news/7/", False),
        ("https://a.example/?p=7", "https://a.example/2026/report", False),
        ("https://a.example/?p=7", "https://a.example/", True),
        ("https://a.example/", "https://www.a.example/", False),
        ("https://t.co/abc", "https://b.example/news/7", False),
        ("https://a.example/x", "https://a.example/?id=7", False),
    ],
)
def test_pages_that_are_no_longer_there(asked: str, final: str, away: bool) -> None:
    assert led_away(asked, final) is away


@given(st.text(max_size=300), st.text(max_size=300))
def test_anything_may_stand_in_an_address(one: str, other: str) -> None:
    named_target(f"https://news.google.com/rss/articles/{one}")
    named_target(f"https://www.google.com/url?{one}")
    refresh_target(f'<meta http-equiv=refresh content="0;url={one}">', "https://t.co/a")
    led_away(f"https://{one}", f"https://{other}")
