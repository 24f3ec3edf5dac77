"""Fetched pages as they came: each content once, bounded by age and size, damaged ones left out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from storage_builders import NOW, entry

from pipeline.storage.pages import Page, Pages, open_pages

DAY = timedelta(days=1)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    opened = open_pages(str(tmp_path / "news.pages"))
    yield opened
    opened.close()


def page(n: int, body: bytes, age: float = 0) -> Page:
    url = f"https://news.example/{n}"
    return Page(url, url, "text/html", body, NOW - age * DAY, entry(f"k{n}"), "The Outlet")


def test_pages_come_back_as_they_were(pages: Pages) -> None:
    kept = [page(1, b"<p>One</p>", age=1), page(2, "<p>Zwei \N{SNOWMAN}</p>".encode("utf-16"))]
    for one in kept:
        pages.keep(one)
    assert list(pages.pages()) == kept
    pages.keep(page(1, b"<p>One, corrected</p>"))
    assert [found.body for found in pages.pages()] == [b"<p>One, corrected</p>", kept[1].body]


def test_a_content_is_kept_once(pages: Pages) -> None:
    body = Random(1).randbytes(10_000)
    for n in range(5):
        pages.keep(page(n, body))
    assert pages.size() == (5, pytest.approx(10_000, abs=50))
    assert {found.body for found in pages.pages()} == {body}


def test_old_pages_go_and_then_the_oldest_above_the_size(pages: Pages) -> None:
    chance = Random(2)
    for n in range(10):
        pages.keep(page(n, chance.randbytes(1_000), age=n))
    assert pages.prune(NOW - 6.5 * DAY, 1 << 30) == 3
    assert pages.prune(NOW - 6.5 * DAY, 3_500) == 4
    assert [found.url[-1] for found in pages.pages()] == ["0", "1", "2"]
    assert pages.size()[1] < 3_500, "bodies that belong to no page go too"
    assert pages.prune(NOW - 6.5 * DAY, 3_500) == 0


def test_a_damaged_page_is_left_out(pages: Pages, tmp_path: Path) -> None:
    for n in range(3):
        pages.keep(page(n, f"<p>Page {n}</p>".encode() * 100))
    with closing(sqlite3.connect(tmp_path / "news.pages")) as other:
        keys = [key for (key,) in other.execute("SELECT p.body FROM page p ORDER BY p.row")]
        other.execute("UPDATE body SET content = x'00' WHERE key = ?", (keys[0],))
        other.execute("UPDATE body SET content = (SELECT content FROM body WHERE key = ?) WHERE key = ?", keys[1:])
        other.commit()
    assert [found.url[-1] for found in pages.pages()] == ["1"]
