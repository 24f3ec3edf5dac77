"""The service as a process of its own: real clock, real signals, a service manager that listens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, os, sys
from datetime import UTC, datetime
import time
from pipeline import log
from pipeline.run.notify import Notifier
from pipeline.run.service import Job, Service
from pipeline.run.settings import RunSettings

async def work(stop):
    print("round", flush=True)
    await stop.wait()
    await asyncio.sleep(float(sys.argv[1]))
    print("finished", flush=True)

async def main():
    jobs = [Job("round", 0.2, work, watched=True)]
    notifier = Notifier(os.environ, time.monotonic)
    service = Service(jobs, RunSettings(stop_seconds=1.0), lambda: datetime.now(UTC), notifier=notifier,
                      beat_seconds=0.1)
    print("clean" if await service.run() else "abandoned", flush=True)

log.configure(json=True)
asyncio.run(main())
"""


def started(listener: socket.socket, path: Path, seconds: str) -> subprocess.Popen[str]:
    listener.bind(str(path))
    listener.settimeout(20)
    environ = {**os.environ, "NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, seconds]
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert listener.recv(500).startswith(b"READY=1")
    return process


def ended(process: subprocess.Popen[str]) -> list[str]:
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    return output.split()


def test_it_says_ready_pings_finishes_and_says_stopping(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        process = started(listener, tmp_path / "notify", "0.1")
        assert [listener.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        process.send_signal(signal.SIGTERM)
        assert ended(process) == ["round", "finished", "clean"]
        while not (last := listener.recv(200)).startswith(b"STOPPING=1"):
            assert last == b"WATCHDOG=1"


def test_it_abandons_what_takes_too_long(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        process = started(listener, tmp_path / "notify", "600")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert ended(process) == ["round", "abandoned"]
        assert time.monotonic() - began < 10


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        process = started(listener, tmp_path / "notify", "600")
        process.send_signal(signal.SIGINT)
        while not listener.recv(200).startswith(b"STOPPING=1"):
            pass
        process.send_signal(signal.SIGINT)
        assert ended(process) == ["round", "abandoned"]
