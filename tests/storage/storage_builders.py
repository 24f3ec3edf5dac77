"""Small values for the storage tests."""

from __future__ import annotations

from dataclasses import replace
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

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def source(n: int = 1, **more: object) -> FeedSource:
    return replace(FeedSource(f"https://feeds.example/{n}.xml", f"Outlet {n}"), **more)


def entry(key: str = "k1", fingerprint: str = "f1", **more: object) -> Entry:
    made = Entry(
        key=key,
        url=f"https://news.example/{key}",
        link=f"https://news.example/{key}?utm_source=rss",
        guid=key,
        title=f"Title of {key}",
        summary="<p>A harbour was rebuilt.</p>",
        content="",
        authors=("A. Writer",),
        published=NOW,
        updated=None,
        fingerprint=fingerprint,
    )
    return replace(made, **more)


def article(n: int, **more: object) -> Article:
    made = Article(
        url=f"https://news.example/{n}",
        title=f"Report number {n}",
        text=f"The harbour of town {n} was rebuilt.\nWork took {n} years.",
        outlet=f"Outlet {n % 3}",
        published=NOW + timedelta(minutes=n),
        authors=("A. Writer", "B. Writer"),
        language="en",
    )
    return replace(made, **more)


def row(outcome: Outcome = Outcome.NEW, reason: Reason = Reason.STARTED_STORY, **more: object) -> JournalRow:
    made = JournalRow(
        time=NOW,
        feed=None,
        url=None,
        outlet=None,
        title="",
        outcome=outcome,
        reason=reason,
        timings={"match": 0.25},
    )
    return replace(made, **more)


_OUTCOMES = {
    Action.START: (Outcome.NEW, Reason.STARTED_STORY),
    Action.JOIN: (Outcome.NEW, Reason.JOINED_STORY),
    Action.MERGE: (Outcome.NEW, Reason.MERGED_STORIES),
    Action.REVISE: (Outcome.REVISED, Reason.TEXT_CHANGED),
}


def ingest(
    n: int,
    story: int,
    action: Action = Action.START,
    *,
    matches: tuple[Match, ...] = (),
    folded: int | None = None,
    canonical: int | None = None,
    work: int | None = None,
    **more: object,
) -> Ingest:
    made = article(n, **more)
    outcome, reason = _OUTCOMES[action]
    return Ingest(
        row=n,
        article_id=f"a{n}",
        article=made,
        sketch=bytes([n % 256]) * 8,
        decision=Decision(action, story, matches, folded, canonical, "first published"),
        journal=row(
            outcome,
            reason,
            url=made.url,
            outlet=made.outlet,
            title=made.title,
            article_id=f"a{n}",
            story_id=f"s{story}",
        ),
        story_id=f"s{story}",
        entry=work,
    )


def join(n: int, story: int, with_article: int, score: float = 0.9, **more: object) -> Ingest:
    match = Match(with_article, score, "reprint", {"containment": 0.75, "jaccard": 0.5})
    return ingest(n, story, Action.JOIN, matches=(match,), **more)


def merge(n: int, story: int, folded: int, with_article: int, **more: object) -> Ingest:
    match = Match(with_article, 0.95, "expanded", {"containment": 1.0})
    return ingest(n, story, Action.MERGE, matches=(match,), folded=folded, **more)


def revise(n: int, story: int, text: str, **more: object) -> Ingest:
    return ingest(n, story, Action.REVISE, text=text, **more)
