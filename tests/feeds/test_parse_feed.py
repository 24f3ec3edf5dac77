"""Bytes → documents: every format, links, titles, truncation, charsets, identity in context."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import FeedRejected
from pipeline.feeds import FeedLimits, parse_feed
from pipeline.model import FeedDocument, FeedHints, Reason

URL = "https://news.example/rss/feed.xml"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def parsed(body: str | bytes, content_type: str | None = None, **limits: int) -> FeedDocument:
    data = body if isinstance(body, bytes) else body.encode()
    return parse_feed(data, URL, content_type, FeedLimits(**limits), NOW)


def rss(items: str, channel: str = "") -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{channel}{items}</channel></rss>'


def one(item: str) -> FeedDocument:
    return parsed(rss(f"<item>{item}</item>"))


FORMATS = {
    "RSS 0.91 with a doctype": (
        '<?xml version="1.0"?>\n<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"\n'
        ' "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>T</title>'
        "<item><title>Harbour opens</title><link>https://news.example/a</link></item></channel></rss>"
    ),
    "RSS 0.90": (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>T</title></channel>'
        "<item><title>Harbour opens</title><link>https://news.example/a</link></item></rdf:RDF>"
    ),
    "RSS 1.0": (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<channel rdf:about="https://news.example/"><title>T</title></channel>'
        '<item rdf:about="https://news.example/a"><title>Harbour opens</title>'
        "<link>https://news.example/a</link></item></rdf:RDF>"
    ),
    "RSS 2.0": rss("<item><title>Harbour opens</title><link>https://news.example/a</link></item>"),
    "Atom 0.3": (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>T</title><entry>'
        "<title>Harbour opens</title>"
        '<link rel="alternate" type="text/html" href="https://news.example/a"/></entry></feed>'
    ),
    "Atom 1.0": (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title>Harbour opens</title>'
        '<link href="https://news.example/a"/></entry></feed>'
    ),
    "Atom with a prefix": (
        '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title><a:entry><a:title>Harbour opens'
        '</a:title><a:link href="https://news.example/a"/></a:entry></a:feed>'
    ),
    "JSON Feed 1.0": (
        '{"version": "https://jsonfeed.org/version/1", "title": "T", "items": '
        '[{"id": "1", "url": "https://news.example/a", "title": "Harbour opens"}]}'
    ),
    "JSON Feed 1.1": (
        '\ufeff{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": '
        '[{"id": 1, "external_url": "https://news.example/a", "title": "Harbour opens"}]}'
    ),
    "news sitemap": (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://news.example/a</loc>'
        "<news:news><news:publication><news:name>T</news:name></news:publication>"
        "<news:title>Harbour opens</news:title></news:news></url></urlset>"
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read(name: str) -> None:
    document = parsed(FORMATS[name])
    (entry,) = document.entries
    assert (document.title, entry.title, entry.url) == ("T", "Harbour opens", "https://news.example/a")
    assert document.refused == ()
    assert document.notes == ()


def test_the_key_of_an_article_is_the_same_in_every_format() -> None:
    assert len({parsed(text).entries[0].key for text in FORMATS.values()}) == 1


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>/a</link>", "https://news.example/a"),
        ("<link>a</link>", "https://news.example/rss/a"),
        ("<link>//other.example/a</link>", "https://other.example/a"),
        ("<link>\n https://news.example/a \n</link>", "https://news.example/a"),
        ("<link>https://news.example/a?x=1&amp;y=2</link>", "https://news.example/a?x=1&y=2"),
        ("<link>https://news.example/a?x=1&y=2</link>", "https://news.example/a?x=1&y=2"),
        ("<link><![CDATA[https://news.example/a?x=1&y=2]]></link>", "https://news.example/a?x=1&y=2"),
        ("<link>https://news.example/a?utm_source=rss&amp;id=2</link>", "https://news.example/a?id=2"),
        ('<link href="https://news.example/a"/>', "https://news.example/a"),
        ("<guid>https://news.example/a</guid>", "https://news.example/a"),
        ('<guid isPermaLink="true">https://news.example/a</guid>', "https://news.example/a"),
        (
            '<link>https://f.example/~r/a</link><x:origLink xmlns:x="http://rssnamespace.org/feedburner/ext/1.0">'
            "https://news.example/a</x:origLink>",
            "https://news.example/a",
        ),
        ('<link xml:base="https://other.example/dir/">a</link>', "https://other.example/dir/a"),
    ],
)
def test_links_of_rss(item: str, link: str) -> None:
    (entry,) = one(item + "<title>x</title>").entries
    assert entry.url == link


@pytest.mark.parametrize(
    ("attributes", "links", "expected"),
    [
        ('xml:base="/base/"', '<link href="one"/>', "https://news.example/base/one"),
        ('xml:base="https://b.example/"', '<link href="one"/>', "https://b.example/one"),
        ("", '<link href="one"/>', "https://news.example/rss/one"),
        ("", '<link rel="enclosure" href="/x.mp3"/><link href="/a"/>', "https://news.example/a"),
        ("", '<link href="/a"/><link rel="alternate" hreflang="de" href="/b"/>', "https://news.example/a"),
        ("", '<link rel="self" href="/s"/><link rel="alternate" href="/a"/>', "https://news.example/a"),
        ("", "<id>https://news.example/a</id>", "https://news.example/a"),
    ],
)
def test_links_of_atom(attributes: str, links: str, expected: str) -> None:
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}>'
    assert parsed(f"{feed}<entry><title>x</title>{links}</entry></feed>").entries[0].url == expected


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("<title>no link</title>", Reason.ENTRY_WITHOUT_LINK),
        ("<guid>12345</guid><title>a number is no address</title>", Reason.ENTRY_WITHOUT_LINK),
        ("<link>javascript:alert(1)</link>", Reason.BAD_URL),
        ("<link>mailto:desk@news.example</link>", Reason.BAD_URL),
        ("<link>file:///etc/passwd</link>", Reason.BAD_URL),
        ("<link>http://[::1</link>", Reason.BAD_URL),
    ],
)
def test_entries_that_lead_nowhere_are_refused(item: str, reason: Reason) -> None:
    document = one(item)
    assert document.entries == ()
    assert [refused.reason for refused in document.refused] == [reason]


def test_an_entry_with_content_and_a_bad_link_is_kept() -> None:
    (entry,) = one("<link>javascript:x</link><description>Words</description>").entries
    assert (entry.url, entry.summary) == (None, "Words")
    assert "not a web address" in entry.notes[0]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Plain", "Plain"),
        ("Fish &amp; chips", "Fish & chips"),
        ("Fish &amp;amp; chips", "Fish & chips"),
        ("Fish & chips", "Fish & chips"),
        ("Caf&eacute; &#8211; &hellip;", "Café – …"),
        ("&lt;b&gt;Bold&lt;/b&gt; words", "Bold words"),
        ("<![CDATA[A &quot;quoted&quot; word]]>", 'A "quoted" word'),
        ("\n  two\n  lines ", "two lines"),
        ("5 &lt; 6", "5 < 6"),
        ("&unknown; thing", "&unknown; thing"),
        ("It&#146;s", "It’s"),
        ("bell\x07", "bell"),
    ],
)
def test_titles_are_plain_text(title: str, expected: str) -> None:
    assert one(f"<link>/a</link><title>{title}</title>").entries[0].title == expected


def test_titles_of_atom_mean_what_their_type_says() -> None:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/a"/><title>1 &lt;b> 2</title></entry>'
        '<entry><link href="/b"/><title type="html">&lt;b>1&lt;/b> &amp;amp; 2</title></entry></feed>'
    )
    assert [entry.title for entry in parsed(text).entries] == ["1 <b> 2", "1 & 2"]


def test_content_summary_authors_and_dates() -> None:
    (entry,) = parsed(
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><language>en-GB</language><item><link>/a</link>'
        "<description>&lt;p&gt;Short&lt;/p&gt;</description><dc:creator>Ida Desk</dc:creator>"
        "<content:encoded><![CDATA[<p>Long <a href='/x'>text</a></p><script>x()</script>]]></content:encoded>"
        "<pubDate>Sun, 22 Nov 2026 10:00:00 EST</pubDate></item></channel></rss>"
    ).entries
    assert entry.summary == "<p>Short</p>"
    assert entry.content == "<p>Long <a href='/x'>text</a></p><script>x()</script>"  # as served
    assert entry.authors == ("Ida Desk",)
    assert entry.published == datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert (entry.updated, entry.language) == (None, "en-GB")


def test_absurd_dates_leave_a_note() -> None:
    (entry,) = one("<link>/a</link><pubDate>Sun, 22 Nov 2099 10:00:00 GMT</pubDate>").entries
    assert entry.published is None
    assert "in the future" in entry.notes[0]


def test_hints() -> None:
    document = parsed(
        rss(
            "<item><link>/a</link></item>",
            "<ttl>30</ttl><skipHours><hour>3</hour><hour>24</hour><hour>x</hour></skipHours>"
            "<skipDays><day>Monday</day><day>Sunday</day></skipDays>"
            '<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">hourly</sy:updatePeriod>'
            '<sy:updateFrequency xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">2</sy:updateFrequency>'
            '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/>',
        )
    )
    half = timedelta(minutes=30)
    assert document.hints == FeedHints(half, half, frozenset({0, 3}), frozenset({0, 6}), "https://hub.example/")


@pytest.mark.parametrize("cut", [0.35, 0.5, 0.75, 0.9])
def test_a_truncated_feed_keeps_the_entries_before_the_break(cut: float) -> None:
    whole = rss("".join(f"<item><link>/a{n}</link><title>Number {n}</title></item>" for n in range(50)))
    document = parsed(whole[: int(len(whole) * cut)])
    assert document.notes == (Reason.FEED_TRUNCATED,)
    assert [entry.title for entry in document.entries] == [f"Number {n}" for n in range(len(document.entries))]
    assert 50 * (cut - 0.1) < len(document.entries) <= 50 * cut


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "\n\n  " + text,
        lambda text: "Warning: something on line 3<br />\n" + text,
        lambda text: text + "\n<!-- served from a cache -->\n<script>x()</script>",
        lambda text: text.replace("<title>T", "<title>T & U &nbsp; \x0b"),
        lambda text: text.replace('<?xml version="1.0"?>', ""),
        lambda text: text.replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="no-such"?>'),
        lambda text: text.replace("<item>", "<foo:bar/><item>", 1),
        lambda text: text.replace("<item>", "<category>open<item>"),
        lambda text: text.replace("</item>", "<textInput><title>x</item>"),
        lambda text: text.replace("</item>", ""),
    ],
)
def test_common_damage_costs_nothing(damage: object) -> None:
    text = rss("".join(f"<item><link>/a{n}</link></item>" for n in range(3)))
    document = parsed(damage(text))  # type: ignore[operator]
    assert [entry.url for entry in document.entries] == [f"https://news.example/a{n}" for n in range(3)]
    assert document.notes == ()


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "utf-8", None),
        ("utf-8", "iso-8859-1", "text/xml; charset=iso-8859-1"),  # both lie
        ("utf-8-sig", "iso-8859-1", None),
        ("utf-16", "utf-16", None),
        ("utf-16-le", "utf-16", None),
        ("iso-8859-1", "iso-8859-1", None),
        ("cp1252", "", "text/xml; charset=windows-1252"),
        ("cp1252", "", None),
        ("cp1252", "utf-8", "text/xml"),
        ("cp1251", "windows-1251", "text/xml"),
        ("shift_jis", "Shift_JIS", None),
        ("gb18030", "gb2312", None),
        ("iso2022_jp", "iso-2022-jp", None),
    ],
)
def test_the_bytes_decide_about_the_charset(encoding: str, declared: str, content_type: str | None) -> None:
    word = {"cp1251": "Новости", "shift_jis": "新聞", "gb18030": "新闻", "iso2022_jp": "新聞"}.get(encoding, "Café")
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = f"{declaration}<rss><channel><title>{word}</title><item><link>/a</link></item></channel></rss>"
    assert parsed(text.encode(encoding), content_type).title == word


@pytest.mark.parametrize("label", ["punycode", "unicode_escape", "idna", "rot13", "zlib", "hex", "utf-7", "no"])
def test_what_is_no_charset_of_the_web_is_not_used(label: str) -> None:
    body = b"<rss><channel><title>\xe9\\u0041</title><item><link>/a</link></item></channel></rss>"
    assert parsed(body, f"text/xml; charset={label}").title == "é\\u0041"


def test_html_names_the_feeds_it_links_to() -> None:
    page = '<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head>'
    with pytest.raises(FeedRejected) as caught:
        parsed(page, "text/html")
    assert caught.value.reason is Reason.FEED_IS_HTML
    assert "https://news.example/feed" in caught.value.detail


def test_limits_are_settings() -> None:
    text = rss("".join(f"<item><link>/a{n}</link><title>{'x' * 40}</title></item>" for n in range(9)))
    document = parsed(text, max_entries=4)
    assert (len(document.entries), document.notes) == (4, (Reason.FEED_TOO_MANY_ENTRIES,))
    assert document.refused[-1].detail.startswith("5 entries")
    with pytest.raises(ValueError, match="max_entries"):
        FeedLimits(max_entries=0)


def test_a_news_sitemap_index_names_its_sitemaps() -> None:
    text = "<sitemapindex><sitemap><loc>https://news.example/news.xml</loc></sitemap></sitemapindex>"
    with pytest.raises(FeedRejected, match=r"news\.xml"):
        parsed(text)


def parsed_or_rejected(body: str | bytes) -> FeedDocument | None:
    try:
        return parsed(body)
    except FeedRejected:
        return None


@settings(max_examples=200, deadline=None)  # the first call imports what it needs
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda t: t.encode("utf-8", "replace")))
def test_no_bytes_make_it_fail_in_another_way(body: bytes) -> None:
    for data in (body, rss("").encode().replace(b"</channel>", body), b'{"items":[' + body):
        parsed_or_rejected(data)


PIECES = (
    '<item> </item> <link>/a</link> <title> </title> <![CDATA[ ]]> <!-- --> &amp; & < > " <author> </author> x'
    " <content> </content> </rss> <entry/> <image> <source> <guid> <pubDate> <ttl>1e9</ttl> <textInput>"
    " <category> &#x0; <?p ?>"
)


@settings(max_examples=200, deadline=None)  # the first call imports what it needs
@given(st.lists(st.sampled_from([*PIECES.split(), '<a b="', "<content type='xhtml'>"]), max_size=30))
def test_no_order_of_tags_makes_it_fail_in_another_way(pieces: list[str]) -> None:
    parsed_or_rejected("<rss><channel>" + "".join(pieces) + "</channel></rss>")
