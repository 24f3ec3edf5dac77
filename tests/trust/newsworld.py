"""A small world of outlets that knows the truth: what was served, what is a copy of what, what was told.

It publishes reports, each in one to three outlets, on a loopback web.  An entry may vanish from its feed as
soon as it was acknowledged, so that whoever forgets it then has lost it for good.  Two things acknowledge an
entry: its page is asked for, and a conditional request says that its document is known (304).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pipeline.model import Outcome
from pipeline.storage import Store
from tests.fakeweb import Answer, Asked, FakeWeb
from tests.records.rebuild import rebuilt

OUTLETS = ("Tarn Courier", "Ashby Post", "Merren Gazette")
SECRET = "a secret that both sides know"
HOOK = "/hook"
_SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ran",
    "tes",
    "vol",
    "dur",
    "pen",
    "gis",
    "har",
    "bel",
    "tor",
    "wen",
    "sal",
    "fro",
    "nim",
    "cas",
)
_LINKS = ("after", "before", "because", "while", "although", "until", "since", "where")


@dataclass
class Page:
    """One article of one outlet."""

    address: str
    outlet: str
    title: str
    text: str
    event: int
    kind: str = "article"  # or "missing": its page is gone and the feed has no text of its own
    edition: int = 1
    known: bool = False  # acknowledged: the entry is stored
    served: bool = False  # a feed document carried it


@dataclass
class NewsWorld:
    """Everything served and told."""

    web: FakeWeb
    random: Random
    minutes: float = 0  # between two polls of one feed
    tick: float = 0.05  # seconds between two looks of the service
    pages: dict[str, Page] = field(default_factory=dict)  # by address, every page that ever was
    listed: dict[str, list[Page]] = field(default_factory=lambda: {name: [] for name in OUTLETS})
    told: list[dict[str, Any]] = field(default_factory=list)  # bodies of webhook messages, in order
    events: int = 0
    edits: Counter[str] = field(default_factory=Counter)  # address → editions the feed announced
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        for number, outlet in enumerate(OUTLETS):
            self.web.handle("/feed", lambda asked, name=outlet: self._feed(asked, name), host=_host(number))
        self.web.handle(HOOK, self._hook)

    def config(self, url: str, more: str = "") -> str:
        """The configuration that polls this world into the database ``url``."""
        feeds = "".join(
            f'\n[[feeds]]\nurl = "{self.web.url("/feed", _host(number))}"\noutlet = "{outlet}"\n'
            f"interval_minutes = {self.minutes}\n"
            for number, outlet in enumerate(OUTLETS)
        )
        return (
            f'[storage]\nurl = "{url}"\n'
            '[fetch]\nallow_private = ["127.0.0.0/8"]\nmin_host_interval = 0\nper_host = 4\nproxy = "none"\n'
            "robots = false\npause_seconds = 0.01\n"
            "[polling]\nunconditional_share = 0\njitter = 0\n"
            f"[run]\nworkers = 1\nretry_minutes = 0.001\nattempts = 50\ntick_seconds = {self.tick}\nbatch = 4\n"
            "[web]\nenabled = false\n[revisions]\nrelook_hours = []\n"
            f'[[webhooks]]\nurl = "{self.web.url(HOOK)}"\nsecret = "{SECRET}"\n{more}{feeds}'
        )

    def publish(self, reports: int) -> None:
        """So many new reports, each in one to three outlets; now and then an entry that leads nowhere."""
        with self._lock:
            for _ in range(reports):
                self.events += 1
                title, text = self._report()
                for outlet in self.random.sample(OUTLETS, self.random.choice((1, 2, 2, 3))):
                    self._put(Page(self._address(outlet), outlet, title, text, self.events))
                if self.random.random() < 0.15:
                    self.lead_nowhere()

    def lead_nowhere(self) -> None:
        """An entry whose page is gone, and of which its feed has no text."""
        with self._lock:
            outlet = self.random.choice(OUTLETS)
            self.events += 1
            self._put(Page(self._address(outlet), outlet, f"Gone {self.events}", "", self.events, "missing"))

    def greedy(self) -> Page:
        """An entry whose page takes more memory than it looks."""
        with self._lock:
            self.events += 1
            page = Page(self._address(OUTLETS[0]), OUTLETS[0], f"Greedy {self.events}", "", self.events, "missing")
            self._put(page)
            html = "<html><body><article>" + "<p><b>x</b><i>y</i>" * 200_000

            def answer(_asked: Asked) -> Answer:
                page.known = True
                return Answer(html)

            self.web.handle(_path(page.address), answer, host=_host(0))
            return page

    def edit(self) -> None:
        """A stored article gets another last sentence, and its feed says so."""
        with self._lock:
            known = [page for page in self.pages.values() if page.known and page.kind == "article"]
            page = self.random.choice(known)
            page.edition += 1
            page.text = page.text.rpartition("\n")[0] + f"\nEdition {page.edition} of this report adds one more figure."
            self.edits[page.address] += 1
            if page not in self.listed[page.outlet]:
                self.listed[page.outlet].append(page)

    def forget(self, share: float) -> None:
        """So many of the acknowledged entries leave their feeds."""
        with self._lock:
            for outlet, pages in self.listed.items():
                self.listed[outlet] = [p for p in pages if not (p.known and self.random.random() < share)]

    # what is served

    def _put(self, page: Page) -> None:
        self.pages[page.address] = page
        self.listed[page.outlet].insert(0, page)
        self.web.handle(_path(page.address), lambda _asked: self._page(page), host=_host(OUTLETS.index(page.outlet)))

    def _address(self, outlet: str) -> str:
        return self.web.url(f"/{len(self.pages)}-{self.random.randrange(10**6)}", _host(OUTLETS.index(outlet)))

    def _page(self, page: Page) -> Answer:
        with self._lock:
            page.known = True
            if page.kind == "missing":
                return Answer("gone", 404, "text/plain", delay=self._moment())
            body = "".join(f"<p>{line}</p>" for line in page.text.split("\n"))
            html = f"<html><head><title>{page.title}</title></head><body><article><h1>{page.title}</h1>{body}"
            return Answer(f"{html}</article></body></html>", delay=self._moment())

    def _feed(self, asked: Asked, outlet: str) -> Answer:
        with self._lock:
            answer = self._document(outlet)
            if asked.headers.get("if-none-match") == answer.etag:
                for page in self.listed[outlet]:
                    page.known = True
            return answer

    def _document(self, outlet: str) -> Answer:
        for page in self.listed[outlet]:
            page.served = True
        body = "".join(_item(page) for page in self.listed[outlet])
        etag = f'"{hashlib.blake2b(body.encode(), digest_size=8).hexdigest()}"'
        feed = f"<rss version='2.0'><channel><title>{outlet}</title>{body}</channel></rss>"
        return Answer(feed, content_type="application/rss+xml", etag=etag, delay=self._moment())

    def _hook(self, asked: Asked) -> Answer:
        with self._lock:
            self.told.append(json.loads(asked.body))
            return Answer(status=204, delay=self._moment())

    def _moment(self) -> float:
        return self.random.uniform(0, 0.02)

    def _report(self) -> tuple[str, str]:
        words = ["".join(self.random.choices(_SYLLABLES, k=self.random.randint(2, 3))) for _ in range(60)]

        def sentence() -> str:
            chosen = self.random.sample(words, 9)
            chosen.insert(5, self.random.choice(_LINKS))
            return f"The {' '.join(chosen)} {self.random.randint(2, 900)}."

        lines = [" ".join(sentence() for _ in range(3)) for _ in range(3)]
        return " ".join(self.random.sample(words, 5)).capitalize(), "\n".join(lines)

    # what must be true

    def faults(self, store: Store) -> list[str]:
        """What of the record is not as it was served; call it once the queue is worked off."""
        with self._lock:
            return [
                *self._journal_faults(store),
                *self._article_faults(store),
                *self._story_faults(store),
                *_event_faults(store),
                *self._told_faults(store),
                *(f"check of the database: {fault}" for fault in store.full_check()),
            ]

    def _journal_faults(self, store: Store) -> Iterable[str]:
        """Every entry that was served has one row, and one more for each edition; nothing else has any."""
        rows = [item.row for item in store.items(after=0, limit=1_000_000)]
        of_entries = [row for row in rows if row.title]
        found = Counter(row.url for row in of_entries)
        wanted = Counter({page.address: 1 for page in self.pages.values() if page.served}) + self.edits
        yield from (f"lost: {url} has {found[url]} of {n} rows" for url, n in wanted.items() if found[url] < n)
        yield from (f"twice: {url} has {n} of {wanted[url]} rows" for url, n in found.items() if n > wanted[url])
        outcomes = Counter(row.outcome for row in of_entries if row.outcome is not Outcome.SEEN)
        articles = sum(page.kind == "article" and page.served for page in self.pages.values())
        missing = sum(page.kind == "missing" and page.served for page in self.pages.values())
        expected = {Outcome.NEW: articles, Outcome.FAILED: missing, Outcome.REVISED: self.edits.total()}
        if outcomes != Counter({outcome: n for outcome, n in expected.items() if n}):
            yield f"outcomes are {dict(outcomes)}, should be {expected}"
        if store.waiting()[0]:
            yield f"{store.waiting()[0]} entries still wait"

    def _article_faults(self, store: Store) -> Iterable[str]:
        stored = {}
        for row, article_id, *_ in store.articles_in_order():
            article = store.articles([row])[row].article
            if article.url in stored:
                yield f"twice: {article.url} is {stored[article.url]} and {article_id}"
            stored[article.url] = article_id
            page = self.pages.get(article.url)
            if page is None or page.kind != "article":
                yield f"invented: {article.url}"
            elif article.text != page.text:
                yield f"another text: {article.url} edition {page.edition}: {article.text[-60:]!r}"
        for page in self.pages.values():
            if page.served and page.kind == "article" and page.address not in stored:
                yield f"lost: the article {page.address}"

    def _story_faults(self, store: Store) -> Iterable[str]:
        wanted: dict[int, set[str]] = {}
        for page in self.pages.values():
            if page.kind == "article" and page.served:
                wanted.setdefault(page.event, set()).add(page.address)
        urls = {row: store.articles([row])[row].article.url for row, *_ in store.articles_in_order()}
        found: dict[str, set[str]] = {}
        for row, _, story_id, *_ in store.articles_in_order():
            found.setdefault(story_id, set()).add(urls[row])
        odd = {frozenset(s) for s in found.values()} ^ {frozenset(s) for s in wanted.values()}
        yield from (f"a story differs: {sorted(members)}" for members in odd)

    def _told_faults(self, store: Store) -> Iterable[str]:
        """Every event was told, in order, and whatever was told again was the same under the same id."""
        facts = ("kind", "story_id", "article_id", "other_story_id")
        told: dict[str, tuple[Any, ...]] = {}
        messages: dict[str, list[str]] = {}
        furthest = 0
        for body in self.told:
            ids = [event["id"] for event in body["events"]]
            if messages.setdefault(body["id"], ids) != ids:
                yield f"message {body['id']} was told with other events"
            for event in body["events"]:
                if told.setdefault(event["id"], fact := tuple(event[name] for name in facts)) != fact:
                    yield f"event {event['id']} was told as {told[event['id']]} and as {fact}"
            first, last = body["events"][0]["cursor"], body["events"][-1]["cursor"]
            if first > furthest + 1:
                yield f"told out of order: {first} after {furthest}"
            furthest = max(furthest, last)
        for event in store.changes(0, 1_000_000):
            if f"evt_{event.cursor}" not in told:
                yield f"event {event.cursor} ({event.kind}) was never told"
        told_only = len(told) - len(store.changes(0, 1_000_000))
        if told_only > 0:
            yield f"{told_only} events were told that are not in the record"


def _event_faults(store: Store) -> Iterable[str]:
    """Whoever followed the events knows the stories as they are; nothing is missing between two cursors."""
    events = [
        {name: getattr(event, name) for name in ("story_id", "article_id", "other_story_id", "kind", "detail")}
        for event in store.changes(0, 1_000_000)
    ]
    cursors = [event.cursor for event in store.changes(0, 1_000_000)]
    if cursors != list(range(1, len(cursors) + 1)):
        yield "cursors of events have a gap"
    stories = {
        story.story_id: (
            next(a.article_id for a in story.articles if a.canonical),
            frozenset(a.article_id for a in story.articles),
        )
        for story in store.stories(limit=1_000_000)
    }
    if rebuilt(events).stories() != stories:
        yield "stories rebuilt from the events are not those in the record"


def _item(page: Page) -> str:
    note = f" (edition {page.edition})" if page.edition > 1 else ""
    return f"<item><title>{page.title}{note}</title><link>{page.address}</link><guid>{page.address}</guid></item>"


def _host(number: int) -> str:
    return f"127.0.0.{number + 2}"


def _path(address: str) -> str:
    return "/" + address.partition("//")[2].partition("/")[2]
