"""Opening, upgrading and refusing databases."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect
from storage_builders import NOW, ingest

from pipeline.errors import SchemaError, StorageError
from pipeline.storage import Store, open_store
from pipeline.storage.database import open_database
from pipeline.storage.migrate import migrate, newest, steps
from pipeline.storage.tables import metadata
from tests.storage.old_databases import GOLDEN, schema, upgrade_faults


def at_version(path: Path, version: int) -> None:
    database = open_database(f"sqlite:///{path}")
    migrate(database, upto=version)
    database.close()


def test_steps_are_numbered_without_a_gap() -> None:
    assert [step.version for step in steps()] == list(range(1, newest() + 1))


@pytest.mark.parametrize("version", [step.version for step in steps()])
def test_schema_of_every_version_is_what_was_released(tmp_path: Path, version: int) -> None:
    at_version(tmp_path / "db", version)
    golden = GOLDEN / f"{version:04}.sql"
    if os.environ.get("STORYFOLD_WRITE_GOLDEN"):
        golden.write_text(schema(tmp_path / "db"))
    assert schema(tmp_path / "db") == golden.read_text()


@pytest.mark.parametrize("version", [step.version for step in steps()])
def test_upgrade_from_every_version(tmp_path: Path, version: int) -> None:
    path = tmp_path / "db"
    assert upgrade_faults(path, version) == []
    with open_store(f"sqlite:///{path}") as store:
        store.apply([ingest(2, 2)], NOW)
        assert store.quick_check() == []


def test_tables_describe_the_schema(store: Store) -> None:
    found = inspect(store._db.engine)
    described = {table.name: [column.name for column in table.columns] for table in metadata.sorted_tables}
    assert described == {name: [column["name"] for column in found.get_columns(name)] for name in described}
    with store._db.read() as connection:
        others = store._db.table_names(connection) - set(described)
    assert {name for name in others if not name.startswith("search")} - {"seal"} == {"storyfold_schema"}


def test_opening_again_finds_everything(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'with space & % sign.db'}"
    with open_store(url) as store:
        store.apply([ingest(1, 1)], NOW)
    with open_store(url, read_only=True) as store:
        assert store.counts().articles == 1
        with pytest.raises(StorageError, match="reading only"):
            store.apply([ingest(2, 2)], NOW)


def test_files_are_durable(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/db") as store, store._db.read() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "page_size")
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas}
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "page_size": 8192}


def test_newer_database_is_refused_with_both_versions(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/db"
    open_store(url).close()
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        connection.execute("INSERT INTO storyfold_schema (version, name) VALUES (999, 'future')")
        connection.commit()
    for read_only in (False, True):
        with pytest.raises(SchemaError, match=rf"version 999.*up to {newest()}\b"):
            open_store(url, read_only=read_only)


def test_older_database_is_not_upgraded_when_opened_for_reading(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        connection.execute("VACUUM")
    with pytest.raises(SchemaError, match="version 0"):
        open_store(f"sqlite:///{tmp_path}/db", read_only=True)


def test_foreign_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        connection.execute("CREATE TABLE bookmarks (x)")
    before = (tmp_path / "db").read_bytes()
    with pytest.raises(SchemaError, match="'bookmarks'"):
        open_store(f"sqlite:///{tmp_path}/db")
    assert (tmp_path / "db").read_bytes() == before


def test_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("Dear diary, " * 100)
    with pytest.raises(SchemaError, match="is not a database"):
        open_store(f"sqlite:///{tmp_path}/db")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////nowhere/at/all/store.db", "check that the folder exists"),
        ("sqlite:///{folder}", "cannot be opened"),
        ("pipeline.db", "is no database URL"),
        ("", "is no database URL"),
        ("mysql://user:s3cret@host/db", "'mysql'"),
    ],
)
def test_unusable_urls_are_explained(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_store(url.replace("{folder}", str(tmp_path)))
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_reading_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/db", read_only=True)
    assert not (tmp_path / "db").exists()


OPEN = """
import sys
from pipeline.storage import open_store
with open_store(sys.argv[1]) as store:
    print(store.next_rows())
"""


def test_several_processes_upgrading_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, f"sqlite:///{tmp_path}/db"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **pipes) for _ in range(4)]
    said = [(process.communicate(timeout=60), process.returncode) for process in running]
    assert said == [(("(1, 1)\n", ""), 0)] * 4
    assert schema(tmp_path / "db") == (GOLDEN / f"{newest():04}.sql").read_text()


def test_failed_step_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.storage import migrate as module

    broken = module.Step(newest() + 1, "broken", "CREATE TABLE half (x); CREATE TABLE half (x)")
    good = (*steps(), broken)
    monkeypatch.setattr(module, "steps", lambda dialect="sqlite": good)
    with pytest.raises(StorageError, match="half"):
        open_store(f"sqlite:///{tmp_path}/db")
    assert "half" not in schema(tmp_path / "db")
