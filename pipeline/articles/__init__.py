"""Page → article.

``extract(html, url)`` for a decoded page (all that it says, with the verdict beside it),
``extract_page(body, url, ...)`` for the bytes of an answer (made for a worker process), ``entry_article(entry)`` where
the page cannot be had.  Everything is imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.articles.entry import entry_article
    from pipeline.articles.facts import PageLinks
    from pipeline.articles.page import Extraction, Judged, Step, extract, extract_page
    from pipeline.articles.pages import joined
    from pipeline.articles.rules import OutletRule, load_rules
    from pipeline.articles.settings import ExtractSettings

_HOMES = {
    "ExtractSettings": "settings",
    "Extraction": "page",
    "Judged": "page",
    "OutletRule": "rules",
    "PageLinks": "facts",
    "Step": "page",
    "entry_article": "entry",
    "extract": "page",
    "extract_page": "page",
    "joined": "pages",
    "load_rules": "rules",
}

__all__ = [
    "ExtractSettings",
    "Extraction",
    "Judged",
    "OutletRule",
    "PageLinks",
    "Step",
    "entry_article",
    "extract",
    "extract_page",
    "joined",
    "load_rules",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
