"""A matcher that is stopped in the middle, succeeded, and wakes up: not one write of it after its successor began."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from random import Random

import pytest

from pipeline.storage import Store, open_store
from pipeline.storage.cluster import Cluster, fence
from tests.cluster import sleeper
from tests.cluster.fleet import NOW, ROOT, until

LEASE = 0.5  # seconds


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.timeout(60)
def test_a_stopped_matcher_cannot_write_after_its_successor(
    cluster: Cluster, store: Store, url: str, seed: int
) -> None:
    command = [sys.executable, sleeper.__file__, url, str(LEASE)]
    paths = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=paths) as old:
        assert old.stdout is not None
        assert old.stdout.readline() == "writing\n"
        time.sleep(Random(seed).uniform(0.0, 0.3))  # anywhere: between two transactions or inside one
        old.send_signal(signal.SIGSTOP)
        token: int | None = None

        def succeeded() -> bool:
            nonlocal token
            token = cluster.take("matcher", "successor", "successor", 60)
            return token is not None

        took = until(succeeded, 5)
        assert took < LEASE + 1
        assert token == 2
        with open_store(url) as new:
            fence(new, cluster, "matcher", token)
            new.save_hosts({"counter": {"successor": 1.0}}, NOW)
        old.send_signal(signal.SIGCONT)
        assert old.stdout.readlines()[-1] == "deposed\n"  # behind lines of the log about its connection
        assert old.wait(10) == 0
    assert store.hosts()["counter"][1] == {"successor": 1.0}
