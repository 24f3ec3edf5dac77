"""``once`` over a loopback web that serves real articles as feeds and pages.

Needs the labelled corpora beside the project; skipped where they are absent.  Texts are read at run time and
never leave the test.
"""

from __future__ import annotations

import gzip
import html
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pipeline.feeds import read_date
from pipeline.storage import Store, open_store
from tests.fakeweb import FakeWeb

ROOT = Path(__file__).parent.parent.parent
CORPORA = ROOT.parent / "shared" / "data"
EACH = 70  # articles of each corpus
FEEDS = 6

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="the labelled corpora are not beside the project"),
]


@dataclass(frozen=True)
class Site:
    """A fake web with real articles, and the configuration that polls it."""

    web: FakeWeb
    config: Path
    articles: list[dict[str, Any]]

    def once(self, *options: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "run_pipeline.py", "--config", str(self.config), "once", "--json", *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.config.parent / 'real.db'}", read_only=True)


def corpus(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(CORPORA / f"{name}.jsonl.gz", "rt", encoding="utf8") as lines:
        yield from (json.loads(line) for line in lines)


def real_articles() -> list[dict[str, Any]]:
    """Articles long enough to be ones, each address once."""
    found: list[dict[str, Any]] = []
    for name in ("reuters_dev", "allsides_dev", "polbias_dev"):
        usable = (a for a in corpus(name) if len(a["text"].split()) >= 60 and len(a["text"]) < 30_000 and a["title"])
        found += islice(usable, EACH)
    return found


def page(article: dict[str, Any]) -> str:
    paragraphs = "".join(f"<p>{html.escape(p)}</p>" for p in article["text"].split("\n\n"))
    date = read_date(article["published"] or "", None).time
    meta = f'<meta property="article:published_time" content="{date.isoformat()}">' if date else ""
    title = html.escape(article["title"])
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title>{meta}</head><body>"
        f"<nav><a href='/'>Home</a> <a href='/about'>About</a></nav><article><h1>{title}</h1>{paragraphs}</article>"
        "<footer>All rights reserved</footer></body></html>"
    )


def feed(web: FakeWeb, numbered: list[tuple[int, dict[str, Any]]], note: str = "") -> str:
    items = []
    for number, article in numbered:
        date = read_date(article["published"] or "", None).time
        published = f"<pubDate>{format_datetime(date)}</pubDate>" if date else ""
        items.append(
            f"<item><title>{html.escape(article['title'])}</title><link>{web.url(f'/a/{number}')}</link>"
            f"<guid>{number}</guid>{published}<description>{html.escape(article['title'])}{note}</description></item>"
        )
    return f"<rss version='2.0'><channel><title>Real</title>{''.join(items)}</channel></rss>"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    articles = real_articles()
    with FakeWeb() as web:
        for number, article in enumerate(articles):
            web.set(f"/a/{number}", page(article))
        numbered = list(enumerate(articles))
        for i in range(FEEDS):
            web.set(f"/feed/{i}", feed(web, numbered[i::FEEDS]), content_type="application/rss+xml")
        tables = "".join(f'\n[[feeds]]\nurl = "{web.url(f"/feed/{i}")}"\noutlet = "Outlet {i}"\n' for i in range(FEEDS))
        config = tmp_path / "real.toml"
        config.write_text(
            f'[storage]\nurl = "sqlite:///{tmp_path / "real.db"}"\n[fetch]\nallow_private = ["127.0.0.0/8"]\n'
            f"min_host_interval = 0\nper_host = 4\n{tables}",
            "utf-8",
        )
        yield Site(web, config, articles)


def test_every_article_once_and_again_nothing_and_an_edit_is_a_revision(site: Site) -> None:
    first = site.once()
    assert not first["failed_feeds"]
    assert first["waiting"] == 0
    assert sum(first["outcomes"].values()) == len(site.articles)
    with site.store() as store:
        rows = [item.row for item in store.items(limit=10_000)]
        assert Counter(row.url for row in rows).most_common(1)[0][1] == 1
        assert {row.url for row in rows} == {site.web.url(f"/a/{i}") for i in range(len(site.articles))}
        taken = [row for row in rows if row.outcome == "new"]
        assert len(taken) >= 0.97 * len(rows), [(r.reason, r.url) for r in rows if r.outcome != "new"]
        assert len({row.article_id for row in taken}) == len(taken)
        assert store.counts().articles == len(taken)

    again = site.once("--all")
    assert again["outcomes"] == {}

    edited = next(row for row in taken)
    number = int((edited.url or "").rpartition("/")[2])
    changed = {**site.articles[number], "text": site.articles[number]["text"] + "\n\nThis sentence was added later on."}
    site.web.set(f"/a/{number}", page(changed))
    mine = list(enumerate(site.articles))[number % FEEDS :: FEEDS]
    touched = [(n, {**a, "title": a["title"] + " (updated)"} if n == number else a) for n, a in mine]
    site.web.set(f"/feed/{number % FEEDS}", feed(site.web, touched), content_type="application/rss+xml")
    third = site.once("--all")
    assert third["outcomes"] == {"revised": 1}
    with site.store() as store:
        article = store.find_article(edited.article_id or "")
        assert article is not None
        assert article.revision == 2
        assert article.article.text.endswith("added later on.")
        assert store.counts().articles == len(taken)
