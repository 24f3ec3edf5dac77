"""``db copy``: everything goes over, an interrupted copy goes on, a changed value is found."""

from __future__ import annotations

from pathlib import Path

import pgserver
import pytest
from storage_builders import LATER, NOW, entry, ingest, join, merge, revise, row, source

from pipeline.cli import main
from pipeline.errors import SchemaError, StorageError
from pipeline.model import Outcome, Reason
from pipeline.storage import LinkKind, Store, copying, open_store, parse_query, tables
from pipeline.storage import partitions as parts


def fill(store: Store) -> None:
    store.sync_feeds([source(), source(2)], NOW)
    feed = store.feeds()[0]
    keys = [f"k{n}" for n in range(50)]
    store.apply_poll(feed, [(entry(key), False) for key in keys], [row(Outcome.FAILED, Reason.TIMEOUT)], NOW)
    work = [item.row for item in store.pending(NOW, 100)]
    store.apply([ingest(n, n, work=work[n - 1]) for n in range(1, 30)], NOW)
    store.apply([join(n, n - 29, n - 29) for n in range(30, 40)], LATER)
    store.apply([merge(40, 1, 2, 1), revise(5, 5, "A later text.", title="Corrected")], LATER)
    store.merge_stories("s6", "s7", LATER, "the same")
    store.split_article("a33", "s-split", LATER)
    store.add_link(LinkKind.CANNOT, "a1", "a9", LATER)
    store.add_alias("Outlet 1", "Outlet One", LATER)
    store.save_hosts({"news.example": {"pace": 1.5}}, NOW)
    store.save_subscription(feed.row, "token", "{}")
    store.save_checkpoint("counts", 40, b"\x00\xff")
    store.index_for_search()


def told(store: Store) -> object:
    """All that a person can read."""
    return (
        store.stories(limit=1000),
        store.items(limit=1000),
        store.changes(limit=1000),
        store.articles(range(1, 50)),
        [store.revisions(f"a{n}") for n in range(1, 41)],
        [store.matches(n) for n in range(1, 41)],
        store.pending(LATER, 100),
        store.feeds(),
        store.links(undone=True),
        store.aliases(),
        store.hosts(),
        store.subscription_by_token("token"),
        store.checkpoint("counts"),
        list(store.sketches()),
        [hit.article_id for hit in store.search(parse_query("harbour", NOW), limit=200)],
        store.next_rows(),
        store.totals()["waiting"],
    )


@pytest.fixture
def filled(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/news.db"
    with open_store(url) as store:
        fill(store)
    return url


@pytest.fixture
def target(postgres: pgserver.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(parts, "ARTICLES", 16)
    monkeypatch.setattr(copying, "PORTION", 7)
    return postgres.empty()


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


def test_every_table_is_copied_and_has_a_key() -> None:
    assert set(copying.KEYS) == set(tables.metadata.tables)
    for name, keys in copying.KEYS.items():
        assert set(keys) <= {column.name for column in tables.metadata.tables[name].columns}


def test_everything_goes_over(filled: str, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "copy", filled, target]) == 0
    assert "40 articles" in capsys.readouterr().out
    with open_store(filled) as old, open_store(target) as new:
        assert told(new) == told(old)
        assert new.full_check() == []
        for store in (old, new):  # numbers go on where they were
            feed = store.feeds()[0]
            store.apply_poll(feed, [(entry("further"), False)], [], LATER)
        assert told(new) == told(old)
        assert new.pending(LATER, 100)[-1].row == old.pending(LATER, 100)[-1].row


@pytest.mark.parametrize("after", [1, 9, 40])
def test_an_interrupted_copy_goes_on(filled: str, target: str, after: int) -> None:
    portions: list[str] = []

    def interrupt(what: str, done: int, total: int) -> None:
        portions.append(what)
        if len(portions) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy(filled, target, interrupt)
    with pytest.raises(SchemaError, match="`db copy` goes on with it"):
        open_store(target)
    whole = len(portions)
    copying.copy(filled, target, lambda what, done, total: portions.append(what))
    assert portions.count("entry") <= -(-50 // 7) + 1, "what had arrived was not copied again"
    assert len(portions) > whole
    with open_store(filled) as old, open_store(target) as new:
        assert told(new) == told(old)


def test_a_dump_restores_into_an_empty_database(filled: str, target: str, postgres: pgserver.Server) -> None:
    """What the manual says instead of ``backup`` and ``restore``."""
    copying.copy(filled, target, quiet)
    again = postgres.empty()
    dump = str(postgres.folder / "news.dump")
    postgres.tool("pg_dump", "--format=custom", f"--file={dump}", target)
    postgres.tool("pg_restore", f"--dbname={again}", dump)
    with open_store(target) as old, open_store(again) as new:
        assert told(new) == told(old)
        assert new.full_check() == []
        new.apply([ingest(41, 100)], LATER)


def test_a_source_that_changed_between_two_attempts_is_refused(filled: str, target: str) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if what == "article":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy(filled, target, interrupt)
    with open_store(filled) as store:
        store.apply([ingest(41, 100)], LATER)
    with pytest.raises(StorageError, match="has changed since a copy of it was begun"):
        copying.copy(filled, target, quiet)


def test_a_value_that_arrived_differently_is_found(filled: str, target: str, postgres: pgserver.Server) -> None:
    name = target.partition("?")[0].rpartition("/")[2]

    def change(what: str, done: int, total: int) -> None:
        if what == "checkpoint":
            postgres.run("UPDATE story SET last_seen = last_seen + 1 WHERE row = 3", database=name)

    with pytest.raises(StorageError, match=r"the table story of .* is not what"):
        copying.copy(filled, target, change)
    with pytest.raises(SchemaError, match="not ended"):
        open_store(target)


def test_a_target_with_records_is_left_alone(filled: str, target: str) -> None:
    with open_store(target) as store:
        store.apply([ingest(1, 1)], NOW)
    with pytest.raises(StorageError, match="holds records already"):
        copying.copy(filled, target, quiet)
    with open_store(target) as store:
        assert store.counts().articles == 1


def test_only_from_a_file_to_a_server(filled: str, tmp_path: Path, target: str) -> None:
    with pytest.raises(StorageError, match="goes from sqlite"):
        copying.copy(filled, f"sqlite:///{tmp_path}/other.db", quiet)
    with pytest.raises(StorageError, match="goes from sqlite"):
        copying.copy(target, target, quiet)
