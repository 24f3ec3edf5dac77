"""How much is handed out, and to whom nothing can be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cluster.handing import Room, room_for
from pipeline.cluster.settings import ClusterSettings
from tests.cluster.fleet import ROOT

SETTINGS = ClusterSettings(polls_in_hand=500, drafts=2_000)


@pytest.mark.parametrize(
    ("drafts", "pages"),
    [
        (0, 400),  # two that fetch, 200 each
        (300, 700),  # what waits for the matcher takes room that is not theirs
        (1_800, 2_000),  # together never more than may wait
        (1_999, 2_000),
        (2_000, 0),
        (9_999, 0),
    ],
)
def test_fetching_slows_as_the_matcher_falls_behind_and_polling_goes_on(drafts: int, pages: int) -> None:
    assert room_for(3, 2, drafts, SETTINGS, items_in_hand=200) == Room(polls=1_500, pages=pages)


def test_nothing_is_handed_out_where_nobody_takes_it() -> None:
    assert room_for(0, 0, 0, SETTINGS, items_in_hand=200) == Room(polls=0, pages=0)


def test_a_worker_refuses_a_database_of_one_process_and_makes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "news.db"
    command = [sys.executable, str(ROOT / "run_pipeline.py"), "worker", "--db", f"sqlite:///{file}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert ended.returncode == 1
    assert "workers share a PostgreSQL database" in ended.stderr
    assert list(tmp_path.iterdir()) == []
