"""Reading the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, literal_column, or_, select

from pipeline.model import JournalRow, Outcome, Reason

from . import codec, tables
from .lookup import Lookup
from .values import Counts, ItemFilter, ItemRow

_journal, _article, _story = tables.journal, tables.article, tables.story


class Items(Lookup):
    """The journal for people."""

    def items(self, wanted: ItemFilter | None = None, *, after: int | None = None, limit: int = 50) -> list[ItemRow]:
        """At most ``limit`` journal rows: the newest, newest first; or with ``after`` those that came
        behind that cursor, in the order they came (to follow along; 0 begins at the beginning)."""
        with self._db.read() as connection:
            rows = connection.execute(items_query(wanted or ItemFilter(), after, limit)).all()
        return [_item(row) for row in rows]

    def last_item(self) -> int:
        """The cursor of the newest journal row, 0 when there is none."""
        with self._db.read() as connection:
            return int(connection.execute(select(func.coalesce(func.max(_journal.c.row), 0))).scalar_one())

    def counts(self, since: datetime | None = None) -> Counts:
        """Figures for a report; ``items`` from journal rows decided at or after ``since``."""
        outcomes = select(_journal.c.outcome, _journal.c.reason, func.count()).group_by(
            _journal.c.outcome, _journal.c.reason
        )
        if since is not None:
            outcomes = outcomes.where(_journal.c.time >= codec.micros(since))
        with self._db.read() as connection:
            found = connection.execute(outcomes).all()
            feeds, waiting, articles, stories = (connection.execute(query).scalar_one() for query in _TOTALS)
        return Counts(
            feeds=feeds,
            waiting=waiting,
            articles=articles,
            stories=stories,
            items={(Outcome(outcome), Reason(reason)): count for outcome, reason, count in found},
        )


_TOTALS = (
    select(func.count()).select_from(tables.feed).where(tables.feed.c.listed == 1),
    select(func.count()).select_from(tables.work).where(tables.work.c.look == 0),
    select(func.count()).select_from(_article),
    select(func.count()).select_from(_story).where(_story.c.merged_into.is_(None)),
)


def items_query(wanted: ItemFilter, after: int | None, limit: int) -> Select[Any]:
    """The statement behind ``items``."""
    wanted = codec.sound(wanted)
    then = _story.alias("recorded")
    query = (
        select(
            _journal,
            _article.c.article_id,
            func.coalesce(_story.c.story_id, then.c.story_id).label("story_id"),
        )
        .outerjoin(_article, _article.c.row == _journal.c.article)
        .outerjoin(_story, _story.c.row == _article.c.story)
        .outerjoin(then, then.c.row == _journal.c.story)
        .where(*_conditions(wanted, plain=after is not None))
        .limit(limit)
    )
    if after is None:
        return query.order_by(_journal.c.time.desc(), _journal.c.row.desc())
    return query.where(_journal.c.row > after).order_by(_journal.c.row)


def _conditions(wanted: ItemFilter, *, plain: bool) -> list[ColumnElement[bool]]:
    """What must hold; ``plain`` keeps the indexes of common columns out, where rows are walked in order."""

    def column(name: str) -> ColumnElement[Any]:
        return func.coalesce(journal[name], "") if plain else journal[name]

    journal, at = _journal.c, tables.address.c
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(journal.time >= codec.micros(wanted.since))
    if wanted.until is not None:
        found.append(journal.time < codec.micros(wanted.until))
    if wanted.outlet is not None:
        found.append(column("outlet") == wanted.outlet)
    if wanted.feed is not None:
        found.append(column("feed") == wanted.feed)
    if wanted.outcome is not None:
        found += _rare(column("outcome"), wanted.outcome.value, Outcome.NEW.value)
    if wanted.reason is not None:
        found += _rare(column("reason"), wanted.reason.value, Reason.STARTED_STORY.value)
    if wanted.url is not None:
        spellings = dict.fromkeys(url for url in (wanted.url, wanted.address) if url)
        leads = (
            journal.article == select(at.article).where(at.identity == codec.identity(url)).scalar_subquery()
            for url in spellings
        )
        row = and_(journal.article.is_(None), journal.url_key == codec.url_key(wanted.url), journal.url == wanted.url)
        found.append(or_(*leads, row))
    if wanted.article is not None:
        found.append(
            journal.article == select(_article.c.row).where(_article.c.article_id == wanted.article).scalar_subquery()
        )
    if wanted.story is not None:
        found.append(journal.article.in_(select(_article.c.row).where(_article.c.story == living_row(wanted.story))))
    if wanted.text is not None:
        found.append(journal.title.ilike(f"%{escaped(wanted.text)}%", escape="\\"))
    return found


def _rare(column: ColumnElement[str], value: str, common: str) -> list[ColumnElement[bool]]:
    """``column`` is ``value``, said so that the index over all but the common value can be used."""
    if value == common:
        return [column == value]
    return [column == value, column != literal_column(f"'{common}'")]


def escaped(text: str) -> str:
    """``text`` for LIKE, to be found as it stands."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def living_row(story_id: str) -> ScalarSelect[Any]:
    """The row of the story that ``story_id`` leads to after all merges."""
    path = (
        select(_story.c.row, _story.c.merged_into)
        .where(_story.c.story_id == codec.sound(story_id))
        .cte("path", recursive=True)
    )
    onward = select(_story.c.row, _story.c.merged_into).join(path, path.c.merged_into == _story.c.row)
    path = path.union(onward)
    return select(path.c.row).where(path.c.merged_into.is_(None)).scalar_subquery()


def _item(row: Any) -> ItemRow:
    timings, trail = codec.read_extra(row.extra)
    return ItemRow(
        row.row,
        JournalRow(
            time=codec.moment(row.time),
            feed=row.feed,
            url=row.url,
            outlet=row.outlet,
            title=row.title,
            outcome=Outcome(row.outcome),
            reason=Reason(row.reason),
            detail=row.detail,
            article_id=row.article_id,
            story_id=row.story_id,
            timings=timings,
            trail=trail,
        ),
    )
