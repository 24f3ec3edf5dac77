"""Recent articles are looked at again; what changed is a revision, and the journal hears of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import app
from pipeline.model import TextSource
from pipeline.run.again import next_look
from pipeline.run.writer import Draft
from tests.dedup.memory_store import report
from tests.fakeweb import FakeWeb
from tests.records.conftest import BRIDGE, GLASS, NOW, SWANS, Newsroom, article
from tests.records.rebuild import rebuilt, stored


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


class Clock:
    """The composition root's clock, moved by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(app, "clock", made)
    return made


def page(title: str, text: str) -> str:
    return (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{text}</p></article></body></html>"
    )


def publish(web: FakeWeb, *names: str) -> None:
    entries = "".join(f"<item><title>{n}</title><link>{web.url(f'/{n}')}</link><guid>{n}</guid></item>" for n in names)
    feed = f"<rss version='2.0'><channel><title>F</title>{entries}</channel></rss>"
    web.set("/feed.xml", feed, content_type="application/rss+xml")


def newsroom_of(room: Newsroom, web: FakeWeb) -> Newsroom:
    room.configure(f'[run]\nworkers = 1\n[[feeds]]\nurl = "{web.url("/feed.xml")}"\noutlet = "Tarn Courier"\n')
    return room


def test_a_copy_that_comes_together_with_a_later_text_is_compared_with_that(newsroom: Newsroom) -> None:
    """A stranger's words stood under an address; the outlet's own and a copy of them come in one batch."""
    newsroom.add(article("pier", SWANS))
    with newsroom.store() as store:
        drafts = [Draft(article("pier", BRIDGE)), Draft(article("copy", BRIDGE, "Ashby Post"))]
        rows = newsroom.writer(store).write(drafts, newsroom.now)
        assert [row.outcome for row in rows] == ["revised", "new"]
        (story,) = store.stories()
        assert len(story.articles) == 2


def test_a_silent_correction_comes_to_light(newsroom: Newsroom, web: FakeWeb, clock: Clock) -> None:
    room = newsroom_of(newsroom, web)
    publish(web, "bridge")
    web.set("/bridge", page("The bridge is closed", BRIDGE))
    assert room.told("once")[0]["outcomes"] == {"new": 1}
    clock.ahead = timedelta(minutes=61)
    assert room.told("once")[0]["outcomes"] == {}, "the same text is no news"
    assert len(room.told("items")) == 1
    assert web.paths().count("/bridge") == 2
    web.set("/bridge", page("The bridge is closed", BRIDGE.replace("eleven weeks", "fourteen weeks")))
    clock.ahead = timedelta(hours=2)
    assert room.told("once")[0]["outcomes"] == {}, "the next look is due after six hours"
    clock.ahead = timedelta(hours=6, minutes=5)
    report = room.told("once")[0]
    assert (report["outcomes"], report["waiting"]) == ({"revised": 1}, 0)
    (changed,) = room.told("article", web.url("/bridge"), "--revisions")[0]["revisions"]
    assert "-The council" in changed["diff"]
    assert "fourteen weeks" in changed["diff"]
    assert "fourteen weeks" in room.run("article", web.url("/bridge"), "--revisions").out
    web.set("/bridge", "gone", status=404)
    clock.ahead = timedelta(hours=25)
    assert room.told("once")[0]["outcomes"] == {}, "a page that went away changes no record"


HOURS = (1.0, 6.0, 24.0)
FRESH = Draft(replace(article("a", BRIDGE), source=TextSource.PAGE), entry=1)


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (FRESH, (1, timedelta(hours=1))),
        (replace(FRESH, look=1, looked_again=True), (2, timedelta(hours=5))),
        (replace(FRESH, look=2, looked_again=True), (3, timedelta(hours=18))),
        (replace(FRESH, look=3, looked_again=True), None),
        (replace(FRESH, looked_again=True), None),  # its entry changed: the looks that wait go on
        (replace(FRESH, entry=None), None),  # imported
        (replace(FRESH, article=article("a", BRIDGE, published=NOW - timedelta(days=2))), None),
        (replace(FRESH, article=article("a", BRIDGE, published=None)), (1, timedelta(hours=1))),
    ],
)
def test_the_schedule_fades(draft: Draft, expected: tuple[int, timedelta] | None) -> None:
    found = next_look(draft, HOURS, NOW)
    assert found == (expected and (expected[0], NOW + expected[1]))


def test_no_hours_means_no_looks() -> None:
    assert next_look(FRESH, (), NOW) is None


def test_who_came_first_speaks_when_the_speaker_leaves(newsroom: Newsroom) -> None:
    """Not who claims to be the oldest: a stranger could bring in one article by another, and take that one back."""
    own, more, other = (f"{report(n)}\n{report(n + 10)}" for n in (1, 2, 3))
    hours = [NOW - timedelta(hours=n) for n in range(2, 6)]
    around = article("around", f"{own}\n{more}", "Stranger", published=hours[1])
    beside = article("beside", f"{more}\n{other}", "Stranger", published=hours[2])
    newsroom.add(article("own", own, published=hours[0]), around, beside)
    (story,) = newsroom.told("stories")
    assert len(story["articles"]) == 3
    newsroom.add(replace(around, text=GLASS), again=True)
    (copied,) = newsroom.add(article("copy", own, "Ashby Post", published=hours[3]))
    home = newsroom.told("story", "https://www.tarn-courier.example/own")[0]
    assert copied.article_id in {member["article_id"] for member in home["articles"]}


COPY = article("bridge-shut", BRIDGE, "Ashby Post")


@pytest.mark.parametrize("changed", [article("bridge", GLASS), article("bridge-shut", GLASS, "Ashby Post")])
def test_a_revision_that_became_another_report_leaves(newsroom: Newsroom, changed: object) -> None:
    """Whether it spoke for its story or not; the story keeps its id."""
    newsroom.add(article("bridge", BRIDGE), COPY, article("glass", GLASS, "Oldhaven Herald"))
    home = newsroom.told("story", COPY.url)[0]["story_id"]
    (row,) = newsroom.add(changed, again=True)  # type: ignore[arg-type]
    assert (row.outcome, row.reason) == ("revised", "joined_story")
    told = {story["story_id"]: len(story["articles"]) for story in newsroom.told("stories")}
    assert told.pop(home) == 1
    assert list(told.values()) == [2]
    assert rebuilt(newsroom.told("stories", "--changes")).stories() == stored(newsroom.told("stories"))


def test_another_report_may_start_a_story_of_its_own(newsroom: Newsroom) -> None:
    newsroom.add(article("bridge", BRIDGE), COPY)
    newsroom.add(article("bridge", SWANS), again=True)
    newsroom.add(article("bridge", BRIDGE), again=True)  # and come back
    newsroom.add(article("bridge", GLASS), again=True)  # and leave again, for a new id
    told = newsroom.told("stories")
    assert [len(story["articles"]) for story in told] == [1, 1]
    assert rebuilt(newsroom.told("stories", "--changes")).stories() == stored(told)


def test_a_correction_stays(newsroom: Newsroom) -> None:
    newsroom.add(article("bridge", BRIDGE), COPY)
    (row,) = newsroom.add(article("bridge", BRIDGE + " The ferry is free."), again=True)
    assert row.reason == "text_changed"
    assert len(newsroom.told("stories")) == 1


def test_what_a_person_put_together_stays_together(newsroom: Newsroom) -> None:
    newsroom.add(article("bridge", BRIDGE), article("swans", SWANS, "Merren Times"))
    newsroom.told("story", "merge", article("bridge", "").url, article("swans", "", "Merren Times").url)
    newsroom.add(article("bridge", GLASS), again=True)
    assert len(newsroom.told("stories")) == 1
