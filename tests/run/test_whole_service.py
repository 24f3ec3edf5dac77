"""``storyfold run`` as people start it: a process with its page, metrics, signals and a manager that listens."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakeweb import FakeWeb
from tests.run.test_tracing import FEED, PAGE, TEXT

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Process:
    """The service, its configuration, and what it said to its manager."""

    def __init__(self, folder: Path, web: FakeWeb) -> None:
        self.web = web
        self.page, self.health = free_port(), free_port()
        self.config = folder / "pipeline.toml"
        self.write(tick=0.5)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.settimeout(30)
        environ = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "2000000"}
        command = [sys.executable, str(ROOT / "run_pipeline.py"), "run", "--config", str(self.config), "--log", "json"]
        self.log = (folder / "log").open("w+")
        self.running = subprocess.Popen(command, env=environ, stderr=self.log, stdout=self.log, cwd=folder)
        self.folder = folder

    def write(self, tick: float, more: str = "") -> None:
        self.config.write_text(
            f'[storage]\nurl = "sqlite:///{self.config.parent}/records.db"\n'
            f"[run]\nworkers = 1\ntick_seconds = {tick}\nstop_seconds = 3.0\n"
            '[fetch]\nallow_private = ["127.0.0.0/8"]\nmin_host_interval = 0.0\n'
            f'[service]\nlisten = "127.0.0.1:{self.health}"\nhealth_minutes = 0.01\n'
            f'[web]\nport = {self.page}\n[[feeds]]\nurl = "{self.web.url("/feed")}"\noutlet = "Tarn Courier"\n{more}'
        )

    def said(self, start: bytes) -> bytes:
        """The next thing said to the manager that begins so."""
        while not (message := self.manager.recv(1000)).startswith(start):
            continue
        return message

    def get(self, path: str, port: int) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def words(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Process]:
    with FakeWeb() as web:
        web.set("/feed", FEED.format(web.url("/mill")), content_type="application/rss+xml")
        web.set("/mill", PAGE.format(TEXT), content_type="text/html")
        made = Process(tmp_path, web)
        try:
            yield made
        finally:
            if made.running.poll() is None:
                made.running.kill()
                made.running.wait(10)
            made.manager.close()
            made.log.close()


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)


COUNTED = (
    'storyfold_fetches_total{kind="feed",result="ok"}',
    'storyfold_fetches_total{kind="page",result="ok"}',
    'storyfold_fetched_bytes_total{kind="page"}',
    "storyfold_article_candidates_count",
    "storyfold_article_matches_count",
    *(
        f'storyfold_stage_seconds_count{{stage="{stage}"}}'
        for stage in ("wait", "fetch", "extract", "compare", "store")
    ),
    'storyfold_entries_total{outcome="new",reason="started_story"}',
    'storyfold_rounds_total{result="finished"}',
    'storyfold_feeds{state="healthy"}',
    "storyfold_database_bytes",
    "storyfold_loop_lag_seconds_count",
)


def uncounted(text: str) -> list[str]:
    """What a service that took one article should have counted by now, and has not."""
    found = {name: float(value) for name, value in re.findall(r"^(storyfold_\S+) (\S+)$", text, re.MULTILINE)}
    return [name for name in COUNTED if found.get(name, 0.0) < 1]


def test_the_whole_service_from_start_to_end(service: Process) -> None:
    service.said(b"READY=1")
    until(lambda: "The mill at Tarn grinds again" in service.get("/items", service.page)[1])
    assert service.get("/healthz", service.health)[0] == 200
    until(lambda: service.get("/readyz", service.health)[0] == 200)
    service.said(b"WATCHDOG=1")

    until(lambda: not uncounted(service.get("/metrics", service.health)[1]))
    text = service.get("/metrics", service.health)[1]
    assert 'stage="other"' not in text

    service.write(tick=-1.0)
    service.running.send_signal(signal.SIGHUP)
    assert b"refused" in service.said(b"READY=1")
    service.write(tick=0.3)
    service.running.send_signal(signal.SIGHUP)
    assert b"reloaded" in service.said(b"READY=1")
    assert service.get("/healthz", service.health)[0] == 200

    second = [sys.executable, str(ROOT / "run_pipeline.py"), "once", "--config", str(service.config)]
    refused = subprocess.run(second, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 75
    assert str(service.running.pid) in refused.stderr

    began = time.monotonic()
    service.running.send_signal(signal.SIGTERM)
    service.said(b"STOPPING=1")
    assert service.running.wait(20) == 0
    assert time.monotonic() - began < 20
    assert '"event": "service stopped"' in service.words()
    assert "Traceback" not in service.words()
