"""Killed at any moment: nothing is lost, nothing is there twice, and the next start carries on by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pgserver import Server
from tests.trust.killing import portion

PORTION = 50  # kills on one database in the long run


@pytest.mark.timeout(900)
def test_thirty_kills(tmp_path: Path) -> None:
    loop = portion(tmp_path, seed=8, kills=30)
    assert loop.faults == [], loop.report()
    assert loop.killed.total() >= 30
    assert len(loop.killed) >= 3, "`once`, the service and a worker were all met"


@pytest.mark.timeout(900)
def test_five_kills_on_postgresql(tmp_path: Path, killable: Server) -> None:
    loop = portion(tmp_path, seed=8, kills=5, server=killable)
    assert loop.faults == [], loop.report()
    assert loop.killed.total() >= 5


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_hundred_kills_on_postgresql(tmp_path: Path, killable: Server, seed: int) -> None:
    loop = portion(tmp_path, seed, PORTION, killable)
    assert loop.faults == [], loop.report()


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 21))
def test_a_thousand_kills(tmp_path: Path, seed: int) -> None:
    loop = portion(tmp_path, seed, PORTION)
    assert loop.faults == [], loop.report()
