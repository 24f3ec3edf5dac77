"""What the markup does not say, asked of slower libraries: a day by htmldate, a byline by trafilatura."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date


def day_by_htmldate(html: str, url: str) -> date | None:
    """The day of publication that htmldate finds in markup or text.

    It makes the first of January of a bare year such as that of a copyright line; that is no day.
    """
    from htmldate import find_date

    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    try:
        found = find_date(html, original_date=True, url=url)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None  # on markup that is no document
    day = date.fromisoformat(found) if found else None
    return None if day is None or (day.month, day.day) == (1, 1) else day


def people_by_trafilatura(html: str) -> Iterator[str]:
    """The byline as trafilatura finds it in the page's markup, for a page that marks none."""
    from trafilatura.htmlprocessing import prune_unwanted_nodes
    from trafilatura.metadata import extract_metainfo
    from trafilatura.utils import load_html
    from trafilatura.xpaths import AUTHOR_DISCARD_XPATHS, AUTHOR_XPATHS

    tree = load_html(html)
    if tree is None:
        return
    author = extract_metainfo(prune_unwanted_nodes(tree, AUTHOR_DISCARD_XPATHS), AUTHOR_XPATHS, len_limit=120)
    if author:
        yield author
