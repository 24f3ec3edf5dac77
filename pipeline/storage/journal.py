"""Journal rows: how they are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from pipeline.model import JournalRow

from . import codec, tables
from .base import next_row
from .database import Database


def columns(place: int, row: JournalRow, article: int | None, story: int | None) -> tuple[Any, ...]:
    """The columns of a journal row in the order of ``tables.journal``."""
    url = row.url
    return (
        place,
        codec.micros(row.time),
        row.feed,
        url,
        codec.url_key(url) if article is None and url is not None else None,
        row.outlet,
        row.title,
        str(row.outcome),  # the plain text, at a sixth of the cost of `.value`
        str(row.reason),
        row.detail,
        article,
        story,
        codec.write_extra(row.timings, row.trail) if row.timings or row.trail else None,
    )


def append(database: Database, connection: Connection, rows: Iterable[JournalRow]) -> None:
    """Write rows that name their article and story by public id, if at all."""
    told = list(rows)
    if not told:
        return
    place = next_row(connection, "journal")
    ready = [columns(place + i, codec.sound(row), *_named(connection, row)) for i, row in enumerate(told)]
    database.insert(connection, tables.journal, ready)


def _named(connection: Connection, row: JournalRow) -> tuple[int | None, int | None]:
    article, story = tables.article, tables.story
    if row.article_id is not None:
        query = select(article.c.row, article.c.story).where(article.c.article_id == row.article_id)
        if (found := connection.execute(query).first()) is not None:
            return found[0], found[1]
    if row.story_id is not None:
        return None, connection.execute(select(story.c.row).where(story.c.story_id == row.story_id)).scalar()
    return None, None
