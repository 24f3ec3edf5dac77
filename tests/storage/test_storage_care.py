"""Backups prove themselves; damage is found or undone."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from storage_builders import LATER, NOW, entry, ingest, join, merge, revise, source

from pipeline.errors import SchemaError, StorageError
from pipeline.storage import Store, check_backup, open_store, parse_query, restore

DAMAGED = 30  # files; the long run has more


def fill(store: Store) -> None:
    store.sync_feeds([source()], NOW)
    store.apply_poll(store.feeds()[0], [(entry(f"k{n}"), False) for n in range(50)], [], NOW)
    texts = {n: f"Report {n}: " + "the harbour of the town was rebuilt " * 20 for n in range(1, 150)}
    store.apply([ingest(n, n, text=texts[n]) for n in range(1, 100)], NOW)
    store.apply([join(n, n - 99, n - 99, text=texts[n]) for n in range(100, 149)], LATER)
    store.apply([merge(149, 1, 2, 1, text=texts[149]), revise(5, 5, "A later text.")], LATER)
    store.index_for_search()


def told(store: Store) -> object:
    """All that a person can read."""
    return (
        store.stories(limit=1000),
        store.items(limit=1000),
        store.changes(limit=1000),
        store.articles(range(1, 150)),
        store.revisions("a5"),
        store.pending(LATER, 100),
        list(store.sketches()),
        store.search(parse_query("harbour", NOW), limit=200),
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and its backup."""
    folder = tmp_path_factory.mktemp("kept")
    with open_store(f"sqlite:///{folder}/store.db") as store:
        fill(store)
        store.backup(folder / "backup.db")
    return folder


def test_backup_and_restore(tmp_path: Path, store: Store) -> None:
    fill(store)
    if store._db.dialect == "postgresql":
        with pytest.raises(StorageError, match="pg_dump"):
            store.backup(tmp_path / "backup.db")
        assert list(tmp_path.iterdir()) == []
        assert store.full_check() == []
        return
    sealed = store.backup(tmp_path / "backup.db")
    assert sealed["article"][0] == 149
    assert check_backup(tmp_path / "backup.db") == sealed
    assert restore(tmp_path / "backup.db", tmp_path / "again.db") == sealed
    with open_store(f"sqlite:///{tmp_path}/again.db") as again:
        assert told(again) == told(store)
        assert again.full_check() == []
        again.apply([ingest(150, 100)], LATER)


def test_a_backup_is_taken_while_others_write(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/db") as store, open_store(f"sqlite:///{tmp_path}/db") as other:
        store.apply([ingest(n, n) for n in range(1, 500)], NOW)
        other.backup(tmp_path / "one.db")
        store.apply([ingest(500, 500)], NOW)
        assert other.backup(tmp_path / "two.db")["article"][0] == 500


def test_nothing_is_written_over(kept: Path) -> None:
    with open_store(f"sqlite:///{kept}/store.db") as store:
        with pytest.raises(StorageError, match="is there already"):
            store.backup(kept / "backup.db")
        with pytest.raises(StorageError, match="cannot be opened"):
            store.backup(kept / "nowhere" / "backup.db")
    with pytest.raises(StorageError, match="move it away first"):
        restore(kept / "backup.db", kept / "store.db")
    assert sorted(path.suffix for path in kept.iterdir() if "part" in path.name) == []


def test_only_backups_are_restored(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="has no seal"):
        restore(kept / "store.db", tmp_path / "x.db")
    (tmp_path / "text").write_text("Dear diary, " * 100)
    with pytest.raises(SchemaError, match="is not a database"):
        restore(tmp_path / "text", tmp_path / "x.db")
    with pytest.raises(StorageError, match="cannot be opened"):
        restore(tmp_path / "nowhere.db", tmp_path / "x.db")
    assert not (tmp_path / "x.db").exists()


def test_a_changed_value_is_noticed(kept: Path, tmp_path: Path) -> None:
    shutil.copy(kept / "backup.db", tmp_path / "backup.db")
    with closing(sqlite3.connect(tmp_path / "backup.db")) as connection:
        connection.execute("UPDATE story SET last_seen = last_seen + 1 WHERE row = 7")
        connection.commit()
    with pytest.raises(StorageError, match=r"damaged: story differ"):
        check_backup(tmp_path / "backup.db")


def test_a_changed_text_is_noticed_in_the_store_itself(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/db") as store:
        store.apply([ingest(1, 1), ingest(2, 2)], NOW)
        with store._db.write() as connection:
            connection.exec_driver_sql("UPDATE body SET text = 'Other words.' WHERE article = 1")
            connection.exec_driver_sql("UPDATE article SET meta = '{' WHERE row = 2")
        assert store.full_check() == [
            "the text of article row 1 is not what was stored",
            "the record of article row 2 cannot be read",
        ]


@pytest.mark.parametrize("seed", range(DAMAGED))
def test_a_damaged_backup_is_found_out_or_restored_whole(kept: Path, tmp_path: Path, seed: int) -> None:
    """16 random bytes anywhere in the file: either it is refused, or what is restored is whole."""
    chance = random.Random(seed)
    content = bytearray((kept / "backup.db").read_bytes())
    place = chance.randrange(len(content) - 16)
    content[place : place + 16] = chance.randbytes(16)
    (tmp_path / "damaged.db").write_bytes(content)
    try:
        restore(tmp_path / "damaged.db", tmp_path / "restored.db")
    except StorageError:
        assert not (tmp_path / "restored.db").exists()
        return
    with (
        open_store(f"sqlite:///{tmp_path}/restored.db") as restored,
        open_store(f"sqlite:///{kept}/store.db") as store,
    ):
        assert told(restored) == told(store)
        assert restored.full_check() == []
