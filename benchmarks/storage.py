"""How fast the store takes and gives: one line a figure.

    python benchmarks/storage.py [--articles N] [--folder DIR]

Batches of 1,000 new stories are applied with full durability (a commit is on the disk before the next
begins); then everything is read back.  Texts are made up on the spot.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.model import (
    Action,
    Article,
    Decision,
    Entry,
    FeedSource,
    Ingest,
    JournalRow,
    Match,
    Outcome,
    Reason,
)
from pipeline.storage import ItemFilter, Store, StoryFilter, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 1000
WORDS = [
    "harbour",
    "council",
    "bridge",
    "summer",
    "budget",
    "engine",
    "river",
    "report",
    "minister",
    "village",
    "market",
    "winter",
    "school",
]


def text_of(size: int, chance: random.Random) -> str:
    words: list[str] = []
    while size > 0:
        words.append(chance.choice(WORDS))
        size -= len(words[-1]) + 1
    return " ".join(words)


def ingest(row: int, text: str, joins: int | None = None) -> Ingest:
    """A new story, or every tenth time a copy of an earlier article."""
    url = f"https://outlet{row % 500}.example/2026/01/{row}-a-report-with-a-title-of-usual-length.html"
    article = Article(
        url,
        f"A title of the usual length, number {row}",
        text,
        f"Outlet {row % 500}",
        NOW + timedelta(seconds=row),
    )
    story = joins or row
    matches = (Match(story, 0.93, "reprint", {"containment": 0.9, "jaccard": 0.8, "title": 0.7}),) if joins else ()
    action, reason = (Action.JOIN, Reason.JOINED_STORY) if joins else (Action.START, Reason.STARTED_STORY)
    ids = {"article_id": f"a{row:09}", "story_id": f"s{story:09}"}
    told = JournalRow(
        NOW + timedelta(seconds=row),
        None,
        url,
        article.outlet,
        article.title,
        Outcome.NEW,
        reason,
        timings={"match": 0.8},
        **ids,
    )
    return Ingest(
        row,
        ids["article_id"],
        article,
        os.urandom(256),
        Decision(action, story, matches),
        told,
        ids["story_id"],
    )


def timed(name: str, count: int, work: Callable[[], object]) -> None:
    began = time.perf_counter()
    work()
    spent = time.perf_counter() - began
    print(f"{name:<52} {count / spent:>12,.0f} /s   {spent * 1000:>10,.1f} ms")


def fill(store: Store, count: int, size: int, joins: bool) -> None:
    chance = random.Random(7)
    texts = [text_of(size, chance) for _ in range(50)]
    first, _ = store.next_rows()
    spent = 0.0
    for begin in range(first, first + count, BATCH):
        batch = []
        for row in range(begin, begin + BATCH):
            copy_of = begin if joins and row % 10 == 0 and row > begin else None
            batch.append(ingest(row, f"{row} {texts[row % 50]}", copy_of))
        began = time.perf_counter()
        store.apply(batch, NOW + timedelta(seconds=begin))
        spent += time.perf_counter() - began
    kind = "new stories, one in ten a copy" if joins else "new stories"
    print(f"{f'store {kind}, texts of {size:,}':<52} {count / spent:>12,.0f} /s   {spent * 1000:>10,.1f} ms")


def read(store: Store) -> None:
    count = store.counts().articles
    rows = random.Random(7).sample(range(1, count), min(1000, count - 1))
    urls = [ingest(row, "").article.url for row in rows]
    timed("stream sketches", count, lambda: drain(store.sketches()))
    timed("stream articles in order", count, lambda: drain(store.articles_in_order()))
    timed("find by address, 1,000 at once", len(urls), lambda: store.by_identity(urls))
    timed("texts of 1,000 articles", len(rows), lambda: store.texts(rows))
    timed("whole articles, 1,000", len(rows), lambda: store.articles(rows))
    timed("items, newest 50", 1, store.items)
    timed("items of an outlet", 1, lambda: store.items(ItemFilter(outlet="Outlet 7")))
    timed("stories, last seen 50", 1, store.stories)
    timed("stories of an outlet", 1, lambda: store.stories(StoryFilter(outlet="Outlet 7")))
    timed("stories with copies", 1, lambda: store.stories(StoryFilter(min_articles=2)))


def queue(store: Store, count: int) -> None:
    store.sync_feeds([FeedSource("https://outlet.example/feed.xml", "Outlet")], NOW)
    feed = store.feeds()[0]
    entries = [
        (
            Entry(f"k{n}", f"https://outlet.example/{n}", None, None, "Title", "x" * 400, "", (), NOW, None, "f"),
            False,
        )
        for n in range(count)
    ]
    timed(f"poll with {count:,} new entries", count, lambda: store.apply_poll(feed, entries, [], NOW))
    timed(f"poll with {count:,} known entries", count, lambda: store.apply_poll(feed, entries, [], NOW))
    work = store.pending(NOW, count)
    told = JournalRow(NOW, None, None, None, "", Outcome.FAILED, Reason.TIMEOUT)
    timed("settle one by one, each durable", 200, lambda: [store.settle(item.row, told) for item in work[:200]])
    rest = [(item.row, told) for item in work[200:]]
    timed("settle together", len(rest), lambda: store.settle_all(rest))


def drain(rows: Iterator[object]) -> None:
    for _ in rows:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=50_000)
    parser.add_argument("--folder", help="where the database is put for the time being")
    given = parser.parse_args()
    for size, joins in ((800, False), (6000, False), (800, True)):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            with open_store(f"sqlite:///{folder}/bench.db") as store:
                fill(store, given.articles, size, joins)
                if joins:
                    read(store)
                    queue(store, 5000)
            size_mb = Path(folder, "bench.db").stat().st_size / 1e6
            print(f"{'size of the file':<52} {size_mb:>12,.0f} MB")


if __name__ == "__main__":
    main()
