"""Records taken away, through the command line: every format says the same."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from tests.records.conftest import BRIDGE, NOW, SWANS, Newsroom, article


@pytest.fixture
def filled(newsroom: Newsroom) -> Newsroom:
    newsroom.add(
        article("bridge", BRIDGE, authors=(), agencies=("AP",)),
        article("bridge-shut", BRIDGE, "Ashby Post", authors=("Ann Lee",), published=NOW - timedelta(hours=3)),
        article("swans", SWANS, "Merren Times", title="=HYPERLINK(swans)"),
    )
    return newsroom


def taken(room: Newsroom, what: str, kind: str) -> bytes:
    path = room.folder / f"out.{kind}"
    done = room.run("export", what, "--format", kind, "--output", path)
    assert done.code == 0, done.err
    return path.read_bytes()


def test_a_story_carries_the_metadata_of_all_its_copies(filled: Newsroom) -> None:
    bridge, swans = map(json.loads, taken(filled, "stories", "jsonl").splitlines())
    assert (bridge["copies"], bridge["outlets"]) == (2, ["Tarn Courier", "Ashby Post"])
    assert (bridge["outlet"], bridge["canonical_rule"]) == ("Ashby Post", "first published")
    assert (bridge["authors"], bridge["agencies"], bridge["languages"]) == (["Ann Lee"], ["AP"], ["en"])
    assert bridge["first_published"] == "2026-03-01T09:00:00Z"
    assert bridge["text"] == BRIDGE
    assert swans["canonical_rule"] == "only article"


def test_every_format_has_every_row(filled: Newsroom) -> None:
    lines = [json.loads(line) for line in taken(filled, "articles", "jsonl").splitlines()]
    cells = list(csv.DictReader(io.StringIO(taken(filled, "articles", "csv").decode("utf-8-sig"), newline="")))
    assert [row["article_id"] for row in lines] == [row["article_id"] for row in cells]
    assert [row["score"] is None for row in lines] == [row["score"] == "" for row in cells]
    assert cells[2]["title"] == "'=HYPERLINK(swans)"


def test_parquet(filled: Newsroom) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for what in ("stories", "articles"):
        taken(filled, what, "parquet")
        rows = parquet.read_table(filled.folder / "out.parquet").to_pylist()
        lines = [json.loads(line) for line in taken(filled, what, "jsonl").splitlines()]
        assert [row["title"] for row in rows] == [line["title"] for line in lines]
        assert rows[0]["agencies"] == ["AP"]
        assert rows[0]["published"].tzinfo is not None


def test_any_feed_reader_becomes_a_client(filled: Newsroom) -> None:
    found = feedparser.parse(taken(filled, "stories", "atom"))
    assert not found.bozo
    assert found.version == "atom10"
    assert [entry.author for entry in found.entries] == ["Ann Lee", "Merren Times"]
    told = json.loads(taken(filled, "stories", "jsonfeed"))
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in told["items"]] == [entry.id for entry in found.entries]
    assert [item["url"] for item in told["items"]] == [entry.link for entry in found.entries]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("articles", "--format", "atom"), "a feed of stories"),
        (("stories", "--format", "parquet"), "goes to a file"),
        (("stories", "--format", "csv", "-o", "/nowhere/x.csv"), "cannot write"),
    ],
)
def test_what_cannot_be_taken_is_said(filled: Newsroom, words: tuple[str, ...], said: str) -> None:
    done = filled.run("export", *words)
    assert (done.code, said in done.err) == (2, True)


def test_only_what_is_recent_on_standard_output(filled: Newsroom) -> None:
    done = filled.run("export", "stories", "--format", "jsonl", "--since", NOW + timedelta(minutes=2, seconds=30))
    assert [json.loads(line)["outlet"] for line in done.out.splitlines()] == ["Merren Times"]
    assert not list(Path(filled.folder).glob("*.part"))
