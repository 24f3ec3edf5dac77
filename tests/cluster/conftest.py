"""A database that several workers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.storage import Store, open_store
from pipeline.storage.cluster import Cluster, open_cluster
from tests.pgserver import Server


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def cluster(store: Store) -> Cluster:
    opened = open_cluster(store)
    opened.prepare()
    return opened
