"""The bundled outlets as data: what each publishes, when, and in which round of the demo.

An outlet is one TOML file (facts, feeds, articles) and one HTML template (its page design) in
``outlets/``; prose lies in ``texts/``, paragraphs parted by an empty line.  Reprints, abridged copies and
updates are put together from ranges of those paragraphs, so that the relation between two
articles can be read off the TOML.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from enum import StrEnum
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from importlib.resources.abc import Traversable

FIRST, SECOND = 1, 2  # the two stages of the demo

# In the order in which the demo lists them; the wire agency comes first because the others quote it.
OUTLETS = ("meridian", "harbour", "tribune", "courier", "ledger", "elbbote", "faro", "lantern")


class PageKind(StrEnum):
    """What the server has at an article's address."""

    ARTICLE = "article"
    MISSING = "missing"  # 404
    SCRIPT = "script"  # an HTML page that is only furniture and a script
    PDF = "pdf"


class FeedFormat(StrEnum):
    """What the server has at a feed's address."""

    RSS = "rss"  # RSS 2.0
    RSS091 = "rss091"  # no GUIDs, no dates
    RDF = "rdf"  # RSS 1.0
    ATOM = "atom"
    JSON = "json"  # JSON Feed 1.1
    HTML = "html"  # the home page: not a feed at all
    MISSING = "missing"  # 404


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """One article of one outlet; ``paragraphs`` are its prose exactly as a reader sees it."""

    id: str  # "outlet/name"
    path: str
    title: str
    summary: str  # of the feed entry; "" where the feed gives none
    paragraphs: tuple[str, ...]
    age: timedelta  # before the start of its stage
    byline: str = ""
    section: str = ""
    source: str = ""  # organisation the text comes from, where the page's metadata names it
    page: PageKind = PageKind.ARTICLE
    stage: int = FIRST  # the first stage in which it is published
    edited: bool = False  # changed after publication

    @property
    def text(self) -> str:
        """The prose, one paragraph a line."""
        return "\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class OddEntry:
    """A feed entry without a page of its own: a repetition, or one that leads nowhere."""

    id: str  # "outlet/name"
    of: str | None  # id of the article that it repeats
    title: str
    guid: str
    query: str = ""  # appended to the article's address
    scheme: str = "http"


@dataclass(frozen=True, slots=True)
class DemoFeed:
    """One feed document of an outlet; ``articles`` None means all of them."""

    path: str
    format: FeedFormat
    articles: tuple[str, ...] | None = None
    odd: tuple[OddEntry, ...] = ()
    full_content: bool = False  # carries whole articles beside the summaries


@dataclass(frozen=True, slots=True)
class Outlet:
    """One fictional outlet at one stage of the demo."""

    slug: str
    name: str
    language: str  # BCP 47
    country: str  # ISO 3166-1 alpha-2
    tagline: str
    zone: timezone
    date_format: str  # strftime, for the visible date
    paragraph: str  # "p" or "br": how the design parts paragraphs
    json_ld: str  # "plain", "graph", "list" or "none"
    charset: str  # of its pages; feeds are UTF-8
    disallow: tuple[str, ...]  # robots.txt
    feeds: tuple[DemoFeed, ...]
    articles: tuple[DemoArticle, ...]
    template: str  # string.Template of an article page


@dataclass(frozen=True, slots=True)
class Clock:
    """When the demo began and when its present stage did; both aware."""

    start: datetime
    stage_start: datetime

    def published(self, article: DemoArticle) -> datetime:
        """Publication time: a fixed distance before the stage in which the article appeared."""
        return (self.start if article.stage == FIRST else self.stage_start) - article.age

    def updated(self, article: DemoArticle) -> datetime:
        """Time of the last change."""
        return self.stage_start if article.edited else self.published(article)


def load_world(stage: int = FIRST) -> tuple[Outlet, ...]:
    """All outlets as they are at ``stage`` (1 or 2); raises ``ValueError`` for another stage."""
    if stage not in (FIRST, SECOND):
        raise ValueError(f"stage {stage}: the demo has the stages {FIRST} and {SECOND}")
    return tuple(_outlet(slug, stage) for slug in OUTLETS)


def _data(*parts: str) -> Traversable:
    return files("pipeline.demo").joinpath(*parts)


def _outlet(slug: str, stage: int) -> Outlet:
    facts = tomllib.loads(_data("outlets", f"{slug}.toml").read_text("utf-8"))
    articles = tuple(map(partial(_article, slug, stage), facts["articles"]))
    return Outlet(
        slug=slug,
        name=facts["name"],
        language=facts["language"],
        country=facts["country"],
        tagline=facts["tagline"],
        zone=timezone(timedelta(hours=facts["utc_offset"])),
        date_format=facts["date_format"],
        paragraph=facts.get("paragraph", "p"),
        json_ld=facts.get("json_ld", "none"),
        charset=facts.get("charset", "utf-8"),
        disallow=tuple(facts.get("disallow", ())),
        feeds=tuple(map(partial(_feed, slug), facts["feeds"])),
        articles=tuple(article for article in articles if article.stage <= stage),
        template=_data("outlets", f"{slug}.html").read_text("utf-8"),
    )


def _feed(slug: str, facts: dict[str, Any]) -> DemoFeed:
    odd = (
        OddEntry(
            id=f"{slug}/{entry['id']}",
            of=f"{slug}/{entry['of']}" if "of" in entry else None,
            title=entry.get("title", ""),
            guid=entry["guid"],
            query=entry.get("query", ""),
            scheme=entry.get("scheme", "http"),
        )
        for entry in facts.get("odd", ())
    )
    return DemoFeed(
        path=facts["path"],
        format=FeedFormat(facts["format"]),
        articles=tuple(f"{slug}/{name}" for name in facts["articles"]) if "articles" in facts else None,
        odd=tuple(odd),
        full_content=facts.get("full_content", False),
    )


def _article(slug: str, stage: int, facts: dict[str, Any]) -> DemoArticle:
    paragraphs = [text for part in facts.get("parts", ()) for text in _paragraphs(part)]
    paragraphs = _edited(paragraphs, facts.get("edits", ()))
    if paragraphs and "dateline" in facts:
        paragraphs[0] = f"{facts['dateline']} {paragraphs[0]}"
    article = DemoArticle(
        id=f"{slug}/{facts['id']}",
        path=facts["path"],
        title=facts["title"],
        summary=facts.get("summary", ""),
        paragraphs=(*facts.get("before", ()), *paragraphs, *facts.get("after", ())),
        age=timedelta(minutes=facts["age_minutes"]),
        byline=facts.get("byline", ""),
        section=facts.get("section", ""),
        source=facts.get("source", ""),
        page=PageKind(facts.get("page", "article")),
        stage=facts.get("stage", FIRST),
    )
    changes = facts.get("second_stage_edits", ())
    if stage < SECOND or not changes:
        return article
    return replace(
        article,
        summary=_edited([article.summary], changes, everywhere=False)[0],
        paragraphs=tuple(_edited(article.paragraphs, changes)),
        edited=True,
    )


def _paragraphs(part: str) -> list[str]:
    """The paragraphs of ``"ferry"`` (all), ``"ferry:2"`` (the second) or ``"ferry:1-4"``."""
    name, _, span = part.partition(":")
    paragraphs = [p.strip() for p in _data("texts", f"{name}.txt").read_text("utf-8").split("\n\n")]
    if not span:
        return paragraphs
    first, _, last = span.partition("-")
    return paragraphs[int(first) - 1 : int(last or first)]


def _edited(paragraphs: Sequence[str], edits: Sequence[Sequence[str]], *, everywhere: bool = True) -> list[str]:
    """``paragraphs`` with each ``[old, new]`` applied; an edit that fits nowhere is an error in the data."""
    result = list(paragraphs)
    for old, new in edits:
        if everywhere and not any(old in paragraph for paragraph in result):
            raise ValueError(f"the edit of {old!r} fits no paragraph")
        result = [paragraph.replace(old, new) for paragraph in result]
    return result
