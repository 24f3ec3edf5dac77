"""The matcher's side: intents in, one transaction for each batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from pipeline.errors import Overtaken, StorageError
from pipeline.model import Action, Ingest

from . import codec, tables
from .base import next_row
from .batch import Batch, Move, StoryState, came_by, evidence_columns, seconds
from .database import Unsound
from .queue import Queue

Mark = tuple[int, ...]  # changes whenever a decision may be out of date


class Matching(Queue):
    """What the one writer does."""

    def next_rows(self) -> tuple[int, int]:
        """The rows that the next article and the next story get; counted on by the one writer."""
        with self._db.read() as connection:
            return next_row(connection, "article"), next_row(connection, "story")

    def mark(self) -> Mark:
        """What the state of stories, links and aliases is told by: equal while nobody changed them."""
        with self._db.read() as connection:
            return _mark(connection)

    def apply(self, batch: Sequence[Ingest], now: datetime, expected: Mark | None = None) -> Mark:
        """Store a batch of intents in order, all or nothing.

        Articles, texts, sketches, evidence, journal rows, story changes, events and settled work are one
        transaction.  An intent for a stored article gives it a later text: REVISE leaves it in its story,
        any other action takes it out of there.  A story that was merged away meanwhile stands for the one
        it went into; a pinned article keeps speaking.  Raises ``StorageError`` for an intent that
        contradicts what is stored (an id or a URL taken, a story that is not there), and ``Overtaken`` where
        the mark is not the ``expected`` one.  Returns the mark that holds afterwards.
        """
        try:
            return self._apply_batch(batch, now, expected)
        except Unsound:  # a lone surrogate somewhere: rare, so looked for only now
            return self._apply_batch(codec.sound(batch), now, expected)

    def _apply_batch(self, batch: Sequence[Ingest], now: datetime, expected: Mark | None) -> Mark:
        with self._db.write() as connection:
            if expected is not None and _mark(connection) != expected:
                raise Overtaken("somebody corrected the records meanwhile")
            homes = self._homes(connection, batch)
            wanted = {i.decision.story for i in batch if i.decision.action is not Action.START}
            wanted.update(i.decision.folded for i in batch if i.decision.folded is not None)
            plan = self._plan(connection, wanted, homes, now)
            for ingest in batch:
                plan.add(ingest)
            self._write(connection, plan)
            return _mark(connection)

    def _plan(self, connection: Connection, stories: set[int], homes: dict[int, int], now: datetime) -> Batch:
        """An empty plan that knows the ``stories`` and the ``homes`` of articles that it is about."""
        return Batch(
            codec.micros(now),
            next_row(connection, "journal"),
            next_row(connection, "event", "cursor"),
            self._stories(connection, stories | set(homes.values())),
            homes,
        )

    def _write(self, connection: Connection, plan: Batch) -> None:
        fresh = [story.columns() for story in plan.stories.values() if story.fresh]
        self._insert(connection, tables.story, fresh)
        self._insert(connection, tables.article, plan.articles)
        self._insert(connection, tables.body, plan.bodies)
        self._insert(connection, tables.sketch, plan.sketches)
        self._insert(connection, tables.address, plan.addresses)
        self._address(connection, plan.aliases)
        self._insert(connection, tables.evidence, plan.evidence)
        for ingest in plan.revisions:
            self._revise(connection, ingest, plan.now)
        for move in plan.moves:
            self._move(connection, move)
        for story in plan.speechless:
            self._elect(connection, plan, story)
        self._save_stories(connection, plan)
        self._insert(connection, tables.journal, plan.journal)
        self._insert(connection, tables.event, plan.events)
        self._take_off(connection, dict(plan.settled))

    def _insert(self, connection: Connection, table: Any, rows: list[tuple[Any, ...]]) -> None:
        self._db.insert(connection, table, rows)

    def _address(self, connection: Connection, rows: list[tuple[bytes, int]]) -> None:
        """Let further addresses lead to their articles; one that leads to another article goes on doing so."""
        wanted: dict[bytes, int] = {}
        for identity, article in rows:
            wanted.setdefault(identity, article)
        known = {row[0] for row in self._chunked(connection, _TAKEN, list(wanted))}
        self._insert(connection, tables.address, [row for row in wanted.items() if row[0] not in known])

    def _stories(self, connection: Connection, wanted: set[int]) -> dict[int, StoryState]:
        """Stored stories, and those they were merged into."""
        found: dict[int, StoryState] = {}
        while wanted:
            rows = self._chunked(connection, _STORIES, sorted(wanted))
            found.update((row.row, StoryState(*row)) for row in rows)
            onward = {story.merged_into for story in found.values() if story.merged_into is not None}
            wanted = onward - set(found)
        return found

    def _homes(self, connection: Connection, batch: Sequence[Ingest]) -> dict[int, int]:
        """The stories of the articles of a batch that are stored already."""
        unused = next_row(connection, "article")
        ids = {ingest.row: ingest.article_id for ingest in batch if ingest.row < unused}
        homes = {}
        for row, article_id, story in self._chunked(connection, _HOMES, list(ids)):
            if ids[row] != article_id:
                raise StorageError(f"article {ids[row]} cannot be stored: row {row} is {article_id}")
            homes[row] = story
        return homes

    def _move(self, connection: Connection, move: Move) -> None:
        """Carry out one move, in the articles and beside the sketches."""
        where, value = ("story", move.folded) if move.article is None else ("row", move.article)
        members = self._sql(f"SELECT row FROM article WHERE {where} = ?")  # noqa: S608 - one of two words
        for table, key in (("sketch", "article"), ("article", "row")):
            change = self._sql(f"UPDATE {table} SET story = ? WHERE {key} IN ({members})")  # noqa: S608
            connection.exec_driver_sql(change, (move.into, value))

    def _elect(self, connection: Connection, plan: Batch, story: StoryState) -> None:
        """Find a new voice for a story whose canonical article left: the first that came of those that stayed.

        That is the report that the story began with, whatever date a later one claims.
        """
        if story.merged_into is not None:
            return
        rows = connection.exec_driver_sql(self._sql(_MEMBERS), (story.row,)).scalars().all()
        if story.canonical not in rows:
            plan.speak(story, rows[0], "first that came of those that stayed")

    def _save_stories(self, connection: Connection, plan: Batch) -> None:
        rows = [
            (s.canonical, s.canonical_rule, s.pinned, s.first_seen, s.last_seen, s.size, s.merged_into, s.row)
            for s in plan.stories.values()
            if not s.fresh or plan.moves
        ]
        self._many(connection, _SAVE_STORY, rows)

    def _revise(self, connection: Connection, ingest: Ingest, now: int) -> None:
        """Keep the text as it was, then put the new one in its place."""
        article, row = ingest.article, ingest.row
        connection.exec_driver_sql(self._sql(_KEEP), (now, row))
        published = codec.maybe_micros(article.published)
        new: dict[str, Any] = {
            "url": article.url,
            "title": article.title,
            "outlet": article.outlet,
            "published": published,
            "text_hash": codec.text_hash(article.text),
            "meta": codec.write_meta(article),
            "stored": now,
        }
        if ingest.decision.action is not Action.REVISE:
            new |= dict(zip(("matched", "score", "match_reason"), came_by(ingest.decision), strict=True))
        table = tables.article
        connection.execute(table.update().where(table.c.row == row).values(revision=table.c.revision + 1, **new))
        story = connection.execute(select(table.c.story).where(table.c.row == row)).scalar_one()
        for old in ("body", "sketch"):  # they may have been forgotten
            connection.exec_driver_sql(self._sql(f"DELETE FROM {old} WHERE article = ?"), (row,))  # noqa: S608
        self._insert(connection, tables.body, [(row, article.text)])
        self._insert(connection, tables.sketch, [(row, story, seconds(published), ingest.sketch)])
        self._address(connection, [(codec.identity(url), row) for url in ingest.addresses or (article.url,) if url])
        if ingest.decision.matches or ingest.decision.action is not Action.REVISE:
            evidence = tables.evidence
            connection.execute(evidence.delete().where(evidence.c.article == row))
            self._insert(connection, evidence, evidence_columns(row, ingest.decision.matches))

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        """What was learned from the articles up to a row; None when nothing is kept under ``name``."""
        table = tables.checkpoint
        with self._db.read() as connection:
            row = connection.execute(select(table.c.upto, table.c.content).where(table.c.name == name)).first()
        return None if row is None else (row.upto, row.content)

    def save_checkpoint(self, name: str, upto_row: int, blob: bytes) -> None:
        """Keep what was learned from the articles up to ``upto_row``."""
        table = tables.checkpoint
        with self._db.write() as connection:
            connection.execute(table.delete().where(table.c.name == name))
            connection.execute(table.insert().values(name=name, upto=upto_row, content=blob))


def _mark(connection: Connection) -> Mark:
    return tuple(connection.exec_driver_sql(_MARK).one())


_MARK = (
    "SELECT (SELECT coalesce(max(cursor), 0) FROM event), (SELECT coalesce(max(row), 0) FROM link),"
    " (SELECT count(*) FROM link WHERE undone IS NOT NULL), (SELECT count(*) FROM alias),"
    " (SELECT coalesce(max(made), 0) FROM alias)"
)
_STORIES = (
    "SELECT row, story_id, canonical, canonical_rule, first_seen, last_seen, size, merged_into, pinned"
    " FROM story WHERE row IN ({marks})"
)
_MEMBERS = "SELECT row FROM article WHERE story = ? ORDER BY row"
_SAVE_STORY = (
    "UPDATE story SET canonical = ?, canonical_rule = ?, pinned = ?, first_seen = ?, last_seen = ?, size = ?,"
    " merged_into = ? WHERE row = ?"
)
_HOMES = "SELECT row, article_id, story FROM article WHERE row IN ({marks})"
_KEEP = (
    "INSERT INTO revision (article, number, stored, replaced, title, text, meta)"
    " SELECT a.row, a.revision, a.stored, ?, a.title, coalesce(b.text, ''), a.meta"
    " FROM article a LEFT JOIN body b ON b.article = a.row WHERE a.row = ?"
)
_TAKEN = "SELECT identity FROM address WHERE identity IN ({marks})"
