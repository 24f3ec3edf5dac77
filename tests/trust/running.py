"""A service that runs over the small world of outlets, and what one waits for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from pipeline.run.webhooks import Webhook
from pipeline.storage import Delivery, ItemFilter, open_store
from tests.fakeweb import FakeWeb
from tests.trust.newsworld import HOOK, SECRET, NewsWorld
from tests.trust.warm import ROOT, Warm

_FRONT_DOOR = "import runpy; runpy.run_path('run_pipeline.py', run_name='__main__')"


@dataclass
class Newsroom:
    """A world, and the commands that poll it into a database in ``folder``."""

    world: NewsWorld
    web: FakeWeb
    warm: Warm
    config: Path
    url: str

    def words(self, *command: str) -> tuple[str, ...]:
        return ("--config", str(self.config), *command)

    def once(self, **options: Any) -> int:
        """One round over all feeds; its exit code."""
        return self.warm.run(*self.words("once", "--all"), **options)

    def settled(self) -> list[str]:
        """Rounds until nothing waits, then what is wrong with the record."""
        for _ in range(5):
            code = self.once(seconds=120)
            if code:
                return [f"`once` ended with {code}: {self.warm.tail()}"]
            with open_store(self.url) as store:
                if not store.waiting()[0]:
                    return self.world.faults(store)
        return ["the queue is never empty"]

    def reason_of(self, address: str) -> str:
        """What the journal says of an address."""
        with open_store(self.url, read_only=True) as store:
            (item,) = store.items(ItemFilter(url=address))
            return item.row.reason.value

    def articles(self) -> int:
        with open_store(self.url, read_only=True) as store:
            return store.counts().articles

    def served(self) -> int:
        """Articles that some feed has served."""
        return sum(page.served and page.kind == "article" for page in self.world.pages.values())

    def caught_up(self) -> bool:
        """Everything published was served and is stored."""
        published = sum(page.kind == "article" for page in self.world.pages.values())
        return self.served() == published == self.articles()

    @contextmanager
    def service(self, prelude: str = "") -> Iterator[Service]:
        """The service, stopped by SIGTERM at the end."""
        pid = self.warm.start(*self.words("run", "--log", "json", "--log-level", "info"), prelude=prelude)
        running = Service(self.warm.said, lambda: self.warm.running(pid))
        try:
            running.wait(lambda: running.says("service started"), "its start")
            yield running
        finally:
            self.warm.stop(pid)

    @contextmanager
    def cold_service(
        self, before: Sequence[str] = (), environ: Mapping[str, str] | None = None, prelude: str = ""
    ) -> Iterator[Service]:
        """The service started as people start it, by the command ``before`` it, in another environment."""
        said = self.warm.said
        program = ["-c", f"{prelude}\n{_FRONT_DOOR}"] if prelude else ["run_pipeline.py"]
        words = [*before, sys.executable, *program, *self.words("run", "--log", "json")]
        with (
            said.open("ab") as log,
            subprocess.Popen(
                words, cwd=ROOT, env={**os.environ, **(environ or {})}, stdout=log, stderr=log, process_group=0
            ) as process,
        ):
            running = Service(said, lambda: process.poll() is None, process.pid)
            try:
                running.wait(lambda: running.says("service started"), "its start")
                yield running
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                    try:
                        process.wait(60)
                    except subprocess.TimeoutExpired:
                        os.killpg(process.pid, signal.SIGKILL)
                        raise


@dataclass(frozen=True)
class Service:
    """A running service and its log."""

    said: Path
    running: Callable[[], bool]
    pid: int = 0

    def lines(self) -> list[dict[str, Any]]:
        """Its log so far; what is no JSON counts as an event of its own."""
        found = []
        for line in self.said.read_text("utf-8", "replace").split("\n")[:-1]:
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"event": line})
        return found

    def says(self, words: str) -> bool:
        return words in self.said.read_text("utf-8", "replace")

    def wait(self, wanted: Callable[[], bool], what: str, seconds: float = 120) -> None:
        """Until ``wanted``; fails with the log's end, also when the service ends."""
        end = time.monotonic() + seconds
        while not wanted():
            assert self.running(), f"the service ended before {what}: {self._tail()}"
            assert time.monotonic() < end, f"{seconds} s went by without {what}: {self._tail()}"
            time.sleep(0.02)

    def _tail(self) -> str:
        return self.said.read_text("utf-8", "replace")[-3000:]


def newsroom(folder: Path, web: FakeWeb, warm: Warm, *, database: Path | None = None, more: str = "") -> Newsroom:
    """A world with a few reports, and a configuration in ``folder``."""
    url = f"sqlite:///{database or folder / 'news.db'}"
    world = NewsWorld(web, Random(5), minutes=0.01, tick=0.3)
    config = folder / "trust.toml"
    config.write_text(world.config(url, more), "utf-8")
    with open_store(url) as store:  # the hook is told from the first event on
        store.save_delivery(Delivery(Webhook(web.url(HOOK), SECRET).key, 0))
    world.publish(2)
    return Newsroom(world, web, warm, config, url)
