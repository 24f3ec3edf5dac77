"""What only a server does: it is away and comes back, refuses, is shared by processes that start together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pgserver
import pytest
import structlog
from storage_builders import LATER, NOW, entry, ingest, source

from pipeline.errors import AlreadyRunning, SchemaError, StorageError
from pipeline.storage import Store, open_store
from pipeline.storage.migrate import newest


def back_soon(server: pgserver.Server) -> threading.Thread:
    """Start the server again while somebody waits for it."""
    again = threading.Timer(0.3, server.start)
    again.start()
    return again


def filled(url: str) -> Store:
    store = open_store(url)
    store.sync_feeds([source()], NOW)
    store.apply([ingest(n, n) for n in range(1, 30)], NOW)
    return store


def test_a_server_killed_between_two_calls_is_waited_for(killable: pgserver.Server) -> None:
    with filled(killable.database()) as store, structlog.testing.capture_logs() as said:
        killable.kill()
        again = back_soon(killable)
        assert store.counts().articles == 29
        store.apply([ingest(30, 30)], LATER)
        again.join()
        assert [row for row, *_ in store.sketches()] == list(range(1, 31))
        assert store.full_check() == []
    assert [line["event"] for line in said] == ["database lost", "database back"]
    assert "password" not in str(said)


def test_a_server_killed_inside_a_transaction_loses_nothing_and_stores_nothing_twice(
    killable: pgserver.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(killable.database()) as store:
        real, again = store._db.insert, []

        def insert(connection: object, table: object, rows: object) -> None:
            real(connection, table, rows)
            if table.name == "evidence" and not again:
                killable.kill()
                again.append(back_soon(killable))

        monkeypatch.setattr(store._db, "insert", insert)
        store.apply([ingest(n, n) for n in range(30, 40)], LATER)
        again[0].join()
        assert store.counts().articles == 39
        assert [event.article_id for event in store.changes(limit=100)] == [f"a{n}" for n in range(1, 40)]
        assert store.full_check() == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_commit_that_was_not_answered_is_asked_about(
    killable: pgserver.Server, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    with filled(killable.database()) as store:
        real, again = store._db._end, []

        def end(connection: object) -> None:
            if moment == "after" and not again:
                real(connection)
            if not again:
                killable.kill()
                again.append(back_soon(killable))
            real(connection)

        monkeypatch.setattr(store._db, "_end", end)
        store.apply([ingest(n, n) for n in range(30, 40)], LATER)
        again[0].join()
        assert [event.article_id for event in store.changes(limit=100)] == [f"a{n}" for n in range(1, 40)]
        assert store.full_check() == []


def test_a_server_that_stays_away_is_an_error_in_words(
    killable: pgserver.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.storage.patience.PATIENCE", 0.5)
    with filled(killable.database()) as store:
        killable.kill()
        with pytest.raises(StorageError, match="did not come back within 0 s"):
            store.counts()
        killable.start()
        assert store.counts().articles == 29


def test_one_instance_at_a_time(killable: pgserver.Server) -> None:
    url = killable.database()
    with open_store(url) as one, open_store(url) as two, one.alone("run"):
        with (
            pytest.raises(AlreadyRunning, match=rf"storyfold run, process {os.getpid()} on .*, since 20"),
            two.alone("once"),
        ):
            pass
        killable.kill()
        back_soon(killable).join()
        one.apply([ingest(1, 1)], NOW)  # waits for the server, and takes the lock again
        with pytest.raises(AlreadyRunning, match="run"), two.alone("once"):
            pass
    with open_store(url) as two, two.alone("once"):
        pass


ALONE = """
import sys, time
from pipeline.storage import open_store
with open_store(sys.argv[1]) as store, store.alone("run"):
    print("alone", flush=True)
    time.sleep(60)
"""


def test_a_killed_instance_keeps_nobody_out(postgres: pgserver.Server) -> None:
    url = postgres.database()
    holder = subprocess.Popen([sys.executable, "-c", ALONE, url], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "alone\n"
    with open_store(url) as store:
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"), store.alone("once"):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
        for _ in range(100):  # the server notices when the socket is closed
            try:
                with store.alone("once"):
                    return
            except AlreadyRunning:
                time.sleep(0.05)
    pytest.fail("the lock of a killed process was kept")


OPEN = """
import sys
from pipeline.storage import open_store
with open_store(sys.argv[1]) as store:
    print(store.next_rows())
"""


def test_several_processes_upgrading_at_once(postgres: pgserver.Server) -> None:
    url = postgres.empty()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([sys.executable, "-c", OPEN, url], **pipes) for _ in range(4)]
    said = [(process.communicate(timeout=60), process.returncode) for process in running]
    assert said == [(("(1, 1)\n", ""), 0)] * 4
    with open_store(url) as store, store._db.read() as connection:
        versions = connection.exec_driver_sql("SELECT version FROM storyfold_schema ORDER BY version").scalars().all()
    assert versions == list(range(1, newest() + 1))


def test_foreign_and_newer_databases_are_refused(postgres: pgserver.Server) -> None:
    url = postgres.empty()
    name = url.partition("?")[0].rpartition("/")[2]
    postgres.run("CREATE TABLE bookmarks (x int)", database=name)
    with pytest.raises(SchemaError, match="'bookmarks'"):
        open_store(url)
    postgres.run("DROP TABLE bookmarks", database=name)
    open_store(url).close()
    postgres.run("INSERT INTO storyfold_schema VALUES (999, 'future')", database=name)
    with pytest.raises(SchemaError, match=r"version 999.*use the newer program"):
        open_store(url)


def test_a_store_opened_for_reading_cannot_write(postgres: pgserver.Server) -> None:
    with filled(postgres.database()) as store:
        again = store.shared_url
    assert again is not None
    with open_store(again, read_only=True) as store:
        assert store.counts().articles == 29
        with pytest.raises(StorageError, match="reading only"):
            store.apply([ingest(30, 30)], NOW)
        with pytest.raises(StorageError, match="read-only"), store._db.read() as connection:
            connection.exec_driver_sql("DELETE FROM body")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: url.replace("/test_", "/nowhere_"), "is not there: make it with `createdb`"),
        (lambda url: url.replace("postgres:@", "stranger:s3cret@"), "does not know the user"),
        (lambda url: "postgresql://stranger:s3cret@127.0.0.1:1/db", "cannot be reached"),
        (lambda url: "postgresql://stranger:s3cret@nowhere.invalid/db", "cannot be reached"),
    ],
)
def test_what_a_server_refuses_is_explained(postgres: pgserver.Server, change: object, words: str) -> None:
    begun = time.monotonic()
    with pytest.raises(StorageError, match=words) as caught:
        open_store(change(postgres.emptied()))
    assert "s3cret" not in str(caught.value)
    assert time.monotonic() - begun < 30


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match=r"storyfold\[postgres\]"):
        open_store("postgresql://db.example/news")


def test_keys_of_any_length(postgres: pgserver.Server) -> None:
    """An entry of a B-tree holds 2,704 bytes; identities of feeds' entries are as long as the feed likes."""
    long = [f"{os.urandom(3000).hex()}-{n}" for n in range(3)]
    with open_store(postgres.emptied()) as store:
        store.sync_feeds([source()], NOW)
        feed = store.feeds()[0]
        for _ in range(2):
            store.apply_poll(feed, [(entry(key), False) for key in long], [], NOW)
            assert [item.entry.key for item in store.pending(NOW, 10)] == long
        assert store.known_entries(feed.row, long) == dict.fromkeys(long, "f1")
