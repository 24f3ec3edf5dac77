"""The machine fails under a running service: it says so, keeps what it acknowledged, and goes on by itself."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakeweb import FakeWeb
from tests.trust import disks
from tests.trust.running import Newsroom, Service, newsroom
from tests.trust.warm import Warm

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


@pytest.fixture
def room(tmp_path: Path, web: FakeWeb, warm: Warm) -> Newsroom:
    return newsroom(tmp_path, web, warm)


def fill(folder: Path) -> Path:
    """Take all the room there is."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


def full_disk_faults(
    folder: Path,
    web: FakeWeb,
    warm: Warm,
    prelude: str = "",
    *,
    word: str = "the disk is full",
    until: Callable[[Newsroom], bool] = Newsroom.caught_up,
) -> list[str]:
    """What is wrong with the record after a disk that was full until the service said a ``word`` of it."""
    with disks.small_disk(folder / "disk", 16) as disk:
        room = newsroom(folder, web, warm, database=disk / "news.db")
        with room.service(prelude) as service:
            service.wait(room.caught_up, "the first reports")
            before = room.articles()
            ballast = fill(disk)
            room.world.publish(6)
            service.wait(lambda: service.says(word), "word of the full disk")
            assert room.articles() >= before, "what is stored can be read"
            ballast.unlink()
            service.wait(lambda: until(room), "the reports of the time it was full")
        return room.settled()


def test_a_full_disk(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    assert full_disk_faults(tmp_path, web, warm) == []


def test_a_read_only_file_system(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    with disks.small_disk(tmp_path / "disk", 16) as disk:
        room = newsroom(tmp_path, web, warm, database=disk / "news.db")
        assert room.once() == 0
        before = room.articles()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        room.world.publish(2)
        asked = len(web.requests)
        assert room.once() == 1
        assert room.warm.tail().rstrip().endswith("Read-only file system"), room.warm.tail()
        assert len(web.requests) == asked, "nobody is asked for what cannot be kept"
        assert room.articles() == before, "what is stored can be read"
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert room.settled() == []


def held(room: Newsroom, seconds: float, service: Service, busy: float) -> None:
    """Somebody else holds the database's write lock for a while; the service says so and waits."""
    path = room.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        room.world.publish(2)
        end = time.monotonic() + seconds
        if seconds > busy:
            service.wait(lambda: service.says("stayed locked by another process"), "word of the lock", seconds)
        time.sleep(max(0.0, end - time.monotonic()))
        other.execute("ROLLBACK")


def test_a_locked_database(room: Newsroom) -> None:
    """A second where it waits half of one: too long, so that it gives up, says so and comes back."""
    with room.service(prelude="import pipeline.storage.database as d; d.BUSY_SECONDS = 0.5") as service:
        service.wait(room.caught_up, "the first reports")
        held(room, 4.0, service, 0.5)
        service.wait(room.caught_up, "the reports of the time it was locked")
    assert room.settled() == []


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [60.0, 80.0])
def test_a_database_locked_for_a_minute(room: Newsroom, seconds: float) -> None:
    with room.service() as service:
        service.wait(room.caught_up, "the first reports")
        held(room, seconds, service, 75.0)
        service.wait(room.caught_up, "the reports of the time it was locked", 120)
    assert room.settled() == []


def needs(program: str, package: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not here (Debian's {package})")


FAILING_CALLS = ("posix/io/rw/pwrite", "posix/io/sync/fdatasync", "posix/io/sync/fsync", "posix/io/rw/pread")


def test_errors_of_the_disk(room: Newsroom, tmp_path: Path) -> None:
    """EIO (5) from writes, syncs and reads of a service that runs, for a while and one after the other."""
    needs("fiu-run", "fiu-utils")
    control = tmp_path / "fiu"

    def ordered(order: str) -> None:
        for pipe in tmp_path.glob("fiu-*.in"):
            pid = pipe.name.removeprefix("fiu-").removesuffix(".in")
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"run_pipeline.py" in command.read_bytes():  # and not one of its workers
                subprocess.run(["fiu-ctrl", "-f", control, "-c", order, pid], check=True)

    with room.cold_service(["fiu-run", "-x", "-f", str(control)]) as service:
        service.wait(room.caught_up, "the first reports")
        for call in FAILING_CALLS:
            order = f"enable_random name={call},probability=0.7,failinfo=5"
            ordered(order)
            room.world.publish(1)
            time.sleep(1.5)
            ordered(f"disable name={call}")
            service.wait(room.caught_up, f"the reports of the time when {call} failed")
        assert service.says("could not be read or written: the disk reports an error"), service.lines()
    assert room.settled() == []


def clock_faults(room: Newsroom, steps: tuple[str, ...], prelude: str = "") -> list[str]:
    """What is wrong with the record after the wall clock of the service leapt, while the monotonic one did not."""
    needs("faketime", "faketime")
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    offset = room.config.with_name("offset")
    offset.write_text("+0\n")
    environ = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }
    with room.cold_service(environ=environ, prelude=prelude) as service:
        service.wait(room.caught_up, "the first reports")
        for number, step in enumerate(steps, 1):
            offset.write_text(step + "\n")
            told = number
            service.wait(
                lambda n=told: sum(line["event"] == "the clock was set" for line in service.lines()) >= n,
                f"word of the step to {step}",
            )
            room.world.publish(1)
            service.wait(room.caught_up, f"the reports after the step to {step}")
    return room.settled()


def test_steps_of_the_clock(room: Newsroom) -> None:
    """It leaps forward and back by hours and years."""
    assert clock_faults(room, ("+3h", "-3h", "+10y", "+0")) == []


def test_a_worker_out_of_memory(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    """A page that needs more than a worker may take costs itself only, and says so in the journal."""
    room = newsroom(tmp_path, web, warm)
    limits = "[extract]\nmax_tags = 10_000_000\nmax_bytes = 50_000_000\n[run]\nmemory_mib = 256\ncpu_seconds = 60\n"
    room.config.write_text(room.config.read_text().replace("[run]\n", limits))
    with room.service() as service:
        room.world.publish(3)
        service.wait(room.caught_up, "all reports")
        greedy = room.world.greedy()
        service.wait(lambda: greedy.known, "the greedy page")
        room.world.publish(2)
        service.wait(room.caught_up, "the reports after it")
    assert room.settled() == []
    assert room.reason_of(greedy.address) == "overrun_memory", warm.tail()
