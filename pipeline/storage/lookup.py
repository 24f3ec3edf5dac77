"""Articles by id, row and address, and the streams that the index in memory is built from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from pipeline.errors import NotFound
from pipeline.model import Match, StoredArticle

from . import codec
from .base import next_row
from .matching import Matching
from .values import BestMatch, Revision

STREAM = 5000  # rows read at a time: no reader holds a snapshot for long


class Lookup(Matching):
    """Finding what is stored."""

    def find_article(self, url_or_id: str) -> StoredArticle | None:
        """The article with that public id or canonical URL."""
        with self._db.read() as connection:
            for where, value in ((_BY_ID, codec.sound(url_or_id)), (_BY_URL, codec.identity(url_or_id))):
                row = connection.exec_driver_sql(self._sql(where), (value,)).first()
                if row is not None:
                    return _stored(row)
        return None

    def articles(self, rows: Sequence[int]) -> dict[int, StoredArticle]:
        """Whole articles by row; rows that are not there are left out."""
        with self._db.read() as connection:
            return {row.row: _stored(row) for row in self._chunked(connection, _BY_ROWS, rows)}

    def articles_by_id(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        """Whole articles by public id; ids that are not there are left out."""
        with self._db.read() as connection:
            return {row.article_id: _stored(row) for row in self._chunked(connection, _BY_IDS, ids)}

    def by_identity(self, urls: Sequence[str]) -> dict[str, tuple[int, int, bytes]]:
        """Canonical URL -> (article row, story row, ``text_hash`` of its text), for those stored."""
        keys = {codec.identity(url): url for url in urls}
        with self._db.read() as connection:
            rows = self._chunked(connection, _BY_IDENTITY, list(keys))
            return {keys[row[0]]: (row[1], row[2], row[3]) for row in rows}

    def texts(self, rows: Sequence[int]) -> dict[int, str]:
        """Text by article row."""
        with self._db.read() as connection:
            return {row[0]: row[1] for row in self._chunked(connection, _TEXTS, rows)}

    def story_of(self, rows: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Article row -> (story row, row of the article that speaks for the story)."""
        with self._db.read() as connection:
            return {row[0]: (row[1], row[2]) for row in self._chunked(connection, _STORY_OF, rows)}

    def matches(self, row: int) -> tuple[Match, ...]:
        """The verified matches of an article with their evidence, best first."""
        with self._db.read() as connection:
            found = connection.exec_driver_sql(self._sql(_MATCHES), (row,)).all()
        return tuple(Match(other, score, reason, codec.read_figures(blob)) for other, score, reason, blob in found)

    def revisions(self, article_id: str) -> list[Revision]:
        """The earlier texts of an article, oldest first; raises ``NotFound``."""
        with self._db.read() as connection:
            found = connection.exec_driver_sql(self._sql(_REVISIONS), (article_id,)).all()
            if not found and connection.exec_driver_sql(self._sql(_EXISTS), (article_id,)).first() is None:
                raise NotFound(f"no article goes by {article_id}")
        return [
            Revision(row.number, codec.moment(row.stored), codec.moment(row.replaced), row.title, row.text)
            for row in found
        ]

    def first_needed(self, since: datetime) -> int:
        """The lowest row of an article that was stored at or after ``since`` and whose text is kept; the next
        article's where there is none.  A few look-ups: events are in the order of time."""
        with self._db.read() as connection:
            low, high = 1, next_row(connection, "event", "cursor")
            while low < high:
                middle = (low + high) // 2
                (time,) = connection.exec_driver_sql(self._sql(_EVENT_TIME), (middle,)).one()
                low, high = (middle + 1, high) if time < codec.micros(since) else (low, middle)
            came = connection.exec_driver_sql(self._sql(_CAME_BEHIND), (low,)).scalar()
            kept = connection.exec_driver_sql("SELECT min(article) FROM sketch").scalar()
            return max(came, kept) if came and kept else next_row(connection, "article")

    def sketches(self, after_row: int = 0) -> Iterator[tuple[int, int, int | None, bytes]]:
        """(article row, story row, seconds since the epoch or None, sketch) in row order after a row."""
        for row in self._stream(_SKETCHES, after_row):
            yield row[0], row[1], row[2], row[3]

    def articles_in_order(
        self, after_row: int = 0, limit: int | None = None
    ) -> Iterator[tuple[int, str, str, bool, BestMatch | None]]:
        """(row, article id, story id, speaks for it?, match that brought it there) in row order."""
        left = -1 if limit is None else limit
        for row in self._stream(_IN_ORDER, after_row):
            if left == 0:
                return
            left -= 1
            best = None if row[4] is None else BestMatch(row[4], row[5], row[6])
            yield row[0], row[1], row[2], bool(row[3]), best

    def _stream(self, sql: str, after: int) -> Iterator[Any]:
        sql = self._sql(sql)
        while True:
            rows = self._db.patiently(partial(self._portion, sql, (after, STREAM)))
            yield from rows
            if len(rows) < STREAM:
                return
            after = rows[-1][0]

    def _portion(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        with self._db.read() as connection:
            return raw_rows(connection, sql, values)


def raw_rows(connection: Connection, sql: str, values: tuple[Any, ...]) -> list[Any]:
    """Plain tuples from the driver's own cursor: the streams are too long for anything around a row."""
    raw = connection.connection.cursor()
    try:
        raw.execute(sql, values)
        return list(raw.fetchall())
    finally:
        raw.close()


def _stored(row: Any) -> StoredArticle:
    article = codec.read_article(row.url, row.title, row.text, row.outlet, row.published, row.meta)
    return StoredArticle(row.row, row.article_id, row.story, article, codec.moment(row.stored), row.revision)


_ARTICLE = (
    "SELECT a.row, a.article_id, a.story, a.url, a.title, coalesce(b.text, '') AS text, a.outlet,"
    " a.published, a.stored, a.revision, a.meta FROM article a LEFT JOIN body b ON b.article = a.row "
)
_BY_ID = _ARTICLE + "WHERE a.article_id = ?"
_BY_URL = _ARTICLE + "WHERE a.row = (SELECT article FROM address WHERE identity = ?)"  # noqa: S608 - no outside text
_BY_ROWS = _ARTICLE + "WHERE a.row IN ({marks})"
_BY_IDS = _ARTICLE + "WHERE a.article_id IN ({marks})"
_BY_IDENTITY = (
    "SELECT d.identity, a.row, a.story, a.text_hash FROM address d JOIN article a ON a.row = d.article"
    " WHERE d.identity IN ({marks})"
)
_TEXTS = "SELECT article, text FROM body WHERE article IN ({marks})"
_STORY_OF = "SELECT a.row, a.story, s.canonical FROM article a JOIN story s ON s.row = a.story WHERE a.row IN ({marks})"
_MATCHES = "SELECT other, score, reason, figures FROM evidence WHERE article = ? ORDER BY place"
_REVISIONS = (
    "SELECT r.number, r.stored, r.replaced, r.title, r.text"
    " FROM revision r JOIN article a ON a.row = r.article WHERE a.article_id = ? ORDER BY r.number"
)
_EVENT_TIME = "SELECT time FROM event WHERE cursor = ?"
_CAME_BEHIND = "SELECT article FROM event WHERE cursor >= ? AND kind IN ('started', 'joined') ORDER BY cursor LIMIT 1"
_EXISTS = "SELECT row FROM article WHERE article_id = ?"
_SKETCHES = "SELECT article, story, published, sketch FROM sketch WHERE article > ? ORDER BY article LIMIT ?"
_IN_ORDER = (
    "SELECT a.row, a.article_id, s.story_id, s.canonical = a.row, m.article_id, a.score, a.match_reason"
    " FROM article a JOIN story s ON s.row = a.story LEFT JOIN article m ON m.row = a.matched"
    " WHERE a.row > ? ORDER BY a.row LIMIT ?"
)
