"""Full text in PostgreSQL: ``tsvector`` with words split here, so that a search means the same as in SQLite.

PostgreSQL's own parser takes addresses and hyphenated words for tokens of their own; SQLite's does not.  Here, as
there, a word is a run of letters and digits, case folded and without diacritical marks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from .query import Term

# PostgreSQL's limits (Documentation, 12.11 "Limitations"): positions run to 16,383, a lexeme has at most 256 of
# them and less than 2,048 bytes, a tsvector less than 1 MiB.
LAST_POSITION = 16_383
MOST_POSITIONS = 255
LONGEST_WORD = 500  # characters: four bytes each at most
MOST_BYTES = 900_000  # of the written form, which is longer than the stored one

_WORD = re.compile(r"[^\W_]+")
_MARKED = re.compile("([a-z])[\u0300-\u036f]+")  # as in SQLite, marks go from the letters a to z alone
_LOOSE = re.compile("[\u0300-\u0331]")  # and where they make no letter with what they follow


def words_of(text: str) -> list[str]:
    """The words of ``text`` in order, as they are compared."""
    if not text.isascii():
        plain = _MARKED.sub(r"\1", unicodedata.normalize("NFD", text.lower()))
        text = _LOOSE.sub("", unicodedata.normalize("NFC", plain))
    return [word[:LONGEST_WORD] for word in _WORD.findall(text.lower())]


def vector(title: str, text: str) -> str:
    """Title and text as a written ``tsvector``; no phrase reaches from one into the other."""
    places: dict[str, list[int]] = {}
    first = 1
    for part in (words_of(title), words_of(text)):
        for place, word in enumerate(part, first):
            found = places.setdefault(word, [])
            if len(found) < MOST_POSITIONS and place <= LAST_POSITION:
                found.append(place)
        first += len(part) + 1  # the gap keeps phrases apart
    return " ".join(_within(places.items()))


def _within(places: Iterable[tuple[str, list[int]]]) -> Iterable[str]:
    """Words with their places, until the limit of a document is reached."""
    left = MOST_BYTES
    for word, found in places:
        entry = f"'{word}':{','.join(map(str, found))}" if found else f"'{word}'"
        left -= len(entry.encode()) + 1
        if left < 0:
            return
        yield entry


def expression(terms: Sequence[Term]) -> str:
    """Terms as a written ``tsquery``; words are letters and digits only, so nothing in them is an operator."""
    wanted = [phrase for term in terms if not term.excluded and (phrase := _phrase(term))]
    unwanted = [f"!{phrase}" for term in terms if term.excluded and (phrase := _phrase(term))]
    return " & ".join([*wanted, *unwanted]) if wanted else ""


def _phrase(term: Term) -> str:
    words = [f"'{word}'" for word in words_of(term.text)]
    if words and term.prefix:
        words[-1] += ":*"
    return f"({' <-> '.join(words)})" if words else ""


class _Language(msgspec.Struct):
    language: str | None = None


_language = msgspec.json.Decoder(_Language)


class TsVector:
    """Words beside the documents, in the same row."""

    source = "search_document d"
    place = "d.row"
    language = "d.language"

    def add(self, connection: Connection, documents: Sequence[tuple[int, int, int, str, str, str]]) -> None:
        """Index documents."""
        rows = [
            (row, article, number, _language.decode(meta).language, vector(title, text))
            for row, article, number, title, text, meta in documents
        ]
        if rows:
            connection.exec_driver_sql(_ADD, rows)

    def condition(self, terms: Sequence[Term]) -> tuple[str, str]:
        """What must hold of a document, and the value for its mark."""
        return "d.words @@ CAST(? AS tsquery)", expression(terms)

    def forget(self, connection: Connection, articles: Sequence[int]) -> None:
        """Leave the titles alone in the current documents; earlier ones go."""
        connection.exec_driver_sql(_DROP_EARLIER, (list(articles),))
        titles = connection.exec_driver_sql(_TITLES, (list(articles),)).all()
        if titles:
            connection.exec_driver_sql(_TITLE_ONLY, [(vector(title, ""), row) for row, title in titles])

    def clear(self, connection: Connection) -> None:
        """Drop every document."""
        connection.exec_driver_sql("DELETE FROM search_document")


_DROP_EARLIER = (
    "DELETE FROM search_document d USING article a"
    " WHERE a.row = d.article AND d.revision <> a.revision AND d.article = ANY(%s)"
)
_TITLES = "SELECT row, title FROM article WHERE row = ANY(%s)"
_TITLE_ONLY = "UPDATE search_document SET words = CAST(%s AS tsvector) WHERE article = %s"
_ADD = (
    "INSERT INTO search_document (row, article, revision, language, words)"
    " VALUES (%s, %s, %s, %s, CAST(%s AS tsvector))"
)
