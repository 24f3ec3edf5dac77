"""Body extractors.  Each is one function ``(page) -> str``: the plain text it finds, or "".

Settings name them as ``module:function`` and they are tried in order; another package may bring its own.
An extractor sees what was found before it (``page.text``) and returns "" to leave that as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any

from pipeline.articles.blocks import html_to_text
from pipeline.articles.head import Head
from pipeline.articles.jsonld import text_of
from pipeline.articles.kinds import count_words

_MISSED = 0.6  # JSON-LD speaks only where the page's text has less than this share of its words
_TOO_LITTLE = 40  # words under which the next algorithm is asked


@dataclass(frozen=True, slots=True)
class PageInput:
    """What an extractor may use; ``parsed`` keeps trees that several extractors share."""

    html: str
    url: str
    head: Head
    fast: bool = False
    text: str = ""  # what an earlier extractor found
    parsed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Body:
    """``text`` and the extractor that won; ``tried`` has a line for each, for people."""

    text: str
    extractor: str
    tried: tuple[str, ...]


Extractor = Callable[[PageInput], str]


def find_body(page: PageInput, names: tuple[str, ...]) -> Body:
    """Try the extractors in order."""
    winner = ""
    tried: list[str] = []
    for name in names:
        text = _load(name)(page)
        short = name.rsplit(":", 1)[-1]
        if not text.strip():
            tried.append(f"{short}: nothing to add" if page.text else f"{short}: nothing")
            continue
        tried.append(f"{short}: {count_words(text)} words")
        winner = short
        page = replace(page, text=text)
    return Body(page.text, winner, tuple(tried))


def trafilatura_body(page: PageInput) -> str:
    """Trafilatura's body, without comments."""
    if page.text:
        return ""
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs every page without text as an error
    document = trafilatura.bare_extraction(
        _without_layout_tables(page), url=page.url, with_metadata=False, include_comments=False, fast=page.fast
    )
    return str(getattr(document, "text", None) or "")


def _without_layout_tables(page: PageInput) -> Any:
    """The markup, or a tree whose layout tables are plain blocks: else their cells come out as rows of data."""
    if page.head.tree.css_first("table table, td > p + p, td > br + br") is None:
        return page.html
    from trafilatura.utils import load_html

    tree = load_html(page.html)
    for table in () if tree is None else list(tree.iter("table")):
        if table.find(".//table") is not None or any(_is_column(cell) for cell in table.iter("td")):
            for part in [table, *table.xpath("./tbody|./tr|./tbody/tr|./tr/td|./tbody/tr/td|./tr/th|./tbody/tr/th")]:
                part.tag = "p" if part.tag == "td" and not _has_blocks(part) else "div"
    return page.html if tree is None else tree


def _has_blocks(cell: Any) -> bool:
    return any(child.tag in ("p", "div", "table", "br", "ul", "form") for child in cell.iter() if child is not cell)


def _is_column(cell: Any) -> bool:
    """A cell that holds running text: several paragraphs or breaks."""
    return len(cell.findall("p")) + len(cell.findall("br")) > 2 and len(cell.text_content()) > 400


def json_ld_body(page: PageInput) -> str:
    """``articleBody`` of JSON-LD where the page's own text is far shorter, or is this text without its lines.

    Never first: three quarters of news pages have none, and it mostly comes without line breaks.
    """
    body = text_of(page.head.json_ld.article.get("articleBody"))
    words = count_words(body)
    if words < _TOO_LITTLE:
        return ""
    text = html_to_text(body)
    if "\n" in text and "\n" not in page.text.strip() and count_words(page.text) <= words:
        return text
    return text if count_words(page.text) < _MISSED * words else ""


def resiliparse_body(page: PageInput) -> str:
    """Resiliparse's main content where hardly anything was found."""
    words = count_words(page.text)
    if words >= _TOO_LITTLE:
        return ""
    from resiliparse.extract.html2text import extract_plain_text

    text = str(extract_plain_text(page.html, main_content=True, list_bullets=False, alt_texts=False))
    text = "\n".join(filter(None, (line.strip() for line in text.split("\n"))))
    return text if count_words(text) > words else ""


@cache
def _load(name: str) -> Extractor:
    module, _, function = name.partition(":")
    found: Extractor = getattr(import_module(module), function)
    return found
