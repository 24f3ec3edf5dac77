"""What every test leaves behind for the next one: nothing.  What they share: a database server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent))

import pgserver


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Commands run inside a test configure the log; the next test finds it untouched."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[pgserver.Server]:
    """A PostgreSQL server that all tests share; each takes a database of its own from it."""
    server = pgserver.started()
    yield server
    server.close()


@pytest.fixture(scope="module")
def killable() -> Iterator[pgserver.Server]:
    """A PostgreSQL server that the tests of one module may kill."""
    server = pgserver.started(killed=True)
    yield server
    server.close()
