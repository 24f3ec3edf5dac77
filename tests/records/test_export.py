"""Records taken away, through the command line: every format says the same."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest

from tests.records.conftest import BRIDGE, NOW, SWANS, Newsroom, article

pytestmark = pytest.mark.parametrize("backend", ["sqlite", "postgres"], indirect=True)


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


ATOM = "{http://www.w3.org/2005/Atom}"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def test_the_feed_keeps_the_rules_of_atom(filled: Newsroom) -> None:
    """RFC 4287, sections 4.1.1 and 4.1.2: what must stand in a feed and an entry, once, and what may."""
    filled.add(replace(article("nowhere", "Nobody knows where this stood. " * 9, "The Drum"), url=""))
    feed = ElementTree.fromstring(taken(filled, "stories", "atom"))
    assert [len(feed.findall(ATOM + name)) for name in ("id", "title", "updated")] == [1, 1, 1]
    entries = feed.findall(ATOM + "entry")
    assert len({entry.findtext(ATOM + "id") for entry in entries}) == len(entries) == 3
    known = {"id", "title", "updated", "published", "summary", "content", "link", "author", "category"}
    for entry in entries:
        names = Counter(child.tag.removeprefix(ATOM) for child in entry)
        assert names.keys() <= known
        assert all(names[name] == 1 for name in ("id", "title", "updated"))
        assert all(names[name] <= 1 for name in ("published", "summary", "content"))
        links = [link.get("href") for link in entry.findall(ATOM + "link") if link.get("rel") == "alternate"]
        assert links or names["content"], "what leads nowhere says what it is about"
        assert all(link and "://" in link for link in links)
        assert names["author"] >= 1
        assert all(author.findtext(ATOM + "name") for author in entry.findall(ATOM + "author"))
        assert all(category.get("term") for category in entry.findall(ATOM + "category"))
        assert all(RFC_3339.fullmatch(entry.findtext(ATOM + name) or "") for name in ("updated", "published"))


def test_the_feed_keeps_the_rules_of_json_feed(filled: Newsroom) -> None:
    """JSON Feed 1.1: a version, a title, items with distinct ids and a content."""
    told = json.loads(taken(filled, "stories", "jsonfeed"))
    assert told.keys() >= {"version", "title", "items"}
    assert len({item["id"] for item in told["items"]}) == len(told["items"])
    for item in told["items"]:
        assert isinstance(item["id"], str)
        assert item["content_text"]
        assert item["url"].startswith("https://")
        assert all(RFC_3339.fullmatch(item[name]) for name in ("date_published", "date_modified"))
        assert all(isinstance(tag, str) for tag in item["tags"])
        assert all(author["name"] for author in item["authors"])
        assert re.fullmatch("[a-z]{2,3}(-.+)?", item.get("language", "en"))


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
