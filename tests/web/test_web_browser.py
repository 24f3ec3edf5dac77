"""The page in a real browser: live log, search, passages, split and undo, discovery, dark, phone, views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from web_browser import Tab, chromium, served
from web_world import BRIDGE, Writer, fill

from pipeline.model import FeedSource
from pipeline.storage import Store, open_store
from pipeline.web import FoundFeed, PersonDecision, WebSettings, create_app


def clock() -> datetime:
    return datetime.now(UTC)


class Desk:
    """Decisions and feeds kept in this test's store and memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.made: list[PersonDecision] = []

    def split(self, story_id: str, article_id: str, now: datetime) -> str:
        self.made.append(PersonDecision(len(self.made) + 1, f"split off {article_id}", now))
        return story_id

    def undo(self, decision_id: int, now: datetime) -> str:
        self.made[decision_id - 1] = replace(self.made[decision_id - 1], undone=now)
        return self.story_id

    def decisions(self, story_id: str) -> Sequence[PersonDecision]:
        self.story_id = story_id
        return self.made

    async def discover(self, url: str) -> Sequence[FoundFeed]:
        return [FoundFeed(f"{url}/feed.xml", "Island Echo"), FoundFeed(f"{url}/sport.xml", "Island Echo: sport")]

    async def add(self, feed: FeedSource) -> None:
        known = [state.source for state in self.store.feeds()]
        self.store.sync_feeds([*known, feed], clock())


class World:
    def __init__(self, folder: Path) -> None:
        self.store = open_store(f"sqlite:///{folder}/world.db")
        self.writer: Writer = fill(self.store, clock())
        self.desk = Desk(self.store)
        settings = WebSettings(stream_seconds=0.1)
        self.app = create_app(self.store, self.desk, settings, clock, self.desk)  # type: ignore[arg-type]
        self.story = self.store.story_page({"min_articles": 5})[0][1].story_id


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def world(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("browser"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    with served(world.app) as address:
        yield address


@pytest.fixture
def tab(browser: Any, url: str) -> Iterator[Tab]:
    made = Tab(browser, url)
    yield made
    assert made.trouble == []
    made.close()


def test_the_log_streams_while_items_are_stored(tab: Tab, world: World) -> None:
    page = tab.go("/items")
    page.wait_for_selector("#live-bar[data-state=live]")
    world.writer.add("Northwire", "Heron nests on the town hall", BRIDGE, clock() - timedelta(minutes=1))
    row = page.locator("details.item", has_text="Heron nests on the town hall")
    row.wait_for()
    assert page.locator("details.item").first.inner_text() == row.inner_text()
    assert "1 new" in page.locator("#live-state").inner_text()
    row.locator("summary").click()
    assert row.locator(".steps li").count() == 6
    page.keyboard.press("p")
    world.writer.add("Metropole", "Second heron arrives", BRIDGE, clock())
    page.locator("#live-state", has_text="Paused: 1 new").wait_for()
    assert page.get_by_text("Second heron arrives").count() == 0
    page.click("#pause")
    page.get_by_text("Second heron arrives").wait_for()


def test_a_filter_holds_for_what_streams_in(tab: Tab, world: World) -> None:
    page = tab.go("/items?outlet=Metropole")
    page.wait_for_selector("#live-bar[data-state=live]")
    world.writer.add("Northwire", "Gulls leave the quay", BRIDGE, clock())
    world.writer.add("Metropole", "Gulls come back", BRIDGE, clock())
    page.get_by_text("Gulls come back").wait_for()
    assert page.get_by_text("Gulls leave the quay").count() == 0


def test_search(tab: Tab) -> None:
    page = tab.go("/stories")
    page.keyboard.press("/")
    page.keyboard.type('"cross old swing" bridge')
    page.keyboard.press("Enter")
    page.wait_for_url("**text=%22cross+old+swing%22+bridge**")
    assert page.locator(".story").count() == 1
    assert page.locator(".story h3").inner_text() == "Trams to cross old swing bridge from May"
    assert "swing bridge" in page.locator(".story .excerpt").inner_text()
    page = tab.go("/search?q=swing+bridge")
    assert "swing bridge" in page.locator(".hit .excerpt").first.inner_text()


def test_passages_are_highlighted(tab: Tab, world: World) -> None:
    page = tab.go(f"/stories/{world.story}")
    page.locator(".copy", has_text="Courier of the Coast").locator("a[data-beside]").click()
    page.locator("ins", has_text="Shopkeepers on the east bank welcomed the vote.").wait_for()
    assert page.locator("del", has_text="four").count() == 1
    assert "copy=" in page.url
    assert page.locator(".copy.chosen").inner_text().startswith("Courier of the Coast")
    assert page.locator(".timeline .dot").count() == 5


def test_split_and_undo(tab: Tab, world: World) -> None:
    page = tab.go(f"/stories/{world.story}")
    page.locator(".copy", has_text="Valley Tribune").get_by_role("button", name="Split off").click()
    undo = page.locator(".decisions").get_by_role("button", name="Undo")
    undo.wait_for()
    assert world.desk.made[-1].undone is None
    undo.click()
    page.locator(".decisions .undone").wait_for()
    assert world.desk.made[-1].undone is not None


def test_a_feed_is_added_by_discovery(tab: Tab, world: World) -> None:
    page = tab.go("/feeds")
    page.fill("input[name=url]", "https://islandecho.example")
    page.click("text=Find feeds")
    page.locator("form.card", has_text="sport").wait_for()
    page.locator("form.card").first.get_by_role("button", name="Add").click()
    page.wait_for_url("**/feeds")
    page.locator("tr", has_text="Island Echo").wait_for()
    assert world.store.feed_by_url("https://islandecho.example/feed.xml").source.outlet == "Island Echo"


def test_the_keyboard_is_enough(tab: Tab) -> None:
    page = tab.go("/")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/items")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    assert page.locator("details.item[open]").count() == 1
    assert page.locator("details.item").nth(1).get_attribute("open") is not None
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_dark_and_light(browser: Any, url: str) -> None:
    tab = Tab(browser, url, color_scheme="dark")
    page = tab.go("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(22, 20, 15)"
    page.click("#theme")
    assert page.evaluate(ground) == "rgb(250, 248, 244)"
    page.reload()
    assert page.evaluate(ground) == "rgb(250, 248, 244)"
    assert tab.trouble == []
    tab.close()


def test_times_are_the_readers(browser: Any, url: str, world: World) -> None:
    tab = Tab(browser, url, timezone_id="Asia/Tokyo", locale="en-GB")
    page = tab.go("/stories?order=newest")
    times = page.locator("time")
    assert "UTC" in times.first.get_attribute("title")
    assert "GMT+9" in times.first.get_attribute("title")
    assert "UTC" not in times.first.inner_text()
    assert tab.trouble == []
    tab.close()


# Names text that is too pale, as a function to be called in the page.
PALE = Path(__file__).with_name("contrast.js").read_text("utf-8").partition("\n")[2]
VIEWS = ("/", "/items", "/stories", "/stories/{story}", "/feeds", "/outlets?days=14", "/search?q=bridge")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390)])
def test_views_fit_and_are_drawn(browser: Any, url: str, world: World, width: int, scheme: str, tmp_path: Path) -> None:
    """No view is wider than its window, no text is too pale, nothing is complained about.

    Screenshots are written to pytest's folder for looking at.
    """
    tab = Tab(browser, url, color_scheme=scheme, viewport={"width": width, "height": 844})
    for n, path in enumerate(VIEWS):
        page = tab.go(path.format(story=world.story))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(PALE) == [], path
        shot = tmp_path / f"{n}-{scheme}-{width}.png"
        page.screenshot(path=shot)
        assert shot.stat().st_size > 10_000
    assert tab.trouble == []
    tab.close()
