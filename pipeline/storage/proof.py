"""The index of words (FTS5) against the texts.

It holds no copy of the texts, so SQLite cannot compare the two by itself.  For the proof its parts are copied into
a temporary index whose content is a view of the texts; FTS5's own ``integrity-check`` then splits every text into
words again and compares them with the index, down to the position of each.  Nothing is locked and nothing written.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress

_PARTS = ("data", "idx", "docsize", "config")

# What each document was made from; an earlier text stands in the revisions.
DOCUMENTS = (
    "SELECT d.row AS row, CASE WHEN d.revision = a.revision THEN a.title ELSE r.title END AS title,"
    " CASE WHEN d.revision = a.revision THEN coalesce(b.text, '') ELSE r.text END AS text"
    " FROM main.search_document d JOIN main.article a ON a.row = d.article"
    " LEFT JOIN main.body b ON b.article = d.article"
    " LEFT JOIN main.revision r ON r.article = d.article AND r.number = d.revision"
)


def word_faults(raw: sqlite3.Connection) -> list[str]:
    """What is wrong with the index of words, in words for people; reads every text.

    The connection's temporary tables go to where its ``temp_store`` says: some half the size of the texts.
    """
    raw.execute(f"CREATE TEMP VIEW proof_text AS {DOCUMENTS}")
    try:
        (made,) = raw.execute("SELECT sql FROM main.sqlite_schema WHERE name = 'search_words'").fetchone()
        options = made.partition("content = '',")[2]
        raw.execute(
            "CREATE VIRTUAL TABLE temp.proof USING fts5"
            f" (title, text, content = 'proof_text', content_rowid = 'row', {options}"
        )
        for part in _PARTS:
            raw.execute(f"DELETE FROM temp.proof_{part}")  # noqa: S608 - names of our own tables
            raw.execute(f"INSERT INTO temp.proof_{part} SELECT * FROM main.search_words_{part}")  # noqa: S608
        raw.execute("INSERT INTO temp.proof (proof, rank) VALUES ('integrity-check', 1)")
        lost = raw.execute("SELECT count(*) FROM main.search_document d LEFT JOIN temp.proof_docsize s ON s.id = d.row"
                           " WHERE s.id IS NULL").fetchone()[0]  # fmt: skip
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if "may not be modified" in str(error):  # a SQLite built to be defensive does not take the copy
            return []
        if "is full" in str(error):
            return ["the search index was not compared with the texts: no room for temporary files"]
        return [f"the search index does not fit the texts ({error})"]
    finally:
        with suppress(sqlite3.Error):
            raw.execute("DROP TABLE IF EXISTS temp.proof")
        raw.execute("DROP VIEW temp.proof_text")
    return [f"the search index lacks {lost} texts"] if lost else []
