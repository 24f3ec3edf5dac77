"""People have the last word: every correction through the command line."""

from __future__ import annotations

import pytest

from tests.records.conftest import BRIDGE, GLASS, SWANS, Newsroom, article
from tests.records.rebuild import rebuilt, stored

pytestmark = pytest.mark.parametrize("backend", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def filled(newsroom: Newsroom) -> Newsroom:
    newsroom.add(
        article("bridge", BRIDGE),
        article("bridge-closed", BRIDGE, "Ashby Post"),
        article("glass", GLASS, "Oldhaven Herald"),
        article("swans", SWANS, "Merren Times"),
    )
    return newsroom


def story_of(room: Newsroom, url: str) -> str:
    return str(room.told("story", url)[0]["story_id"])


def address(name: str, outlet: str) -> str:
    return article(name, "", outlet).url


GLASS_AT, SWANS_AT = address("glass", "Oldhaven Herald"), address("swans", "Merren Times")
BRIDGE_AT, COPY_AT = address("bridge", "Tarn Courier"), address("bridge-closed", "Ashby Post")


def same_as_events(room: Newsroom) -> None:
    state = rebuilt(room.told("stories", "--changes", "--since", "0"))
    told = room.told("stories", "--limit", "1000")
    assert state.stories() == stored(told)
    assert {story["story_id"]: story["canonical_rule"] for story in told} == {
        story: state.rule[story] for story in state.stories()
    }


def test_a_merge_keeps_the_first_id_and_redirects_the_second(filled: Newsroom) -> None:
    glass, swans = story_of(filled, GLASS_AT), story_of(filled, SWANS_AT)
    (merged,) = filled.told("story", "merge", glass, swans, "--note", "one meeting")
    assert merged["story_id"] == glass
    assert len(merged["articles"]) == 2
    assert story_of(filled, swans) == glass
    (link,) = filled.told("story", "links")
    assert (link["kind"], link["note"], link["undone"]) == ("must", "one meeting", None)
    same_as_events(filled)


def test_a_merge_can_be_undone(filled: Newsroom) -> None:
    glass, swans = story_of(filled, GLASS_AT), story_of(filled, SWANS_AT)
    filled.told("story", "merge", glass, swans)
    parted = filled.told("story", "undo")
    assert {len(story["articles"]) for story in parted} == {1}
    assert story_of(filled, GLASS_AT) == glass
    assert story_of(filled, SWANS_AT) not in (glass, swans), "an id never changes its meaning"
    assert story_of(filled, swans) == glass
    assert filled.told("story", "links")[0]["undone"]
    same_as_events(filled)


def test_a_split_is_remembered_and_can_be_undone(filled: Newsroom) -> None:
    home = story_of(filled, BRIDGE_AT)
    new, old = filled.told("story", "split", COPY_AT)
    assert old["story_id"] == home
    assert [len(story["articles"]) for story in (new, old)] == [1, 1]
    assert filled.told("story", "links")[0]["kind"] == "cannot"
    same_as_events(filled)
    filled.told("story", "undo", "1")
    assert story_of(filled, BRIDGE_AT) == story_of(filled, COPY_AT) == story_of(filled, new["story_id"]) == home
    same_as_events(filled)


def test_the_next_copy_does_not_bring_together_what_a_person_parted(filled: Newsroom) -> None:
    filled.told("story", "split", COPY_AT)
    filled.add(article("bridge-again", BRIDGE, "Weir Gazette"))
    assert story_of(filled, BRIDGE_AT) != story_of(filled, COPY_AT)
    same_as_events(filled)


def test_a_pinned_article_speaks_until_it_is_unpinned(filled: Newsroom) -> None:
    (pinned,) = filled.told("story", "pin", COPY_AT)
    assert (pinned["url"], pinned["canonical_rule"]) == (COPY_AT, "pinned by a person")
    filled.add(article("bridge-first", BRIDGE, "Weir Gazette", published=article("x", "").published.replace(hour=1)))
    assert filled.told("story", BRIDGE_AT)[0]["url"] == COPY_AT
    same_as_events(filled)
    (chosen,) = filled.told("story", "unpin", pinned["story_id"])
    assert (chosen["outlet"], chosen["canonical_rule"]) == ("Weir Gazette", "first published")
    same_as_events(filled)


def test_corrections_while_a_writer_is_at_work(filled: Newsroom) -> None:
    """The matcher of a running service takes a person's word into account from its next decision on."""
    with filled.store() as store:
        writer = filled.writer(store)
        filled.add(article("swans-2", SWANS, "Weir Gazette"), writer=writer)
        glass = story_of(filled, GLASS_AT)
        filled.told("story", "split", COPY_AT)  # takes the story row that the writer would give out next
        filled.told("story", "merge", glass, story_of(filled, SWANS_AT))
        filled.told("outlet", "alias", "Gazette", "Weir Gazette")
        filled.add(
            article("new", GLASS.upper().replace("GLASS", "CLAY") + " A different report, nearly.", "Gazette"),
            article("swans-3", SWANS, "Gazette"),
            writer=writer,
        )
    third = filled.told("story", address("swans-3", "Gazette"))[0]
    assert third["story_id"] == glass
    assert "Gazette" not in third["outlets"]
    same_as_events(filled)


def test_explain_shows_what_people_said(filled: Newsroom) -> None:
    filled.told("story", "split", COPY_AT)
    assert filled.told("explain", BRIDGE_AT, COPY_AT)[0]["links"][0]["kind"] == "cannot"
    assert "a person said that they are not the same report" in filled.run("explain", COPY_AT, BRIDGE_AT).out


def test_an_alias_renames_what_is_stored_and_what_comes(filled: Newsroom) -> None:
    assert filled.told("outlet", "alias", "Ashby Post", "The Post")[0]["renamed"] == 1
    filled.add(article("more", SWANS + GLASS, "Ashby Post"))
    rows = {row["outlet"]: row for row in filled.told("outlet", "list")}
    assert (rows["The Post"]["articles"], rows["The Post"]["aliases"]) == (2, ["Ashby Post"])
    assert "Ashby Post" not in rows
    assert filled.told("outlet", "unalias", "Ashby Post")[0]["renamed"] == 1
    rows = {row["outlet"]: row for row in filled.told("outlet", "list")}
    assert (rows["The Post"]["articles"], rows["Ashby Post"]["articles"]) == (1, 1)
    told = [event for event in filled.told("stories", "--changes") if event["kind"] == "renamed"]
    assert [event["detail"] for event in told] == ["The Post", "Ashby Post"], "who follows the changes hears of it"
    assert {event["article_id"] for event in told} == {filled.told("article", COPY_AT)[0]["article_id"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("story", "merge", "sA"), "write: story merge KEEP FOLD"),
        (("story", "merge", "sA", "sB"), "no story or article goes by"),
        (("story", "split", "https://nowhere.example/"), "no article goes by"),
        (("story", "split", GLASS_AT), "the only article of its story"),
        (("story", "undo"), "nothing to undo"),
        (("story", "undo", "x"), "`story links` lists them"),
        (("story", "undo", "7"), "no link 7 stands"),
        (("story", "fold", "sA"), "is no action on stories"),
        (("story", "merge", GLASS_AT, GLASS_AT), "are one story already"),
        (("outlet", "alias", "A", "A"), "cannot be another name"),
        (("outlet", "unalias", "Nobody"), "is no other name"),
        (("stories", "--since", "7"), "is a cursor"),
        (("stories", "--changes", "--since", "6h"), "goes on behind a cursor"),
        (("stories", "--changes", "--outlet", "X"), "every change"),
    ],
)
def test_what_cannot_be_done_is_said(filled: Newsroom, words: tuple[str, ...], said: str) -> None:
    done = filled.run(*words)
    assert done.code in (1, 2)
    assert said in done.err
    assert "Traceback" not in done.err


def test_following_along_with_a_cursor_misses_nothing(filled: Newsroom) -> None:
    whole = filled.told("stories", "--changes", "--since", "0")
    pieces, cursor = [], 0
    while part := filled.told("stories", "--changes", "--since", cursor, "--limit", "2"):
        pieces += part
        cursor = part[-1]["cursor"]
    assert pieces == whole
    assert "started" in filled.run("stories", "--changes").out
