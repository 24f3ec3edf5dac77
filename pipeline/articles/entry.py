"""The feed entry's own text: competitor of the page's, and stand-in where the page cannot be had."""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.articles.blocks import html_to_text
from pipeline.articles.bylines import clean_authors
from pipeline.articles.kinds import count_words
from pipeline.articles.language import language_of
from pipeline.articles.residue import without_residue
from pipeline.articles.settings import ExtractSettings
from pipeline.errors import PageRejected
from pipeline.model import Article, Entry, Reason, TextSource
from pipeline.text import one_line
from pipeline.urls import canonical_url

_CUT = re.compile(
    r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\[&hellip;\]|(?:continue reading|read more|weiterlesen|lire la suite|leer más|"
    r"leggi tutto|lees meer|читать далее)\W*)\s*$",
    re.IGNORECASE,
)
_FEED_FOOTER = re.compile(r"^The post .{1,300} (?:first )?appeared (?:first )?on .{1,100}$", re.IGNORECASE)
_FULLER = 1.15  # the entry must be worth this much more than the page to replace it


def entry_text(entry: Entry) -> tuple[str, TextSource]:
    """The fuller of content and summary as plain text, and which one it is."""
    content = _clean(html_to_text(entry.content), entry.title)
    summary = _clean(html_to_text(entry.summary), entry.title)
    if count_words(content) >= count_words(summary) and content:
        return content, TextSource.CONTENT
    return summary, TextSource.SUMMARY


def entry_article(entry: Entry, url: str | None = None, settings: ExtractSettings | None = None) -> Article:
    """An article from the entry alone, for a page that cannot be had.

    Raises ``PageRejected`` (``NO_TEXT``) where the entry has fewer words than ``settings.min_words``.
    """
    text, source = entry_text(entry)
    needed = (settings or ExtractSettings()).min_words
    if count_words(text) < needed:
        raise PageRejected(Reason.NO_TEXT, f"the entry itself has {count_words(text)} words, needed are {needed}")
    address = url or entry.url or entry.link or ""
    credit = clean_authors(entry.authors)
    return Article(
        url=canonical_url(address).url if address else "",
        title=one_line(entry.title),
        text=text,
        published=entry.published,
        modified=entry.updated,
        authors=credit.authors,
        agencies=credit.agencies,
        language=language_of(text),
        source=source,
        notes=("the page could not be had; this is the entry's own text",),
    )


def better_of(article: Article, entry: Entry) -> tuple[Article, str]:
    """``article`` with the fuller, cleaner text, completed from the entry; and the choice in words."""
    text, source = entry_text(entry)
    article = _completed(article, entry)
    page_worth, entry_worth = worth(article.text), worth(text)
    why = f"page {page_worth:.0f}, entry's {source} {entry_worth:.0f}"
    if _CUT.search(text) or entry_worth <= _FULLER * page_worth:
        return article, f"{why}: the page's text"
    return replace(article, text=text, source=source, language=language_of(text)), f"{why}: the entry's text"


def worth(text: str) -> float:
    """Words in lines that read like prose, each other word counting against it by a half."""
    prose = other = 0
    for line in text.split("\n"):
        words = count_words(line)
        if words >= 8 or line.rstrip().endswith((".", "!", "?", "。", "”", '"', "»")):
            prose += words
        else:
            other += words
    return prose - other / 2


def _completed(article: Article, entry: Entry) -> Article:
    """What the page does not say, as the feed says it."""
    published, day_only = article.published, article.published_day_only
    if entry.published is not None and (
        published is None or (day_only and abs((entry.published - published).total_seconds()) < 36 * 3600)
    ):
        published, day_only = entry.published, False
    return replace(
        article,
        title=article.title or one_line(entry.title),
        published=published,
        published_day_only=day_only,
        modified=article.modified or entry.updated,
        authors=article.authors or (() if article.agencies else clean_authors(entry.authors).authors),
    )


def _clean(text: str, title: str) -> str:
    lines = [line for line in text.split("\n") if not _FEED_FOOTER.match(line)]
    return without_residue("\n".join(lines), [title]).text
