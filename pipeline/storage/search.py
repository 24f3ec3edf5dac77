"""Full text over titles and texts.

The index follows the stories' events and is brought up to date when somebody searches, or in idle moments:
storing an article never waits for it.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection

from . import codec
from .base import next_row
from .database import FullText
from .query import SearchQuery, Term
from .stories import Stories
from .values import EventKind, Hit

_NAME = "search"  # of the checkpoint that says how far the events were followed
EXCERPT = 200  # characters


class Search(Stories):
    """Finding articles by what they say."""

    def index_for_search(self, limit: int = 2000) -> int:
        """Bring the index up by at most ``limit`` events; returns how many there were: 0 means up to date."""
        with self._db.write() as connection:
            done = self._indexed_upto(connection)
            events = connection.exec_driver_sql(self._sql(_EVENTS), (done, limit)).all()
            if not events:
                return 0
            articles = sorted({row.article for row in events if row.kind in _KINDS})
            self._index(connection, articles)
            connection.exec_driver_sql(self._sql(_FORGET_PLACE), (_NAME,))
            connection.exec_driver_sql(self._sql(_KEEP_PLACE), (_NAME, events[-1].cursor, b""))
        return len(events)

    def search_backlog(self) -> int:
        """Events that the index has not followed yet."""
        with self._db.read() as connection:
            return next_row(connection, "event", "cursor") - 1 - self._indexed_upto(connection)

    def search(
        self, query: SearchQuery, *, limit: int = 50, before: int | None = None, catch_up: int | None = None
    ) -> list[Hit]:
        """At most ``limit`` articles that a query finds, the last stored first; older than ``before``.

        Brings the index up to date first, unless the store was opened for reading only, or more than
        ``catch_up`` events are missing: then it is taken as it is.
        """
        while not self._db.read_only and self._behind(catch_up) and self.index_for_search(20_000):
            pass
        sql, values = search_sql(query, before, limit, self._db.words)
        with self._db.read() as connection:
            rows = connection.exec_driver_sql(self._sql(sql), values).all()
        return [_hit(row, query.terms) for row in rows]

    def _behind(self, most: int | None) -> bool:
        missing = self.search_backlog()
        return missing > 0 and (most is None or missing <= most)

    def _indexed_upto(self, connection: Connection) -> int:
        return int(connection.exec_driver_sql(self._sql(_PLACE), (_NAME,)).scalar() or 0)

    def _index(self, connection: Connection, articles: list[int]) -> None:
        place = next_row(connection, "search_document")
        rows = self._chunked(connection, _CURRENT, articles)
        found = [(place + n, r.row, r.revision, r.title, r.text, r.meta) for n, r in enumerate(rows)]
        self._db.words.add(connection, found)


_KINDS = (EventKind.STARTED, EventKind.JOINED, EventKind.REVISED)
_EVENTS = "SELECT cursor, kind, article FROM event WHERE cursor > ? ORDER BY cursor LIMIT ?"
_PLACE = "SELECT upto FROM checkpoint WHERE name = ?"
_FORGET_PLACE = "DELETE FROM checkpoint WHERE name = ?"
_KEEP_PLACE = "INSERT INTO checkpoint (name, upto, content) VALUES (?, ?, ?)"
_CURRENT = (
    "SELECT a.row, a.revision, a.title, coalesce(b.text, '') AS text, a.meta FROM article a"
    " LEFT JOIN body b ON b.article = a.row WHERE a.row IN ({marks}) ORDER BY a.row"
)


_SEARCH = (
    "SELECT d.row AS place, a.article_id, s.story_id, a.title, a.url, a.outlet, a.published,"
    " substr(b.text, 1, 20000) AS text FROM {source}"
    " JOIN article a ON a.row = d.article AND a.revision = d.revision"
    " JOIN story s ON s.row = a.story LEFT JOIN body b ON b.article = a.row"
    " WHERE {where} ORDER BY {place} DESC LIMIT ?"
)


def search_sql(query: SearchQuery, before: int | None, limit: int, words: FullText) -> tuple[str, tuple[Any, ...]]:
    """The statement for a query with its values; nothing a person typed is part of the statement."""
    parts: list[tuple[str, Any]] = []
    source, place = (words.source, words.place) if query.terms else ("search_document d", "d.row")
    if query.terms:
        parts.append(words.condition(query.terms))
    if before is not None:
        parts.append((f"{place} < ?", before))
    if query.outlet is not None:
        parts.append(("lower(a.outlet) = lower(?)", query.outlet))
    if query.language is not None:
        parts.append((f"{words.language} = ?", query.language))
    if query.story is not None:
        parts.append((_IN_STORY, query.story))
    if query.since is not None:
        parts.append(("a.stored >= ?", codec.micros(query.since)))
    if query.until is not None:
        parts.append(("a.stored < ?", codec.micros(query.until)))
    where = " AND ".join(part for part, _ in parts)
    sql = _SEARCH.format(source=source, where=where, place=place)
    return sql, (*(value for _, value in parts), limit)


_IN_STORY = (
    "a.story = (WITH RECURSIVE path (row, onward) AS (SELECT row, merged_into FROM story WHERE story_id = ?"
    " UNION SELECT story.row, story.merged_into FROM story JOIN path ON story.row = path.onward)"
    " SELECT row FROM path WHERE onward IS NULL)"
)


def _hit(row: Any, terms: tuple[Term, ...]) -> Hit:
    return Hit(
        place=row.place,
        article_id=row.article_id,
        story_id=row.story_id,
        title=row.title,
        url=row.url,
        outlet=row.outlet,
        published=codec.maybe_moment(row.published),
        excerpt=excerpt(row.text or "", terms),
    )


def excerpt(text: str, terms: tuple[Term, ...]) -> str:
    """The part of ``text`` around the first term that stands in it, at word bounds, on one line."""
    words = [re.escape(term.text) for term in terms if not term.excluded]
    found = re.search("|".join(words), text, re.IGNORECASE) if words else None
    start = max(0, (found.start() if found else 0) - EXCERPT // 3)
    part = " ".join(text[start : start + EXCERPT].split())
    if start > 0:
        part = "… " + part.partition(" ")[2]
    if start + EXCERPT < len(text):
        part = part.rpartition(" ")[0] + " …"
    return part
