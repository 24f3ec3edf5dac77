"""Every row is under a seal: what changed behind the store's back is found, also after more was written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from storage_builders import LATER, NOW, entry, ingest, join, merge, revise, source

from pipeline.errors import StorageError
from pipeline.storage import LinkKind, Store, open_store
from pipeline.storage.migrate import newest
from pipeline.storage.seals import BITS, sealed_tables
from pipeline.storage.values import Delivery


def fill(store: Store) -> None:
    """Something in every table."""
    store.sync_feeds([source()], NOW)
    feed = store.feeds()[0]
    store.apply_poll(feed, [(entry(f"k{n}"), False) for n in range(5)], [], NOW)
    store.apply([ingest(n, n) for n in range(1, 9)], NOW)
    store.apply([join(9, 3, 3), merge(10, 1, 2, 1), revise(5, 5, "A later text.")], LATER)
    store.add_link(LinkKind.CANNOT, "a4", "a5", NOW)
    store.add_alias("Outlet 1", "The Outlet", NOW)
    store.save_delivery(Delivery("hook", 1))
    store.save_hosts({"news.example": {"average": 0.5}}, NOW)
    store.save_subscription(feed.row, "token", "{}")
    store.save_checkpoint("counts", 3, b"learned")
    store.index_for_search()
    with store._db.write() as connection:
        connection.exec_driver_sql("INSERT INTO refusal VALUES (?, 'k9', 'no_address')", (feed.row,))


def faults(store: Store) -> list[str]:
    return store._db.seal_faults(newest())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with open_store(f"sqlite:///{tmp_path}/db") as store:
        fill(store)
        assert faults(store) == []
    return tmp_path / "db"


def changes() -> list[tuple[str, str]]:
    """Every column of every table; another version is refused at the door."""
    with open_store("sqlite://") as store, store._db.read() as connection:
        tables = sealed_tables(connection.connection.dbapi_connection)
        return [(table.name, column) for table in tables for column in table.columns if column != "version"]


@pytest.mark.parametrize(("table", "column"), changes())
def test_a_changed_value_is_found(path: Path, table: str, column: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        assert other.execute(f"SELECT count(*) FROM {table}").fetchone()[0], f"{table} is empty"
        found = other.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchone()[0]
        changed = {int: 77, float: 0.3, str: "other", bytes: b"other", type(None): 7}[type(found)]
        key = other.execute(f"SELECT name FROM pragma_table_info('{table}') WHERE pk = 1").fetchone()[0]
        where = f"{key} = (SELECT {key} FROM {table} LIMIT 1)"
        other.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {where}", (changed,))
        other.commit()
    with open_store(f"sqlite:///{path}", read_only=True) as store:
        assert [fault for fault in faults(store) if table in fault]


def test_a_lost_and_an_added_row_are_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM event WHERE cursor = 2")
        other.execute("INSERT INTO body VALUES (99, 'never stored')")
        other.commit()
    with open_store(f"sqlite:///{path}", read_only=True) as store:
        size = (1 << BITS) - 1
        assert faults(store) == [
            f"11 rows of body with article 0 to {size} are there, 10 were stored",
            f"15 rows of event with cursor 0 to {size} are there, 16 were stored",
        ]


def test_what_is_written_around_damage_does_not_hide_it(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE article SET title = 'A false title' WHERE row = 4")
        other.execute("UPDATE story SET last_seen = 1 WHERE row = 4")
        other.commit()
    with open_store(f"sqlite:///{path}") as store:
        found = faults(store)
        store.apply([ingest(11, 9), join(12, 4, 4)], LATER)  # the damaged story is written again
        store.apply([revise(4, 4, "Later words.")], LATER)  # and so is the damaged article
        store.pin_article("a6", LATER)
        assert [fault.split(" with ")[0].split("rows of ")[1] for fault in found] == ["article", "story"]
        assert len(faults(store)) == 2


def test_a_failed_transaction_leaves_the_seals_as_they_were(path: Path) -> None:
    with open_store(f"sqlite:///{path}") as store:
        with pytest.raises(StorageError):
            store.apply([ingest(11, 9), ingest(12, 9)], NOW)  # the second starts the same story
        assert faults(store) == []
        store.apply([ingest(11, 9)], NOW)
        assert faults(store) == []


def test_rows_of_many_blocks(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/db") as store:
        with store._db.write() as connection:
            rows = [(n << (BITS - 2), 1, "started", n, None, None, "") for n in range(1, 41)]
            store._db.insert(connection, _event(), rows)
            connection.exec_driver_sql("UPDATE event SET cursor = cursor + 1")
            connection.exec_driver_sql(f"DELETE FROM event WHERE cursor > {9 << BITS}")
        assert faults(store) == []
        with closing(sqlite3.connect(tmp_path / "db")) as other:
            other.execute(f"UPDATE event SET time = 2 WHERE cursor = {(5 << BITS) + 1}")
            other.commit()
        (fault,) = faults(store)
        assert f"{5 << BITS} to {(6 << BITS) - 1}" in fault


def _event() -> object:
    from pipeline.storage import tables

    return tables.event


def test_an_older_database_is_sealed_when_it_is_upgraded(tmp_path: Path) -> None:
    from pipeline.storage.database import open_database
    from pipeline.storage.migrate import migrate

    database = open_database(f"sqlite:///{tmp_path}/db")
    migrate(database, upto=4)
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO alias VALUES ('The Post', 'Post', 0)")
    database.close()
    told: list[tuple[str, int, int]] = []
    with open_store(f"sqlite:///{tmp_path}/db", progress=lambda *step: told.append(step)) as store:
        assert faults(store) == []
        assert ("storyfold_schema", newest(), newest()) in told
        with closing(sqlite3.connect(tmp_path / "db")) as other:
            other.execute("UPDATE alias SET made = 3")
            other.commit()
        assert faults(store)
    with open_store(f"sqlite:///{tmp_path}/db") as store:
        assert faults(store), "opening it again seals nothing anew"


def test_a_damaged_database_is_not_upgraded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.storage import migrate as module

    later = (*module.steps(), module.Step(newest() + 1, "later", "CREATE TABLE later (row INTEGER PRIMARY KEY)"))
    monkeypatch.setattr(module, "steps", lambda *_: later)
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE story SET size = 70 WHERE row = 4")
        other.commit()
    with pytest.raises(StorageError, match=r"is damaged and was not upgraded: the .* rows of story"):
        open_store(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE story SET size = 1 WHERE row = 4")
        other.commit()
    with open_store(f"sqlite:///{path}") as store:
        assert faults(store) == []
        with store._db.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM later").scalar() == 0
