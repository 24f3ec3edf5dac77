"""The demo's expected stories, exactly: in the database and through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from pipeline.demo import load_world
from pipeline.model import Reason
from pipeline.storage import ItemFilter, Store, StoryRecord, open_store

ROOT = Path(__file__).parent.parent.parent
EXPECTED: dict[str, Any] = tomllib.loads((files("pipeline.demo") / "expected.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Done:
    """A finished demo."""

    folder: Path
    printed: str
    url: str

    @property
    def config(self) -> str:
        return str(self.folder / "pipeline.toml")


def command(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "run_pipeline.py", *words], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "sqlite":
        return Done(folder, command("demo", "--keep", str(folder)), f"sqlite:///{folder / 'news.db'}")
    url = request.getfixturevalue("postgres").database()
    return Done(folder, command("demo", "--keep", str(folder), "--db", url), url)


@pytest.fixture
def store(demo: Done) -> Iterator[Store]:
    with open_store(demo.url, read_only=True) as opened:
        yield opened


def names() -> dict[tuple[str, str], str]:
    """(outlet, path of the page) → the article's name in ``expected.toml``."""
    return {(outlet.name, article.path): article.id for outlet in load_world(2) for article in outlet.articles}


def name_of(outlet: str | None, url: str) -> str:
    return names()[outlet or "", "/" + url.split("/", 3)[3]]


def story_names(story: StoryRecord) -> tuple[str, frozenset[str]]:
    speaker = next(member for member in story.articles if member.canonical)
    return name_of(speaker.outlet, speaker.url), frozenset(name_of(m.outlet, m.url) for m in story.articles)


def expected_stories() -> dict[str, frozenset[str]]:
    return {s["canonical"]: frozenset([*s["articles"], *s.get("later", [])]) for s in EXPECTED["stories"]}


def test_the_stories_are_the_expected_ones(store: Store) -> None:
    assert dict(map(story_names, store.stories(limit=1000))) == expected_stories()


def test_the_command_line_tells_the_same(demo: Done) -> None:
    told = [json.loads(line) for line in command("--config", demo.config, "stories", "--json").splitlines()]
    found = {
        name_of(story["outlet"], story["url"]): frozenset(name_of(a["outlet"], a["url"]) for a in story["articles"])
        for story in told
    }
    assert found == expected_stories()
    for story in told:
        assert sum(article["canonical"] for article in story["articles"]) == 1
        one = json.loads(command("--config", demo.config, "story", story["story_id"], "--json"))
        assert {key: one[key] for key in story} == story
        break  # each call starts a process; one stands for all


def test_who_was_first(store: Store) -> None:
    first = {s["canonical"]: s["first"] for s in EXPECTED["stories"]}
    for story in store.stories(limit=1000):
        dated = [m for m in story.articles if m.published]
        if dated:
            earliest = min(dated, key=lambda m: (m.published, not m.canonical))
            assert name_of(earliest.outlet, earliest.url) == first[story_names(story)[0]]


def test_every_copy_has_a_score_and_a_reason(store: Store) -> None:
    for story in store.stories(limit=1000):
        for member in story.articles[1:]:
            assert member.score is not None
            assert 0.5 <= member.score <= 1
            assert member.reason


def test_what_was_refused_and_why(store: Store) -> None:
    found = {
        (item.row.outcome.value, item.row.reason.value, item.row.outlet)
        for item in store.items(limit=1000)
        if item.row.outcome in ("skipped", "failed")
    }
    outlets = {outlet.slug: outlet.name for outlet in load_world(2)}
    wanted = {
        (r["outcome"], r["reason"], outlets[r["entry"].split("/")[0]])
        for r in [*EXPECTED["refused"], *(r for r in EXPECTED["repeated"] if r["outcome"] == "skipped")]
    }
    wanted |= {("failed", feed["reason"], outlets[feed["outlet"]]) for feed in EXPECTED["feeds"]}
    assert found == wanted


def test_repeated_entries_are_seen(store: Store) -> None:
    seen = store.items(ItemFilter(reason=Reason.KNOWN_URL))
    assert len(seen) == sum(r["reason"] == "known_url" for r in EXPECTED["repeated"])
    assert all(item.row.article_id for item in seen)


def test_an_edited_page_is_a_revision(store: Store) -> None:
    revised = store.items(ItemFilter(reason=Reason.TEXT_CHANGED))
    assert [name_of(i.row.outlet, i.row.url or "") for i in revised] == [r["article"] for r in EXPECTED["revised"]]


def test_every_entry_is_in_the_journal_once(store: Store) -> None:
    """Each entry has one row for each version that its feed served."""
    rows = [i.row for i in store.items(limit=1000) if i.row.outcome != "failed"]
    assert len(rows) == 38 + len(EXPECTED["revised"])


def test_the_report_says_what_a_person_wants_to_know(demo: Done) -> None:
    for words in (
        "First round",
        "Second round",
        "stories told more than once",
        "First published by Meridian Wire",
        "Refused, and why",
        "robots_disallowed",
        "feed_is_html",
    ):
        assert words in demo.printed


@pytest.mark.parametrize("short", ["ledger/ferry", "tribune/rail-abridged"])
def test_the_report_says_which_copy_is_an_abridged_one(demo: Done, store: Store, short: str) -> None:
    """A match tells how the later article stands to the earlier one; which page comes first is up to the web."""
    (story,) = (story for story in store.stories(limit=1000) if short in story_names(story)[1])
    in_order = [(name_of(m.outlet, m.url), m.reason) for m in story.articles]
    reasons, first = dict(in_order), in_order[0][0]
    told = "expanded" if first == short else "abridged"
    assert reasons[in_order[1][0] if first == short else short] == told
    assert told in demo.printed
