"""A writer is killed at random moments: nothing acknowledged is lost, nothing is there twice or in part."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.storage import open_store

ROUNDS = 6

WRITER = """
import sys
sys.path[:0] = sys.argv[2:]
from pipeline.model import Outcome, Reason
from pipeline.storage import open_store
from storage_builders import NOW, entry, ingest, row, source

store = open_store(sys.argv[1])
store.sync_feeds([source()], NOW)
feed = store.feeds()[0]
while True:
    first, _ = store.next_rows()
    batch = range(first, first + 5)
    store.apply_poll(feed, [(entry(f"k{n}"), False) for n in batch], [], NOW)
    work = {item.entry.key: item.row for item in store.pending(NOW, 100)}
    store.apply([ingest(n, n, work=work[f"k{n}"]) for n in batch], NOW)
    print(batch[-1], flush=True)  # acknowledged
"""


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_nothing_acknowledged_is_lost(request: pytest.FixtureRequest, tmp_path: Path, backend: str) -> None:
    chance = random.Random(1)
    url = f"sqlite:///{tmp_path}/db" if backend == "sqlite" else request.getfixturevalue("postgres").emptied()
    script = [sys.executable, "-c", WRITER, url, str(Path(__file__).parent), os.getcwd()]
    acknowledged = 0
    for _ in range(ROUNDS):
        writer = subprocess.Popen(script, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        writer.send_signal(signal.SIGKILL)
        said = [first, *writer.stdout.readlines()]
        writer.wait()
        writer.stdout.close()
        acknowledged = max([acknowledged, *(int(line) for line in said if line.endswith("\n"))])
        with open_store(url) as store:
            check(store, acknowledged)
    assert acknowledged >= 5 * ROUNDS


def check(store: object, acknowledged: int) -> None:
    found = [row[1] for row in store.articles_in_order()]
    assert found == [f"a{n}" for n in range(1, len(found) + 1)]
    assert len(found) >= acknowledged
    assert len(found) % 5 == 0
    journalled = [item.row.article_id for item in store.items(after=0, limit=100_000)]
    assert journalled == found
    assert [event.article_id for event in store.changes(limit=100_000)] == found
    assert len(list(store.sketches())) == len(found)
    assert store.quick_check() == []
