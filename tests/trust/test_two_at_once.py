"""Two at once, and databases of every earlier version: one proceeds, the other says why not; content is intact."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from pipeline.storage import open_store
from pipeline.storage.migrate import newest
from tests.fakeweb import FakeWeb
from tests.records.conftest import run
from tests.storage.old_databases import LEDGER, URL, VERSIONS, content, content_faults, old_database
from tests.trust.newsworld import NewsWorld
from tests.trust.running import Newsroom, newsroom
from tests.trust.warm import ROOT, Warm

pytestmark = pytest.mark.timeout(300)
ENDS = (VERSIONS[0], VERSIONS[-2])  # storage tests go through all
BUSY = 75  # EX_TEMPFAIL
RENEWED = ("checkpoint", "host")  # tables that rounds keep up to date
TOGETHER = 3  # processes that open one old database
# All have looked at the version before any goes on.  The words after it are what this process says at its end.
OPENED = """
import os, sys, time
from pathlib import Path
from pipeline.storage import migrate, open_store
judge, meeting = migrate.check_version, Path(sys.argv[2])

def check_version(found, name):
    (meeting / str(os.getpid())).touch()
    while len(list(meeting.iterdir())) < {together}:
        time.sleep(0.002)
    judge(found, name)

migrate.check_version = check_version
with open_store(sys.argv[1]) as store:
    print(store.story("s-old").articles[0].article_id)
"""


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


@pytest.fixture
def room(tmp_path: Path, web: FakeWeb, warm: Warm) -> Newsroom:
    return newsroom(tmp_path, web, warm)


def beside_faults(room: Newsroom, prelude: str = "") -> list[str]:
    """What is wrong where rounds are begun beside the service."""
    with room.service() as service:
        codes = [room.once(prelude=prelude) for _ in range(2)]
        found = [f"a round beside the service ended with {code}" for code in codes if code != BUSY]
        if not service.says("another instance works on this database (`run`, process"):
            found.append("nobody was told of the service")
        service.wait(room.caught_up, "the reports, undisturbed")
    return found


def test_overlapping_rounds_and_a_round_beside_the_service(room: Newsroom) -> None:
    assert beside_faults(room) == []
    room.world.publish(2)
    together = [room.warm.start(*room.words("once", "--all")) for _ in range(4)]
    codes = sorted(room.warm.ended(pid) for pid in together)
    assert set(codes) <= {0, BUSY}
    assert codes[0] == 0, "one proceeds"
    assert room.settled() == []


def together_faults(folder: Path, version: int, prelude: str = "") -> list[str]:
    """What is wrong where processes open one old database at the same time."""
    path, meeting = old_database(folder / "news.db", version), folder / "meeting"
    before = content(path)
    meeting.mkdir()
    words = [sys.executable, "-c", prelude + OPENED.format(together=TOGETHER), f"sqlite:///{path}", str(meeting)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(words, cwd=ROOT, **pipes) for _ in range(TOGETHER)]
    ended = [(process.communicate(timeout=120), process.returncode) for process in running]
    found = [f"one of them ended with {code}: {said[1].strip()[-300:]}" for said, code in ended if code]
    found += [f"one of them read {said[0].strip()!r}" for said, code in ended if not code and said[0] != "a-old\n"]
    with closing(sqlite3.connect(path)) as connection:
        steps = connection.execute(f"SELECT version, count(*) FROM {LEDGER} GROUP BY version").fetchall()
    if steps != [(number, 1) for number in range(1, newest() + 1)]:
        found.append(f"steps taken (version, times): {steps}")
    return found + content_faults(before, content(path))


@pytest.mark.parametrize("version", ENDS)
def test_upgrades_started_together(tmp_path: Path, version: int) -> None:
    """Three processes open one old database: each finds it whole, and the schema is upgraded once."""
    assert together_faults(tmp_path, version) == []


def old_room(folder: Path, web: FakeWeb, warm: Warm, version: int) -> Newsroom:
    """A world that is polled into a database of an earlier version."""
    path = old_database(folder / "news.db", version)
    url = f"sqlite:///{path}"
    world = NewsWorld(web, Random(5), minutes=0.01)
    (folder / "trust.toml").write_text(world.config(url), "utf-8")
    return Newsroom(world, web, warm, folder / "trust.toml", url)


def old_round_faults(room: Newsroom, prelude: str = "") -> list[str]:
    """What is wrong after rounds over an old database: its content is there, and all that came since."""
    path = Path(room.url.removeprefix("sqlite:///"))
    before = {table: rows for table, rows in content(path).items() if table not in RENEWED}
    for _ in range(2):
        room.world.publish(2)
        if code := room.once(prelude=prelude):
            return [f"`once` ended with {code}: {room.warm.tail()[-300:]}"]
    found = content_faults(before, content(path), more=True)
    wanted: dict[int, set[str]] = {}
    for page in room.world.pages.values():
        if page.kind == "article":
            wanted.setdefault(page.event, set()).add(page.address)
    with open_store(room.url, read_only=True) as store:
        stories = [{article.url for article in story.articles} for story in store.stories(limit=1_000)]
    for members in [{URL}, *wanted.values()]:
        if members not in stories:
            found.append(f"a story differs: {sorted(members)}")
    return found


def test_a_round_over_an_old_database(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    """The program upgrades it by itself and goes on.  The sketch in it is damaged: that costs its own article only."""
    assert old_round_faults(old_room(tmp_path, web, warm, VERSIONS[0])) == []


def newer_faults(room: Newsroom, prelude: str = "") -> list[str]:
    """What is wrong where a newer program wrote the database: it is refused, in words, and left as it is."""
    path = Path(room.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"INSERT INTO {LEDGER} (version, name) VALUES (999, 'future')")
        connection.commit()
    before = path.read_bytes()
    found = []
    if (code := room.once(prelude=prelude)) != 2:
        found.append(f"a round over a newer database ended with {code}")
    if "version 999" not in room.warm.tail():
        found.append("the newer version is not named")
    if path.read_bytes() != before:
        found.append("the newer database was changed")
    return found


def test_a_newer_database_is_refused_and_left_as_it_is(room: Newsroom) -> None:
    assert newer_faults(room) == []
    assert run(*room.words("stories")).code == 2
