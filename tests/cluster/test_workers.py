"""Workers as processes on one database: the same stories as one process, polite all together, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from pipeline.errors import StorageError
from pipeline.storage import Store, open_store
from pipeline.storage.cluster import Cluster, open_cluster
from tests import pgserver
from tests.cluster import fleet
from tests.cluster.fleet import PACE, ROOT, Fleet, Hosts, configured, stories_of, until

COPIES = 3


@pytest.fixture
def server() -> Iterator[pgserver.Server]:
    """A server of one's own, to be killed."""
    started = pgserver.started(killed=True)
    yield started
    started.close()


def one_process(folder: Path, config_of: Path) -> set[frozenset[str]]:
    """What a single process with SQLite makes of the same world."""
    config = folder / "single.toml"
    text = config_of.read_text()
    config.write_text(text.replace(text.splitlines()[1], f'url = "sqlite:///{folder}/single.db"'))
    command = [sys.executable, str(ROOT / "run_pipeline.py"), "once", "--config", str(config), "--json"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with open_store(f"sqlite:///{folder}/single.db", read_only=True) as store:
        return stories_of(store)


def finished(store: Store, articles: int) -> bool:
    """Whether all there is was stored and nothing waits; False too while the server is away."""
    try:
        counts = store.counts()
    except StorageError:
        return False
    return counts.articles >= articles and counts.waiting == 0


def nothing_lost_nothing_twice(store: Store, articles: int) -> None:
    """Each entry has one row in the journal, and each address one article."""
    rows = store.items(after=0, limit=1_000_000)
    about = Counter(item.row.url for item in rows if item.row.url and "/p/" in item.row.url)
    assert len(about) == articles
    assert {url: n for url, n in about.items() if n != 1} == {}
    assert store.counts().articles == articles


def polite(hosts: Hosts) -> None:
    """What the hosts themselves saw."""
    seen = hosts.report()
    assert seen["most_open"] == 1
    assert seen["least_gap"] >= PACE


@pytest.mark.timeout(300)
def test_four_workers_make_the_stories_of_one_process_and_outlive_kills(
    server: pgserver.Server, tmp_path: Path
) -> None:
    chaos(server, tmp_path, hosts=40, stories=70, kinds=("matcher", "postgres", "worker"), seed=1, wait=(0.5, 2.0))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_two_hundred_hosts_without_a_fault(server: pgserver.Server, tmp_path: Path) -> None:
    chaos(server, tmp_path, hosts=200, stories=300, kinds=(), seed=0, wait=(0, 0))


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_seven_faults_at_random_moments_and_three_times_so(server: pgserver.Server, tmp_path: Path, seed: int) -> None:
    kinds = Random(seed).choices(("worker", "matcher", "postgres", "asleep"), k=7)
    chaos(server, tmp_path, hosts=200, stories=400, kinds=tuple(kinds), seed=seed, wait=(0.3, 2.0))


def chaos(
    server: pgserver.Server,
    folder: Path,
    *,
    hosts: int,
    stories: int,
    kinds: tuple[str, ...],
    seed: int,
    wait: tuple[float, float],
) -> None:
    """Four workers over a world, with faults on the way; then everything is as if there had been none."""
    url, articles = server.database(), stories * COPIES
    with fleet.world(hosts, stories, copies=COPIES, delay=0.005) as outlets:
        config = configured(folder, url, outlets)
        with fleet.fleet(folder, config) as workers, open_store(url) as store:
            for _ in range(4):
                workers.start()
            until(lambda: store.counts().articles > 0, 60, workers.said)
            faults = Faults(server, workers, store, Random(seed))
            for kind in kinds:
                time.sleep(faults.random.uniform(*wait))
                faults.cause(kind)
            until(lambda: finished(store, articles), 400, lambda: f"{store.counts()}\n{workers.said()[-5000:]}")
            print(faults.summary())  # noqa: T201 - shown with -s
            until(faults.all_up, 60, workers.said)
            assert set(workers.stop()) == {0}
            polite(outlets)
            nothing_lost_nothing_twice(store, articles)
            assert stories_of(store) == one_process(folder, config)
            assert len(stories_of(store)) == stories


@dataclass
class Faults:
    """Kills, and how long the others needed."""

    server: pgserver.Server
    workers: Fleet
    store: Store
    random: Random
    took: dict[str, list[float]] = field(default_factory=dict)

    def cause(self, kind: str) -> None:
        """One fault, until somebody has taken over."""
        cluster = open_cluster(self.store)
        if kind == "postgres":
            self.server.kill()
            time.sleep(self.random.uniform(0.0, 1.0))
            began = time.monotonic()
            self.server.start()
            until(lambda: self._matched(cluster, 0), 30, self.workers.said)
            self._note(kind, began)
            return
        matcher, token = self._matcher(cluster)
        victim = matcher if kind != "worker" else self.random.choice(self.workers.workers)
        began = time.monotonic()
        if kind == "asleep":
            os.killpg(victim.pid, signal.SIGSTOP)
        else:
            self.workers.kill(victim)
            self.workers.start()
        if victim is matcher:
            until(lambda: self._matched(cluster, token), 30, self.workers.said)
            self._note(kind, began)
        if kind == "asleep":
            time.sleep(self.random.uniform(0.0, 2.0))
            os.killpg(victim.pid, signal.SIGCONT)

    def all_up(self) -> bool:
        """Whether every worker that was started is at work."""
        alive = {int(worker.id.split()[2]) for worker in open_cluster(self.store).workers() if worker.alive}
        return alive >= {worker.pid for worker in self.workers.workers}

    def _matcher(self, cluster: Cluster) -> tuple[subprocess.Popen[bytes], int]:
        """The worker that matches now, and its token."""
        until(lambda: self._matched(cluster, 0), 30, self.workers.said)
        lease = next(one for one in cluster.leases() if one.name == "matcher")
        pid = int(lease.holder.split()[2])
        return next(worker for worker in self.workers.workers if worker.pid == pid), lease.token

    def _matched(self, cluster: Cluster, after: int) -> bool:
        """Whether somebody whom nobody has killed is the matcher, under a token greater than ``after``."""
        try:
            leases = cluster.leases()
        except StorageError:
            return False
        pids = {worker.pid for worker in self.workers.workers}
        return any(
            one.name == "matcher" and not one.lapsed and one.token > after and int(one.holder.split()[2]) in pids
            for one in leases
        )

    def _note(self, kind: str, began: float) -> None:
        self.took.setdefault(kind, []).append(time.monotonic() - began)

    def summary(self) -> str:
        """Seconds until the next one matched."""
        lines = [
            f"{kind}: {len(took)} times, {sorted(took)[len(took) // 2]:.1f} s (median), at most {max(took):.1f} s"
            for kind, took in sorted(self.took.items())
        ]
        return "until somebody matched again: " + "; ".join(lines or ["no fault"])
