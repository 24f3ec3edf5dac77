"""What people type into a search, as a value.

    harbour bridge          both words, anywhere in title or text
    "new harbour"           these words in this order
    harb*                   words that begin so
    -budget                 not this word (or -"this phrase")
    outlet:"The Gazette"    from that outlet          lang:de      in that language
    since:2026-01-31        stored since then; also 12h, 7d, 4w
    until:2026-02-28        stored before then        story:ID     in that story

Nothing in here knows a database; whatever is typed gives a query or a ``UsageError`` in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.errors import UsageError

MAX_TERMS = 50
MAX_LENGTH = 1000  # characters of a whole query

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_TOKEN = re.compile(r'(?P<minus>-)?(?:(?P<field>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]*))')


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase to find, or to keep out."""

    text: str
    excluded: bool = False
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search: every part must hold."""

    terms: tuple[Term, ...] = ()
    outlet: str | None = None
    language: str | None = None
    story: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def parse_query(text: str, now: datetime) -> SearchQuery:
    """The query that ``text`` means; spans of time are counted back from ``now``.

    Raises ``UsageError`` saying what is wrong and what would be right.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"the search has {len(text)} characters; at most {MAX_LENGTH} are read")
    plain = "".join(" " if unprintable(char) else char for char in text)
    if plain.count('"') % 2:
        raise UsageError('the search has a quotation mark (") without its partner')
    query = SearchQuery()
    for token in _TOKEN.finditer(plain):
        query = _with(query, token, now)
    if len(query.terms) > MAX_TERMS:
        raise UsageError(f"the search has {len(query.terms)} words; at most {MAX_TERMS} are read")
    if query == SearchQuery():
        raise UsageError('nothing to look for: give a word, a "phrase", or outlet:, lang:, story:, since:, until:')
    if query.terms and all(term.excluded for term in query.terms):
        raise UsageError("the search only says what not to find: add a word to look for")
    return query


def unprintable(char: str) -> bool:
    """Whether ``char`` can be no part of a word: control characters and lone surrogates."""
    return ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000


def _with(query: SearchQuery, token: re.Match[str], now: datetime) -> SearchQuery:
    """``query`` with one more token."""
    field = (token["field"] or "").lower()
    value = token["phrase"] if token["phrase"] is not None else token["word"]
    excluded = bool(token["minus"])
    if field in _FIELDS and value:
        if excluded:
            raise UsageError(f"-{field}: cannot be left out: only words and phrases can")
        return _with_field(query, field, value, now)
    if field in _FIELDS:
        raise UsageError(f"{field}: needs a value, such as {_FIELDS[field]}")
    if field:  # a word with a colon in it, not a field
        value = f"{token['field']}:{value}"
    if not any(char.isalnum() for char in value):
        return query  # punctuation is no word
    prefix = token["phrase"] is None and value.endswith("*")
    return replace(query, terms=(*query.terms, Term(value.rstrip("*") if prefix else value, excluded, prefix)))


_FIELDS = {
    "outlet": 'outlet:"The Gazette"',
    "lang": "lang:de",
    "story": "story:ID",
    "since": "since:2026-01-31 or since:7d",
    "until": "until:2026-01-31 or until:12h",
}
_NAMES = {"lang": "language"}


def _with_field(query: SearchQuery, field: str, value: str, now: datetime) -> SearchQuery:
    name = _NAMES.get(field, field)
    if getattr(query, name) is not None:
        raise UsageError(f"{field}: stands twice: give it once")
    given: Any = value.lower() if field == "lang" else value
    if field in ("since", "until"):
        given = _moment(field, value, now)
    return replace(query, **{name: given})


def _moment(field: str, value: str, now: datetime) -> datetime:
    """A day, a time, or so long ago."""
    span = re.fullmatch(r"(\d{1,5})([hdw])", value)
    try:
        if span is not None:
            return now - int(span[1]) * _UNITS[span[2]]
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{field}:{value} is no time: write {_FIELDS[field]}") from None
