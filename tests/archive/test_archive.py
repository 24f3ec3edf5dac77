"""A whole archive on DuckDB: the stories of the stream, whatever the files, the blocks and the interruptions."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipeline.archive.stages import STAGES
from pipeline.errors import UsageError
from tests.archive.made import fold, lines, save_lines, stories, streamed

pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
ROWS = lines(1300)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_lines(ROWS, tmp_path_factory.mktemp("archive") / "in.jsonl")


@pytest.fixture(scope="module")
def folded(source: Path) -> list[dict[str, Any]]:
    """The archive in three blocks."""
    report, out = fold([source], source.parent / "out")
    assert report.articles == len(ROWS)
    return out


def test_the_stories_are_those_of_the_stream(source: Path, folded: list[dict[str, Any]]) -> None:
    expected = streamed(source, source.parent)
    assert len(set(stories(expected).values())) < len(ROWS) * 0.9, "there is something to find"
    different = [key for key, story in stories(folded).items() if stories(expected)[key] != story]
    assert len(different) <= len(ROWS) * 0.002
    assert [row.keys() for row in folded] == [row.keys() for row in expected]
    same = {row["id"]: row for row in expected if str(row["id"]) not in different}
    found = [row for row in folded if row["id"] in same]
    assert [row["canonical"] for row in found] == [same[row["id"]]["canonical"] for row in found]


def test_no_story_is_a_chain(folded: list[dict[str, Any]]) -> None:
    """Every copy was verified against an article of its own story, and one article speaks for each."""
    own = stories(folded)
    matched = [row for row in folded if row["match"]]
    assert matched
    assert all(own[row["match"]["article_id"]] == row["story_id"] for row in matched)
    speakers = [row["story_id"] for row in folded if row["canonical"]]
    assert sorted(speakers) == sorted(set(own.values()))


def test_blocks_are_no_part_of_the_result(source: Path, folded: list[dict[str, Any]], tmp_path: Path) -> None:
    _, whole = fold([source], tmp_path / "out", block=2048)
    assert stories(whole) == stories(folded)


def test_files_and_their_order_are_no_part_of_it(folded: list[dict[str, Any]], tmp_path: Path) -> None:
    """Dated articles are put in order of publication, wherever they stand."""
    dated = [row for row in ROWS if row["published"]]
    _, straight = fold([save_lines(dated, tmp_path / "in.jsonl")], tmp_path / "straight")
    mixed = random.Random(5).sample(dated, len(dated))
    folder = tmp_path / "parts"
    folder.mkdir()
    save_lines(mixed[:500], folder / "a.jsonl")
    pa = pytest.importorskip("pyarrow")
    columns = {name: [str(row[name]) for row in mixed[500:]] for name in mixed[0]}
    pq.write_table(pa.table(columns), folder / "b.parquet")
    _, crooked = fold([folder], tmp_path / "crooked")
    assert stories(crooked) == stories(straight)
    assert [str(row["id"]) for row in crooked] == [str(row["id"]) for row in straight]


def test_the_result_as_parquet(source: Path, folded: list[dict[str, Any]]) -> None:
    files = sorted((source.parent / "out" / "articles").glob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert [row["id"] for row in rows] == [str(row["id"]) for row in folded]
    copy = next(row for row in rows if row["match_id"])
    assert 0.5 <= copy["match_score"] <= 1
    assert dict(copy["evidence"]).keys() >= {"containment", "title"}
    told = [
        row
        for file in sorted((source.parent / "out" / "stories").glob("*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]
    assert {row["story_id"]: row["articles"] for row in told} == {
        story: sum(row["story_id"] == story for row in rows) for story in {row["story_id"] for row in rows}
    }
    speakers = {row["story_id"]: row["id"] for row in rows if row["canonical"]}
    assert {row["story_id"]: row["canonical_id"] for row in told} == speakers


class Ended(Exception):
    """Somebody pulled the plug."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A shorter archive, folded without a break."""
    folder = tmp_path_factory.mktemp("whole")
    source = save_lines(ROWS[:560], folder / "in.jsonl")
    return source, fold([source], folder / "out")[1]


@pytest.mark.parametrize("at", ["arrange", "profile", "meet", "count", "try", "verify", "piece", "decide", "publish"])
def test_a_run_that_was_ended_goes_on(whole: tuple[Path, list[dict[str, Any]]], tmp_path: Path, at: str) -> None:
    source, expected = whole

    def plug(stage: str, done: int, _parts: int) -> None:
        if stage == at and done == 1:
            raise Ended

    with pytest.raises(Ended):
        fold([source], tmp_path / "out", progress=plug)
    report, out = fold([source], tmp_path / "out")
    names = [stage.name for stage in STAGES]
    assert report.went_on == tuple(names[: names.index(at)])
    assert out == expected


def test_tables_that_nobody_reads_any_more_leave_the_disk(tmp_path: Path) -> None:
    source = save_lines(ROWS[:560], tmp_path / "in.jsonl")
    work, seen = tmp_path / "out" / "work", set[str]()
    fold([source], tmp_path / "out", progress=lambda *_told: seen.update(table.name for table in work.glob("*")))
    spent = {table for stage in STAGES for table in stage.spent}
    assert spent - seen == {"fetched"}, "which only addresses beyond this machine bring"
    assert not spent & {table.name for table in work.iterdir()}


def test_finished_files_of_an_unfinished_stage_stay(tmp_path: Path) -> None:
    source = save_lines(ROWS[:1100], tmp_path / "in.jsonl")

    def plug(stage: str, done: int, _parts: int) -> None:
        if stage == "verify" and done == 2:
            raise Ended

    with pytest.raises(Ended):
        fold([source], tmp_path / "out", progress=plug)
    files = sorted((tmp_path / "out" / "work" / "verdicts").rglob("*.parquet"))
    times = [file.stat().st_mtime_ns for file in files]
    assert len(files) == 2
    fold([source], tmp_path / "out")
    assert [file.stat().st_mtime_ns for file in files] == times


def test_another_order_does_not_mix_in(source: Path, tmp_path: Path) -> None:
    first = save_lines(ROWS[:60], tmp_path / "a.jsonl")
    fold([first], tmp_path / "out")
    second = save_lines(ROWS[:50], tmp_path / "b.jsonl")
    with pytest.raises(UsageError, match="--fresh"):
        fold([second], tmp_path / "out")
    report, _ = fold([second], tmp_path / "out", fresh=True)
    assert report.articles == 50


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    source = save_lines(ROWS[:3], tmp_path / "in.jsonl")
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "photo.jpg").write_text("dear")
    for fresh in (False, True):
        with pytest.raises(UsageError, match="choose another folder"):
            fold([source], folder, fresh=fresh)
    assert (folder / "photo.jpg").read_text() == "dear"


def test_lines_that_cannot_be_used_cost_themselves(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    good = [json.dumps(row) for row in ROWS[:4]]
    source.write_text("\n".join([good[0], "{", good[1], '{"id": 1}', "", *good[2:]]) + "\n", "utf-8")
    report, out = fold([source], tmp_path / "out")
    assert (report.lines, report.articles, report.bad_count) == (6, 4, 2)
    assert [(line, name == str(source)) for name, line, _ in report.bad] == [(2, True), (4, True)]
    assert len(out) == 4


def test_an_id_that_comes_again_is_one_article_with_its_last_text(tmp_path: Path) -> None:
    first, other = {**ROWS[0], "id": "x"}, {**ROWS[2], "id": "y", "text": ROWS[4]["text"]}
    later = {**ROWS[4], "id": "x", "published": first["published"]}
    source = save_lines([first, other, later], tmp_path / "in.jsonl")
    report, out = fold([source], tmp_path / "out")
    assert (report.articles, report.repeated) == (2, 1)
    assert len({row["story_id"] for row in out}) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "no usable article"), ("{\n", "no usable article.*line 1"), (None, "no such file")],
)
def test_what_is_no_archive_is_said(tmp_path: Path, content: str | None, message: str) -> None:
    source = tmp_path / "in.jsonl"
    if content is not None:
        source.write_text(content)
    with pytest.raises(UsageError, match=message):
        fold([source], tmp_path / "out")


def test_a_parquet_file_without_texts_is_said(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq.write_table(pa.table({"id": ["a"], "body": ["b"]}), tmp_path / "in.parquet")
    with pytest.raises(UsageError, match="id and text"):
        fold([tmp_path / "in.parquet"], tmp_path / "out")


@pytest.mark.soak
def test_two_workers_and_one_find_the_same(source: Path, folded: list[dict[str, Any]], tmp_path: Path) -> None:
    _, out = fold([source], tmp_path / "out", workers=2)
    assert out == folded
