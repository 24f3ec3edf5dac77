"""One pass over the page with selectolax: everything the metadata is read from."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from pipeline.articles.jsonld import JsonLD, read_json_ld
from pipeline.text import one_line

_WANTED = (
    "meta[content], link[rel][href], script[type*='ld+json' i], script[type*='ld json' i], title, h1, time, "
    "html[lang], [itemprop], [rel~=author], a[rel=next], [property*='date' i][content], [property$=':author'], "
    "abbr[title][class*=publish], abbr[title][class*=date]"
)
_MOST_HEADINGS = 20
_PAGE_NAME = re.compile(r"(?:index)?\.(?:html?|php|aspx?)$", re.IGNORECASE)
_NEAR = 3  # ancestors of a headline in which its time may stand
_LABEL_BEFORE = 30  # characters before a time that may say what it is
# Furniture inside a heading that is no part of the headline.
_LABELS = (
    "[class*=kicker], [class*=eyebrow], [class*=overline], [class*=badge], [class*=sr-only], [class*=visually], "
    "[class*=screen-reader], [class*=topline], [class*=spitzmarke], [class*=dachzeile], [class*=roofline], "
    "[class*=label], [class*=surtitle], [aria-hidden=true], script, style, svg, button"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_BREAKS = frozenset({"br", "div", "p", "span", "h1", "h2", "h3", "strong", "small"})
_ASIDE = frozenset({"aside", "nav", "footer", "blockquote"})  # what is quoted, such as a tweet, has its own time
_SIDE_CLASS = re.compile(
    r"related|(?<!with-)(?<!has-)(?<!no-)sidebar(?!-?layout)|teaser|recommend|most-?read|comment|trending|promo|latest|"
    r"(?<![\w-])aside(?![\w-])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Heading:
    """An ``h1``: its whole text, the text without kickers and labels, that of its first and of its last element."""

    full: str
    text: str
    in_article: bool
    first: str = ""
    last: str = ""
    leads_home: bool = False  # a link to the front page or to a directory above: the site's name


@dataclass(frozen=True, slots=True)
class TimeMark:
    """A ``<time>`` or an element with ``itemprop=date…``; ``hint`` is its itemprop, class and the words before it."""

    value: str
    hint: str
    node: LexborNode

    @property
    def pubdate(self) -> bool:
        """Marked as the time of publication (HTML5's ``pubdate``), whatever its class says (hAtom's ``updated``)."""
        return "pubdate" in self.node.attributes

    @property
    def aside(self) -> bool:
        """In a side bar, a teaser or a comment: of another article."""
        return _inside_a_teaser(self.node) or is_aside(self.node)

    @property
    def in_article(self) -> bool:
        """In the element that holds the article."""
        return _inside(self.node, "article", "main")


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says about itself."""

    tree: LexborHTMLParser
    json_ld: JsonLD
    metas: dict[str, list[str]] = field(default_factory=dict)  # lower-case name, property or itemprop
    links: dict[str, list[str]] = field(default_factory=dict)  # rel → hrefs
    title: str = ""  # of the <title> element
    headings: tuple[Heading, ...] = ()
    times: tuple[TimeMark, ...] = ()
    bylines: tuple[str, ...] = ()  # rel=author, itemprop=author
    lang: str = ""

    def meta(self, *names: str) -> str:
        """The first value that is not empty, in order of the names."""
        for name in names:
            for value in self.metas.get(name, ()):
                if value:
                    return value
        return ""

    def link(self, rel: str) -> str:
        """The first address of that relation."""
        return next(iter(self.links.get(rel, ())), "")


def read_head(html: str, url: str) -> Head:
    """Parse the page and collect what the metadata is read from."""
    tree = LexborHTMLParser(html)
    blocks: list[str] = []
    metas: dict[str, list[str]] = {}
    links: dict[str, list[str]] = {}
    headings: list[Heading] = []
    times: list[TimeMark] = []
    bylines: list[str] = []
    title = lang = ""
    for node in tree.css(_WANTED):
        tag = node.tag
        if tag == "meta":
            _add_meta(node, metas)
        elif tag == "script":
            blocks.append(node.text())
        elif tag == "link":
            _add_link(node, links)
        elif tag == "title":
            title = title or one_line(node.text())
        elif tag == "html":
            lang = (node.attributes.get("lang") or "").strip()
        elif tag == "h1" and len(headings) < _MOST_HEADINGS:
            headings.append(_heading(node, url))
        elif tag != "h1":
            _add_marked(node, times, bylines, links)
    titles = (title, *metas.get("og:title", ()), *(heading.full for heading in headings))
    return Head(
        tree, read_json_ld(blocks, url, titles), metas, links, title, tuple(h for h in headings if h.full),
        tuple(times), tuple(bylines), lang,
    )  # fmt: skip


def heading_text(node: LexborNode) -> str:
    """Text of a heading on one line: blanks where elements meet, none inside a word that is partly marked."""
    parts: list[str] = []
    for child in node.traverse(include_text=True):
        if child.tag == "-text":
            parts.append(child.text_content or "")
        elif child.tag in _BREAKS and parts and parts[-1][-1:].strip():
            parts.append("\x00")
    text = _INVISIBLE.sub("", "".join(parts))
    if "&" in text:
        text = entities.unescape(text)
    text = re.sub("(?<=[\\w.!?:,»”\"'])\x00(?=[\\w«“\"'])", " ", text).replace("\x00", "")
    return one_line(text)


def _add_meta(node: LexborNode, metas: dict[str, list[str]]) -> None:
    given = node.attributes
    content = (given.get("content") or "").strip()
    if not content:
        return
    if "&" in content:
        content = entities.unescape(content)
    names = {(given.get(key) or "").strip().lower() for key in ("property", "name", "itemprop")}
    for name in names - {""}:
        metas.setdefault(name, []).append(content)


def _add_link(node: LexborNode, links: dict[str, list[str]]) -> None:
    given = node.attributes
    href = (given.get("href") or "").strip()
    for rel in (given.get("rel") or "").lower().split():
        if href and rel in ("canonical", "amphtml", "next", "alternate", "syndication-source", "original-source"):
            if rel == "alternate" and "print" not in (given.get("media") or ""):
                continue
            links.setdefault("print" if rel == "alternate" else rel, []).append(href)


def _heading(node: LexborNode, url: str) -> Heading:
    full = heading_text(node)
    labels = node.css(_LABELS) if node.first_child is not None else []
    text = full
    for label in labels:
        words = heading_text(label)
        if words and label != node and len(words) < len(full):
            text = one_line(text.replace(words, " ", 1))
    links = node.css("a[href]")
    for way_home in links:
        words = heading_text(way_home)
        if words and len(words) < len(full) and _leads_up(way_home.attributes.get("href") or "", url):
            text = one_line(text.replace(words, " ", 1))
    link = links[0] if links else _link_around(node)
    home = link is not None and full in heading_text(link) and _leads_up(link.attributes.get("href") or "", url)
    parts = [part for part in map(heading_text, node.css("span, small, strong, em, a, div")) if part]
    first, last = (parts[0], parts[-1]) if parts else ("", "")
    return Heading(full, text or full, _inside(node, "article", "main"), first, last, home)


def _link_around(node: LexborNode) -> LexborNode | None:
    parent = node.parent
    return parent if parent is not None and parent.tag == "a" and parent.attributes.get("href") else None


def _leads_up(href: str, url: str) -> bool:
    """Whether the address is the front page, or a directory above the page."""
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, href))
    except ValueError:
        return False
    above = _PAGE_NAME.sub("", there.path).rstrip("/") + "/"
    return there.netloc == here.netloc and here.path != there.path and here.path.startswith(above)


def _add_marked(node: LexborNode, times: list[TimeMark], bylines: list[str], links: dict[str, list[str]]) -> None:
    given = node.attributes
    prop = (given.get("itemprop") or given.get("property") or "").rpartition(":")[2].strip()
    if node.tag in ("time", "abbr") or prop.startswith(("date", "created")):
        said = given.get("datetime") or given.get("content") or (given.get("title") if node.tag == "abbr" else "")
        value = (said or "").strip() or one_line(node.text())
        if value:
            times.append(TimeMark(value[:80], _hint(node, prop), node))
    elif "author" in (given.get("rel") or "").split() or prop == "author":
        inner = node.css_first("[itemprop=name]") or node
        text = (inner.attributes.get("content") or "").strip() or one_line(inner.text(separator=" "))
        if text and len(text) < 200 and not is_aside(node):
            bylines.append(text)
    elif given.get("rel") == "next" and given.get("href"):
        links.setdefault("next", []).append(str(given["href"]).strip())


def _hint(node: LexborNode, prop: str) -> str:
    """What tells a time of publication from one of change: markup, the element's own words, those before it."""
    given = node.attributes
    before = node.prev
    label = (before.text() if before is not None and before.tag != "time" else "")[-_LABEL_BEFORE:]
    pubdate = "pubdate" if "pubdate" in given else ""
    return f"{prop} {pubdate} {given.get('class') or ''} {label} {node.text()[:_LABEL_BEFORE]}"


def _inside(node: LexborNode, *tags: str) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.tag in tags:
            return True
        parent = parent.parent
    return False


def _inside_a_teaser(node: LexborNode) -> bool:
    """In a link that says more than the time: one to another article, no permalink."""
    parent = node.parent
    while parent is not None and parent.tag != "body":
        if parent.tag == "a":
            return len(one_line(parent.text())) > len(one_line(node.text())) + _LABEL_BEFORE
        parent = parent.parent
    return False


def elements_beside_headings(head: Head, selector: str) -> Iterator[LexborNode]:
    """Elements of the selector that share a near ancestor with an ``h1`` that is not the site's name."""
    homes = {heading.full for heading in head.headings if heading.leads_home}
    for node in head.tree.css("h1")[:_MOST_HEADINGS]:
        if heading_text(node) in homes:
            continue
        parent = node.parent
        for _ in range(_NEAR):
            if parent is None or parent.tag in ("body", "main", "html"):
                break
            if found := parent.css(selector):
                yield from found
                break
            parent = parent.parent


def is_aside(node: LexborNode) -> bool:
    """Whether the element stands in a side bar, a teaser list, a quotation, the comments or the page's frame.

    What holds the headline is no side bar, even if its class speaks of a layout with one.
    """
    parent = node.parent
    steps = 0
    while parent is not None and parent.tag != "body" and steps < 40:
        steps += 1
        if parent.tag in _ASIDE:
            return True
        if parent.tag != "html":
            given = parent.attributes
            marks = f"{given.get('class') or ''} {given.get('id') or ''}" if given else ""
            side = _SIDE_CLASS.search(marks) if len(marks) < 400 else None
            if side and not (side.group().lower() == "sidebar" and parent.css_first("h1") is not None):
                return True
        parent = parent.parent
    return False
