"""Workers with a network each, as on machines of their own: nothing is shared but the database and the hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.storage import open_store
from pipeline.storage.cluster import open_cluster
from tests import pgserver
from tests.cluster import fleet
from tests.cluster.fleet import configured, stories_of, until
from tests.cluster.test_workers import COPIES, finished, nothing_lost_nothing_twice, one_process, polite

BASE = "10.77"  # of the hosts
WORKERS, HOSTS, STORIES = 4, 200, 150


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


@pytest.fixture
def networks() -> Iterator[list[str]]:
    """Names of network namespaces from which the hosts, and nothing else, can be reached."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("network namespaces need root and iproute2")
    names = [f"storyfold{n}" for n in range(WORKERS)]
    addresses = [f"{BASE}.{n // 250}.{n % 250 + 1}" for n in range(HOSTS)] + [f"{BASE}.255.1"]
    try:
        try:
            for address in addresses:
                ip("addr", "add", f"{address}/32", "dev", "lo")
            for n, name in enumerate(names):
                ip("netns", "add", name)
                ip("link", "add", f"{name}a", "type", "veth", "peer", "name", "eth0", "netns", name)
                ip("addr", "add", f"10.78.{n}.1/24", "dev", f"{name}a")
                ip("link", "set", f"{name}a", "up")
                ip("-n", name, "addr", "add", f"10.78.{n}.2/24", "dev", "eth0")
                ip("-n", name, "link", "set", "eth0", "up")
                ip("-n", name, "link", "set", "lo", "up")
                ip("-n", name, "route", "add", "default", "via", f"10.78.{n}.1")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine makes no network namespaces: {error.stderr.decode().strip()}")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
            subprocess.run(["ip", "link", "del", f"{name}a"], check=False, capture_output=True)
        for address in addresses:
            subprocess.run(["ip", "addr", "del", f"{address}/32", "dev", "lo"], check=False, capture_output=True)


@pytest.mark.soak
@pytest.mark.timeout(500)
def test_four_workers_on_four_networks(networks: list[str], postgres: pgserver.Server, tmp_path: Path) -> None:
    url, articles = postgres.database(), STORIES * COPIES
    with fleet.world(HOSTS, STORIES, copies=COPIES, base=BASE, delay=0.005) as outlets:
        config = configured(tmp_path, url, outlets, network=f"{BASE}.0.0/16")
        with fleet.fleet(tmp_path, config) as workers, open_store(url) as store:
            for name in networks:
                workers.start(prefix=("ip", "netns", "exec", name))
            until(lambda: finished(store, articles), 300, lambda: f"{store.counts()}\n{workers.said()[-5000:]}")
            assert sum(worker.alive for worker in open_cluster(store).workers()) == WORKERS
            assert set(workers.stop()) == {0}
            polite(outlets)
            nothing_lost_nothing_twice(store, articles)
            assert stories_of(store) == one_process(tmp_path, config)
