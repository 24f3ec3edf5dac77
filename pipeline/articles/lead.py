"""The lead that stands apart from the body: extractors often take the body's container and leave it behind."""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from pipeline.articles.blocks import node_to_text
from pipeline.articles.head import Head, heading_text, is_aside
from pipeline.articles.jsonld import text_of
from pipeline.articles.titles import plain_words
from pipeline.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

_CANDIDATES = (
    "article p, main p, article h2, main h2, [class*=lead i], [class*=standfirst i], [class*=subtitle i], "
    "[class*=summary i], [class*=chapo i], [class*=intro i], [class*=deck i], [class*=dek i], [class*=desc i], "
    "[class*=spot i], [class*=sommario i], [class*=abstract i], [class*=ingress i], [itemprop=description]"
)
_MOST = 600  # elements that are looked at
_PIECE = 15  # characters of a description that are searched for
_SHORTEST, _LONGEST = 8, 90  # words of a lead
_MOST_BEHIND = 60  # elements behind the headline
_NEAR = 3  # ancestors of the headline in which its standfirst may stand
# Classes, parted by hyphens, that name the lead in templates of several languages, whatever the description says.
_STANDFIRST = re.compile(
    r"(?<![a-z])(?:stand-?first|chapo|chapeau|ingress|dek|deck|lede|sub-?title|sub-?head(?:line|ing)?|sub-?titulo|"
    r"sommario|catenaccio|entradilla|bajada|copete|perex|manchet|vorspann|anleser|underrubrik|preamble|"
    r"(?:article|story|hero|post|entry|news|page)-+(?:lead|intro|excerpt|summary|description))(?![a-z])"
)
_NO_STANDFIRST = re.compile(
    r"author|byline|bio|share|social|comment|related|teaser|video|caption|image|photo|media|credit|flyout|newsletter|"
    r"promo|sponsor|nav|menu|label|hidden|modal|popup|form"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|_")


def find_lead(head: Head, title: str, text: str, html: str = "") -> str:
    """A visible element that says what the page's description says, when the text does not have it; else "".

    Both signs are needed: a description alone may be written for search engines, an element alone may be a teaser
    of another article.  Where the page has no description, what stands between title and repeated title is the lead.
    Failing those, it is the element beside the headline that the template names as the lead.
    """
    described = [text_of(head.json_ld.article.get("description")), head.meta("og:description", "description")]
    if not any(described):
        repeated = html.count(title) >= 2 + head.title.count(title)
        found = _between_titles(head, plain_words(title), plain_words(text[:3000])) if title and repeated else ""
    else:
        found = _as_described(head, described, title, text, html)
    return found or _standfirst(head, title, text)


def _as_described(head: Head, described: list[str], title: str, text: str, html: str) -> str:
    wanted = {plain for value in described if _SHORTEST <= len((plain := plain_words(value)).split()) <= _LONGEST}
    have = plain_words(text[:3000]) if wanted else ""
    wanted = {plain for plain in wanted if plain[:60] not in have and plain != plain_words(title)}
    if not wanted or (html and not _shown(described, html)):
        return ""
    for node in head.tree.css(_CANDIDATES)[:_MOST]:
        shown = one_line(node.text(separator=" ")) if node.tag not in ("script", "meta") else ""
        if shown and len(shown) < 1000 and _same(plain_words(shown), wanted) and not is_aside(node):
            return shown
    return ""


def _shown(described: list[str], html: str) -> bool:
    """Whether a piece of a description stands in the page's body; most are for search engines alone."""
    body = max(0, html.find("<body"))
    places = ((value, at) for value in map(one_line, described) if value for at in (0, len(value) // 2, -_PIECE))
    return any(html.find(value[at:][:_PIECE], body) != -1 for value, at in places)


def _between_titles(head: Head, title: str, have: str) -> str:
    """The one paragraph between two lines that are the title."""
    body = head.tree.body
    if not title or body is None:
        return ""
    lines = node_to_text(body).split("\n")
    titled = [i for i, line in enumerate(lines) if len(line) <= 2 * len(title) + 20 and plain_words(line) == title]
    for first, second in pairwise(titled):
        between = lines[first + 1 : second]
        if len(between) == 1 and _SHORTEST <= len(between[0].split()) <= _LONGEST:
            return "" if plain_words(between[0])[:60] in have else between[0]
    return ""


def _same(shown: str, wanted: set[str]) -> bool:
    """The same words; a description may be cut at its end."""
    return any(
        shown == text or (len(text) >= 60 and shown.startswith(text) and len(shown) <= 2 * len(text)) for text in wanted
    )


def _standfirst(head: Head, title: str, text: str) -> str:
    """The first element behind the headline, and near it, whose class is a name of the lead."""
    for node in _behind_the_headline(head, plain_words(title)):
        if not _names_a_standfirst(node) or is_aside(node):
            continue
        shown = one_line(node.text(separator=" "))
        plain = plain_words(shown)
        if _SHORTEST <= len(plain.split()) <= _LONGEST and len(node.css("a")) <= 1:
            return "" if plain[:60] in plain_words(text[:3000]) else shown
    return ""


def _behind_the_headline(head: Head, title: str) -> Iterator[LexborNode]:
    headline = next((node for node in head.tree.css("h1") if title and plain_words(heading_text(node)) == title), None)
    parent = headline.parent if headline is not None else None
    for _ in range(_NEAR):
        if headline is None or parent is None or parent.tag in ("body", "main", "html"):
            return
        nodes = parent.css("h1, p[class], div[class], h2[class], h3[class], span[class]")
        behind = [i for i, node in enumerate(nodes) if node.mem_id == headline.mem_id]
        yield from islice(nodes, behind[0] + 1 if behind else len(nodes), _MOST_BEHIND)
        parent = parent.parent


def _names_a_standfirst(node: LexborNode) -> bool:
    name = _CAMEL.sub("-", node.attributes.get("class") or "").lower()
    return node.tag != "h1" and bool(_STANDFIRST.search(name)) and not _NO_STANDFIRST.search(name)
