"""What the markup does not say, asked of slower libraries: a day by htmldate, a byline by trafilatura."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date

from pipeline.articles.trees import named_in_tag, parsed

# What the names of byline elements hold (trafilatura.xpaths.AUTHOR_XPATHS, 2.3), in lower case; without one of them in
# a tag there is nothing to find.
_BYLINE_NAMES = (
    "author", "byl", "bbl", "username", "zuozhe", "bianji", "xiaobian", "channel-name", "submitted-by", "posted-by",
    "journalist-name", "screenname", "writer", 'rel="me', "rel='me", "rel=me",
)  # fmt: skip
# The attributes in which it looks for them; addresses are not among them.
_BYLINE_ATTRIBUTES = frozenset({"class", "id", "rel", "itemprop", "data-testid", "data-component"})


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
    if not _names_a_byline(html):
        return
    from trafilatura.htmlprocessing import prune_unwanted_nodes
    from trafilatura.metadata import extract_metainfo
    from trafilatura.xpaths import AUTHOR_DISCARD_XPATHS, AUTHOR_XPATHS

    tree = parsed(html)
    if tree is None:
        return
    author = extract_metainfo(prune_unwanted_nodes(tree, AUTHOR_DISCARD_XPATHS), AUTHOR_XPATHS, len_limit=120)
    if author:
        yield author


def _names_a_byline(html: str) -> bool:
    """Whether there is anything to find: a tenth of the time of one case-blind pattern."""
    return named_in_tag(html.lower(), _BYLINE_NAMES, _BYLINE_ATTRIBUTES)
