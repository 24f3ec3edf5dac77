"""The power goes: what was acknowledged is on the disk.

A writer runs on a file system of its own, an ext4 image behind a loop device.  A cut stops the writer (SIGSTOP)
and copies the image file: what was written but never synced is still in the cache of the file system above the
loop device, and so not in the copy.  The copy is then mounted as after a power cut; the file system replays its
journal, SQLite its log.  Nothing of SQLite, of the file system or of the product is replaced, which is why this
way was chosen over a simulated disk.

The same cuts show that ``synchronous=NORMAL``, the usual companion of WAL, loses acknowledged rows.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.storage import open_store
from tests.trust import disks

ROOT = Path(__file__).parents[2]
SIZE = 64  # MiB of the disk
WRITER = """
import sys, time
sys.path[:0] = sys.argv[3:]
from pipeline.storage import open_store, sqlite
from storage_builders import NOW, entry, ingest, source

if sys.argv[2] != "as it is":
    full = "PRAGMA synchronous = FULL"
    assert full in sqlite._PRAGMAS
    weaker = "PRAGMA synchronous = " + sys.argv[2]
    sqlite._PRAGMAS = tuple(weaker if pragma == full else pragma for pragma in sqlite._PRAGMAS)
store = open_store(sys.argv[1])
store.sync_feeds([source()], NOW)
feed = store.feeds()[0]
first, _ = store.next_rows()
while True:
    batch = range(first, first + 3)
    store.apply_poll(feed, [(entry(f"k{n}"), False) for n in batch], [], NOW)
    print("polled", batch[-1], flush=True)  # acknowledged: the entries
    work = {item.entry.key: item.row for item in store.pending(NOW, 100)}
    store.apply([ingest(n, n, work=work[f"k{n}"]) for n in batch], NOW)
    print("stored", batch[-1], flush=True)  # acknowledged: their articles
    first += 3
    time.sleep(0.005)  # on a fast machine it would fill its small disk before the last cut
"""


@dataclass(frozen=True)
class Cut:
    """What one power cut left, and what had been acknowledged before it."""

    polled: int
    stored: int
    entries: int
    articles: int
    faults: tuple[str, ...]

    @property
    def lost(self) -> int:
        return max(0, self.polled - self.entries) + max(0, self.stored - self.articles)


@contextmanager
def writer(folder: Path, how: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    paths = [str(ROOT / "tests" / "storage"), str(ROOT)]
    command = [sys.executable, "-c", WRITER, f"sqlite:///{folder / 'db'}", how, *paths]
    with log.open("w") as said, subprocess.Popen(command, stdout=said) as process:
        try:
            yield process
        finally:
            process.kill()


def cuts(tmp_path: Path, how: str, count: int, seed: int) -> list[Cut]:
    """``count`` power cuts of one writer at random moments."""
    chance = random.Random(seed)
    disk = disks.image(tmp_path / "disk", SIZE)
    found = []
    log = tmp_path / "said"  # on another disk
    with disks.loop(disk, tmp_path / "running") as folder, writer(folder, how, log) as process:
        end = time.monotonic() + 60
        while "stored" not in acknowledged(log) and time.monotonic() < end:
            time.sleep(0.01)
        for number in range(count):
            time.sleep(chance.uniform(0, 0.15))
            process.send_signal(signal.SIGSTOP)
            while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] not in "tT":
                time.sleep(0.001)
            told = acknowledged(log)
            copy = shutil.copyfile(disk, tmp_path / f"cut-{number}")
            found.append(looked_at(copy, tmp_path / "after", told))
            copy.unlink()
            process.send_signal(signal.SIGCONT)
    return found


def acknowledged(log: Path) -> dict[str, int]:
    """The last number of each kind that the writer told."""
    lines = log.read_text("utf-8").split("\n")[:-1]
    return {word: int(number) for word, number in map(str.split, lines)}


def looked_at(copy: Path, where: Path, told: dict[str, int]) -> Cut:
    with disks.loop(copy, where) as folder, open_store(f"sqlite:///{folder / 'db'}") as store:
        known = store.known_entries(1, [f"k{n}" for n in range(1, told["polled"] + 10)])
        entries = next(n for n in range(1, told["polled"] + 11) if f"k{n}" not in known) - 1
        articles = [row for row, *_ in store.articles_in_order()]
        whole = 0 if not articles else articles[-1] if articles == list(range(1, len(articles) + 1)) else -1
        return Cut(told["polled"], told["stored"], entries, whole, tuple(store.full_check()))


@pytest.mark.timeout(300)
def test_what_was_acknowledged_survives_a_power_cut(tmp_path: Path) -> None:
    found = cuts(tmp_path, "as it is", 6, seed=3)
    assert [cut for cut in found if cut.lost or cut.faults] == []
    assert found[-1].stored > found[0].stored, "the writer went on between the cuts"


@pytest.mark.timeout(300)
def test_the_usual_setting_loses_what_was_acknowledged(tmp_path: Path) -> None:
    """The test has teeth: cuts of a writer with ``synchronous=NORMAL`` are seen to lose rows."""
    found = cuts(tmp_path, "NORMAL", 3, seed=3)
    assert [cut for cut in found if cut.lost]
    assert [cut for cut in found if cut.faults] == [], "whole, but older than what was acknowledged"


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_hundred_power_cuts(tmp_path: Path) -> None:
    found = cuts(tmp_path, "as it is", 100, seed=4)
    assert [cut for cut in found if cut.lost or cut.faults] == []
