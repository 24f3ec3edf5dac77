"""A filled store, the application over it, and a client that speaks HTTP to it without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from web_client import Client
from web_world import clock, fill

from pipeline.storage import Store, open_store
from pipeline.web import WebSettings, create_app


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Filled once; tests only read it."""
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('web')}/world.db") as store:
        fill(store)
        yield store


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/empty.db") as store:
        yield store


@pytest.fixture
def client(world: Store) -> Client:
    return Client(create_app(world, None, WebSettings(), clock))


@pytest.fixture
def client_for() -> Callable[..., Client]:
    def made(store: Store, actions: object = None, feeds: object = None, **settings: object) -> Client:
        return Client(create_app(store, actions, WebSettings(**settings), clock, feeds))

    return made
