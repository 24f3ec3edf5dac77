"""What the page and the JSON API ask beyond lists: pages of lists, tallies, who copies whom, sizes.

Results are plain values of the standard library and this room's records, so that a reader needs no class
of this room; ``wanted`` is always a mapping with fields of ``ItemFilter`` or ``StoryFilter``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, tuple_

from pipeline.model import Match

from . import codec, tables
from .items import _item, items_query
from .stories import Stories, stories_query
from .values import ItemFilter, ItemRow, StoryFilter, StoryRecord

_story, _article, _journal = tables.story.c, tables.article.c, tables.journal.c

HOUR = 3_600_000_000  # microseconds
PER_HOUR_SCALE = 1000  # rates are whole thousandths, so that a place in the list is exact


class Overview(Stories):
    """The read side of the page: every answer is bounded by its limit or its window of time."""

    def item_page(
        self, wanted: Mapping[str, Any], *, before: int | None = None, down_to: int | None = None, limit: int = 50
    ) -> list[ItemRow]:
        """At most ``limit`` journal rows, newest first, those older than the row ``before``, the row ``down_to``
        being the last that is looked at."""
        query = items_query(ItemFilter(**wanted), None, limit)
        with self._db.read() as connection:
            for row, is_end in ((before, False), (down_to, True)):
                if row is None:
                    continue
                time = connection.execute(select(_journal.time).where(_journal.row == row)).scalar()
                if time is None:
                    return []
                place = tuple_(_journal.time, _journal.row)
                query = query.where(place >= (time, row) if is_end else place < (time, row))
            return [_item(row) for row in connection.execute(query).all()]

    def item_reach(self, before: int | None, number: int) -> int | None:
        """The journal row that is the ``number``-th from the newest, or from ``before`` on; None where there are
        fewer."""
        query = select(_journal.row).order_by(_journal.time.desc(), _journal.row.desc()).offset(number - 1).limit(1)
        with self._db.read() as connection:
            if before is not None:
                time = select(_journal.time).where(_journal.row == before).scalar_subquery()
                query = query.where(tuple_(_journal.time, _journal.row) < tuple_(time, before))
            return connection.execute(query).scalar()

    def items_behind(self, wanted: Mapping[str, Any], after: int, limit: int) -> list[ItemRow]:
        """At most ``limit`` journal rows that came behind the cursor ``after``, in the order they came."""
        return self.items(ItemFilter(**wanted), after=after, limit=limit)

    def story_page(
        self,
        wanted: Mapping[str, Any],
        *,
        order: str = "newest",
        behind: tuple[int, int] | None = None,
        limit: int = 50,
    ) -> list[tuple[tuple[int, int], StoryRecord]]:
        """At most ``limit`` stories, each with its place; ``behind`` a place given earlier.

        ``order``: ``newest`` (last seen), ``widest`` (most articles) or ``fastest`` (further articles an
        hour between first and last seen, counted as at least one hour).
        """
        key = _ORDERS[order]
        query = stories_query(StoryFilter(**wanted), limit).order_by(None).add_columns(key.label("place"))
        if order != "newest":
            query = query.where(_story.size > 1)
        if behind is not None:
            query = query.where(tuple_(key, _story.row) < behind)
        query = query.order_by(key.desc(), _story.row.desc())
        with self._db.snapshot() as connection:
            rows = connection.execute(query).all()
            records = self._records(connection, rows)
        return [((row.place, row.row), record) for row, record in zip(rows, records, strict=True)]

    def stored_times(self, story_row: int) -> dict[str, datetime]:
        """Article id -> when it was stored, for the articles of a story."""
        query = select(_article.article_id, _article.stored).where(_article.story == story_row)
        with self._db.read() as connection:
            return {row.article_id: codec.moment(row.stored) for row in connection.execute(query)}

    def evidence_of(self, article_id: str) -> list[tuple[str, Match]]:
        """The verified matches of an article, best first, each with the public id of the other article."""
        evidence, other = tables.evidence.c, tables.article.alias()
        query = (
            select(other.c.article_id, other.c.row, evidence.score, evidence.reason, evidence.figures)
            .select_from(tables.evidence)
            .join(tables.article, _article.row == evidence.article)
            .join(other, other.c.row == evidence.other)
            .where(_article.article_id == article_id)
            .order_by(evidence.place)
        )
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [
            (row.article_id, Match(row.row, row.score, row.reason, codec.read_figures(row.figures))) for row in rows
        ]

    def tally(self, since: datetime, until: datetime) -> list[tuple[str | None, str | None, str, str, int]]:
        """(feed, outlet, outcome, reason, number) of journal rows decided in [``since``, ``until``)."""
        group = (_journal.feed, _journal.outlet, _journal.outcome, _journal.reason)
        query = (
            select(*group, func.count())
            .where(_journal.time >= codec.micros(since), _journal.time < codec.micros(until))
            .group_by(*group)
        )
        with self._db.read() as connection:
            return [(row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(query)]

    def copying(self, since: datetime) -> list[tuple[str, str, int]]:
        """(outlet of a copy, outlet of the article that speaks for its story, number of such copies), the
        most first, over stories last seen since then; copies inside one outlet are left out."""
        speaker = tables.article.alias()
        pair = (_article.outlet, speaker.c.outlet)
        query = (
            select(*pair, func.count().label("number"))
            .select_from(tables.story)
            .join(speaker, speaker.c.row == _story.canonical)
            .join(tables.article, _article.story == _story.row)
            .where(
                _story.merged_into.is_(None),
                _story.last_seen >= codec.micros(since),
                _story.size > 1,
                _article.outlet != speaker.c.outlet,
            )
            .group_by(*pair)
            .order_by(func.count().desc(), *pair)
        )
        with self._db.read() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def arrivals(self, limit: int) -> list[tuple[datetime, datetime]]:
        """(published, stored) of the newest ``limit`` articles, those with a time of publication."""
        query = select(_article.published, _article.stored).order_by(_article.row.desc()).limit(limit)
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [(codec.moment(row[0]), codec.moment(row[1])) for row in rows if row[0] is not None]

    def totals(self) -> dict[str, int]:
        """``articles``, ``stories`` (merged ones not counted), ``waiting`` and ``bytes`` of the database."""
        stories = select(func.count()).select_from(tables.story).where(_story.merged_into.is_(None))
        with self._db.read() as connection:
            return {
                "articles": _number(connection.execute(select(func.count()).select_from(tables.article))),
                "stories": _number(connection.execute(stories)),
                "waiting": _number(
                    connection.execute(select(func.count()).select_from(tables.work).where(tables.work.c.look == 0))
                ),
                "bytes": self._db.size(connection),
            }


def _number(result: Any) -> int:
    return int(result.scalar_one())


def _rate() -> ColumnElement[int]:
    span = _story.last_seen - _story.first_seen
    hours = case((span < HOUR, HOUR), else_=span)
    return (_story.size - 1) * (HOUR * PER_HOUR_SCALE) // hours


_ORDERS: dict[str, ColumnElement[int]] = {
    "newest": tables.story.c.last_seen,
    "widest": tables.story.c.size,
    "fastest": _rate(),
}
STORY_ORDERS: Sequence[str] = tuple(_ORDERS)
