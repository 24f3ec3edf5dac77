"""Signs that an article comes from somewhere else, kept as data: which copy was first is decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipeline.articles.agencies import credited_agencies, dateline_agencies
from pipeline.articles.head import Head
from pipeline.articles.jsonld import text_of, types_of, url_of
from pipeline.model import OriginKind, OriginSign
from pipeline.urls import same_site

_FIRST_APPEARED = re.compile(
    r"(?:(?:first|originally)\s+(?:appeared|published|posted|ran)|was\s+first\s+published|republished\s+from|"
    r"zuerst\s+(?:erschienen|veröffentlicht)|erschien\s+zuerst|publié\s+(?:initialement|à\s+l['’]origine)|"
    r"publicado\s+originalmente|publicado\s+por\s+primera\s+vez|pubblicato\s+originariamente|"
    r"oorspronkelijk\s+(?:verschenen|gepubliceerd))\s+"
    r"(?:on|in|at|by|from|bei|auf|im|dans|sur|par|en|su|da|em|op|door)?\s*(?:the\s+website\s+of\s+)?(?P<where>[^\n.;!?]{2,80})",
    re.IGNORECASE,
)
_HINT = re.compile("appeared|publish|posted|ran |erschien|veröffentlicht|publi|verschenen|gepubliceerd")
_TAIL = 900


def find_origins(
    head: Head, url: str, canonical: str | None, text: str, agencies: Iterable[str], dropped: Iterable[str] = ()
) -> tuple[OriginSign, ...]:
    """All signs, each once, in the order of ``OriginKind``.

    ``agencies`` are those of the byline, ``dropped`` the lines that were no part of the text, such as a copyright.
    """
    signs = [
        *_cross_site(canonical, url),
        *(OriginSign(OriginKind.AGENCY_BYLINE, name) for name in agencies),
        *(OriginSign(OriginKind.AGENCY_DATELINE, name) for name in dateline_agencies(text)),
        *(OriginSign(OriginKind.AGENCY_CREDIT, name) for name in credited_agencies(text)),
        *(OriginSign(OriginKind.AGENCY_CREDIT, name) for name in credited_agencies("\n".join(dropped))),
        *_markup_signs(head, url),
        *_first_appeared(text),
    ]
    return tuple(dict.fromkeys(signs))


def _cross_site(canonical: str | None, url: str) -> Iterator[OriginSign]:
    if canonical and not same_site(canonical, url):
        yield OriginSign(OriginKind.CANONICAL, canonical)


def _markup_signs(head: Head, url: str) -> Iterator[OriginSign]:
    article = head.json_ld.article
    based_on = article.get("isBasedOn") or article.get("isBasedOnUrl")
    for value in based_on if isinstance(based_on, list) else [based_on]:
        if (where := url_of(value) or text_of(value)) and not where.startswith("#"):
            yield OriginSign(OriginKind.IS_BASED_ON, where)
    organisation = article.get("sourceOrganization")
    own = text_of(article.get("publisher")).casefold()
    if isinstance(organisation, (str, list, dict)) and (name := text_of(organisation)) and name.casefold() != own:
        yield OriginSign(OriginKind.SOURCE_ORGANIZATION, name)
    for kind, name in (
        (OriginKind.SYNDICATION_SOURCE, "syndication-source"),
        (OriginKind.ORIGINAL_SOURCE, "original-source"),
    ):
        where = head.meta(name) or head.link(name)
        if where and where.rstrip("/") != url.rstrip("/"):
            yield OriginSign(kind, where)


def _first_appeared(text: str) -> Iterator[OriginSign]:
    """Looked for in the first and last lines: in the middle it tells of something else."""
    for part in (text[:300], text[-_TAIL:]) if len(text) > _TAIL else (text,):
        for match in _FIRST_APPEARED.finditer(part) if _HINT.search(part) else ():
            where = match["where"].strip(" \"“”'’:,()[]")
            if where[:1].isupper() or "." in where or not where[:1].isascii():
                yield OriginSign(OriginKind.FIRST_APPEARED, where)


def publisher_names(head: Head) -> tuple[str, ...]:
    """Names by which the page's site calls itself, the best first."""
    article = head.json_ld.article
    names = [head.meta("og:site_name"), text_of(article.get("publisher")), head.meta("application-name")]
    names += [
        text_of(node.get("name"))
        for node in head.json_ld.nodes
        if {"WebSite", "NewsMediaOrganization"} & set(types_of(node))
    ]
    names += [head.meta("apple-mobile-web-app-title", "cre", "dc.publisher", "dcterms.publisher")]
    names += [head.meta("twitter:site").lstrip("@")]
    short = [name for name in names if name and len(name) <= 60 and not name.startswith("http")]
    return tuple(dict.fromkeys(short))
