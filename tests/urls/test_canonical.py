"""One spelling for each address: a table for every rule, and properties that hold for all text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.urls import canonical_url, is_web_url, normal_host, split_url

SAME = [
    "http://example.com/",
    "https://example.com/news/7",
    "https://www.example.com/news/7/",
    "http://example.com/?id=7",
    "http://example.com/?p=7",
    "http://example.com/?a=1&b=2",
    "http://example.com/?b&a",  # bare words: order may carry meaning
    "http://example.com/?b=1&a=2&b=3",  # a name given twice
    "http://example.com/a//b",
    "http://example.com/a;v=1,2",
    "http://example.com/a%2Fb",
    "http://example.com/a+b?q=c+d",
    "http://example.com:8080/",
    "https://example.com:80/",
    "http://xn--bcher-kva.example/",
    "http://[2001:db8::1]:8080/",
    "http://192.0.2.7/",
    "http://example.com/?ref=homepage",
    "http://example.com/?reference=3&source=wire",
    "http://a_b.example.com/",
    "http://example.com/?url=http://other.example/?utm",
    "https://example.com/@name/1",
    "https://example.com/~name/(1)",
    "https://nytimes.com/?s=1&t=2",  # tracking on x.com only
    "https://example.com/?feature=5&si=4",
]

CHANGED = [
    ("HTTP://example.com/", "http://example.com/"),
    ("http://EXAMPLE.com/Path", "http://example.com/Path"),
    ("http://example.com", "http://example.com/"),
    ("http://example.com?x=1", "http://example.com/?x=1"),
    ("http://example.com:80/", "http://example.com/"),
    ("https://example.com:443/", "https://example.com/"),
    ("https://example.com:0443/", "https://example.com/"),
    ("http://example.com:/", "http://example.com/"),
    ("http://example.com./", "http://example.com/"),
    ("http://example.com/a/./b/../c", "http://example.com/a/c"),
    ("http://example.com/a/..", "http://example.com/"),
    ("http://example.com/../../a", "http://example.com/a"),
    ("http://example.com/a/%2e%2E/b", "http://example.com/b"),
    ("http://example.com/a/.", "http://example.com/a/"),
    ("http://example.com/a#top", "http://example.com/a"),
    ("http://example.com/a#utm_source=x", "http://example.com/a"),
    ("http://example.com/a?", "http://example.com/a"),
    ("http://example.com/a?&&x=1&", "http://example.com/a?x=1"),
    ("http://example.com/?b=2&a=1", "http://example.com/?a=1&b=2"),
    ("http://example.com/%7Ename/%61", "http://example.com/~name/a"),
    ("http://example.com/%c3%a4", "http://example.com/%C3%A4"),
    ("http://example.com/ä?ö=ü", "http://example.com/%C3%A4?%C3%B6=%C3%BC"),
    ("http://example.com/a b?c d=1", "http://example.com/a%20b?c%20d=1"),
    ("http://example.com/100%", "http://example.com/100%25"),
    ("http://example.com/<\"'>", "http://example.com/%3C%22'%3E"),
    ("http://bücher.example/", "http://xn--bcher-kva.example/"),
    ("http://BÜCHER.example/", "http://xn--bcher-kva.example/"),
    ("http://faß.example/", "http://xn--fa-hia.example/"),
    ("http://日本語。jp/", "http://xn--wgv71a119e.jp/"),
    ("http://ｅｘａｍｐｌｅ.com/", "http://example.com/"),
    ("http://ex%61mple.com/", "http://example.com/"),
    ("http://127.1/", "http://127.0.0.1/"),
    ("http://0x7f000001/", "http://127.0.0.1/"),
    ("http://[2001:DB8:0:0::1]/", "http://[2001:db8::1]/"),
    ("http://user:secret@example.com/", "http://example.com/"),
    ("http:\\\\example.com\\a?b\\c=1", "http://example.com/a?b%5Cc=1"),
    ("http:example.com/a", "http://example.com/a"),
    (" \t http://example.com/a\n", "http://example.com/a"),
    ("http://exam\nple.com/a\tb", "http://example.com/ab"),
    # tracking
    ("http://example.com/?utm_source=rss&utm_medium=feed&id=7", "http://example.com/?id=7"),
    ("http://example.com/?UTM_Source=rss", "http://example.com/"),
    ("http://example.com/?utm%5Fsource=rss", "http://example.com/"),
    *[
        (f"http://example.com/?id=7&{name}=x", "http://example.com/?id=7")
        for name in (
            [
                "mtm_campaign",
                "pk_kwd",
                "fbclid",
                "gclid",
                "dclid",
                "gbraid",
                "wbraid",
                "msclkid",
                "yclid",
                "twclid",
                "srsltid",
                "mc_cid",
                "mc_eid",
                "_hsenc",
                "mkt_tok",
                "vero_id",
                "oly_enc_id",
                "igshid",
                "ttclid",
                "_ga",
                "__twitter_impression",
                "at_medium",
                "xtor",
                "cmpid",
                "hsa_cam",
            ]
        )
    ],
    ("https://x.com/news/status/7?s=20&t=abc", "https://x.com/news/status/7"),
    ("https://www.bbc.co.uk/news/7?at_bbc_team=editorial&at_x=1", "https://www.bbc.co.uk/news/7"),
    ("https://www.wsj.com/articles/a?mod=rss", "https://www.wsj.com/articles/a"),
    ("https://youtu.be/abc?si=xyz", "https://youtu.be/abc"),
    ("http://example.com/?ref=example.com", "http://example.com/"),
    ("http://www.example.com/?ref=https://example.com/", "http://www.example.com/"),
]


@pytest.mark.parametrize("url", SAME)
def test_what_is_canonical_stays(url: str) -> None:
    found = canonical_url(url)
    assert found.url == found.original == url
    assert found.trace == ()


@pytest.mark.parametrize(("given", "expected"), CHANGED)
def test_each_rule(given: str, expected: str) -> None:
    found = canonical_url(given)
    assert found.url == expected
    assert found.original == given
    assert found.trace


@pytest.mark.parametrize(
    ("relative", "expected"),
    [
        ("b", "http://example.com/dir/b"),
        ("./b", "http://example.com/dir/b"),
        ("../b?x=1#y", "http://example.com/b?x=1"),
        ("/b", "http://example.com/b"),
        ("//other.example/b", "http://other.example/b"),
        ("\\\\other.example\\b", "http://other.example/b"),
        ("?y=2", "http://example.com/dir/a?y=2"),
        ("", "http://example.com/dir/a?x=1"),
        ("#top", "http://example.com/dir/a?x=1"),
        ("https://other.example", "https://other.example/"),
        ("b:c", None),
        ("mailto:desk@example.com", None),
    ],
)
def test_relative_addresses(relative: str, expected: str | None) -> None:
    base = "http://user:pw@example.com/dir/a?x=1#z"
    if expected is None:
        with pytest.raises(ValueError, match="is not the web"):
            canonical_url(relative, base)
    else:
        assert canonical_url(relative, base).url == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "/x",
        "//example.com",
        "example.com",
        "example.com:80/x",
        "ftp://example.com/",
        "mailto:a@example.com",
        "javascript:alert(1)",
        "data:,x",
        "file:///x",
        "about:blank",
        "http:",
        "http://",
        "http:///",
        "http://?x",
        "http://#",
        "http://@/",
        "http://:80/",
        "http://a:x/",
        "http://a:99999/",
        "http://a:0/",
        "http://a b/",
        "http://a<b/",
        "http://a%00b/",
        "http://[::1/",
        "http://[x]/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://09.1.1.1/",
        "http://..",
        "http://.",
        "http://a..b/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 130 + "example/",
        "http://example.com/" + "a" * 9000,
        "http://xn--\udcff/",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    assert not is_web_url(url)
    with pytest.raises(ValueError, match=r"\w"):
        canonical_url(url)


def test_ref_that_names_the_host_of_the_feed() -> None:
    url = "http://example.com/a?ref=planet.example"
    assert canonical_url(url).url == url
    assert canonical_url(url, feed_host="www.planet.example").url == "http://example.com/a"


def test_the_trace_says_what_was_done() -> None:
    assert canonical_url("http://a:b@Example.com/x?utm_source=1&id=2#f").trace == (
        "credentials removed",
        "fragment removed",
        "utm_source removed: it tells how a reader came",
        "spelt in the normal way",
    )


def test_credentials_are_kept_apart() -> None:
    parts = split_url("https://ann:p%40ss@example.com:8443/x?y")
    assert parts.userinfo == "ann:p%40ss"
    assert parts.origin == "https://example.com:8443"
    assert parts.target == "/x?y"
    assert "ann" not in parts.text


PIECES = st.one_of(
    st.sampled_from(
        [
            "http://",
            "HTTPS:",
            "//",
            "example.com",
            "www.",
            "@",
            ":",
            "80",
            "/",
            "..",
            ".",
            "%",
            "%2e",
            "%2F",
            "?",
            "&",
            "=",
            "utm_source",
            "id",
            "#",
            "[",
            "]",
            "::1",
            "\\",
            " ",
            "\n",
            "ä",
            "。",
            "xn--",
            "0x7f",
            "1",
            "+",
            ";",
            "'",
            "\u00ad",
            "\ud800",
        ]
    ),
    st.text(max_size=5),
)
URLS = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.lists(PIECES, max_size=10).map(lambda p: "http://example.com/" + "".join(p)),
)


@settings(max_examples=500)
@given(URLS)
def test_canonical_is_final(url: str) -> None:
    try:
        once = canonical_url(url)
    except ValueError:
        return
    assert canonical_url(once.url).url == once.url
    assert canonical_url(once.url).trace == ()
    assert is_web_url(once.url)
    assert once.url.isascii()
    assert once.url.isprintable()
    assert not set(' "<>\\^`{|}#') & set(once.url)


@settings(max_examples=300)
@given(URLS, URLS)
def test_nothing_else_is_raised(url: str, base: str) -> None:
    try:
        canonical_url(url, base)
    except ValueError:
        return


@given(st.text(max_size=20))
def test_a_normal_host_is_final(host: str) -> None:
    try:
        once = normal_host(host)
    except ValueError:
        return
    assert normal_host(once) == once


@given(st.ip_addresses(v=4))
def test_numbers_are_addresses(ip) -> None:  # type: ignore[no-untyped-def]
    octets = ip.packed
    forms = [
        str(int(ip)),
        hex(int(ip)),
        ".".join(map(oct, octets)).replace("0o", "0"),
        ".".join(map(hex, octets)),
    ]
    assert {normal_host(form) for form in forms} == {str(ip)}
