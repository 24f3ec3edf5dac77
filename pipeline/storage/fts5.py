"""Full text in SQLite: FTS5, an index that holds no copy of the texts.

Its tokeniser (``unicode61 remove_diacritics 2``) splits where a character is neither letter nor digit, folds
case and drops diacritical marks.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from .database import CHUNK
from .proof import DOCUMENTS
from .query import Term


class Fts5:
    """Words in ``search_words``, beside the documents."""

    source = "search_words w JOIN search_document d ON d.row = w.rowid"
    place = "w.rowid"
    language = "json_extract(a.meta, '$.language')"

    def add(self, connection: Connection, documents: Sequence[tuple[int, int, int, str, str, str]]) -> None:
        """Index documents."""
        for start in range(0, len(documents), CHUNK):
            part = documents[start : start + CHUNK]
            connection.exec_driver_sql(_ADD_DOCUMENT, [(row, article, number) for row, article, number, *_ in part])
            connection.exec_driver_sql(_ADD_WORDS, [(row, title, text) for row, _, _, title, text, _ in part])

    def condition(self, terms: Sequence[Term]) -> tuple[str, str]:
        """What must hold of a document, and the value for its mark."""
        return "search_words MATCH ?", expression(terms)

    def forget(self, connection: Connection, articles: Sequence[int]) -> None:
        """Take words out: FTS5 wants to be told the text it once was given."""
        for start in range(0, len(articles), CHUNK):
            part = tuple(articles[start : start + CHUNK])
            among = f"d.article IN ({', '.join('?' * len(part))})"
            found = connection.exec_driver_sql(f"{DOCUMENTS} WHERE {among}", part).all()
            earlier = connection.exec_driver_sql(f"{_EARLIER} AND {among}", part).scalars().all()
            kept = [(row, title) for row, title, _ in found if row not in set(earlier)]
            for statement, rows in (
                (_TAKE_OUT, [tuple(row) for row in found]),
                (_DROP_DOCUMENT, [(row,) for row in earlier]),
                (_ADD_TITLE, kept),
            ):
                if rows:
                    connection.exec_driver_sql(statement, rows)

    def clear(self, connection: Connection) -> None:
        """Make the table anew: a damaged one cannot be emptied."""
        made = connection.exec_driver_sql("SELECT sql FROM main.sqlite_schema WHERE name = 'search_words'").scalar_one()
        connection.exec_driver_sql("DROP TABLE search_words")
        connection.exec_driver_sql(made)
        connection.exec_driver_sql("DELETE FROM search_document")


_ADD_DOCUMENT = "INSERT INTO search_document (row, article, revision) VALUES (?, ?, ?)"
_ADD_WORDS = "INSERT INTO search_words (rowid, title, text) VALUES (?, ?, ?)"
_ADD_TITLE = "INSERT INTO search_words (rowid, title, text) VALUES (?, ?, '')"
_TAKE_OUT = "INSERT INTO search_words (search_words, rowid, title, text) VALUES ('delete', ?, ?, ?)"
_DROP_DOCUMENT = "DELETE FROM search_document WHERE row = ?"
_EARLIER = "SELECT d.row FROM search_document d JOIN article a ON a.row = d.article WHERE d.revision <> a.revision"


def expression(terms: Sequence[Term]) -> str:
    """Terms as an FTS5 expression: every one a quoted string, so that none of them is an operator."""
    wanted = " AND ".join(_quoted(term) for term in terms if not term.excluded)
    unwanted = " OR ".join(_quoted(term) for term in terms if term.excluded)
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def _quoted(term: Term) -> str:
    text = term.text.replace('"', '""')
    return f'"{text}"*' if term.prefix else f'"{text}"'
