"""Backup, restore, tidying and the doctor."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from pipeline import app
from pipeline.run import doctor
from pipeline.run.keeping import RetentionSettings
from pipeline.run.upkeep import forget
from pipeline.run.writer import Draft
from pipeline.storage.sqlite import PAGE_BYTES
from tests.fakeweb import FakeWeb
from tests.records.conftest import BRIDGE, GLASS, NOW, SWANS, Newsroom, article, run


@pytest.fixture
def filled(newsroom: Newsroom) -> Newsroom:
    newsroom.add(article("bridge", BRIDGE), article("bridge-shut", BRIDGE, "Ashby Post"), article("glass", GLASS))
    newsroom.run("search", "bridge")
    return newsroom


def test_a_backup_is_restored_whole(filled: Newsroom) -> None:
    backup, other = filled.folder / "kept.db", f"sqlite:///{filled.folder / 'other.db'}"
    assert "3 articles in 2 stories" in filled.run("backup", backup).out
    assert run("--db", other, "restore", backup).code == 0
    for words in (
        ("stories", "--json"),
        ("stories", "--changes", "--json"),
        ("items", "--json"),
        ("search", "pier", "--json"),
    ):
        assert run("--db", other, *words).out == filled.run(*words).out
    assert "is there already" in run("--db", other, "restore", backup).err
    assert "is there already" in filled.run("backup", backup).err


def test_indexes_are_built_anew(filled: Newsroom) -> None:
    with closing(sqlite3.connect(filled.database)) as connection:
        spoil = "INSERT INTO search_words (search_words, rowid, title, text) VALUES ('delete', 1, 'x', 'bridge')"
        connection.execute(spoil)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'article_outlet'").fetchone()
    content = filled.database.read_bytes()
    start, end = (page - 1) * PAGE_BYTES, page * PAGE_BYTES
    filled.database.write_bytes(content[:start] + content[start:end].replace(b"Ashby", b"Ashbz") + content[end:])
    found = {row["said"]: row["todo"] for row in filled.told_anyhow("doctor") if row["state"] == "broken"}
    assert any(said.startswith("the search index does not fit the texts") for said in found)
    assert any("missing from index article_outlet" in said for said in found)
    assert all("doctor --repair" in todo for todo in found.values())
    assert filled.run("doctor", "--repair").code == 0
    assert len(filled.told("search", "pier")) == 2


def test_a_row_changed_by_hand_is_found_and_can_be_accepted(filled: Newsroom) -> None:
    with closing(sqlite3.connect(filled.database)) as connection:
        connection.execute("UPDATE journal SET title = 'Another title' WHERE row = 2")
        connection.commit()
    done = filled.run("doctor")
    assert done.code == 1
    assert "the 3 rows of journal with row 0 to 4095 are not all as they were stored" in done.out
    assert "doctor --accept" in done.out
    refused = filled.run("backup", filled.folder / "kept.db")
    assert (refused.code, "is damaged" in refused.err) == (1, True)
    assert filled.run("doctor", "--accept").code == 0
    assert filled.run("doctor").code == 0
    assert filled.run("backup", filled.folder / "kept.db").code == 0


def test_the_doctor_says_what_is_wrong(filled: Newsroom) -> None:
    assert {row["what"]: row["state"] for row in filled.told("doctor")} == {
        "configuration": "well",
        "feeds": "warning",
        "contact": "warning",
        "disk": "well",
        "database": "well",
        "clock": "well",
    }
    filled.database.write_bytes(b"no database at all " * 1000)
    done = filled.run("doctor", "--json")
    assert (done.code, "is not a database" in done.out, "restore" in done.out) == (1, True, True)
    filled.config.write_text("[fetch]\nconcurency = 3\n")
    done = filled.run("doctor", "--json")
    assert (done.code, "did you mean concurrency" in done.out) == (1, True)
    filled.configure("")
    filled.config.write_text('[storage]\nurl = "sqlite:////nowhere/at/all.db"\n')
    done = filled.run("doctor", "--json")
    assert (done.code, "there is no folder" in done.out) == (1, True)


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


def test_the_doctor_asks_the_network(newsroom: Newsroom, web: FakeWeb) -> None:
    def states(url: str) -> dict[str, str]:
        newsroom.configure(f'[[feeds]]\nurl = "{url}"\noutlet = "Tarn Courier"\n')
        return {row["what"]: row["state"] for row in newsroom.told_anyhow("doctor")}

    web.set("/feed.xml", "<rss/>")
    assert states(web.url("/feed.xml"))["network"] == "well"
    assert states("http://127.0.0.1:9/feed.xml")["network"] == "broken"


@pytest.mark.parametrize(
    ("skews", "state"),
    [([], "well"), ([2.0], "well"), ([-400.0], "broken"), ([400.0, 1.0, 2.0], "well"), ([3600.0, 3601.0], "broken")],
)
def test_a_clock_is_judged_by_the_middle_of_others(skews: list[float], state: str) -> None:
    assert doctor.clock([timedelta(seconds=s) for s in skews], NOW).state == state


def test_a_clock_before_this_program_was_written() -> None:
    assert doctor.clock([], NOW.replace(year=1970)).state == "broken"


def test_retention_keeps_the_records(filled: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.configure("[retention]\ntext_days = 30\nitem_days = 10\n")
    before = filled.told("stories")
    monkeypatch.setattr(app, "clock", lambda: NOW + timedelta(days=31))
    assert filled.told("tidy")[0]["forgotten"] == 3 + 2  # texts, and journal rows but the newest
    assert filled.told("stories") == before
    assert filled.told("article", article("glass", "").url)[0]["text"] == ""
    (row,) = filled.add(article("glass", GLASS))
    assert row.outcome == "seen", "an old item does not come back as new"
    assert filled.told("tidy")[0]["forgotten"] == 0


def test_a_running_writer_forgets_what_was_forgotten(filled: Newsroom) -> None:
    """Without reading the records again it decides as one that does."""
    with filled.store() as store:
        writer = filled.writer(store)
        writer.write([Draft(article("swans", SWANS))], filled.now)
        gone = forget(store, RetentionSettings(text_days=1), filled.now + timedelta(days=2))
        assert (len(gone.texts), gone.items) == (4, 0)
        writer.removed(gone.texts)
        writer.age(filled.now)
        later = filled.now + timedelta(days=2)
        rows = writer.write([Draft(article("bridge-late", BRIDGE, "Late Post"))], later)
        assert [row.reason for row in rows] == ["started_story"]
        rows = writer.write([Draft(article("bridge-later", BRIDGE, "Later Post"))], later)
        assert [row.reason for row in rows] == ["joined_story"]
        assert len(writer._matcher.index._tiers) + len(writer._matcher.index._pending) > 0
        writer.age(later + timedelta(days=61))
        assert writer.write([Draft(article("bridge", BRIDGE))], later)[0].outcome == "seen"
        assert store.full_check() == []


def test_the_oldest_texts_go_when_there_is_too_much(filled: Newsroom) -> None:
    filled.add(*(article(f"long-{i}", f"{i} {SWANS} " * 400, f"Outlet {i}") for i in range(12)))
    filled.configure("[retention]\nmax_mib = 1\n")
    assert filled.told("tidy")[0]["forgotten"] > 0
    assert len(filled.told("stories")) >= 2


def test_the_lock_is_respected(filled: Newsroom) -> None:
    with app.locked_store(app.load_file(filled.config), "run"):
        assert filled.run("tidy").code == 75
        assert filled.run("replay", "--apply").code == 75
        assert filled.run("backup", filled.folder / "while.db").code == 0
        assert filled.run("story", "pin", article("bridge", "").url).code == 0
