"""Sixteen random bytes overwritten anywhere in the file: the doctor sees whatever they changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import corruption


@pytest.mark.parametrize(
    ("databases", "articles"),
    [(25, 150), pytest.param(300, 400, marks=[pytest.mark.soak, pytest.mark.timeout(600)])],
)
def test_damage_is_found_or_harmless(tmp_path: Path, databases: int, articles: int) -> None:
    outcome = corruption.run(tmp_path, databases, articles, seed=databases)
    assert outcome.missed == []
    assert outcome.backups_wrong == []
    assert outcome.found > databases // 2
    assert outcome.harmed > databases // 2
    assert outcome.backups_refused > databases // 2
