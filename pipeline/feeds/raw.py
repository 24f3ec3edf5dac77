"""An entry as one of the readers found it, before links, dates and identity are worked out."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from pipeline.model import FeedHints
from pipeline.text import one_line

MAX_TITLE = 1_000  # characters; a title beyond that is a text in the wrong place
MAX_AUTHORS = 20
_TAGS = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RawEntry:
    """``link`` may be relative; dates are as written."""

    guid: str | None = None
    link: str | None = None
    title: str = ""
    summary: str = ""  # HTML
    content: str = ""  # HTML
    authors: tuple[str, ...] = ()
    published: str | None = None
    updated: str | None = None
    language: str | None = None
    size: int = 0  # bytes, where the reader knows them


@dataclass(frozen=True, slots=True)
class RawFeed:
    """What a reader made of a document."""

    title: str = ""
    site: str | None = None  # may be relative
    language: str | None = None
    entries: tuple[RawEntry, ...] = ()
    hints: FeedHints = field(default_factory=FeedHints)
    left: int = 0  # entries beyond the limit
    truncated: bool = False


def plain(markup: str) -> str:
    """Text of a little HTML, on one line.

    >>> plain("5 &lt; 6 <b>times</b>")
    '5 < 6 times'
    """
    return one_line(html.unescape(_TAGS.sub(" ", markup)))


def title_of(text: str, *, markup: bool) -> str:
    """A title as plain text of at most ``MAX_TITLE`` characters."""
    return (plain(text[: MAX_TITLE * 4]) if markup else one_line(text[: MAX_TITLE * 4]))[:MAX_TITLE]


def names(values: list[str]) -> tuple[str, ...]:
    """Author names: trimmed, each once, without empty ones."""
    clean = (one_line(value)[:200] for value in values)
    return tuple(dict.fromkeys(name for name in clean if name))[:MAX_AUTHORS]
