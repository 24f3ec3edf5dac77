"""``archive`` as its users call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli import main
from tests.archive.made import lines, save_lines

pytest.importorskip("duckdb", reason="needs the extra storyfold[duckdb]")
pytest.importorskip("pyarrow", reason="needs pyarrow")
ROWS = lines(120, seed=6)


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    save_lines(ROWS, tmp_path / "in.jsonl")
    return ["archive", "in.jsonl", "-o", "folded", "--workers", "1", "--memory", "256"]


def test_the_report_says_what_a_person_wants_to_know(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--into", "sqlite:///news.db", "--jsonl", "stories.jsonl"]) == 0
    told = capsys.readouterr().out
    assert "120 articles in" in told
    assert "Written to folded." in told
    assert "loaded into sqlite:///news.db; 0 were there." in told
    assert "articles have no date" in told
    assert len(Path("stories.jsonl").read_text().splitlines()) == 120
    assert main(["--db", "sqlite:///news.db", "--json", "stories", "--limit", "500"]) == 0
    stories = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(len(story["articles"]) for story in stories) == 120


def test_the_report_for_programs(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["articles"], first["engine"], first["went_on"], first["loaded"]) == (120, "duckdb", [], None)
    assert main([*words, "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert len(second["went_on"]) == len(second["seconds"])
    assert second["stories"] == first["stories"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--master", "spark://host:7077", "--engine", "duckdb"], "belongs to Spark"),
        (["missing.parquet"], "no such file or folder"),
        (["in.jsonl"], "twice"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: list[str], more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    position = 2 if not more[0].startswith("-") else len(words)
    assert main([*words[:position], *more, *words[position:]]) == 2
    assert message in capsys.readouterr().err
