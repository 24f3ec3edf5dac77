"""One starter of commands for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trust.warm import Warm


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with Warm(tmp_path_factory.mktemp("warm") / "said.log") as warm:
        yield warm


@pytest.fixture
def warm(starter: Warm, tmp_path: Path) -> Warm:
    """Commands in processes of their own; what they say is kept for each test."""
    starter.said = tmp_path / "said.log"
    starter.said.touch()
    return starter
