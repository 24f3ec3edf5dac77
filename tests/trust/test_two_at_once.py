"""Two at once, and databases of every earlier version: one proceeds, the other says why not; content is intact."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.storage.migrate import newest
from tests.fakeweb import FakeWeb
from tests.records.conftest import run
from tests.trust.running import Newsroom, newsroom
from tests.trust.warm import ROOT, Warm

pytestmark = pytest.mark.timeout(300)
SCHEMAS = ROOT / "tests" / "storage" / "schemas"
VERSIONS = sorted(int(path.stem) for path in SCHEMAS.glob("????.sql"))
ENDS = (VERSIONS[0], VERSIONS[-2])  # storage tests go through all
BUSY = 75  # EX_TEMPFAIL


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


@pytest.fixture
def room(tmp_path: Path, web: FakeWeb, warm: Warm) -> Newsroom:
    return newsroom(tmp_path, web, warm)


def old_database(path: Path, version: int) -> None:
    """A database as that version left it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((SCHEMAS / f"{version:04}.sql").read_text())
        for number in range(1, version + 1):
            connection.execute("INSERT INTO storyfold_schema (version, name) VALUES (?, ?)", (number, "kept"))
        content = SCHEMAS / f"{version:04}_content.sql"
        if content.exists():
            connection.executescript(content.read_text())
        connection.commit()


def test_overlapping_rounds_and_a_round_beside_the_service(room: Newsroom) -> None:
    with room.service() as service:
        for _ in range(2):
            assert room.once() == BUSY
        assert service.says("another instance works on this database (`run`, process")
        service.wait(room.caught_up, "the reports, undisturbed")
    room.world.publish(2)
    together = [room.warm.start(*room.words("once", "--all")) for _ in range(4)]
    codes = sorted(room.warm.ended(pid) for pid in together)
    assert set(codes) <= {0, BUSY}
    assert codes[0] == 0, "one proceeds"
    assert room.settled() == []


@pytest.mark.parametrize("version", ENDS)
def test_upgrades_started_together(tmp_path: Path, version: int) -> None:
    """Four processes open one old database: each finds it whole, and the schema is upgraded once."""
    path = tmp_path / "news.db"
    old_database(path, version)
    script = (
        "import sys; from pipeline.storage import open_store\n"
        "with open_store(sys.argv[1]) as store: print(store.story('s-old').articles[0].article_id)"
    )
    words = [sys.executable, "-c", script, f"sqlite:///{path}"]
    both = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate(timeout=120)[0].strip(), process.returncode) for process in both] == [("a-old", 0)] * 3
    with closing(sqlite3.connect(path)) as connection:
        steps = connection.execute("SELECT version, count(*) FROM storyfold_schema GROUP BY version").fetchall()
    assert steps == [(number, 1) for number in range(1, newest() + 1)]


def test_a_newer_database_is_refused_and_left_as_it_is(room: Newsroom, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "news.db")) as connection:
        connection.execute("INSERT INTO storyfold_schema (version, name) VALUES (999, 'future')")
        connection.commit()
    before = (tmp_path / "news.db").read_bytes()
    assert room.once() == 2
    assert "version 999" in room.warm.tail()
    assert run(*room.words("stories")).code == 2
    assert (tmp_path / "news.db").read_bytes() == before
