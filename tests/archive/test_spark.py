"""The same archive on Spark: one session for the module, since starting one takes seconds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UsageError
from tests.archive.made import fold, lines, save_lines

pytest.importorskip("pyspark", reason="needs the extra storyfold[spark]")
pytest.importorskip("pyarrow", reason="needs pyarrow")
if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
    pytest.skip("Spark needs Java 17 or later, which is not installed", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("default")  # Spark's own
ROWS = lines(560, seed=2)


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
