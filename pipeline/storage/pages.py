"""Fetched pages as they came, in a file of their own: compressed, each content once, bounded in size and age.

They stand beside the database and not in it: a backup needs none of them, and where the file is lost or
damaged nothing is lost but the possibility to extract again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import zstandard

from pipeline.model import Entry

from . import codec
from .sqlite import explained

LEVEL = 3  # zstd's default: HTML shrinks to about a fifth at some 300 MB/s
BUSY_SECONDS = 30.0

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS body (key BLOB NOT NULL PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS page (
  row INTEGER NOT NULL PRIMARY KEY, address TEXT NOT NULL, url TEXT NOT NULL, type TEXT, body BLOB NOT NULL,
  fetched INTEGER NOT NULL, entry TEXT NOT NULL, outlet TEXT NOT NULL, bytes INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS page_address ON page (address, url);
CREATE INDEX IF NOT EXISTS page_fetched ON page (fetched);
CREATE INDEX IF NOT EXISTS page_body ON page (body);
"""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.  ``address`` is the identity URL of the entry that led to it."""

    address: str
    url: str  # that answered
    content_type: str | None
    body: bytes
    fetched: datetime
    entry: Entry
    outlet: str


class Pages:
    """The kept pages; safe to use from several threads, one after the other."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def _work(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    made = sqlite3.connect(self._path, timeout=BUSY_SECONDS, check_same_thread=False)
                    made.executescript(_SCHEMA)
                    self._connection = made
                with self._connection:
                    yield self._connection
            except sqlite3.Error as error:
                raise explained(error, self._path) from error

    def keep(self, page: Page) -> None:
        """Keep a page; an earlier one of the same address and URL goes.  Raises ``StorageError``."""
        key = _key(page.body)
        packed = zstandard.ZstdCompressor(level=LEVEL).compress(page.body)
        entry = codec.write_entry(codec.sound(page.entry))
        row = (page.address, page.url, page.content_type, key, codec.micros(page.fetched), entry, page.outlet)
        with self._work() as connection:
            connection.execute("INSERT INTO body VALUES (?, ?) ON CONFLICT DO NOTHING", (key, packed))
            connection.execute(_KEEP, (*codec.sound(row[:3]), *row[3:], len(packed)))

    def prune(self, before: datetime, max_bytes: int) -> int:
        """Drop pages fetched before then, and the oldest above ``max_bytes``; returns how many."""
        with self._work() as connection:
            dropped = connection.execute("DELETE FROM page WHERE fetched < ?", (codec.micros(before),)).rowcount
            dropped += connection.execute(_OVER, (max_bytes,)).rowcount
            if dropped:
                connection.execute(_LONELY)
        return dropped

    def pages(self) -> Iterator[Page]:
        """Every page, those of one address together, in the order of fetching; read one at a time.

        One that is damaged is left out: its body is not the one its key stands for.
        """
        with self._work() as connection:
            rows = [row[0] for row in connection.execute("SELECT row FROM page ORDER BY address, fetched, row")]
        unpack = zstandard.ZstdDecompressor()
        for row in rows:
            with self._work() as connection:
                found = connection.execute(_READ, (row,)).fetchone()
            if found is None:
                continue
            address, url, kind, content, fetched, entry, outlet, key = found
            try:
                body = unpack.decompress(content)
            except zstandard.ZstdError:
                continue
            if _key(body) != key:
                continue
            yield Page(address, url, kind, body, codec.moment(fetched), codec.read_entry(entry), outlet)

    def size(self) -> tuple[int, int]:
        """How many pages, and their bytes as kept."""
        with self._work() as connection:
            count = connection.execute("SELECT count(*) FROM page").fetchone()[0]
            total = connection.execute("SELECT coalesce(sum(length(content)), 0) FROM body").fetchone()[0]
        return count, total

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _key(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).digest()


def open_pages(path: str) -> Pages:
    """The pages kept in the file ``path``, which is made when the first one comes."""
    return Pages(path)


_KEEP = (
    "INSERT INTO page (address, url, type, body, fetched, entry, outlet, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (address, url) DO UPDATE SET type = excluded.type, body = excluded.body,"
    " fetched = excluded.fetched, entry = excluded.entry, outlet = excluded.outlet, bytes = excluded.bytes"
)
_LONELY = "DELETE FROM body WHERE NOT EXISTS (SELECT 1 FROM page WHERE page.body = body.key)"
_OVER = (
    "DELETE FROM page WHERE row IN (SELECT row FROM (SELECT row, sum(bytes) OVER"
    " (ORDER BY fetched DESC, row DESC) AS total FROM page) WHERE total > ?)"
)
_READ = (
    "SELECT p.address, p.url, p.type, b.content, p.fetched, p.entry, p.outlet, p.body FROM page p"
    " JOIN body b ON b.key = p.body WHERE p.row = ?"
)
