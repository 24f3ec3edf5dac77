"""How long the pages take over a large store: generated articles, every view asked many times.

    python benchmarks/web_pages.py --articles 1000000 --db /tmp/large.db

The rows are written straight into the tables: what is measured is reading.  The clock stands almost still,
as for visitors who come together; the first line says what a process works out when it starts.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "web")]

from web_client import Client  # noqa: E402

from pipeline.model import FeedSource  # noqa: E402
from pipeline.storage import open_store  # noqa: E402
from pipeline.storage.codec import micros, text_hash, write_extra, write_figures  # noqa: E402
from pipeline.web import WebSettings, create_app  # noqa: E402

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAYS = 60
OUTLETS = [f"Outlet {n}" for n in range(80)]
WORDS = ("harbour", "council", "bridge", "tram", "eel", "river", "vote", "market", "tax", "storm", "school")
VIEWS = (
    "/", "/items", "/items?outcome=failed", "/items?outlet=Outlet+7",
    "/items?text=harbour", "/items?text=nowhere", "/search?q=harbour+council", "/search?q=nowhere",
    "/stories?text=harbour+council", "/stories?text=nowhere", "/stories",
    "/stories?order=widest", "/stories?order=fastest", "/stories?order=widest&window=all", "/stories/{story}",
    "/articles/{article}", "/feeds", "/feeds/7", "/outlets", "/api/v1/overview", "/api/v1/items?limit=100",
    "/api/v1/stories?limit=100", "/api/v1/outlets",
)  # fmt: skip


def fill(path: Path, number: int) -> None:
    """``number`` articles over ``DAYS``; every third is a copy in a story of the same hour."""
    random.seed(7)
    with open_store(f"sqlite:///{path}") as store:
        store.sync_feeds([FeedSource(f"https://o{n}.example/feed", name) for n, name in enumerate(OUTLETS)], NOW)
    begin = micros(NOW - timedelta(days=DAYS))
    step = DAYS * 86_400_000_000 // number
    figures = write_figures({"containment": 0.9, "jaccard": 0.7, "title": 0.6})
    extra = write_extra({"fetch": 300.0, "extract": 20.0}, ("seen", "fetched", "extracted", "compared"))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    columns = {
        table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for table in ("article", "body", "address", "journal", "story", "evidence")
    }
    speakers: list[list[int]] = []  # row, canonical, first, last, size
    for start in range(1, number + 1, 20_000):
        connection.execute("BEGIN")
        rows: dict[str, list[dict[str, object]]] = {name: [] for name in columns}
        for n in range(start, min(start + 20_000, number + 1)):
            at = begin + n * step
            copy = n % 3 == 0 and bool(speakers)
            if copy:
                story = speakers[max(0, len(speakers) - 1 - int(random.expovariate(1 / 200)))]
                story[3], story[4] = at, story[4] + 1
            else:
                story = [len(speakers) + 1, n, at, at, 1]
                speakers.append(story)
            outlet = random.randrange(80)
            title = f"{' '.join(random.choices(WORDS, k=7))} {n}"
            url = f"https://o{outlet}.example/{n}"
            text = " ".join(random.choices(WORDS, k=120)) + "."
            rows["article"].append({"row": n, "article_id": f"a{n}", "story": story[0], "url": url, "title": title,
                "outlet": OUTLETS[outlet], "published": at - 600_000_000, "stored": at, "revision": 1,
                "text_hash": text_hash(text), "matched": story[1] if copy else None, "score": 0.9 if copy else None,
                "match_reason": "reprint" if copy else None, "meta": "{}"})  # fmt: skip
            rows["body"].append({"article": n, "text": text})
            rows["address"].append({"identity": text_hash(url), "article": n})
            skipped = n % 11 == 0
            rows["journal"].append({"row": n, "time": at, "feed": f"https://o{outlet}.example/feed", "url": url,
                "outlet": OUTLETS[outlet], "title": title, "outcome": "failed" if skipped else "new",
                "reason": "timeout" if skipped else "joined_story" if copy else "started_story", "detail": "",
                "article": n, "story": story[0], "extra": extra})  # fmt: skip
            if copy:
                rows["evidence"].append({"article": n, "place": 0, "other": story[1], "score": 0.9,
                    "reason": "reprint", "figures": figures})  # fmt: skip
        for table, found in rows.items():
            insert(connection, table, columns[table], found)
        texts = {body["article"]: body["text"] for body in rows["body"]}
        connection.executemany(
            "INSERT INTO search_document (row, article, revision) VALUES (?, ?, 1)", [(n, n) for n in texts]
        )
        connection.executemany(
            "INSERT INTO search_words (rowid, title, text) VALUES (?, ?, ?)",
            [(a["row"], a["title"], texts[a["row"]]) for a in rows["article"]],
        )
        connection.execute("COMMIT")
    connection.execute("BEGIN")
    insert(connection, "story", columns["story"], [
        {"row": row, "story_id": f"s{row}", "canonical": canonical, "canonical_rule": "first published",
         "first_seen": first, "last_seen": last, "size": size} for row, canonical, first, last, size in speakers
    ])  # fmt: skip
    connection.execute("COMMIT")
    connection.close()


def insert(connection: sqlite3.Connection, table: str, names: list[str], rows: list[dict[str, object]]) -> None:
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    connection.executemany(sql, [tuple(row.get(name) for name in names) for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--times", type=int, default=15)
    args = parser.parse_args()
    if not args.db.exists():
        began = time.perf_counter()
        fill(args.db, args.articles)
        print(f"wrote {args.articles:,} articles in {time.perf_counter() - began:.0f} s")
    ticks = iter(range(10**9))
    with open_store(f"sqlite:///{args.db}", read_only=True) as store:
        app = create_app(store, None, WebSettings(), lambda: NOW + timedelta(milliseconds=next(ticks)))
        client = Client(app)
        began = time.perf_counter()
        app.state.web.desk.warm()
        print(f"warmed up in {time.perf_counter() - began:.2f} s")
        story = store.story_page({"min_articles": 4})[0][1]
        for view in VIEWS:
            path = view.format(story=story.story_id, article=story.articles[1].article_id)
            took = []
            for _ in range(args.times):
                began = time.perf_counter()
                assert client.get(path).status == 200, path
                took.append((time.perf_counter() - began) * 1000)
            print(f"{statistics.median(took):8.1f} ms median {max(took):8.1f} ms worst  {view}")


if __name__ == "__main__":
    main()
