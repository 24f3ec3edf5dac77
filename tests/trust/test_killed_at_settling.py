"""Entries that end without an article, killed right after the commit that ends one: its journal row is there.

The gap between two commits that should be one is too short for a kill at random (none of 61 met it).
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.fakeweb import FakeWeb
from tests.trust.running import Newsroom, newsroom
from tests.trust.warm import Warm

ENTRIES = 3
KILLED = """
import os, signal
from contextlib import contextmanager
from pipeline.storage.queue import Queue
from pipeline.storage.sqlite import SqliteDatabase

write, settle_all, settling = SqliteDatabase.write, Queue.settle_all, []

def settled(self, work):
    settling.append(work)
    return settle_all(self, work)

@contextmanager
def killed(self):
    with write(self) as connection:
        yield connection
    if settling:
        os.kill(os.getpid(), signal.SIGKILL)

Queue.settle_all, SqliteDatabase.write = settled, killed
"""


def settling_faults(room: Newsroom, prelude: str = "") -> list[str]:
    """What is lost by a kill right after the first commit of a settlement; what was asked for leaves its feed."""
    for _ in range(ENTRIES):
        room.world.lead_nowhere()
    assert room.once(prelude=prelude + KILLED) == -signal.SIGKILL, room.warm.tail()
    room.world.forget(1.0)
    return room.settled()


@pytest.mark.timeout(300)
def test_an_entry_that_ended_is_in_the_journal(tmp_path: Path, warm: Warm) -> None:
    with FakeWeb() as web:
        assert settling_faults(newsroom(tmp_path, web, warm)) == []
