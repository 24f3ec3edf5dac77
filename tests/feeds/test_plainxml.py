"""The quick reader of ordinary feeds beside feedparser: what it reads at all, it reads the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import FeedRejected
from pipeline.feeds.guard import guarded
from pipeline.feeds.plainxml import read_plain
from pipeline.feeds.raw import RawFeed
from pipeline.feeds.xmlfeed import by_feedparser, raw_feed

RSS = (
    "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:atom='http://www.w3.org/2005/Atom'"
    " xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"
    " xmlns:media='http://search.yahoo.com/mrss/' xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'"
    " xmlns:slash='http://purl.org/rss/1.0/modules/slash/'><channel>{}</channel></rss>"
)
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='de_AT'>{}</feed>"
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.xml"))


def both(text: str) -> tuple[RawFeed | None, RawFeed | None]:
    """What the quick reader makes of ``text`` (None: it leaves it), and feedparser."""
    guard = guarded(text, 5_000, 1 << 21)
    assert guard is not None
    plain = read_plain(guard.text)
    try:
        return (plain and raw_feed(plain, guard.text)), raw_feed(by_feedparser(guard.text), guard.text)
    except FeedRejected:
        return (plain and raw_feed(plain, guard.text)), None


def item(inside: str) -> str:
    return RSS.format(f"<title>T</title><item>{inside}</item><item><title>second</title></item>")


def entry(inside: str) -> str:
    return ATOM.format(f"<title>T</title><entry>{inside}</entry><entry><id>tag:second</id></entry>")


ORDINARY = {
    "a WordPress item": item(
        "<title>Ferry &#8211; back</title><link>https://a.example/f/?a=1&amp;b=2</link><comments>https://a.example/c"
        "</comments><dc:creator><![CDATA[Coast Desk]]></dc:creator><pubDate>Sun, 22 Nov 2026 10:58:00 +0000</pubDate>"
        "<category>x</category><guid isPermaLink='false'>https://a.example/?p=1</guid><description><![CDATA[<p>It is "
        "<b>back</b></p>]]></description><content:encoded><![CDATA[<p>It is &amp; was</p>]]></content:encoded>"
        "<slash:comments>3</slash:comments>"
    ),
    "content before summary": item("<content:encoded>&lt;p>c&lt;/p></content:encoded><description>d</description>"),
    "content alone": item("<content:encoded>&lt;p>c&lt;/p></content:encoded>"),
    "same content and summary": item("<description>d</description><content:encoded>d</content:encoded>"),
    "an address as guid": item("<guid>https://a.example/1</guid><title>t</title>"),
    "a word as guid": item("<guid>4711</guid><title>t</title>"),
    "empty elements": item("<title/><guid/><description></description><pubDate/>"),
    "two creators": item("<dc:creator>Ada</dc:creator><dc:creator>Ben</dc:creator>"),
    "an author": item("<author>Ada of the Desk</author>"),
    "a date of Dublin Core": item("<dc:date>2026-11-22T10:58:00Z</dc:date><pubDate>Sun, 22 Nov 2026</pubDate>"),
    "pictures": item("<title>t</title><media:content url='https://a.example/i.png' medium='image'/>"),
    "an original link": item(
        "<link>https://b.example/r</link><feedburner:origLink>https://a.example/o</feedburner:origLink>"
    ),
    "an enclosure": item("<link>https://a.example/1</link><enclosure url='https://a.example/1.mp3' length='1'/>"),
    "letters of many tongues": item("<title>Zażółć gęślą — 東京 Привет</title><description>„ü“ß</description>"),
    "a bare ampersand": item("<title>Q&amp;A: R &amp; D</title>"),
    "a channel": RSS.format(
        "<title>The Desk</title><link>https://a.example/</link><description>d</description><language>en-GB</language>"
        "<ttl>30</ttl><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"
        "<atom:link rel='self' href='https://a.example/feed'/><atom:link rel='hub' href='https://hub.example/'/>"
        "<image><url>https://a.example/i.png</url><title>other</title><link>https://b.example/</link></image>"
        "<skipHours><hour>3</hour></skipHours><skipDays><day>Sunday</day></skipDays><item><title>t</title></item>"
    ),
    "an Atom entry": entry(
        "<id>tag:a.example,2026:1</id><title>A &lt; B</title><link href='https://a.example/1'/><link rel='enclosure'"
        " type='audio/mpeg' href='https://a.example/1.mp3'/><published>2026-11-22T09:00:00+01:00</published>"
        "<updated>2026-11-22T12:00:00+01:00</updated><author><name>Ada</name><uri>https://a.example/ada</uri></author>"
        "<author><name>Ben</name><email>ben@a.example</email></author><summary>3 &lt; 4</summary>"
        "<content type='html'>&lt;p>text&lt;/p></content>"
    ),
    "Atom texts": entry("<title type='html'>a &lt;i>b&lt;/i></title><content>3 &lt; 4</content>"),
    "Atom content alone": entry("<id>x</id><content type='html'>&lt;p>c&lt;/p></content>"),
    "Atom summary as HTML": entry("<title type='text'>t</title><summary type='html'>&lt;b>s&lt;/b></summary>"),
    "an Atom feed": ATOM.format(
        "<title type='html'>The &lt;b>Desk&lt;/b></title><subtitle>s</subtitle><id>urn:x</id><link rel='self'"
        " type='application/atom+xml' href='https://a.example/atom'/><link href='https://a.example/'/><link rel='hub'"
        " href='https://hub.example/'/><updated>2026-11-22T12:00:00Z</updated><author><name>Desk</name></author>"
        "<generator uri='https://g.example/' version='1'>g</generator><icon>https://a.example/i.ico</icon>"
        "<entry><id>tag:1</id><title>t</title></entry>"
    ),
}
UNUSUAL = {
    "two titles": item("<title>a</title><title>b</title>"),
    "a title of HTML": item("<title>a &lt;b>b&lt;/b></title>"),
    "a title with an entity": item("<title>a &amp;eacute; b</title>"),
    "markup that is not escaped": item("<description>a <b>b</b></description>"),
    "an address of mail": item("<author>desk@a.example (Ada)</author>"),
    "a relative link": item("<link>/f/1</link>"),
    "a link in two words": item("<link>https://a.example/a b</link>"),
    "another base": item("<link xml:base='https://b.example/'>https://a.example/</link>"),
    "a language of one item": item("<dc:language>fr</dc:language>"),
    "Latin-1 taken for UTF-8": item("<title>Ã©tÃ©</title>"),
    "windows-1252 in disguise": item("<title>a \x93b\x94</title>"),
    "an unknown element": item("<title>t</title><summary>s</summary>"),
    "a group of pictures": item("<media:group><media:title>t</media:title></media:group>"),
    "other capitals": item("<Title>t</Title>"),
    "a default namespace": RSS.format("<item><title>t</title></item>").replace(
        "<rss", "<rss xmlns='http://x.example/'"
    ),
    "inline XHTML": entry("<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>a</div></content>"),
    "content elsewhere": entry("<content src='https://a.example/c' type='html'/>"),
    "a source": entry("<title>t</title><source><title>other</title></source>"),
    "a base": ATOM.format("<entry><link href='https://a.example/'/></entry>").replace("<feed", "<feed xml:base='/x/'"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_feeds_are_read_as_feedparser_reads_them(name: str) -> None:
    plain, reference = both(ORDINARY[name])
    assert plain is not None, "left to feedparser"
    assert plain == reference


@pytest.mark.parametrize("name", UNUSUAL)
def test_the_unusual_is_left_to_feedparser(name: str) -> None:
    assert both(UNUSUAL[name])[0] is None


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_golden_feeds(path: Path) -> None:
    plain, reference = both(path.read_text("latin-1" if path.name == "rdf.xml" else "utf-8"))
    assert plain in (None, reference)


TEXTS = st.sampled_from(
    [
        *(
            "",
            " ",
            "a",
            "R & D",
            "a < b",
            "<p>x</p>",
            "&amp;",
            "&eacute;",
            "&#8211;",
            "x;y&z;",
            "é",
            "Ã©",
            "\x85",
            "東京",
        ),
        *(
            "https://a.example/1",
            "http://a.example/?a=1&b=2",
            "https:///a",
            "/a",
            "a/",
            "tag:a,1:2",
            "HTTP://A.example/",
        ),
        *("Sun, 22 Nov 2026 10:58:00 GMT", "2026-11-22", "ada@a.example", "Ada (Desk)", "\u00a0a\u00a0", "feed:x://y"),
    ]
)
NAMES = st.sampled_from(
    [
        *("title", "link", "guid", "description", "pubDate", "author", "comments", "source", "enclosure", "category"),
        *("dc:creator", "dc:date", "dc:title", "dc:subject", "content:encoded", "media:content", "media:description"),
        *(
            "atom:link",
            "atom:updated",
            "slash:comments",
            "language",
            "ttl",
            "image",
            "id",
            "summary",
            "content",
            "name",
        ),
        *("published", "updated", "rights", "generator", "feedburner:origLink", "sy:updatePeriod", "custom"),
    ]
)
ATTRIBUTES = st.sampled_from(
    [
        *(
            "",
            "",
            "",
            "",
            "",
            "isPermaLink='false'",
            "isPermaLink='true'",
            "type='html'",
            "type='text'",
            "type='xhtml'",
        ),
        *("href='https://a.example/h'", "rel='self' href='https://a.example/s'", "rel='hub' href='https://h.example/'"),
        *("rel='Alternate' type='TEXT/html' href='https://a.example/u'", "url='https://a.example/u'", "xml:lang='en'"),
        *("xml:base='https://b.example/'", "href='/h'", "href='https://a.example/ö'", "src='https://a.example/c'"),
    ]
)


USUAL = {  # what entries and feeds are made of, with the attributes they have
    "item": (
        *("title", "link", "guid isPermaLink='false'", "guid", "description", "pubDate", "dc:creator", "dc:date"),
        *("content:encoded", "author", "comments", "enclosure url='https://a.example/u'", "feedburner:origLink"),
        *("atom:link rel='self' href='https://a.example/s'", "media:thumbnail url='https://a.example/u'"),
    ),
    "entry": (
        *("title", "title type='html'", "title type='text'", "link href='https://a.example/h'", "id", "published"),
        *(
            "updated",
            "summary",
            "summary type='html'",
            "content type='html'",
            "content",
            "rights",
            "feedburner:origLink",
        ),
        *(
            "link rel='enclosure' href='https://a.example/e' type='audio/mpeg'",
            "link rel='ALTERNATE' href='http://b.example'",
        ),
    ),
}


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


@st.composite
def wild(draw: st.DrawFn, depth: int = 1) -> str:
    name, attributes = draw(NAMES), draw(ATTRIBUTES)
    inside = "".join(draw(st.lists(wild(depth=depth - 1), max_size=2))) if depth and draw(st.booleans()) else ""
    return f"<{name} {attributes}>{escaped(draw(TEXTS))}{inside}</{name}>"


@st.composite
def parts(draw: st.DrawFn, kind: str) -> str:
    """Usual elements, each once, and now and then a wild one among them."""
    chosen = draw(st.lists(st.sampled_from(USUAL[kind]), max_size=6, unique_by=lambda tag: tag.partition(" ")[0]))
    texts = (f"<{tag}>{escaped(draw(TEXTS))}</{tag.partition(' ')[0]}>" for tag in chosen)
    made = [text if "href" not in text else re.sub(">[^<]*<", "><", text) for text in texts]
    if draw(st.integers(0, 9)) == 0:
        made.insert(draw(st.integers(0, len(made))), draw(wild()))
    return "".join(made)


@st.composite
def documents(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["item", "entry"]))
    entries = "".join(f"<{kind}>{draw(parts(kind))}</{kind}>" for _ in range(draw(st.integers(1, 3))))
    text = draw(parts(kind)) * draw(st.booleans()) + entries
    if kind == "item":
        return RSS.format(text)
    return ATOM.replace("<feed", f"<feed {RSS[19 : RSS.index('>')]}").format(text)


@settings(max_examples=300, deadline=None)
@given(documents())
def test_what_is_read_is_read_as_feedparser_reads_it(text: str) -> None:
    plain, reference = both(text)
    if plain is not None:
        assert plain == reference
