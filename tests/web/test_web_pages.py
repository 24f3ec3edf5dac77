"""What the pages say, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from web_client import Client
from web_world import BRIDGE, NOW, Writer

from pipeline.storage import Store

PAGES = ("/", "/items", "/stories", "/stories?order=widest", "/stories?order=fastest", "/feeds", "/outlets")


def story_id(store: Store) -> str:
    return store.story_page({"min_articles": 5})[0][1].story_id


@pytest.mark.parametrize("path", PAGES)
def test_every_view_answers(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("path", PAGES)
def test_every_view_says_what_to_do_when_there_is_nothing(
    client_for: Callable[..., Client], empty: Store, path: str
) -> None:
    answer = client_for(empty).get(path)
    assert answer.status == 200
    assert 'class="empty' in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_nothing_inline_and_nothing_from_elsewhere(client: Client, path: str) -> None:
    text = client.get(path).text
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<(img|iframe|video|audio|object|embed)\b", text)
    assert not re.search(r'(src|<link[^>]*href)="(https?:)?//', text)
    outside = re.findall(r'<a [^>]*href="http[^>]*>', text)
    assert all('rel="noopener nofollow noreferrer"' in link for link in outside)


def test_items_older_pages_fit_together(client: Client) -> None:
    first = client.get("/items").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = client.get(older[1].replace("&amp;", "&")).text
    cursors = [[int(n) for n in re.findall(r'data-cursor="(\d+)"', page)] for page in (first, second)]
    assert len(cursors[0]) == 50
    assert not set(cursors[0]) & set(cursors[1])


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("outcome=failed", "no answer within 30 s", "Pictures of the week"),
        ("reason=gallery", "Pictures of the week", "Election night"),
        ("outlet=Northwire", "Wharf lease signed", "Pictures of the week"),
        ("text=swing+bridge", "swing bridge", "Pictures of the week"),
        ("text=nothing+has+this", "Widen the filter", "Pictures of the week"),
    ],
)
def test_items_are_filtered(client: Client, query: str, there: str, absent: str) -> None:
    text = client.get(f"/items?{query}").text
    assert there in text
    assert absent not in text


def test_an_item_opens_its_whole_trail(client: Client) -> None:
    text = client.get("/items?reason=joined_story&text=swing").text
    for step in ("seen in the feed", "address normalised", "extracted: 5 paragraphs", "compared with 3 candidates"):
        assert step in text
    assert "Verified as a copy of the story" in text
    assert "Time it took" in text


def test_a_story_page_has_all_of_it(client: Client, world: Store) -> None:
    text = client.get(f"/stories/{story_id(world)}").text
    assert "Why this one: first published." in text
    assert text.count('class="lane"') == 5
    assert text.count("data-beside") == 4
    assert "<del>44</del>" in text
    assert "<ins>42</ins>" in text
    assert "Split off" not in text  # nobody to carry it out
    assert "longest run" in text


def test_a_merged_story_leads_to_the_one_it_became_part_of(client_for: Callable[..., Client], empty: Store) -> None:
    from web_merged import merged  # a story folded into another

    gone, living = merged(empty)
    answer = client_for(empty).get(f"/stories/{gone}")
    assert (answer.status, answer.headers["location"]) == (307, f"/stories/{living}")


def test_an_article_shows_what_changed(client: Client, world: Store) -> None:
    speaker = next(a for a in world.story(story_id(world)).articles if a.canonical)
    text = client.get(f"/articles/{speaker.article_id}").text
    assert "<del>42</del>" in text
    assert "<ins>44</ins>" in text
    assert "Its way here" in text


def test_a_feed_says_when_it_is_polled_and_why_then(client: Client, world: Store) -> None:
    troubled = next(state for state in world.feeds() if state.failures)
    text = client.get(f"/feeds/{troubled.row}").text
    assert "backing off after 6 failures" in text
    assert "Failing since" in text
    assert "no answer within 30 s" in text


def test_outlets_draw_who_copies_whom(client: Client) -> None:
    text = client.get("/outlets?days=1").text
    assert "Harbour Gazette: 1 copy of Northwire" in text
    assert "heat-5" in text


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/stories/nobody", 404, "No story goes by nobody"),
        ("/articles/nobody", 404, "No article goes by nobody"),
        ("/feeds/999", 404, "No feed has the number 999"),
        ("/nowhere", 404, "There is no page at this address"),
        ("/items?outcome=strange", 400, "outcome"),
        ("/items?limit=0", 400, "limit"),
        ("/items?colour=red", 400, "no parameter is called"),
        ("/items?limit=1&limit=2", 400, "given twice"),
        ("/stories?order=odd", 400, "order"),
        ("/outlets?days=365", 400, "days"),
    ],
)
def test_mistakes_are_explained(client: Client, path: str, status: int, says: str) -> None:
    answer = client.get(path)
    assert answer.status == status
    assert says.lower() in answer.text.lower()


def test_links_that_are_no_web_addresses_are_text(client_for: Callable[..., Client], empty: Store) -> None:
    writer = Writer(empty)
    for address in ("javascript:alert(1)", "data:text/html,x", "java\tscript:alert(1)", "//evil.example/x"):
        writer.add("Outlet", "Title", BRIDGE, NOW - timedelta(hours=1), url=address)
    client = client_for(empty)
    for path in ("/items", "/stories/s0001", "/articles/a0001"):
        assert not re.search(r'href="(javascript|data|java|//)', client.get(path).text)


def test_feed_addresses_hide_their_credentials(client_for: Callable[..., Client], empty: Store) -> None:
    from pipeline.model import FeedSource

    empty.sync_feeds([FeedSource("https://reader:hunter2@feeds.example/all.xml", "Outlet")], NOW)
    client = client_for(empty)
    for path in ("/feeds", "/feeds/1", "/api/v1/feeds", "/items"):
        assert "hunter2" not in client.get(path).text
