"""One store for each backend: every test that takes ``store`` holds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pipeline.storage import Store, open_store
from pipeline.storage.migrate import newest

BACKENDS: dict[str, Callable[[pytest.FixtureRequest], str]] = {
    "file": lambda request: f"sqlite:///{request.getfixturevalue('tmp_path')}/store.db",
    "memory": lambda request: "sqlite://",
    "postgres": lambda request: request.getfixturevalue("postgres").emptied(),
}


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest) -> str:
    return BACKENDS[request.param](request)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened
        assert opened._db.seal_faults(newest()) == [], "whatever a test did, it was sealed"
