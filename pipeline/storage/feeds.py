"""Feeds and what a poll leaves behind: the feed's new state, its entries as work, its refusals."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from pipeline.errors import NotFound
from pipeline.model import Entry, FeedSource, FeedState, JournalRow, RefusedEntry

from . import codec, journal, tables
from .base import Part
from .database import Database, Unsound
from .values import Poll

_feed, _entry, _refusal = tables.feed, tables.entry, tables.refusal
_STATE = (_feed.c.row, _feed.c.state, _feed.c.listed)


class Feeds(Part):
    """The feeds of the configuration and their history."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._sources: dict[str, FeedSource] = {}  # with secrets, as this process was given them

    def sync_feeds(self, sources: Sequence[FeedSource], now: datetime) -> None:
        """Make the configuration's feeds the ones that are polled.

        A new one is due at once; one that is gone keeps its history and is polled no more; one whose
        address was changed to where it had moved keeps its history too.
        """
        with self._db.write() as connection:
            known = {row.source_url: row for row in connection.execute(select(_feed))}
            wanted = {source.url for source in sources}
            moved = {row.url: row for url, row in known.items() if url not in wanted}
            for source in sources:
                row = known.get(source.url) or moved.get(source.url)
                if row is None:
                    _insert_feed(connection, source, now)
                else:
                    state = dataclasses.replace(codec.read_feed(row.state, row.row), source=source)
                    _save_feed(connection, state, listed=1)
            gone = [url for url in known if url not in wanted and known[url].url not in wanted]
            for url in gone:
                connection.execute(update(_feed).where(_feed.c.source_url == url).values(listed=0))
        self.know_sources(sources)

    def know_sources(self, sources: Sequence[FeedSource]) -> None:
        """Use these with the secrets in them, where another process keeps the list of feeds."""
        self._sources = {source.url: source for source in sources}

    def feeds(self) -> list[FeedState]:
        """Every feed ever configured, in order of arrival; those no longer configured are ``retired``."""
        with self._db.read() as connection:
            return [self._state(row) for row in connection.execute(select(*_STATE).order_by(_feed.c.row))]

    def due_feeds(self, now: datetime, limit: int) -> list[FeedState]:
        """At most ``limit`` feeds whose poll is due, the longest overdue first."""
        query = (
            select(*_STATE)
            .where(_feed.c.retired == 0, _feed.c.listed == 1, _feed.c.next_poll <= codec.micros(now))
            .order_by(_feed.c.next_poll, _feed.c.row)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [self._state(row) for row in connection.execute(query)]

    def next_due(self) -> datetime | None:
        """When the next poll is due (possibly in the past); None when no feed is polled."""
        query = select(func.min(_feed.c.next_poll)).where(_feed.c.retired == 0, _feed.c.listed == 1)
        with self._db.read() as connection:
            return codec.maybe_moment(connection.execute(query).scalar())

    def feed_by_url(self, url: str) -> FeedState:
        """The feed configured under ``url``, or polled there now; raises ``NotFound``."""
        query = (
            select(*_STATE)
            .where(or_(_feed.c.source_url == url, _feed.c.url == url))
            .order_by(_feed.c.source_url != url, _feed.c.row)
        )
        with self._db.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"no feed goes by {url}")
        return self._state(row)

    def feed(self, row: int) -> FeedState:
        """The feed in ``row``; raises ``NotFound``."""
        with self._db.read() as connection:
            found = connection.execute(select(*_STATE).where(_feed.c.row == row)).first()
        if found is None:
            raise NotFound(f"there is no feed in row {row}")
        return self._state(found)

    def known_entries(self, feed_row: int, keys: Sequence[str]) -> dict[str, str]:
        """Key -> fingerprint of those ``keys`` that this feed has served before."""
        return self.known_entries_of([(feed_row, keys)])[0]

    def known_entries_of(self, asked: Sequence[tuple[int, Sequence[str]]]) -> list[dict[str, str]]:
        """``known_entries`` for several feeds."""
        with self._db.read() as connection:
            return [self._known(connection, feed_row, keys) for feed_row, keys in asked]

    def apply_poll(
        self,
        state: FeedState,
        taken: Sequence[tuple[Entry, bool]],
        journal_rows: Sequence[JournalRow],
        now: datetime,
        refused: Sequence[tuple[RefusedEntry, JournalRow]] = (),
    ) -> list[JournalRow]:
        """Everything about one poll in one transaction.

        ``taken`` entries become work, with whether they are revised; a version that is known already is
        passed over.  ``refused`` entries are journalled the first time only; their rows are returned.
        ``journal_rows`` are about the poll itself and written as they are.
        """
        return self.apply_polls([Poll(state, taken, journal_rows, now, refused)])[0]

    def apply_polls(self, polls: Sequence[Poll]) -> list[list[JournalRow]]:
        """``apply_poll`` for several that ended together, in one transaction: the disk is waited for once.

        Returns for each what ``apply_poll`` would.  All are stored or none.
        """
        try:
            return self._apply_polls(polls)
        except Unsound:  # a lone surrogate somewhere: rare, so looked for only now
            return self._apply_polls(codec.sound(polls))

    def _apply_polls(self, polls: Sequence[Poll]) -> list[list[JournalRow]]:
        with self._db.write() as connection:
            self._many(connection, _SAVE, [(*_columns(poll.state).values(), poll.state.row) for poll in polls])
            self._take(connection, polls)
            fresh = [
                [told for entry, told in poll.refused if self._is_first_refusal(connection, poll.state.row, entry)]
                for poll in polls
            ]
            rows = [row for poll, told in zip(polls, fresh, strict=True) for row in (*poll.journal_rows, *told)]
            journal.append(self._db, connection, rows)
            return fresh

    def _take(self, connection: Connection, polls: Sequence[Poll]) -> None:
        """Make work of every version that is not known, in the order given."""
        known: dict[int, dict[str, str]] = {}
        added, changed, work = [], [], []
        for poll in polls:
            feed, now = poll.state.row, codec.micros(poll.now)
            versions = known.setdefault(feed, {})
            versions |= self._known(connection, feed, [e.key for e, _ in poll.taken if e.key not in versions])
            for entry, revised in poll.taken:
                version = versions.get(entry.key)
                if version == entry.fingerprint:
                    continue
                key = self._db.key(entry.key)
                if version is None:
                    added.append((feed, key, entry.fingerprint, now))
                else:
                    changed.append((entry.fingerprint, feed, key))
                versions[entry.key] = entry.fingerprint
                work.append((codec.write_entry(entry), int(revised), now, feed, key))
        self._many(connection, _ADD, added)
        self._many(connection, _CHANGE, changed)
        self._many(connection, _WAIT, work)

    def _known(self, connection: Connection, feed: int, keys: Sequence[str]) -> dict[str, str]:
        """Key -> fingerprint of known entries."""
        found: dict[str, str] = {}
        given = {self._db.key(key): key for key in keys}
        for row in self._chunked(connection, _KNOWN, list(given), feed):
            found[given[row[0]]] = row[1]
        return found

    def _is_first_refusal(self, connection: Connection, feed: int, entry: RefusedEntry) -> bool:
        fields = {"feed": feed, "key": self._db.key(entry.key), "reason": entry.reason.value}
        seen = select(_refusal.c.feed).where(*(_refusal.c[name] == value for name, value in fields.items()))
        if connection.execute(seen).first() is not None:
            return False
        connection.execute(insert(_refusal).values(**fields))
        return True

    def _state(self, row: Any) -> FeedState:
        state = codec.read_feed(row.state, row.row)
        source = self._sources.get(state.source.url, state.source)
        listed = bool(row.listed)
        return dataclasses.replace(state, source=source, retired=state.retired or not listed, listed=listed)


# in the order of _columns
_SAVE = "UPDATE feed SET source_url = ?, url = ?, outlet = ?, next_poll = ?, retired = ?, state = ? WHERE row = ?"
_KNOWN = "SELECT key, fingerprint FROM entry WHERE feed = ? AND key IN ({marks})"
_ADD = "INSERT INTO entry (feed, key, fingerprint, seen) VALUES (?, ?, ?, ?)"
_CHANGE = "UPDATE entry SET fingerprint = ? WHERE feed = ? AND key = ?"
_WAIT = (
    "INSERT INTO work (entry, payload, revised, attempts, due, detail)"
    " SELECT row, ?, ?, 0, ?, '' FROM entry WHERE feed = ? AND key = ?"
)


def _columns(state: FeedState) -> dict[str, Any]:
    return {
        "source_url": state.source.url,
        "url": state.url,
        "outlet": state.source.outlet,
        "next_poll": codec.micros(state.next_poll),
        "retired": int(state.retired),
        "state": codec.write_feed(state),
    }


def _insert_feed(connection: Connection, source: FeedSource, now: datetime) -> None:
    state = FeedState(row=0, source=source, url=source.url, next_poll=now, why_next="new in the configuration")
    connection.execute(insert(_feed).values(listed=1, **_columns(state)))


def _save_feed(connection: Connection, state: FeedState, **more: int) -> None:
    connection.execute(update(_feed).where(_feed.c.row == state.row).values(**_columns(state), **more))
