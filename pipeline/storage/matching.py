"""The matcher's side: intents in, one transaction for each batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from pipeline.model import Action, Ingest

from . import codec, tables
from .base import next_row
from .batch import Batch, StoryState, evidence_columns, seconds
from .queue import Queue


class Matching(Queue):
    """What the one writer does."""

    def next_rows(self) -> tuple[int, int]:
        """The rows that the next article and the next story get; counted on by the one writer."""
        with self._db.read() as connection:
            return next_row(connection, "article"), next_row(connection, "story")

    def apply(self, batch: Sequence[Ingest], now: datetime) -> None:
        """Store a batch of intents in order, all or nothing.

        Articles, texts, sketches, evidence, journal rows, story changes, events and settled work are one
        transaction.  Raises ``StorageError`` for an intent that contradicts what is stored (an id or a
        URL taken, a story that is not there or was merged away).
        """
        try:
            self._apply(batch, now)
        except UnicodeEncodeError:  # a lone surrogate somewhere: rare, so looked for only now
            self._apply(codec.sound(batch), now)

    def _apply(self, batch: Sequence[Ingest], now: datetime) -> None:
        with self._db.write() as connection:
            plan = Batch(
                codec.micros(now),
                next_row(connection, "journal"),
                next_row(connection, "event", "cursor"),
                self._stories(connection, batch),
                self._homes(connection, batch),
            )
            for ingest in batch:
                plan.add(ingest)
            self._write(connection, plan)

    def _write(self, connection: Connection, plan: Batch) -> None:
        fresh = [story.columns() for story in plan.stories.values() if story.fresh]
        self._insert(connection, tables.story, fresh)
        self._insert(connection, tables.article, plan.articles)
        self._insert(connection, tables.body, plan.bodies)
        self._insert(connection, tables.sketch, plan.sketches)
        self._insert(connection, tables.address, plan.addresses)
        self._insert(connection, tables.evidence, plan.evidence)
        for ingest in plan.revisions:
            self._revise(connection, ingest, plan.now)
        for folded, into in plan.merges:
            move(connection, folded, into)
        for story in plan.stories.values():
            if not story.fresh:
                save_story(connection, story)
        self._insert(connection, tables.journal, plan.journal)
        self._insert(connection, tables.event, plan.events)
        self._take_off(connection, dict(plan.settled))

    def _insert(self, connection: Connection, table: Any, rows: list[tuple[Any, ...]]) -> None:
        self._many(connection, tables.insert_sql(table), rows)

    def _stories(self, connection: Connection, batch: Sequence[Ingest]) -> dict[int, StoryState]:
        """The stored stories that a batch names."""
        wanted = {i.decision.story for i in batch if i.decision.action is not Action.START}
        wanted.update(i.decision.folded for i in batch if i.decision.folded is not None)
        if not wanted:
            return {}
        rows = self._chunked(connection, _STORIES, sorted(wanted))
        return {row.row: StoryState(*row) for row in rows}

    def _homes(self, connection: Connection, batch: Sequence[Ingest]) -> dict[int, int]:
        """The stories of the articles that a batch revises."""
        wanted = [i.row for i in batch if i.decision.action is Action.REVISE]
        return {row.row: row.story for row in self._chunked(connection, _HOMES, wanted)}

    def _revise(self, connection: Connection, ingest: Ingest, now: int) -> None:
        """Keep the text as it was, then put the new one in its place."""
        article, row = ingest.article, ingest.row
        connection.exec_driver_sql(self._sql(_KEEP), (now, row))
        published = codec.maybe_micros(article.published)
        new = {
            "url": article.url,
            "title": article.title,
            "outlet": article.outlet,
            "published": published,
            "text_hash": codec.text_hash(article.text),
            "meta": codec.write_meta(article),
            "stored": now,
        }
        table = tables.article
        connection.execute(
            table.update().where(table.c.row == row).values(revision=table.c.revision + 1, **new)
        )
        connection.exec_driver_sql(self._sql(_NEW_BODY), (article.text, row))
        connection.exec_driver_sql(self._sql(_NEW_SKETCH), (seconds(published), ingest.sketch, row))
        if article.url:
            connection.exec_driver_sql(self._sql(_NEW_ADDRESS), (codec.identity(article.url), row))
        if ingest.decision.matches:
            evidence = tables.evidence
            connection.execute(evidence.delete().where(evidence.c.article == row))
            self._insert(connection, evidence, evidence_columns(row, ingest.decision.matches))

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        """What was learned from the articles up to a row; None when nothing is kept under ``name``."""
        table = tables.checkpoint
        with self._db.read() as connection:
            row = connection.execute(
                select(table.c.upto, table.c.content).where(table.c.name == name)
            ).first()
        return None if row is None else (row.upto, row.content)

    def save_checkpoint(self, name: str, upto_row: int, blob: bytes) -> None:
        """Keep what was learned from the articles up to ``upto_row``."""
        table = tables.checkpoint
        with self._db.write() as connection:
            connection.execute(table.delete().where(table.c.name == name))
            connection.execute(table.insert().values(name=name, upto=upto_row, content=blob))


_STORIES = (
    "SELECT row, story_id, canonical, canonical_rule, first_seen, last_seen, size, merged_into, pinned"
    " FROM story WHERE row IN ({marks})"
)
_HOMES = "SELECT row, story FROM article WHERE row IN ({marks})"
_KEEP = (
    "INSERT INTO revision (article, number, stored, replaced, title, text, meta)"
    " SELECT a.row, a.revision, a.stored, ?, a.title, b.text, a.meta"
    " FROM article a JOIN body b ON b.article = a.row WHERE a.row = ?"
)
_NEW_BODY = "UPDATE body SET text = ? WHERE article = ?"
_NEW_SKETCH = "UPDATE sketch SET published = ?, sketch = ? WHERE article = ?"
_NEW_ADDRESS = "INSERT INTO address (identity, article) VALUES (?, ?) ON CONFLICT DO NOTHING"


def save_story(connection: Connection, story: StoryState) -> None:
    """Write back a story that was there before."""
    table = tables.story
    names = [column.name for column in table.columns]
    values = dict(zip(names, story.columns(), strict=True))
    connection.execute(table.update().where(table.c.row == story.row).values(**values))


def move(connection: Connection, folded: int, into: int) -> None:
    """Move every article of one story to another."""
    article, sketch = tables.article, tables.sketch
    members = select(article.c.row).where(article.c.story == folded)
    connection.execute(sketch.update().where(sketch.c.article.in_(members)).values(story=into))
    connection.execute(article.update().where(article.c.story == folded).values(story=into))
