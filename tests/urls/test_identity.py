"""What counts as one page, whose page it is, and what is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.urls import (
    canonical_url,
    entry_identity_url,
    fold_alternates,
    is_redirector,
    mask_url,
    registrable_domain,
    same_site,
)
from pipeline.urls.tracking import tracking


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("www.news.example.com", "example.com"),
        ("News.Example.CO.UK", "example.co.uk"),
        ("a.b.example.com.au", "example.com.au"),
        ("one.github.io", "one.github.io"),
        ("two.blogspot.com", "two.blogspot.com"),
        ("github.io", "github.io"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("x.unknown-suffix", "x.unknown-suffix"),
    ],
)
def test_registrable_domain(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("http://example.com/a", "https://www.example.com/b", True),
        ("example.com", "https://m.example.com:8443/", True),
        ("http://one.co.uk/", "http://two.co.uk/", False),
        ("http://one.github.io/", "http://two.github.io/", False),
        ("http://127.0.0.1/", "http://127.0.0.2/", False),
        ("http://127.0.0.1:1/", "http://127.0.0.1:2/", True),
        ("", "", False),
        ("mailto:x", "mailto:x", False),
        ("http://example.com.evil.example/", "http://example.com/", False),
        ("http://evil.example/?http://example.com/", "http://example.com/", False),
        ("http://example.com@evil.example/", "http://example.com/", False),
    ],
)
def test_same_site(a: str, b: str, same: bool) -> None:
    assert same_site(a, b) is same
    assert same_site(b, a) is same


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/news/7",
        "http://example.com/news/7/",
        "http://www.example.com/news/7",
        "HTTPS://WWW.Example.com:443/news/7/?utm_source=rss#top",
        "http://www.example.com:80/news/./7",
    ],
)
def test_one_identity(url: str) -> None:
    assert entry_identity_url(url) == "https://example.com/news/7"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/news/7?id=1",
        "https://example.com/news/8",
        "https://www2.example.com/news/7",
        "https://example.com:8443/news/7",
        "https://example.com/News/7",
    ],
)
def test_other_identities(url: str) -> None:
    assert entry_identity_url(url) != "https://example.com/news/7"


def test_www_alone_is_a_name() -> None:
    assert entry_identity_url("http://www.example/") == "https://www.example/"


PAGE = "https://m.example.com/news/7?x=1"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, PAGE),
        ({"canonical": "https://www.example.com/news/7"}, "https://www.example.com/news/7"),
        ({"canonical": "/news/7"}, "https://m.example.com/news/7"),
        ({"canonical": "/news/7?utm_source=x#y"}, "https://m.example.com/news/7"),
        ({"og_url": "https://example.com/a"}, "https://example.com/a"),
        ({"canonical": "https://example.com/c", "og_url": "https://example.com/o"}, "https://example.com/c"),
        (
            {"canonical": "https://other.example/c", "og_url": "https://example.com/o"},
            "https://example.com/o",
        ),
        ({"canonical": "https://other.example/c"}, PAGE),
        ({"canonical": "https://example.com.evil.example/c"}, PAGE),
        ({"canonical": "javascript:alert(1)"}, PAGE),
        ({"canonical": "  "}, PAGE),
        ({"canonical": "https://www.example.com/"}, PAGE),  # templates that name the home page
        ({"canonical": "https://example.com/a/amp", "amphtml": "/amp"}, "https://example.com/a/amp"),
        (
            {
                "canonical": "https://example.com/a/amp",
                "amphtml": "https://example.com/a/amp",
                "og_url": "https://example.com/a",
            },
            "https://example.com/a",
        ),
        ({"og_url": "http://[broken"}, PAGE),
    ],
)
def test_pages_name_themselves_within_their_own_domain(claims: dict[str, str], expected: str) -> None:
    assert fold_alternates(PAGE, **claims) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://t.co/AbC", True),
        ("http://www.bit.ly/x", True),
        ("http://feeds.feedburner.com/~r/outlet/~3/abc/", True),
        ("http://feeds.feedburner.com/outlet", False),
        ("https://news.google.com/rss/articles/CBMi?oc=5", True),
        ("https://news.google.com/rss?hl=en", False),
        ("https://www.google.com/url?q=http://example.com/", True),
        ("https://example.com/", False),
        ("https://not.co/", False),
        ("nothing", False),
    ],
)
def test_redirectors(url: str, expected: bool) -> None:
    assert is_redirector(url) is expected


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/a?page=2", "https://example.com/a?page=2"),
        ("https://ann:pw@example.com/", "https://***@example.com/"),
        ("https://ann@example.com/", "https://***@example.com/"),
        ("https://ann:p@w@example.com/", "https://***@example.com/"),
        ("http:\\\\ann:pw@example.com", "http:\\\\***@example.com"),
        ("https://ann:pw%40x@example.com/", "https://***@example.com/"),
        (
            "https://example.com/?next=https://ann:pw@b.example/",
            "https://example.com/?next=https://***@b.example/",
        ),
        (
            "https://example.com/?next=https%3A%2F%2Fann%3Apw%40b.example",
            "https://example.com/?next=https%3A%2F%2F***%40b.example",
        ),
        ("https://example.com/@ann/7", "https://example.com/@ann/7"),
        *[
            (f"https://example.com/f?{name}=s3cret&page=2", f"https://example.com/f?{name}=***&page=2")
            for name in (
                [
                    "token",
                    "key",
                    "api_key",
                    "apikey",
                    "apiKey",
                    "access_token",
                    "accessToken",
                    "auth",
                    "password",
                    "passwd",
                    "pwd",
                    "pass",
                    "secret",
                    "client_secret",
                    "sig",
                    "signature",
                    "X-Amz-Signature",
                    "X-Amz-Credential",
                    "session",
                    "sessionid",
                    "sid",
                    "jwt",
                    "hmac",
                    "private_key",
                    "user_token",
                    "authToken",
                ]
            )
        ],
        *[
            (f"https://example.com/f?{name}=shown", f"https://example.com/f?{name}=shown")
            for name in [
                "author",
                "keyword",
                "keywords",
                "passage",
                "design",
                "monkey",
                "signup",
                "tokens_of_love_story",
                "q",
                "id",
                "p",
            ]
        ],
        ("https://example.com/f;token=abc", "https://example.com/f;token=***"),
        ("https://example.com/f#access_token=abc", "https://example.com/f#access_token=***"),
        ("https://example.com/f?x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln", "https://example.com/f?x=***.c2ln"),
        ("not a url", "not a url"),
        ("", ""),
    ],
)
def test_masking(url: str, shown: str) -> None:
    assert mask_url(url) == shown
    assert mask_url(shown) == shown


@given(
    st.text(alphabet="abc123:%.-_", min_size=1, max_size=12),
    st.text(alphabet="abc123:%.-_", min_size=1, max_size=12),
)
def test_no_password_is_ever_shown(user: str, password: str) -> None:
    secret = f"S{password}S"
    assert secret not in mask_url(f"https://{user}:{secret}@example.com/feed")
    assert secret not in mask_url(f"https://example.com/feed?token={secret}&x=1")


@given(st.text(max_size=60))
def test_masking_takes_any_text(text: str) -> None:
    assert mask_url(mask_url(text)) == mask_url(text)


@settings(max_examples=200)
@given(st.text(alphabet="abcxyz.-/?&=%#:@wW0129", max_size=30))
def test_identity_is_final_and_shared_with_the_canonical_url(tail: str) -> None:
    url = f"http://www.example.com/{tail}"
    identity = entry_identity_url(url)
    assert entry_identity_url(identity) == identity
    assert entry_identity_url(canonical_url(url).url) == identity


def test_the_list_is_in_lower_case_and_never_takes_what_selects_content() -> None:
    known = tracking()
    for name in (*known.names, *(n for names in known.sites.values() for n in names)):
        assert name == name.lower()
    for name in (
        "id",
        "p",
        "page",
        "page_id",
        "article",
        "articleid",
        "story",
        "storyid",
        "v",
        "q",
        "s",
        "t",
        "ref",
        "cat",
        "tag",
        "lang",
        "date",
        "section",
        "item",
        "nid",
        "pid",
        "aid",
        "sid",
        "doc",
        "type",
        "view",
        "source",
    ):
        assert name not in known.names
        assert not known.prefixes.match(name)
