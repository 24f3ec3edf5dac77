"""The benchmark's world, small: what the hosts themselves saw of six rounds."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import pytest

from benchmarks import poll_world

FEEDS, HOSTS, ROUNDS = 60, 12, 6
LATE = 0.005  # seconds by which a host on a busy machine may note a request too late, and so the next one too soon


@pytest.mark.timeout(100)
def test_no_host_sees_two_requests_at_once_or_one_too_soon(tmp_path: Path) -> None:
    command = [sys.executable, poll_world.__file__, "--ours"]
    with poll_world.server(FEEDS, HOSTS, delay=0.005) as world:
        told = poll_world.contend(world, command, str(tmp_path), ROUNDS)
    assert [row["failed"] for row in told] == [0] * ROUNDS
    assert all(row["hosts"]["answered"] == FEEDS for row in told)
    assert max(row["hosts"]["most_open"] for row in told) == 1
    assert min(row["hosts"]["least_gap"] for row in told) >= poll_world.PACE - LATE
    memory = [row["mib"] for row in told[1:]]
    middle = statistics.median(memory)
    assert all(abs(mib - middle) < 0.1 * middle for mib in memory)
    assert told[-1]["entries"] == FEEDS * (20 + ROUNDS - 1)
