"""Feeds that mean harm, or come from broken programs: name → (bytes, entries that are taken or the reason).

Sizes are chosen so that quadratic work on them takes far longer than a worker may.
"""

from __future__ import annotations

from pipeline.model import Reason

N = 300_000
JSON_FEED = '{"version":"https://jsonfeed.org/version/1","items":['


def item(inside: str, before: str = "", after: str = "") -> str:
    """An RSS feed with one entry that holds ``inside``."""
    return (
        f'{before}<rss version="2.0"><channel><title>Feed</title><item><title>One</title>'
        f"<link>https://e.example/one</link>{inside}</item></channel></rss>{after}"
    )


def items(inside: str, number: int) -> str:
    one = "<item><title>Headline {0}</title><link>https://e.example/story-{0}</link>" + inside + "</item>"
    return "<rss><channel>" + "".join(one.format(n) for n in range(number)) + "</channel></rss>"


def _laughs() -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return item("<description>&l9;</description>", f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]>')


def _gml() -> str:
    spaces = 'xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml"'
    places = f"<gml:posList>{'1 ' * N}</gml:posList>"
    return f"<georss:where {spaces}><gml:Polygon>{places}</gml:Polygon></georss:where>"


QUADRATIC: dict[str, tuple[str, int | Reason]] = {
    "blank lines before the root": (item("", "\n" * 80_000), 1),
    "blanks and lines before the root": (item("", " \n" * 200_000), 1),
    "blank lines inside": (item("\n" * N), 1),
    "a run in author": (item(f"<author>{'a' * N}</author>"), 1),
    "a run in author, in pieces": (item(f"<author>{'a<![CDATA[a]]>' * 20_000}</author>"), 1),
    "a run in author, with comments": (item(f"<author>{'aaaaaaaa<!-- -->' * 20_000}</author>"), 1),
    "a run in managingEditor": (item(f"<managingEditor>{'a.' * N}</managingEditor>"), 1),
    "a run in dc:creator": (item(f"<dc:creator>{'a' * N}</dc:creator>"), 1),
    "a run in a name": (item(f"<author><name>{'a' * N}</name></author>"), 1),
    "many long authors": (item(f"<dc:creator>{'a' * 63}</dc:creator>" * 5_000), 1),
    "an author in every entry": (items(f"<author>{'a' * 250}</author>", 3_000), 3_000),
    "entities": (item("&a;", "<!DOCTYPE x [" + '<!ENTITY a "b">\n' * 20_000 + "]>"), 1),
    "doctypes": (item("", "<!DOCTYPE x>\n" * 20_000), 1),
    "open doctypes": (item("", "<!DOCTYPE " * 20_000), 1),
    "entity bomb": (_laughs(), 1),
    "external entity": (item("&x;", '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), 1),
    "attributes": (item("<x " + " ".join(f'a{n}="b"' for n in range(20_000)) + "/>"), 1),
    "attributes on the root": ("<rss " + 'a="b" ' * 50_000 + "></rss>", 0),
    "just below the bound of attributes": (
        item(("<x " + " ".join(f'a{n}="b"' for n in range(99)) + "/>") * 300),
        1,
    ),
    "categories": (item("".join(f"<category>c{n}</category>" for n in range(15_000))), 1),
    "subjects": (item("".join(f"<dc:subject>c{n}</dc:subject>" for n in range(15_000))), 1),
    "keywords": (item(f"<itunes:keywords>{' '.join(map(str, range(50_000)))}</itunes:keywords>"), 1),
    "tags": (item(f"<tags>{','.join(map(str, range(50_000)))}</tags>"), 1),
    "nested bases": (item('<a xml:base="x/">' * 15_000), 1),
    "a long base": (
        f'<rss xml:base="https://e.example/{"y" * 100_000}"><channel><item>' + "<a/>" * 20_000,
        Reason.FEED_TRUNCATED,
    ),
    "namespaces": (
        item("".join(f'<p{n}:a xmlns:p{n}="u{n}"/>' for n in range(5_000))),
        Reason.FEED_NOT_A_FEED,
    ),
    "depth": (item("<a>" * 50_000 + "</a>" * 50_000), 1),
    "links": (item("<link>https://e.example/two</link>" * 10_000), 1),
    "a long date": (item(f"<pubDate>{'2026-' * 60_000}</pubDate>"), 1),
    "a long date of blanks": (item(f"<pubDate>{'1 ' * N}</pubDate>"), 1),
    "a polygon": (item(_gml()), 1),
    "title of brackets": (item(f"<title>{'&lt;' * N}</title>"), 1),
    "title of ampersands": (item(f"<title>{'&amp;a' * N}</title>"), 1),
    "title of closing tags": (item(f"<title><![CDATA[{'</a' * N}]]></title>"), 1),
    "title of comments": (item(f"<title><![CDATA[{'<!--' * N}]]></title>"), 1),
    "description of brackets": (item(f"<description>{'<' * N}</description>"), 1),
    "open quotes": (item("<description>" + '<a b="' * 60_000 + "</description>"), 1),
    "unclosed tags": (item("<p>" * 20_000 + "</q>" * 1_000), 1),
    "crossed tags": (item("<p></q>" * 20_000), 1),
    "marked sections": (item("<![x" * N), 1),
    "open CDATA": (item("<p>" + "<![CDATA[" * 30_000 + "]]></q>"), 1),
    "short tags": (item("</z>" + "<a/>" * 20_000), 1),
    "a long tag name": (item("</z><" + "a" * N + ">"), 1),
    "open comments": ("<!-- " * 100_000, Reason.FEED_NOT_A_FEED),
    "open instructions": ("<?xml " * 100_000, Reason.FEED_NOT_A_FEED),
    "nested sources": (item('<source url="x">' * 20_000), 1),
    "nested contents": (item('<content type="html">' * 10_000), 1),
    "blanks in a link": (item(f"<link>{' ' * N}</link>"), 1),
    "character references": (item(f"<description>{'&#9999999;&#0;&#xD800;' * 20_000}</description>"), 1),
}

OTHERS: dict[str, tuple[str | bytes, int | Reason]] = {
    "a million entries": (
        "<rss><channel>" + "<item><link>/a</link></item>" * 1_000_000 + "</channel></rss>",
        5_000,
    ),
    "an entry of 3 MB": (item(f"<description>{'word ' * 600_000}</description>"), 0),
    "14 MB of blanks": (item("", after=" " * 14_000_000), 1),
    "10 MB of entries": (items(f"<description>{'word ' * 2_500}</description>".replace("{", ""), 800), 800),
    "nested JSON": ('{"a":' * 100_000, Reason.FEED_NOT_A_FEED),
    "JSON brackets": ("[" * 100_000, Reason.FEED_NOT_A_FEED),
    "a long number in JSON": ('{"version":' + "1" * N + "}", Reason.FEED_NOT_A_FEED),
    "a million JSON items": (JSON_FEED + "{}," * 999_999 + "{}]}", 0),
    "truncated JSON": (JSON_FEED + '{"url":"/a","title":"A"},{"url":"/b', 1),
    "nested sitemap": ("<urlset>" + "<url>" * 10_000, Reason.FEED_NOT_A_FEED),
    "empty": (b"", Reason.FEED_EMPTY),
    "blank": (b" \r\n\t" * 10_000, Reason.FEED_EMPTY),
    "zeros": (b"\0" * 100_000, Reason.FEED_EMPTY),
    "binary": (bytes(range(256)) * 4_000, Reason.FEED_NOT_A_FEED),
    "a PDF": (b"%PDF-1.7\n" + b"\xe2\xe3" * 100, Reason.FEED_NOT_A_FEED),
    "an image": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, Reason.FEED_NOT_A_FEED),
    "gzip": (b"\x1f\x8b\x08" + b"\0" * 100, Reason.FEED_NOT_A_FEED),
    "words": (b"there is no feed here", Reason.FEED_NOT_A_FEED),
    "a path": (b"/etc/passwd", Reason.FEED_NOT_A_FEED),
    "an address": (b"http://127.0.0.1/feed", Reason.FEED_NOT_A_FEED),
    "a page": ("<!DOCTYPE html><html><body>" + "<div>" * 100_000, Reason.FEED_IS_HTML),
    "a page of links": ("<html>" + '<a href="/feed">x' * 50_000, Reason.FEED_IS_HTML),
    "cut before the first entry": (
        b"<rss><channel><title>Feed</title><item><title>On",
        Reason.FEED_TRUNCATED,
    ),
    "no entries": (b"<rss version='2.0'><channel><title>Feed</title></channel></rss>", 0),
    "another vocabulary": (b"<?xml version='1.0'?><svg><title>x</title></svg>", Reason.FEED_NOT_A_FEED),
}
