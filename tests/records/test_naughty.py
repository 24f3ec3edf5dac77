"""Five hundred texts that break programs, through every field and every query."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import feedparser
import msgspec
import pytest

from pipeline.errors import UsageError
from pipeline.model import OriginKind, OriginSign
from pipeline.storage import ItemFilter, StoryFilter, parse_query
from pipeline.web.shapes import item as item_json
from tests.records.conftest import BRIDGE, NOW, Newsroom, article, run
from tests.records.naughty import naughty

ALL = list(naughty())


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    """Each text in every field of an article of its own; every tenth has a usual text as well."""
    room = Newsroom(tmp_path_factory.mktemp("naughty"))
    room.add(article("first", BRIDGE))
    with room.store() as store:
        writer = room.writer(store)
        for i, text in enumerate(ALL):
            room.add(
                article(
                    f"n{i}",
                    BRIDGE if i % 10 == 0 else f"{text}\n{i} {text}",
                    title=text,
                    outlet=text,
                    url=f"https://news.example/{i}",
                    authors=(text, text),
                    agencies=(text,),
                    language=text,
                    section=text,
                    keywords=(text,),
                    image=text,
                    origins=(OriginSign(OriginKind.SOURCE_ORGANIZATION, text),),
                    notes=(text,),
                ),
                writer=writer,
            )
    return room


def test_there_are_enough() -> None:
    assert len(ALL) > 500


def test_every_field_comes_back_as_it_was(newsroom: Newsroom) -> None:
    with newsroom.store() as store:
        assert store.full_check() == []
        for i, text in enumerate(ALL):
            stored = store.find_article(f"https://news.example/{i}")
            assert stored is not None
            whole = text.encode("utf-8", "replace").decode()
            own = stored.article
            assert (own.title, own.outlet, own.authors, own.section) == (whole, whole, (whole, whole), whole)


def test_every_query_is_answered(newsroom: Newsroom) -> None:
    refused, said = 0, set()
    with newsroom.store() as store:
        for text in ALL:
            for query in (text, f'outlet:"{text}"', f"harbour {text}"):
                try:
                    store.search(parse_query(query, NOW), limit=3)
                except UsageError as error:
                    refused += 1
                    said.add(str(error))
            whole = {"outlet": text, "url": text, "text": text}
            for field, value in whole.items():
                store.items(ItemFilter(**{field: value}), limit=2)
                store.stories(StoryFilter(**({"ids": (value,)} if field == "text" else {field: value})), limit=2)
            store.items(ItemFilter(story=text, feed=text, article=text), limit=2)
    assert refused < 2 * len(ALL)
    assert "" not in said


@pytest.mark.parametrize("text", ALL[:: len(ALL) // 25])
def test_the_command_line_takes_them(newsroom: Newsroom, text: str) -> None:
    for words in (
        ("search", "--", text),
        ("items", f"--outlet={text}"),
        ("stories", f"--outlet={text}"),
        ("article", "--", text),
    ):
        done = newsroom.run(*words)
        assert done.code in (0, 2), done.err
        assert "Traceback" not in done.err


def test_lists_show_them_without_harm(newsroom: Newsroom) -> None:
    for words in (("stories", "--limit", "1000"), ("items", "--limit", "1000"), ("outlet", "list")):
        done = newsroom.run(*words)
        assert done.code == 0
        assert not any(ord(char) < 32 and char != "\n" for char in done.out)
        assert not any(char in done.out for char in "\u202e\u200f\u2028\x9b")
    with newsroom.store() as store:
        assert all(b"title" in msgspec.json.encode(item_json(item)) for item in store.items(limit=2000))


@pytest.mark.parametrize("what", ["stories", "articles"])
def test_exports_hold_them(newsroom: Newsroom, tmp_path: Path, what: str) -> None:
    lines = tmp_path / "out.jsonl"
    sheet = tmp_path / "out.csv"
    for path in (lines, sheet):
        done = run("--config", newsroom.config, "export", what, "--format", path.suffix[1:], "-o", path)
        assert done.code == 0, done.err
    rows = [json.loads(line) for line in lines.read_bytes().splitlines()]
    cells = list(csv.DictReader(io.StringIO(sheet.read_bytes().decode("utf-8-sig"), newline="")))
    assert len(rows) == len(cells) > 400
    for row in cells:
        for value in row.values():
            assert not value.lstrip(" \u200b\ufeff\u00a0").startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("kind", ["atom", "jsonfeed"])
def test_feeds_hold_them(newsroom: Newsroom, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "feed"
    assert run("--config", newsroom.config, "export", "stories", "--format", kind, "-o", path).code == 0
    content = path.read_bytes()
    told = len(newsroom.told("stories", "--limit", "2000"))
    if kind == "jsonfeed":
        assert len(json.loads(content)["items"]) == told
    else:
        found = feedparser.parse(content)
        assert not found.bozo, found.get("bozo_exception")
        assert len(found.entries) == told
        empty = [entry.title_detail for entry in found.entries if not entry.title]
        assert not empty
        assert all(entry.id for entry in found.entries)
