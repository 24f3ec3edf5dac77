"""Replay: under other settings the same articles may be other stories; told first, applied on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from pipeline.run.rearrange import difference
from tests.fakeweb import FakeWeb
from tests.records.conftest import BRIDGE, GLASS, SWANS, Newsroom, article
from tests.records.rebuild import rebuilt, stored
from tests.records.test_revisions import page, publish

STRICT = "[dedup]\nwindow_days = 0.01\n"  # copies that come a quarter of an hour later are other reports
HALF = BRIDGE.partition("Lorries")[0]


@pytest.fixture
def filled(newsroom: Newsroom) -> Newsroom:
    early = article("x", "").published
    newsroom.add(
        article("bridge", BRIDGE),
        article("bridge-shut", BRIDGE, "Ashby Post", published=early.replace(minute=50)),
        article("bridge-closed", BRIDGE, "Weir Gazette", published=early.replace(minute=55)),
        article("glass", GLASS, "Oldhaven Herald"),
    )
    return newsroom


def consistent(room: Newsroom) -> None:
    assert rebuilt(room.told("stories", "--changes")).stories() == stored(room.told("stories"))
    with room.store() as store:
        assert store.full_check() == []


def test_the_same_settings_change_nothing(filled: Newsroom) -> None:
    (told,) = filled.told("replay", "--dry-run")
    assert (told["merged"], told["split"], told["moved"], told["texts"]) == ([], [], [], [])
    before = filled.told("stories", "--changes")
    filled.told("replay", "--apply")
    assert filled.told("stories", "--changes") == before


def test_other_settings_are_told_then_applied_and_taken_back(filled: Newsroom) -> None:
    before = stored(filled.told("stories"))
    filled.configure(STRICT)
    (told,) = filled.told("replay", "--dry-run")
    assert len(told["moved"]) == 1, "the larger part keeps the story"
    assert [len(split["articles"]) for split in told["split"]] == [1]
    assert stored(filled.told("stories")) == before, "a dry run writes nothing"
    assert "would be merged" in filled.run("replay", "--dry-run").out
    (applied,) = filled.told("replay", "--apply")
    assert applied["moved_articles"] == 1
    assert sorted(len(story["articles"]) for story in filled.told("stories")) == [1, 1, 2]
    consistent(filled)
    filled.configure("")
    (told,) = filled.told("replay", "--apply")
    assert len(told["merged"]) == 1
    after = stored(filled.told("stories"))
    assert after.keys() == before.keys(), "ids kept their meaning"
    consistent(filled)


def test_what_people_said_survives(filled: Newsroom) -> None:
    url = article("bridge-closed", "", "Weir Gazette").url
    filled.told("story", "split", url)
    filled.told("story", "merge", article("bridge", "").url, article("glass", "", "Oldhaven Herald").url)
    kept = stored(filled.told("stories"))
    (told,) = filled.told("replay", "--dry-run")
    assert told["moved"] == []
    assert stored(filled.told("stories")) == kept


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


def test_pages_are_extracted_again(newsroom: Newsroom, web: FakeWeb) -> None:
    feed = f'[[feeds]]\nurl = "{web.url("/feed.xml")}"\noutlet = "Tarn Courier"\n'
    newsroom.configure(f"[run]\nworkers = 1\n{feed}")
    publish(web, "swans")
    note = '<p class="editor-note">The editors of this paper add a note that nobody needs to read twice today.</p>'
    web.set("/swans", page("Swans", SWANS).replace("</article>", f"{note}</article>"))
    newsroom.run("once")
    assert "nobody needs" in newsroom.told("article", web.url("/swans"))[0]["text"]
    settings = '[extract]\nextractors = ["tests.records.plug:first_paragraph"]\n'
    newsroom.configure(f"[run]\nworkers = 1\n{settings}{feed}")
    (told,) = newsroom.told("replay", "--apply")
    assert (told["pages"], len(told["texts"])) == (1, 1)
    (shown,) = newsroom.told("article", web.url("/swans"), "--revisions")
    assert "nobody needs" not in shown["text"]
    assert "-The editors" in shown["revisions"][0]["diff"]
    assert newsroom.told("items")[0]["detail"] == "extracted again by a replay"
    consistent(newsroom)
    assert newsroom.told("replay", "--dry-run")[0]["texts"] == []


@pytest.mark.parametrize(
    ("now", "groups", "expected"),
    [
        ({1: 1, 2: 1}, {1: (1, 2)}, ((), (), ())),
        ({1: 1, 2: 2}, {1: (1, 2)}, ((2,), ((2, 1),), ())),  # merged
        ({1: 1, 2: 1}, {1: (1,), 2: (2,)}, ((2,), (), ((2,),))),  # split: the first keeps the id
        ({1: 1, 2: 1, 3: 1}, {1: (1,), 2: (2, 3)}, ((1,), (), ((1,),))),  # the larger part keeps it
        ({1: 1, 2: 1, 3: 2}, {1: (1,), 2: (2, 3)}, ((2,), (), ())),  # moved
        ({1: 1, 2: 2}, {1: (2,), 2: (1,)}, ((), (), ())),  # numbers of groups mean nothing
        ({1: 1, 2: 1, 3: 2, 4: 2}, {1: (1, 3), 2: (2, 4)}, ((2, 3), (), ())),
    ],
)
def test_ids_keep_their_meaning(
    now: Mapping[int, int], groups: Mapping[int, Sequence[int]], expected: tuple[object, ...]
) -> None:
    found = difference(now, groups)
    assert (found.moved, found.merged, tuple(kept.articles for kept in found.split)) == expected
