"""A loopback world, and workers on it as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import cluster_world
from pipeline.storage import Store

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PACE = 0.2  # seconds between two requests to one host, as configured
CONFIG = """\
[storage]
url = "{url}"

[fetch]
allow_private = ["{network}"]
proxy = "none"
min_host_interval = {pace}
pause_seconds = 1.0

[run]
workers = 1
tick_seconds = 1.0
retry_minutes = 0.02
stop_seconds = 5.0

[revisions]
relook_hours = []

[cluster]
lease_seconds = 2.0
alive_seconds = 4.0
job_seconds = 5.0
"""


class Hosts:
    """The world's process."""

    def __init__(self, process: subprocess.Popen[str], base: str, hosts: int) -> None:
        self.process = process
        self.port = int(self._line())
        self.addresses = [f"{base}.{n // 250}.{n % 250 + 1}" for n in range(hosts)]

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def report(self) -> dict[str, Any]:
        """What the hosts saw so far."""
        assert self.process.stdin is not None
        self.process.stdin.write("report\n")
        self.process.stdin.flush()
        said: dict[str, Any] = json.loads(self._line())
        return said


@contextmanager
def world(hosts: int, stories: int, *, copies: int = 3, base: str = "127.9", **more: float) -> Iterator[Hosts]:
    """Outlets that are up while the block runs."""
    options = {"base": base, "hosts": hosts, "stories": stories, "copies": copies, **more}
    told = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, cluster_world.__file__, *told]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Hosts(process, base, hosts)
        finally:
            process.kill()


def configured(folder: Path, url: str, hosts: Hosts, *, pace: float = PACE, network: str = "127.0.0.0/8") -> Path:
    """A configuration file with a feed of each host."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pipeline.toml"
    feeds = "".join(
        f'\n[[feeds]]\nurl = "http://{address}:{hosts.port}/feed"\noutlet = "Outlet {address}"\n'
        for address in hosts.addresses
    )
    path.write_text(CONFIG.format(url=url, network=network, pace=pace) + feeds)
    return path


class Fleet:
    """Workers, and what they said."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._folder = folder
        self._config = config
        self.workers: list[subprocess.Popen[bytes]] = []
        self._started = 0

    def start(self, *options: str, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """One more worker, in a process group of its own, so that it is killed with all its children."""
        log = (self._folder / f"worker-{self._started}.log").open("wb")
        self._started += 1
        command = [*prefix, sys.executable, str(ROOT / "run_pipeline.py"), "worker", "--config", str(self._config)]
        with log:
            worker = subprocess.Popen(
                [*command, *options], stderr=log, stdout=log, start_new_session=True, cwd=self._folder
            )  # where it keeps its pages
        self.workers.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """SIGKILL for the worker and its children."""
        os.killpg(worker.pid, 9)
        worker.wait()
        self.workers.remove(worker)

    def stop(self, seconds: float = 20.0) -> list[int]:
        """SIGTERM for all; their exit codes."""
        for worker in self.workers:
            worker.terminate()
        codes = []
        for worker in self.workers:
            try:
                codes.append(worker.wait(seconds))
            except subprocess.TimeoutExpired:
                os.killpg(worker.pid, 9)
                codes.append(worker.wait())
        self.workers.clear()
        return codes

    def said(self) -> str:
        """All logs."""
        return "\n".join(path.read_text() for path in sorted(self._folder.glob("worker-*.log")))


@contextmanager
def fleet(folder: Path, config: Path) -> Iterator[Fleet]:
    """Workers that are ended with the block."""
    made = Fleet(folder, config)
    try:
        yield made
    finally:
        for worker in list(made.workers):
            made.kill(worker)


def until(holds: Callable[[], bool], seconds: float, what: Callable[[], object] = lambda: "") -> float:
    """Wait until ``holds()``; the seconds it took.  Fails after ``seconds``, saying ``what()``."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, what()
        time.sleep(0.1)
    return time.monotonic() - began


def stories_of(store: Store) -> set[frozenset[str]]:
    """Each story as the addresses of its articles."""
    return {frozenset(member.url for member in story.articles) for story in store.stories(limit=1_000_000)}
