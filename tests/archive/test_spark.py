"""The same archive on Spark: one session for the module, since starting one takes seconds."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from benchmarks.archive import tree
from pipeline.errors import UsageError
from tests.archive.made import fold, lines, save_lines

pytest.importorskip("pyspark", reason="needs the extra storyfold[spark]")
pytest.importorskip("pyarrow", reason="needs pyarrow")
if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
    pytest.skip("Spark needs Java 17 or later, which is not installed", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("default")  # Spark's own
ROWS = lines(560, seed=2)


@pytest.fixture(autouse=True)
def small_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling Spark to fast code takes longer than the little there is to do: half the CPU time without."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


@pytest.mark.timeout(600)
def test_spark_and_duckdb_find_the_same(tmp_path: Path) -> None:
    """Two blocks, and the input by an address that only Spark reads."""
    source = save_lines(ROWS, tmp_path / "in.jsonl")
    first, expected = fold([source], tmp_path / "duckdb")
    second, found = fold_address(f"file://{source}", tmp_path / "spark")
    assert found == expected
    assert (second.stories, second.compared, second.capped) == (first.stories, first.compared, first.capped)


def fold_address(address: str, output: Path) -> tuple[Any, list[dict[str, Any]]]:
    return fold([address], output, engine="spark", workers=2)  # type: ignore[list-item]


def test_without_java_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UsageError, match="install version 17"):
        fold_address(str(save_lines(ROWS[:3], tmp_path / "in.jsonl")), tmp_path / "out")


def test_addresses_are_sparks(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--engine spark"):
        fold(["s3a://bucket/news.jsonl"], tmp_path / "out")  # type: ignore[list-item]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_executors_that_are_killed_change_nothing(tmp_path: Path) -> None:
    """A cluster of two executors; one is killed in the middle of tasks, and one in the middle of a join."""
    source = save_lines(lines(3000, seed=3), tmp_path / "in.jsonl")
    _, expected = fold([source], tmp_path / "duckdb")
    killed: list[int] = []

    def kill(stage: str, done: int, _parts: int) -> None:
        if (stage, done) in (("profile", 2), ("try", 2)):
            killed.append(_kill_an_executor())
        if (stage, done) == ("meet", 0):
            threading.Timer(1.0, lambda: killed.append(_kill_an_executor())).start()

    _, found = fold(
        [source], tmp_path / "spark", engine="spark", master="local-cluster[2,1,1024]", workers=2, progress=kill
    )
    assert len(set(killed)) == 3
    assert found == expected


def _kill_an_executor() -> int:
    """End one of the executors that this process started, at once."""
    below = tree(os.getpid())
    running = [pid for pid in below if b"CoarseGrainedExecutorBackend" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(running[0], signal.SIGKILL)
    return running[0]
