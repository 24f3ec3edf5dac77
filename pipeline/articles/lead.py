"""The lead that stands apart from the body: extractors often take the body's container and leave it behind."""

from __future__ import annotations

from itertools import pairwise

from pipeline.articles.blocks import node_to_text
from pipeline.articles.head import Head, is_aside
from pipeline.articles.jsonld import text_of
from pipeline.articles.titles import plain_words
from pipeline.text import one_line

_CANDIDATES = (
    "article p, main p, article h2, main h2, [class*=lead i], [class*=standfirst i], [class*=subtitle i], "
    "[class*=summary i], [class*=chapo i], [class*=intro i], [class*=deck i], [class*=dek i], [class*=desc i], "
    "[class*=spot i], [class*=sommario i], [class*=abstract i], [class*=ingress i], [itemprop=description]"
)
_MOST = 60  # elements that are looked at
_SHORTEST, _LONGEST = 8, 90  # words of a lead


def find_lead(head: Head, title: str, text: str, html: str = "") -> str:
    """A visible element that says what the page's description says, when the text does not have it; else "".

    Both signs are needed: a description alone may be written for search engines, an element alone may be a teaser
    of another article.  Where the page has no description, what stands between title and repeated title is the lead.
    """
    described = [text_of(head.json_ld.article.get("description")), head.meta("og:description", "description")]
    if not any(described):
        repeated = html.count(title) >= 2 + head.title.count(title)
        return _between_titles(head, plain_words(title), plain_words(text[:3000])) if title and repeated else ""
    wanted = {plain for value in described if _SHORTEST <= len((plain := plain_words(value)).split()) <= _LONGEST}
    have = plain_words(text[:3000]) if wanted else ""
    wanted = {plain for plain in wanted if plain[:60] not in have and plain != plain_words(title)}
    if not wanted:
        return ""
    for node in head.tree.css(_CANDIDATES)[:_MOST]:
        shown = one_line(node.text(separator=" ")) if node.tag not in ("script", "meta") else ""
        if shown and len(shown) < 1000 and _same(plain_words(shown), wanted) and not is_aside(node):
            return shown
    return ""


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
