"""One holder at a time, by the server's clock, and no write of a holder that was succeeded."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from pipeline.errors import Deposed, StorageError
from pipeline.storage import Store, open_store
from pipeline.storage.cluster import Cluster, fence, open_cluster

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_held_lease_is_nobody_elses_until_it_lapses(cluster: Cluster) -> None:
    assert cluster.take("matcher", "a", "a", 0.2) == 1
    assert cluster.take("matcher", "b", "b", 5) is None
    assert cluster.renew("matcher", 1, 0.2)
    time.sleep(0.25)
    assert cluster.take("matcher", "b", "b", 5) == 2
    assert not cluster.renew("matcher", 1, 5), "the old token is worth nothing"
    held = cluster.leases()
    assert [(one.name, one.holder, one.token, one.lapsed) for one in held] == [("matcher", "b", 2, False)]


def test_a_lease_that_is_let_go_is_free_at_once(cluster: Cluster) -> None:
    token = cluster.take("scheduler", "a", "a", 60)
    assert token == 1
    cluster.release("scheduler", token)
    assert cluster.take("scheduler", "b", "b", 60) == 2


def test_leases_of_different_names_are_different(cluster: Cluster) -> None:
    assert cluster.take("matcher", "a", "a", 60) == 1
    assert cluster.take("scheduler", "b", "b", 60) == 1


def test_a_deposed_holder_writes_nothing(cluster: Cluster, store: Store, url: str) -> None:
    token = cluster.take("matcher", "a", "old", 60)
    assert token is not None
    with open_store(url) as old:
        fence(old, cluster, "matcher", token)
        old.save_hosts({"one.example": {"average": 1.0}}, NOW)
        cluster.release("matcher", token)
        old.save_hosts({"two.example": {"average": 1.0}}, NOW)  # lapsed, but nobody has taken over
        assert cluster.take("matcher", "b", "new", 60) == 2
        with pytest.raises(Deposed):
            old.save_hosts({"three.example": {"average": 1.0}}, NOW)
    assert set(store.hosts()) == {"one.example", "two.example"}


def test_a_transaction_of_a_sleeping_holder_is_ended_before_its_successor_begins(cluster: Cluster, url: str) -> None:
    with open_store(f"{url}&application_name=sleeper") as old:
        token = cluster.take("matcher", "a", "sleeper", 0.1)
        assert token is not None
        fence(old, cluster, "matcher", token)

        def sleep_on_it() -> None:
            with old._db.write() as connection:  # it has the write lock and the lease's row
                time.sleep(0.15)
                assert cluster.take("matcher", "b", "successor", 60) == 2
                connection.exec_driver_sql("DELETE FROM host")

        with pytest.raises(StorageError, match="connection"):
            sleep_on_it()


def test_a_database_that_is_a_file_is_refused_with_a_way_out(tmp_path) -> None:
    with open_store(f"sqlite:///{tmp_path}/news.db") as store, pytest.raises(StorageError, match="postgresql"):
        open_cluster(store)


def test_workers_are_listed_while_they_beat(cluster: Cluster) -> None:
    cluster.beat("one", "here", ("poll", "fetch"), 60)
    cluster.beat("two", "there", ("match",), 0.05)
    time.sleep(0.1)
    assert [(w.id, w.roles, w.alive) for w in cluster.workers()] == [
        ("one", ("poll", "fetch"), True),
        ("two", ("match",), False),
    ]
    cluster.leave("one")
    assert [w.id for w in cluster.workers()] == ["two"]
