"""JSON-LD as publishers really write it → one node that describes the article.

Seen in the wild: comments and CDATA around it, HTML-escaped quotes, raw line breaks inside strings, trailing
commas, several objects in one script, ``@graph``, lists, references by ``@id``, a type given as a list.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Node = dict[str, Any]

ARTICLE_TYPES = frozenset([
    "Article", "NewsArticle", "ReportageNewsArticle", "AnalysisNewsArticle", "OpinionNewsArticle",
    "BackgroundNewsArticle", "AskPublicNewsArticle", "ReviewNewsArticle", "AdvertiserContentArticle",
    "SatiricalArticle", "BlogPosting", "Blogposting", "LiveBlogPosting", "SocialMediaPosting", "Report",
    "TechArticle", "ScholarlyArticle", "Review", "newsarticle", "article",
])  # fmt: skip
# Properties that lead to *other* articles: what is found behind them is not this page's article.
_ELSEWHERE = frozenset([
    "itemListElement", "hasPart", "mentions", "relatedLink", "citation", "comment", "liveBlogUpdate",
    "isPartOf", "isBasedOn", "significantLink", "video", "associatedMedia", "breadcrumb", "about",
])  # fmt: skip
_WRAPPER = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)|"
                      r"(?:-->|//\s*\]\]>|\]\]>|/\*\s*\]\]>\s*\*/)\s*;?\s*$")  # fmt: skip
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_SALVAGE = re.compile(
    r'"(headline|datePublished|dateModified|dateCreated|articleSection|author|name)"\s*:\s*"((?:[^"\\\n]|\\.){1,500})"'
)
_PAGE_TYPES = frozenset({"WebPage", "ItemPage", "AboutPage", "CreativeWork"})
_TELLING = 6  # letters of a headline
_MAX_BLOCK = 2_000_000
_MAX_NODES = 5_000


@dataclass(frozen=True, slots=True)
class JsonLD:
    """All nodes with a type, the one that describes the page's article, and whether anything was broken."""

    nodes: tuple[Node, ...] = ()
    article: Node = field(default_factory=dict)
    by_id: dict[str, Node] = field(default_factory=dict)
    broken: int = 0  # blocks that could not be read as JSON

    def types(self) -> set[str]:
        """Types of all nodes."""
        return {name for node in self.nodes for name in types_of(node)}


def read_json_ld(blocks: Iterable[str], url: str, titles: Iterable[str] = ()) -> JsonLD:
    """Read all blocks of one page; never raises.

    ``titles`` of the page tell its own article from those that it lists.
    """
    found: list[tuple[Node, bool]] = []
    by_id: dict[str, Node] = {}
    broken = 0
    for block in blocks:
        values = _values(block[:_MAX_BLOCK])
        if values is None:
            broken += 1
            values = _salvaged(block[:_MAX_BLOCK])
        for node, here in _walk(values):
            _note_id(node, by_id)
            if types_of(node):
                found.append((node, here))
    article = _choose([node for node, here in found if here], url, titles)
    return JsonLD(tuple(node for node, _ in found), article, by_id, broken)


def types_of(node: Node) -> tuple[str, ...]:
    """The node's types without their vocabulary's address."""
    value = node.get("@type")
    names = value if isinstance(value, list) else [value]
    return tuple(name.rsplit("/", 1)[-1].removeprefix("schema:") for name in names if isinstance(name, str))


def text_of(value: object) -> str:
    """A property's plain text: its string, its ``name`` or ``@value``, or that of the first of a list."""
    for _ in range(4):
        if isinstance(value, list):
            value = next((item for item in value if item), None)
        elif isinstance(value, dict):
            value = value.get("@value") or value.get("name") or value.get("headline")
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return ""
    text = str(value).strip()
    return html.unescape(html.unescape(text)) if "&" in text else text


def url_of(value: object) -> str:
    """A property's address: the string, or ``url``, ``@id`` or ``contentUrl`` of the node."""
    for _ in range(4):
        if isinstance(value, list):
            value = next((item for item in value if item), None)
        elif isinstance(value, dict):
            value = value.get("url") or value.get("@id") or value.get("contentUrl")
    return value.strip() if isinstance(value, str) else ""


def _values(block: str) -> list[Any] | None:
    """All JSON values of a script, or ``None`` when it is broken beyond the known ways."""
    text = block.strip().lstrip("\ufeff")
    text = _WRAPPER.sub("", _WRAPPER.sub("", text)).strip().rstrip(";").strip()
    if not text:
        return []
    for repaired in _repairs(text):
        try:
            return _decoded(repaired)
        except (ValueError, RecursionError):
            continue
    return None


def _repairs(text: str) -> Iterator[str]:
    yield text
    if "&quot;" in text or "&#34;" in text:
        text = html.unescape(text)
        yield text
    yield _TRAILING_COMMA.sub(r"\1", text)
    yield _TRAILING_COMMA.sub(r"\1", re.sub(r"\\(?![\"\\/bfnrtu])", r"\\\\", text))


def _decoded(text: str) -> list[Any]:
    decoder = json.JSONDecoder(strict=False)
    values = []
    position = 0
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        values.append(value)
        while position < len(text) and text[position] in " \t\r\n,;":
            position += 1
    return values


def _salvaged(block: str) -> list[Any]:
    """The fields that can still be read off a broken block, first occurrence of each."""
    if not any(name in block for name in ("Article", "BlogPosting")):
        return []
    node: Node = {"@type": "Article"}
    for key, value in _SALVAGE.findall(block):
        if key == "name":
            continue
        try:
            node.setdefault(key, json.loads(f'"{value}"', strict=False))
        except ValueError:
            node.setdefault(key, value)
    author = re.search(r'"author"\s*:\s*\[?\s*\{[^{}]{0,300}?"name"\s*:\s*"([^"\\\n]{2,100})"', block)
    if author:
        node.setdefault("author", {"name": author[1]})
    return [node] if len(node) > 1 else []


def _walk(values: Iterable[Any]) -> Iterator[tuple[Node, bool]]:
    """Every object of the values; the flag says whether it can be this page's own article."""
    stack: list[tuple[Any, bool]] = [(value, True) for value in reversed(list(values))]
    seen = 0
    while stack and seen < _MAX_NODES:
        value, here = stack.pop()
        if isinstance(value, list):
            stack.extend((item, here) for item in reversed(value))
        elif isinstance(value, dict):
            seen += 1
            yield value, here
            stack.extend(
                (child, here and key not in _ELSEWHERE)
                for key, child in reversed(value.items())
                if isinstance(child, (dict, list))
            )


def _note_id(node: Node, by_id: dict[str, Node]) -> None:
    name = node.get("@id")
    if isinstance(name, str) and len(node) > len(by_id.get(name, ())):
        by_id[name] = node


def _choose(nodes: list[Node], url: str, titles: Iterable[str]) -> Node:
    """Among several article nodes the one that names the page's address or title, then the fullest.

    Where there is none, a page that says who wrote it and when stands for its article.
    """
    articles = [node for node in nodes if ARTICLE_TYPES.intersection(types_of(node))]
    if not articles:
        pages = (node for node in nodes if _PAGE_TYPES.intersection(types_of(node)))
        return next((node for node in pages if node.get("author") and node.get("datePublished")), {})
    if len(articles) == 1:
        return articles[0]
    bare, shown = _bare(url), [_squeezed(title) for title in titles]

    def rank(node: Node) -> tuple[bool, bool, int]:
        own = {_bare(url_of(node.get(key))) for key in ("url", "mainEntityOfPage", "@id")}
        headline = _squeezed(text_of(node.get("headline")))
        titled = len(headline) >= _TELLING and any(headline in title or title == headline for title in shown)
        return bare in own, titled, sum(key in node for key in ("headline", "datePublished", "author", "articleBody"))

    best = max(articles, key=rank)
    merged = dict(best)
    for other in articles:  # some pages describe one article twice, each time partly
        if other is not best and text_of(other.get("headline")) == text_of(best.get("headline")):
            for key, value in other.items():
                merged.setdefault(key, value)
    return merged


def _squeezed(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _bare(url: str) -> str:
    return re.sub(r"^https?://(www\.)?|[#?].*$|/$", "", url).rstrip("/").lower()
