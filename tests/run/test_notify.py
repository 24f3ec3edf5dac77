"""The service manager is told over a datagram socket, by path or abstract name."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from pipeline.run.notify import Notifier
from pipeline.run.pulse import JobPulse, LoopLag


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@storyfold-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if name.startswith("@") else name)
        listener.settimeout(2)
        yield name, listener


def test_messages_arrive(manager: tuple[str, socket.socket]) -> None:
    name, listener = manager
    notifier = Notifier({"NOTIFY_SOCKET": name}, lambda: 12.5)
    notifier.ready("4 jobs\non schedule")
    notifier.reloading()
    notifier.status("busy")
    notifier.stopping()
    assert [listener.recv(500).decode() for _ in range(4)] == [
        "READY=1\nSTATUS=4 jobs on schedule",
        "RELOADING=1\nMONOTONIC_USEC=12500000",
        "STATUS=busy",
        "STOPPING=1\nSTATUS=finishing the work in hand",
    ]


def test_the_watchdog_is_pinged_four_times_in_its_interval(manager: tuple[str, socket.socket]) -> None:
    name, listener = manager
    now = [0.0]
    environ = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "40000000", "WATCHDOG_PID": str(os.getpid())}
    notifier = Notifier(environ, lambda: now[0])
    for second in range(41):
        now[0] = float(second)
        notifier.alive()
    listener.setblocking(False)
    pings = 0
    while True:
        try:
            assert listener.recv(100) == b"WATCHDOG=1"
        except BlockingIOError:
            break
        pings += 1
    assert pings == 5  # at 0, 10, 20, 30, 40


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "rubbish"}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # meant for another process
    ],
)
def test_watchdog_settings(environ: dict[str, str], seconds: float | None) -> None:
    assert Notifier(environ, lambda: 0.0).watchdog_seconds == seconds


@pytest.mark.parametrize("name", ["", "vsock:2:1234", "relative/path"])
def test_without_a_usable_socket_nothing_happens(name: str) -> None:
    with structlog.testing.capture_logs() as logs:
        Notifier({"NOTIFY_SOCKET": name}, lambda: 0.0).ready("fine")
    assert logs == []


def test_a_manager_that_is_gone_is_mentioned_once(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, lambda: 0.0)
    with structlog.testing.capture_logs() as logs:
        notifier.ready("fine")
        notifier.stopping()
    assert [log["event"] for log in logs] == ["service manager cannot be told"]


@pytest.mark.parametrize(
    ("delays", "share", "expected"),
    [
        ([], 0.99, 0.0),
        ([-0.1], 0.99, 0.0),
        ([0.01] * 99 + [5.0], 0.99, 5.0),
        ([0.01] * 599 + [5.0], 0.99, 0.01),
        ([9.0] + [0.01] * 600, 1.0, 0.01),
    ],  # only the last 600 count
)
def test_loop_lag_quantiles(delays: list[float], share: float, expected: float) -> None:
    lag = LoopLag()
    for delay in delays:
        lag.add(delay)
    assert lag.quantile(share) == expected


@pytest.mark.parametrize(("running", "silent"), [(True, 100.0), (False, 40.0)])
def test_a_job_that_waits_may_be_silent_for_its_interval(running: bool, silent: float) -> None:
    assert JobPulse(60.0, sign=1_000.0, running=running).silent_for(1_100.0) == silent
