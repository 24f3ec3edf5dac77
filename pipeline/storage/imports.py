"""What an import asks of the store: which ids are known, and where articles ended up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .values import BestMatch

if TYPE_CHECKING:
    from .store import Store

Place = tuple[str, str, bool, BestMatch | None]  # article id, story id, speaks for it?, match


def known_ids(store: Store, ids: Sequence[str]) -> dict[str, tuple[int, int, bytes]]:
    """Article id -> (article row, story row, ``text_hash`` of its text), for those stored."""

    def known() -> dict[str, tuple[int, int, bytes]]:
        with store._db.read() as connection:  # noqa: SLF001 - the same room
            rows = store._chunked(connection, _KNOWN, ids)  # noqa: SLF001
            return {row[0]: (row[1], row[2], row[3]) for row in rows}

    return store._db.patiently(known)  # noqa: SLF001


def places(store: Store, rows: Sequence[int]) -> dict[int, Place]:
    """Article row -> where the article is now."""
    if not rows:
        return {}
    found = store._db.patiently(lambda: _rows_of(store, rows))  # noqa: SLF001
    return {
        row[0]: (row[1], row[2], bool(row[3]), None if row[4] is None else BestMatch(row[4], row[5], row[6]))
        for row in found
    }


def _rows_of(store: Store, rows: Sequence[int]) -> list[Any]:
    low, high = min(rows), max(rows)
    with store._db.read() as connection:  # noqa: SLF001
        if high - low < 4 * len(rows):  # a walk is cheaper than so many look-ups
            sql = store._sql(_PLACES.format(where="BETWEEN ? AND ?"))  # noqa: SLF001
            return list(connection.exec_driver_sql(sql, (low, high)))
        return list(store._chunked(connection, _PLACES.format(where="IN ({marks})"), rows))  # noqa: SLF001


_KNOWN = "SELECT article_id, row, story, text_hash FROM article WHERE article_id IN ({marks})"
_PLACES = (
    "SELECT a.row, a.article_id, s.story_id, s.canonical = a.row, m.article_id, a.score, a.match_reason"
    " FROM article a JOIN story s ON s.row = a.story LEFT JOIN article m ON m.row = a.matched"
    " WHERE a.row {where}"
)
