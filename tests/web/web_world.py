"""A small world of stories for the page, stored as the pipeline stores it.  Every text is made for here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

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
from pipeline.storage import Store

NOW = datetime(2026, 3, 4, 15, 20, tzinfo=UTC)


def clock() -> datetime:
    return NOW


OUTLETS = (
    "Harbour Gazette",
    "Northwire",
    "The Upland Post",
    "Lakeside Daily",
    "Metropole",
    "Courier of the Coast",
    "Valley Tribune",
)

BRIDGE = (
    "The old swing bridge over the Merrow will open to trams in May, the city council decided on Tuesday.\n"
    "Councillors voted 31 to 14 after a debate of four hours. Work on the tracks has cost 42 million crowns so far.\n"
    "“We promised a crossing that lasts a century, and we kept that promise,” mayor Ilse Brandt said.\n"
    "Opponents fear noise for the houses along Quay Street. A survey of residents is due in April.\n"
    "The bridge was closed to traffic nine years ago, when inspectors found cracks in two of its piers."
)
BRIDGE_REPRINT = BRIDGE
BRIDGE_ABRIDGED = (
    "The old swing bridge over the Merrow will open to trams in May, the city council decided on Tuesday.\n"
    "Councillors voted 31 to 14 after a debate of four hours.\n"
    "“We promised a crossing that lasts a century, and we kept that promise,” mayor Ilse Brandt said."
)
BRIDGE_EXPANDED = (
    "Trams will cross the old swing bridge over the Merrow from May, the city council decided late on Tuesday.\n"
    "Councillors voted 31 to 14 after a debate of nearly five hours."
    " Work on the tracks has cost 45 million crowns so far.\n"
    "“We promised a crossing that lasts a century, and we kept that promise,” mayor Ilse Brandt said.\n"
    "Shopkeepers on the east bank welcomed the vote. “We have waited nine years for customers,” one of them said.\n"
    "Opponents fear noise for the houses along Quay Street. A survey of residents is due in April.\n"
    "The bridge was closed to traffic nine years ago, when inspectors found cracks in two of its piers."
)
EEL = (
    "Eels have returned to the upper Merrow for the first time in thirty years, researchers report.\n"
    "Traps at three weirs counted 412 young eels in a single night. New ladders let them pass the mill at Oster.\n"
    "“Nobody expected them so soon,” said the leader of the count."
)
EEL_REWRITE = (
    "For the first time in thirty years there are eels in the upper Merrow again.\n"
    "In one night, traps at three weirs counted 412 young eels. New ladders let them pass the mill at Oster.\n"
    "“Nobody expected them so soon,” the leader of the count said. Anglers are asked to put them back."
)
SINGLES = (
    "Library stays open through the night before exams",
    "Three bakeries share one oven to save power",
    "School choir sings for a full square at noon",
    "Ferry timetable changes with the summer",
    "Museum shows maps nobody could read",
    "Council weighs a tax on second homes",
    "Storm cuts power to two hundred farms",
    "Market hall gets its glass roof back",
)


@dataclass
class Writer:
    """Stores articles one by one, as rounds do."""

    store: Store
    row: int = 0
    story: int = 0
    waiting: list[Ingest] = field(default_factory=list)

    def add(
        self,
        outlet: str,
        title: str,
        text: str,
        at: datetime,
        *,
        joins: tuple[int, int] | None = None,  # story row, article row it was verified against
        reason: str = "reprint",
        score: float = 0.98,
        canonical: int | None = None,
        stored: timedelta = timedelta(minutes=9),
        url: str | None = None,
    ) -> tuple[int, int]:
        """Story row and article row."""
        self.row += 1
        matches: tuple[Match, ...] = ()
        if joins is None:
            self.story += 1
            action, story = Action.START, self.story
        else:
            action, story = Action.JOIN, joins[0]
            figures = {"containment": score - 0.05, "jaccard": score - 0.2, "title": 0.71, "longest_run": 41.0}
            matches = (Match(joins[1], score, reason, figures),)
        slug = "".join(c if c.isalnum() else "-" for c in title.lower())[:60]
        host = "".join(c for c in outlet.lower() if c.isalnum()) or "outlet"
        article = Article(
            url=url or f"https://{host}.example/{at:%Y/%m/%d}/{slug}-{self.row}",
            title=title,
            text=text,
            outlet=outlet,
            published=at,
            authors=("R. Alder",),
            language="en",
        )
        moment = at + stored
        ingest = Ingest(
            row=self.row,
            article_id=f"a{self.row:04}",
            article=article,
            sketch=b"\0" * 8,
            decision=Decision(action, story, matches, None, canonical, "first published"),
            journal=_row(article, moment, joins, self.row, story),
            story_id=f"s{story:04}",
        )
        self.store.apply([ingest], moment)
        return story, self.row

    def revise(self, row: int, story: int, article: Article, at: datetime) -> None:
        """A later text of an article."""
        journal = JournalRow(
            at, feed_of(article.outlet or ""), article.url, article.outlet, article.title, Outcome.REVISED,
            Reason.TEXT_CHANGED, article_id=f"a{row:04}", story_id=f"s{story:04}",
            timings={"fetch": 210.0, "extract": 18.0}, trail=("read again 2 h later", "the text has changed"),
        )  # fmt: skip
        decision = Decision(Action.REVISE, story)
        self.store.apply([Ingest(row, f"a{row:04}", article, b"\0" * 8, decision, journal, f"s{story:04}")], at)


def feed_of(outlet: str) -> str:
    return f"https://{''.join(c for c in outlet.lower() if c.isalnum())}.example/feed.xml"


def _row(article: Article, at: datetime, joins: tuple[int, int] | None, row: int, story: int) -> JournalRow:
    return JournalRow(
        time=at,
        feed=feed_of(article.outlet or ""),
        url=article.url,
        outlet=article.outlet,
        title=article.title,
        outcome=Outcome.NEW,
        reason=Reason.JOINED_STORY if joins else Reason.STARTED_STORY,
        detail=f"as a copy of a{joins[1]:04}" if joins else "",
        article_id=f"a{row:04}",
        story_id=f"s{story:04}",
        timings={
            "wait": 40.0 + row % 7,
            "fetch": 380.0 + 13 * (row % 11),
            "extract": 21.5,
            "compare": 3.2,
            "store": 1.1,
        },
        trail=(
            "seen in the feed",
            "address normalised: utm_source removed",
            "robots.txt allows it",
            "fetched: 200, 48 KiB",
            "extracted: 5 paragraphs",
            "compared with 3 candidates" + (", 1 verified" if joins else ", none verified"),
        ),
    )


def sources(outlets: Sequence[str] = OUTLETS) -> list[FeedSource]:
    return [FeedSource(feed_of(name), name, priority=1 if name == "Northwire" else 0) for name in outlets]


def fill(store: Store, now: datetime = NOW) -> Writer:
    """Two stories with copies, single reports over two weeks, refusals, feeds well and in trouble."""
    store.sync_feeds(sources(), now - timedelta(days=20))
    writer = Writer(store)
    for day in range(13, 0, -1):
        for n in range(1 + (day * 7) % 5):
            title = SINGLES[(day + n) % len(SINGLES)]
            outlet = OUTLETS[(day * 3 + n) % len(OUTLETS)]
            at = now - timedelta(days=day, hours=n * 2)
            made = writer.add(outlet, title, f"{title}.\nThe report of day {day} has more to say on it.", at)
            if (day + n) % 3 == 0:
                other = OUTLETS[(day * 3 + n + 1 + day % 2) % len(OUTLETS)]
                writer.add(other, title, f"{title}.\nThe report of day {day} has more to say on it.",
                           at + timedelta(hours=1), joins=made)  # fmt: skip
    _today(writer, now)
    _journal(store, now)
    _states(store, now)
    return writer


def _today(writer: Writer, now: datetime) -> None:
    start = now - timedelta(hours=7)
    eel = writer.add("The Upland Post", "Eels are back in the upper Merrow", EEL, start)
    writer.add("Metropole", "The eels that nobody expected", EEL_REWRITE, start + timedelta(hours=3),
               joins=eel, reason="rewritten", score=0.83)  # fmt: skip
    begin = now - timedelta(hours=5)
    bridge = writer.add("Northwire", "Trams to cross old swing bridge from May", BRIDGE, begin)
    copies = (
        ("Harbour Gazette", "Council votes: trams over the Merrow from May", BRIDGE_REPRINT, 22, "reprint", 0.99),
        ("Lakeside Daily", "Swing bridge opens to trams in May", BRIDGE_ABRIDGED, 64, "abridged", 0.93),
        (
            "Courier of the Coast",
            "After nine years, trams will cross the swing bridge",
            BRIDGE_EXPANDED,
            141,
            "expanded",
            0.91,
        ),
        ("Valley Tribune", "Trams to cross old swing bridge from May", BRIDGE_REPRINT, 236, "reprint", 0.99),
    )
    for outlet, title, text, minutes, reason, score in copies:
        writer.add(outlet, title, text, begin + timedelta(minutes=minutes), joins=bridge, reason=reason, score=score)
    stored = writer.store.find_article(f"a{bridge[1]:04}")
    assert stored is not None
    later = replace(stored.article, text=BRIDGE.replace("42 million", "44 million") + "\nTickets will cost the same.")
    writer.revise(bridge[1], bridge[0], later, begin + timedelta(hours=2))
    for n, title in enumerate(SINGLES[:5]):
        writer.add(OUTLETS[n], title, f"{title}.\nToday's report.", now - timedelta(hours=9 - n, minutes=11 * n))


def _journal(store: Store, now: datetime) -> None:
    rows = [
        (40, OUTLETS[0], "Pictures of the week", Outcome.SKIPPED, Reason.GALLERY, ""),
        (33, OUTLETS[3], "Election night as it happened", Outcome.SKIPPED, Reason.LIVE_BLOG, ""),
        (21, OUTLETS[4], "", Outcome.FAILED, Reason.TIMEOUT, "no answer within 30 s"),
        (12, OUTLETS[5], "Trams to cross old swing bridge from May", Outcome.SEEN, Reason.KNOWN_URL, ""),
        (5, OUTLETS[6], "Subscribers only: the harbour accounts", Outcome.SKIPPED, Reason.PAYWALL, "12 words"),
        (3, OUTLETS[1], "Wharf lease signed", Outcome.FAILED, Reason.HTTP_SERVER_ERROR, "503 from the server"),
    ]  # fmt: skip
    for minutes, outlet, title, outcome, reason, detail in rows:
        journal = JournalRow(
            now - timedelta(minutes=minutes), feed_of(outlet), f"https://pages.example/{minutes}", outlet, title,
            outcome, reason, detail, timings={"fetch": 300.0 + minutes}, trail=("seen in the feed", "fetched"),
        )  # fmt: skip
        store.apply_poll(store.feed_by_url(feed_of(outlet)), [], [journal], now - timedelta(minutes=minutes))


def _states(store: Store, now: datetime) -> None:
    for n, outlet in enumerate(OUTLETS):
        state = store.feed_by_url(feed_of(outlet))
        good = replace(
            state,
            title=f"{outlet}: latest",
            last_poll=now - timedelta(minutes=4 + n),
            last_success=now - timedelta(minutes=4 + n),
            next_poll=now + timedelta(minutes=6 + 5 * n),
            polls=412 + n,
            why_next=("learned: an item every 22 min", "max-age of its answer", "ttl of the feed")[n % 3],
            arrivals=tuple(now - timedelta(minutes=30 * k) for k in range(1, 12)),
        )
        if n == 4:
            good = replace(
                good, failures=6, failing_since=now - timedelta(hours=9), last_reason=Reason.TIMEOUT,
                last_detail="no answer within 30 s", last_success=now - timedelta(hours=9),
                why_next="backing off after 6 failures",
            )  # fmt: skip
        if n == 5:
            good = replace(good, arrivals=tuple(now - timedelta(days=9, hours=3 * k) for k in range(1, 12)))
        store.apply_poll(good, [], [], now)


def entry(key: str) -> Entry:
    """An entry that waits."""
    return Entry(key, f"https://pages.example/{key}", None, key, key, "", "", (), NOW, None, "f")
