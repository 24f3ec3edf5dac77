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
from typing import Any

from pipeline.storage import open_store
from tests.fakeweb import FakeWeb
from tests.pgserver import Server
from tests.trust.newsworld import NewsWorld
from tests.trust.warm import Warm, children, gone

CHECK_EVERY = 25  # kills between two looks at the whole record
AIMED = 0.5  # share of lives that end at a commit; the others end at a random moment
TRANSACTIONS = 12  # of a short round, about
SERVER_EVERY = 4  # lives to one in which PostgreSQL is killed, where it is the store
SERVICE_WITHOUT = 0.7  # share of those lives that are the service's
BACK_WITHIN = 150  # seconds in which the service polls again once the server is back: two of its pauses
SERVICE = 0.4  # share of starts that are the service; the others are `once`
SERVICE_WORDS = ("run", "--log", "json", "--log-level", "error")


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
    prelude: str = ""  # Python that each command begins with: what is broken on purpose
    check_every: int = CHECK_EVERY
    killed: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)  # seconds from the first request to the end of a round
    returns: list[float] = field(default_factory=list)  # seconds from the server's return to the service's next request
    lives: int = 0

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
                self.lives += 1
                if self.server is not None and self.lives % SERVER_EVERY == 0:
                    self._life_without_server(self.server)
                elif self.random.random() < AIMED:
                    self._aimed_life()
                else:
                    self._one_life(kills)
                if self.killed.total() - checked >= self.check_every:
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
            code = self.warm.ended(self._start("once", "--all"))
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
        if self.warm.ended(self._start("once", "--all", prelude=aim)) == -signal.SIGKILL:
            self.killed[f"{moment} a commit"] += 1

    def _one_life(self, kills: int) -> None:
        """Start a command and kill it, or its workers first."""
        service = self.random.random() < SERVICE
        before = len(self.web.requests)
        pid = self._start(*(SERVICE_WORDS if service else ("once", "--all")))
        if self.random.random() < 0.3:
            self._wait_for_telling(pid)
        else:
            self._wait_for_work(pid, before)
        while self.warm.running(pid) and self.killed.total() < kills:
            self._some_moment()
            workers = children(pid)
            if workers and self.random.random() < 0.35:
                self._kill(self.random.choice(workers), "worker")
                continue
            if self.warm.running(pid) and self._kill(pid, "service" if service else "once"):
                self.warm.ended(pid)
                left = [worker for worker in workers if not gone(worker)]
                if left:
                    self.faults.append(f"workers {left} outlived their parent")
        self.warm.stop(pid)

    def _life_without_server(self, server: Server) -> None:
        """PostgreSQL goes from under a command, once to three times."""
        service = self.random.random() < SERVICE_WITHOUT
        before, said = len(self.web.requests), len(self.warm.tail(None))
        pid = self._start(*(SERVICE_WORDS if service else ("once", "--all")))
        self._wait_for_work(pid, before)
        for _ in range(self.random.randint(1, 3)):
            self._some_moment()
            if not self.warm.running(pid):
                break
            server.kill()
            self.killed["server"] += 1
            self._some_moment()
            server.start()
        if service:
            self._carries_on(pid)
        code, words = self.warm.stop(pid) if service else self.warm.ended(pid), self.warm.tail(None)[said:]
        if (service and code) or "Traceback" in words:
            self.faults.append(f"without its server a command ended with {code}: {words[-3000:]}")

    def _carries_on(self, pid: int) -> None:
        """The service outlived its server, and asks for something once that is back."""
        back, asked = time.monotonic(), len(self.web.requests)
        while self.warm.running(pid) and len(self.web.requests) == asked:
            if time.monotonic() > back + BACK_WITHIN:
                self.faults.append(f"the service asks for nothing {BACK_WITHIN} s after the server's return")
                return
            time.sleep(0.01)
        if self.warm.running(pid):
            self.returns.append(time.monotonic() - back)
        else:
            self.faults.append("the service ended without its server")

    def _some_moment(self) -> None:
        """Wait for as long as a round may take."""
        time.sleep(self.random.uniform(0, statistics.median(self.lengths[-9:] or [0.3])))

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

    def _start(self, *command: str, prelude: str = "") -> int:
        here = f"import os\nos.chdir({str(self.folder)!r})\n"  # beside PostgreSQL pages are kept where one stands
        return self.warm.start("--config", str(self.config), *command, prelude=here + self.prelude + prelude)

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
            **({"longest_return": round(max(self.returns), 1)} if self.returns else {}),
            "faults": self.faults,
        }


def portion(folder: Path, seed: int, kills: int, server: Server | None = None, **more: Any) -> KillLoop:
    """One portion on a database of ``server``, or on one in ``folder``; ``more`` are fields of the loop."""
    with FakeWeb() as web:
        loop = KillLoop(folder, web, seed, server, **more)
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
