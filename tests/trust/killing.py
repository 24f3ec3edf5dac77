"""The kill loop: commands are killed at random moments, and in the end the record is what the world served.

python -m tests.trust.killing --kills 100 --seed 1          one portion, its result as a line of JSON
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from pipeline.storage import open_store
from tests.fakeweb import FakeWeb
from tests.pgserver import Server
from tests.trust.newsworld import NewsWorld
from tests.trust.warm import Warm, children, gone

CHECK_EVERY = 25  # kills between two looks at the whole record
AIMED = 0.5  # share of lives that end at a commit; the others end at a random moment
TRANSACTIONS = 12  # of a short round, about
SERVER = 0.15  # share of moments at which PostgreSQL goes, where it is the store
SERVICE = 0.4  # share of starts that are the service; the others are `once`


# The process kills itself at one of its commits, and nothing else in it differs: moments that last microseconds.
AIM = """
import os, signal
from contextlib import contextmanager
from pipeline.storage.{module} import {database} as Database
real, begun = Database.write, iter(range(1, 1_000_000))

@contextmanager
def write(self):
    here = next(begun) == {number}
    with real(self) as connection:
        yield connection
        if here and "{moment}" == "before":
            os.kill(os.getpid(), signal.SIGKILL)
    if here and "{moment}" == "after":
        os.kill(os.getpid(), signal.SIGKILL)

Database.write = write
"""


@dataclass
class KillLoop:
    """One portion: a fresh database, ``kills`` kills, a check every so often and at the end."""

    folder: Path
    web: FakeWeb
    seed: int
    server: Server | None = None  # of PostgreSQL, to be killed as well; else the database is SQLite's, in ``folder``
    killed: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)  # seconds from the first request to the end of a round

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.world = NewsWorld(self.web, Random(self.seed + 1))
        self.url = self.server.database() if self.server else f"sqlite:///{self.folder / 'news.db'}"
        self.config = self.folder / "trust.toml"
        self.config.write_text(self.world.config(self.url), "utf-8")

    def run(self, kills: int) -> None:
        """All of it; what is wrong is in ``faults``."""
        with Warm(self.folder / "said.log") as self.warm:
            self._settle()  # makes the database, and the webhook's place in the events
            checked = 0
            while self.killed.total() < kills and not self.faults:
                if self.random.random() < 0.6:  # else the feeds are as they were: what is hidden stays hidden
                    self.world.forget(0.5)
                    self.world.publish(self.random.randint(1, 3))
                if self.random.random() < AIMED:
                    self._aimed_life()
                else:
                    self._one_life(kills)
                if self.killed.total() - checked >= CHECK_EVERY:
                    checked = self.killed.total()
                    self.check()
            if not self.faults:
                self.check()

    def check(self) -> None:
        """Work the queue off undisturbed, then compare everything; edits come between two checks."""
        self._settle()
        self._compare()
        if not self.faults:
            self.world.forget(1.0)
            self.world.edit()
            self._one_life(self.killed.total() + 1)
            self._settle()
            self._compare()

    def _compare(self) -> None:
        with open_store(self.url) as store:
            self.faults += self.world.faults(store)

    def _settle(self) -> None:
        """Rounds until nothing waits, at most a few: no repair, no flag, nothing but the next start."""
        for _ in range(5):
            before = len(self.web.requests)
            code = self.warm.run(*self._words("once", "--all"))
            if code:
                self.faults.append(f"`once` ended with {code}: {self.warm.tail()}")
                return
            began = next((r.start for r in self.web.requests[before:]), None)
            if began is not None:
                self.lengths.append(time.monotonic() - began)
            with open_store(self.url, read_only=True) as store:
                if not store.waiting()[0]:
                    return

    def _aimed_life(self) -> None:
        """A round that is killed right before or after one of its commits, unless it has fewer."""
        number, moment = self.random.randint(1, TRANSACTIONS), self.random.choice(("before", "after"))
        module, database = ("postgres", "PostgresDatabase") if self.server else ("sqlite", "SqliteDatabase")
        aim = AIM.format(number=number, moment=moment, module=module, database=database)
        if self.warm.ended(self.warm.start(*self._words("once", "--all"), prelude=aim)) == -signal.SIGKILL:
            self.killed[f"{moment} a commit"] += 1

    def _one_life(self, kills: int) -> None:
        """Start a command and kill it, or its workers first."""
        service = self.random.random() < SERVICE
        before = len(self.web.requests)
        words = ("run", "--log", "json", "--log-level", "error") if service else ("once", "--all")
        pid = self.warm.start(*self._words(*words))
        if self.random.random() < 0.3:
            self._wait_for_telling(pid)
        else:
            self._wait_for_work(pid, before)
        span = statistics.median(self.lengths[-9:] or [0.3])
        while self.warm.running(pid) and self.killed.total() < kills:
            time.sleep(self.random.uniform(0, span))
            if self.server is not None and self.random.random() < SERVER:
                self.server.kill()
                self.killed["server"] += 1
                time.sleep(self.random.uniform(0, span))
                self.server.start()
                continue
            workers = children(pid)
            if workers and self.random.random() < 0.35:
                self._kill(self.random.choice(workers), "worker")
                continue
            if self.warm.running(pid) and self._kill(pid, "service" if service else "once"):
                self.warm.ended(pid)
                left = [worker for worker in workers if not gone(worker)]
                if left:
                    self.faults.append(f"workers {left} outlived their parent")
        if self.warm.running(pid):
            os.kill(pid, signal.SIGTERM)
        self.warm.ended(pid)

    def _wait_for_work(self, pid: int, before: int) -> None:
        """Mostly until the first request; now and then not at all, so that starting is met too."""
        if self.random.random() < 0.15:
            return
        end = time.monotonic() + 20
        while self.warm.running(pid) and len(self.web.requests) == before and time.monotonic() < end:
            time.sleep(0.002)

    def _wait_for_telling(self, pid: int) -> None:
        """Until the webhook is told something, to be killed beside it."""
        told, end = len(self.world.told), time.monotonic() + 5
        while self.warm.running(pid) and len(self.world.told) == told and time.monotonic() < end:
            time.sleep(0.001)
        if len(self.world.told) > told and self.warm.running(pid):
            time.sleep(self.random.uniform(0, 0.03))
            self._kill(pid, "while telling")

    def _kill(self, pid: int, what: str) -> bool:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.killed[what] += 1
        return True

    def _words(self, *command: str) -> tuple[str, ...]:
        return ("--config", str(self.config), *command)

    def report(self) -> dict[str, object]:
        """The result in figures."""
        pages = [page for page in self.world.pages.values() if page.served]
        return {
            "seed": self.seed,
            "kills": self.killed.total(),
            **{f"killed_{what}": number for what, number in sorted(self.killed.items())},
            "entries": len(pages) + self.world.edits.total(),
            "articles": sum(page.kind == "article" for page in pages),
            "messages": len(self.world.told),
            "repeated": len(self.world.told) - len({body["id"] for body in self.world.told}),
            "faults": self.faults,
        }


def portion(folder: Path, seed: int, kills: int, server: Server | None = None) -> KillLoop:
    """One portion on a database of ``server``, or on one in ``folder``."""
    with FakeWeb() as web:
        loop = KillLoop(folder, web, seed, server)
        loop.run(kills)
        return loop


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = stack.enter_context(closing(Server(killed=True))) if args.postgres else None
        began = time.monotonic()
        loop = portion(Path(folder), args.seed, args.kills, server)
        result = {**loop.report(), "seconds": round(time.monotonic() - began)}
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if loop.faults else 0


if __name__ == "__main__":
    sys.exit(main())
