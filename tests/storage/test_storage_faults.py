"""The machine fails: what was acknowledged stays, the error says what to do, and work goes on afterwards."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from storage_builders import NOW, ingest

from pipeline.errors import StorageError
from pipeline.storage import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    with open_store(f"sqlite:///{tmp_path}/db") as opened:
        opened.apply([ingest(1, 1)], NOW)
        yield opened


def limit_pages(store: Store, pages: int) -> None:
    with store._db.read() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_disk_full(store: Store) -> None:
    with store._db.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    limit_pages(store, pages + 2)
    with pytest.raises(StorageError, match="the disk is full"):
        store.apply([ingest(n, n, text="word " * 5000) for n in range(2, 50)], NOW)
    assert store.counts().articles == 1
    limit_pages(store, 1_000_000)
    store.apply([ingest(n, n, text="word " * 5000) for n in range(2, 50)], NOW)
    assert store.counts().articles == 49
    assert store.full_check() == []


def test_locked_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.storage.database.BUSY_SECONDS", 0.1)
    with (
        open_store(f"sqlite:///{tmp_path}/db") as store,
        closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked by another process"):
            store.apply([ingest(1, 1)], NOW)
        assert store.stories() == []  # readers are not held up
        other.execute("ROLLBACK")
        store.apply([ingest(1, 1)], NOW)
        assert store.counts().articles == 1


def test_writer_waits_for_a_short_lock(store: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.3, lambda: other.execute("ROLLBACK"))
        timer.start()
        store.apply([ingest(2, 2)], NOW)
        timer.join()
    assert store.counts().articles == 2


def test_damaged_file_is_named(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/db") as store:
        store.apply([ingest(n, n) for n in range(1, 500)], NOW)
    content = bytearray((tmp_path / "db").read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    (tmp_path / "db").write_bytes(content)
    with pytest.raises(StorageError, match=r"db is damaged: run `doctor`"):
        open_store(f"sqlite:///{tmp_path}/db").stories()


def test_threads_read_while_one_writes(store: Store) -> None:
    seen: list[int] = []

    def read() -> None:
        for _ in range(20):
            stories = store.stories(limit=1000)
            assert all(story.articles for story in stories)
            seen.append(len(stories))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(2, 40):
        store.apply([ingest(n, n)], NOW)
    for reader in readers:
        reader.join()
    assert len(seen) == 60
