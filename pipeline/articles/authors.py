"""Who wrote it: where a page names its writers, and which of those places is believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from selectolax.lexbor import LexborNode

from pipeline.articles.agencies import agency_of
from pipeline.articles.bylines import Credits, clean_authors, is_plain_name
from pipeline.articles.head import Head, is_aside
from pipeline.articles.jsonld import Node, types_of
from pipeline.text import one_line

AUTHOR_METAS = (
    "author", "byl", "parsely-author", "sailthru.author", "article:author", "og:article:author", "article:author_name",
    "dc.creator", "dcterms.creator", "dc.creator.name", "cxenseparse:author", "citation_author", "vr:author",
    "og:author", "rnews:author", "authors", "creator", "twitter:creator:name", "bt:author",
    "articleauthor", "article-author", "mrf:authors",
)  # fmt: skip

_MAX_AUTHORS = 20
_ORGANISATION = re.compile(
    r"organi[sz]ation|corporation|company|brand|website|newspaper|periodical|publication|business|imageobject|school",
    re.IGNORECASE,
)


def find_authors(head: Head, outlet_names: Iterable[str]) -> Credits:
    """JSON-LD, then meta elements, then marked bylines; the first that names a person.

    An organisation that is no agency is the outlet or one of its desks, and no author.
    """
    names = tuple(outlet_names)
    agencies: list[str] = []
    for how, values in _sources(head):
        credit = clean_authors(values, names, strict=how == "byline")
        agencies += credit.agencies
        if credit.authors:
            return Credits(credit.authors, tuple(dict.fromkeys(agencies)), how)
    return Credits((), tuple(dict.fromkeys(agencies)))


def _sources(head: Head) -> Iterator[tuple[str, list[str]]]:
    article = head.json_ld.article
    for key in ("author", "creator", "contributor"):
        yield f"JSON-LD {key}", list(_json_ld_names(article.get(key), head.json_ld.by_id))
    for name in AUTHOR_METAS:
        yield f"meta {name}", head.metas.get(name, [])
    for number in (1, 2):
        if head.meta(f"twitter:label{number}").lower().rstrip(":") in _WRITTEN_BY:
            yield f"meta twitter:data{number}", [head.meta(f"twitter:data{number}")]
    yield "marked byline", list(head.bylines)
    yield "byline", byline_texts(head)
    yield "JSON-LD organisation", list(_named_like_people(article.get("author")))


def byline_texts(head: Head) -> list[str]:
    """Texts of the first element that by its class, or by where its links lead, is the byline."""
    for selector in _BYLINES:
        for node in head.tree.css(selector)[:8]:
            text = one_line(node.text(separator=" "))
            if not 4 <= len(text) <= 150 or is_aside(node) or not any(c.isalpha() for c in text):
                continue
            links = [one_line(link.text(separator=" ")) for link in node.css("a")] if node.tag != "a" else []
            links = [link for link in links if link]
            if node.tag == "a" and node.parent is not None:
                links = [one_line(peer.text(separator=" ")) for peer in node.parent.css("a[href*='/aut']")]
            return links or [text, *_peers(node, selector)]
    return []


def _peers(node: LexborNode, selector: str) -> Iterator[str]:
    """Texts of the elements beside it that are bylines too: each writer may have one."""
    container = node.parent
    if container is not None and container.parent is not None and container.parent.tag not in ("body", "main", "html"):
        container = container.parent
    for peer in container.css(selector)[:_MAX_AUTHORS] if container is not None else ():
        if peer.tag == node.tag and peer.attributes.get("class") == node.attributes.get("class"):
            yield one_line(peer.text(separator=" "))


_BYLINES = (
    "[class*=byline i] [class*=name i], [class*=author-name i], [class*=author__name i], [class*=authorName]",
    "a[href*='/author/'], a[href*='/authors/'], a[href*='/autor/'], a[href*='/autoren/'], a[href*='/auteur/'], "
    "a[href*='/autore/']",
    "[class*=byline i], [data-testid*=byline i], [class~=author], "
    "[class*=article-author i], [class*=article__author i]",
    "[class*=autor i], [class*=auteur i], [class~=autore], [class*=signature i], [class~=firma], [class~=writer], "
    "[class~=reporter], [class~=journalist], [class~=redactor], [class*=skribent i], [class*=forfatter i], "
    "[class*=verfasser i], [class*=penulis i], [class*=yazar i], [class*=redakteur i]",
)
_WRITTEN_BY = frozenset(
    {"written by", "by", "author", "verfasst von", "geschrieben von", "écrit par", "escrito por", "scritto da",
     "geschreven door", "skriven av", "skrevet av", "auteur", "autor", "написано автором", "autore"}
)  # fmt: skip


def _json_ld_names(value: object, by_id: dict[str, Node], depth: int = 0) -> Iterator[str]:
    if depth > 4:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value[:_MAX_AUTHORS]:
            yield from _json_ld_names(item, by_id, depth + 1)
    elif isinstance(value, dict):
        name = value.get("name")
        if not name and isinstance(value.get("@id"), str):
            value = by_id.get(value["@id"], value)
            name = value.get("name")
        if not name:
            name = " ".join(str(value.get(k) or "") for k in ("givenName", "familyName")).strip() or None
        if _is_organisation(value) and not agency_of(str(name)):
            return  # the outlet or a desk
        yield from _json_ld_names(
            name or value.get("@value") or value.get("@list") or value.get("author"), by_id, depth + 1
        )


def _is_organisation(node: Node) -> bool:
    """By its type; what else may have a name and write is a person: "Author", "Physician", "person"."""
    return any(_ORGANISATION.search(name) for name in types_of(node))


def _named_like_people(value: object) -> Iterator[str]:
    """Organisations that are none: some templates call every writer one."""
    for item in value[:_MAX_AUTHORS] if isinstance(value, list) else [value]:
        name = item.get("name") if isinstance(item, dict) and _is_organisation(item) else None
        if isinstance(name, str) and is_plain_name(name):
            yield name
