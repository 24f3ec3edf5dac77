"""The shapes of the JSON API, which the command line prints as well, and how they are made.

Field names are a contract: they may grow, they do not change.  Addresses of feeds never hold credentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.model import Outcome, Reason
from pipeline.urls import mask_url

from .passages import Comparison, Span
from .source import Hit as SearchHit
from .source import ItemRow, PersonDecision, StoryRecord


@dataclass(frozen=True, slots=True)
class Item:
    """One journal row."""

    cursor: int
    time: datetime
    feed: str | None
    url: str | None
    outlet: str | None
    title: str
    outcome: Outcome
    reason: Reason
    detail: str
    article_id: str | None
    story_id: str | None
    timings: dict[str, float]  # stage -> milliseconds
    trail: tuple[str, ...]  # the way it took, a line each


@dataclass(frozen=True, slots=True)
class Items:
    """Newest first; ``next`` is the ``before`` of the page behind, null at the end.

    A search by ``text`` looks at 20,000 rows at a time: a page may hold fewer than asked for, even none, and
    still have a ``next``.
    """

    items: tuple[Item, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class StoryArticle:
    """One copy inside a story; ``score`` (0-1) and ``reason`` are of the match that brought it there."""

    article_id: str
    url: str
    outlet: str | None
    title: str
    published: datetime | None
    canonical: bool
    score: float | None
    reason: str | None
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Story:
    """A story; the article marked ``canonical`` speaks for it."""

    story_id: str
    title: str
    url: str
    outlet: str | None
    published: datetime | None
    first_seen: datetime
    last_seen: datetime
    outlets: tuple[str, ...]
    canonical_rule: str
    articles: tuple[StoryArticle, ...]


@dataclass(frozen=True, slots=True)
class Stories:
    """``next`` is the ``before`` of the page behind, null at the end."""

    stories: tuple[Story, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that a search found; ``excerpt`` is text around the first word found."""

    place: int
    article_id: str
    story_id: str
    title: str
    url: str
    outlet: str | None
    published: datetime | None
    excerpt: str


@dataclass(frozen=True, slots=True)
class Hits:
    """The last stored first; ``next`` is the ``before`` of the page behind, null at the end.

    ``not_indexed`` changes of stories are too new to be found.
    """

    hits: tuple[Hit, ...]
    next: int | None
    not_indexed: int


@dataclass(frozen=True, slots=True)
class RelatedStory:
    """Another report of the same event; ``similarity`` of wording and names, 0-1."""

    story_id: str
    title: str
    similarity: float
    story: Story


@dataclass(frozen=True, slots=True)
class RelatedStories:
    """The most similar first."""

    related: tuple[RelatedStory, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a story."""

    decision_id: int
    text: str
    made: datetime
    undone: datetime | None


@dataclass(frozen=True, slots=True)
class Decisions:
    """The last first."""

    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that an address led to."""

    url: str
    title: str
    known: bool  # polled already


@dataclass(frozen=True, slots=True)
class FoundFeeds:
    """What discovery found."""

    feeds: tuple[FoundFeed, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """How many feeds are polled from now on that were not."""

    added: int


@dataclass(frozen=True, slots=True)
class Opml:
    """Feeds as an OPML 2.0 document."""

    opml: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verified match with every figure behind its score (0-1)."""

    article_id: str
    score: float
    reason: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class EarlierText:
    """A text an article had before; 1 is the first."""

    number: int
    stored: datetime
    replaced: datetime
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class FullArticle:
    """An article with its text (paragraphs parted by a newline), evidence and earlier texts."""

    article_id: str
    story_id: str | None
    url: str
    outlet: str | None
    title: str
    text: str
    published: datetime | None
    modified: datetime | None
    stored: datetime
    authors: tuple[str, ...]
    agencies: tuple[str, ...]
    language: str | None
    source: str
    notes: tuple[str, ...]
    revision: int
    evidence: tuple[Evidence, ...]
    revisions: tuple[EarlierText, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one text."""

    kind: str  # kept, changed, cut, added or moved
    text: str


@dataclass(frozen=True, slots=True)
class PassagePair:
    """A sentence of each side; empty where a side has none."""

    kind: str
    left: tuple[Passage, ...]
    right: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two articles, sentence beside sentence; ``share_kept`` of the right one's words, 0-1."""

    left: str
    right: str
    share_kept: float
    blocks: tuple[tuple[PassagePair, ...], ...]


class Health(StrEnum):
    """How a feed does."""

    FINE = "fine"
    NEW = "new"  # not polled yet
    LATE = "late"  # its poll is overdue
    SILENT = "silent"  # polled well, but nothing came for much longer than it ever paused
    UNSTEADY = "unsteady"  # its last polls failed, which may pass by itself
    FAILING = "failing"  # in trouble: failed often enough for its kind of failure
    RETIRED = "retired"  # gone, or no longer configured


@dataclass(frozen=True, slots=True)
class DayCount:
    """Items of one day (UTC), by outcome."""

    day: str  # YYYY-MM-DD
    items: int
    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its schedule."""

    feed_id: int
    url: str
    outlet: str
    title: str
    health: Health
    note: str  # the health in a sentence
    todo: str  # what a person can do about it; "" where nothing is to be done
    trouble: str | None  # of a failing feed, the kind: network, server, refused, gone, not a feed ...
    language: str | None
    country: str | None
    interval_minutes: float | None  # where it is fixed
    polled_at: str  # differs from ``url`` once it has moved
    hub: str | None  # that tells us of news (WebSub)
    retired: bool
    configured: bool  # false: taken out of the configuration; what it brought stays
    next_poll: datetime
    why_next: str
    last_poll: datetime | None
    last_success: datetime | None
    failing_since: datetime | None
    failures: int
    last_reason: Reason | None
    last_detail: str
    polls: int
    missed: int
    moved_to: str | None
    proposal: str | None
    days: tuple[DayCount, ...]


@dataclass(frozen=True, slots=True)
class Feeds:
    """Every feed, those in trouble first."""

    feeds: tuple[Feed, ...]


@dataclass(frozen=True, slots=True)
class Outlet:
    """An outlet over the days looked at."""

    outlet: str
    feeds: int
    items: int
    new: int
    copies: int  # of its new articles, those that joined a story
    failed: int
    days: tuple[DayCount, ...]
    articles: int  # of all time
    priority: int  # the higher speaks first
    aliases: tuple[str, ...]  # other names it goes by


@dataclass(frozen=True, slots=True)
class Copying:
    """``number`` articles of ``copier`` are in stories that ``speaker`` speaks for."""

    copier: str
    speaker: str
    number: int


@dataclass(frozen=True, slots=True)
class Outlets:
    """Outlets, the busiest first, and who copies whom."""

    outlets: tuple[Outlet, ...]
    copying: tuple[Copying, ...]


@dataclass(frozen=True, slots=True)
class Throughput:
    """What one hour or day brought."""

    start: datetime
    outcomes: dict[str, int]
    copies: int  # new articles that joined a story


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of the whole."""

    time: datetime
    articles: int
    stories: int
    waiting: int
    database_bytes: int
    feeds: dict[str, int]  # by health
    late_seconds: float  # how far the most overdue poll is behind its schedule
    items_24h: int
    copies_share_24h: float | None  # of the new articles, 0-1; null when none came
    delay_seconds: dict[str, float]  # published to stored, of the newest articles: p50, p90
    hours: tuple[Throughput, ...]  # oldest first
    days: tuple[Throughput, ...]


def item(found: ItemRow) -> Item:
    """The shape of ``items --json`` and of the API."""
    row = found.row
    return Item(
        cursor=found.cursor,
        time=row.time,
        feed=mask_url(row.feed) if row.feed else row.feed,
        url=row.url,
        outlet=row.outlet,
        title=row.title,
        outcome=row.outcome,
        reason=row.reason,
        detail=row.detail,
        article_id=row.article_id,
        story_id=row.story_id,
        timings=row.timings,
        trail=row.trail,
    )


def hit(found: SearchHit) -> Hit:
    """The shape of ``search --json`` and of the API."""
    return Hit(
        place=found.place,
        article_id=found.article_id,
        story_id=found.story_id,
        title=found.title,
        url=found.url,
        outlet=found.outlet,
        published=found.published,
        excerpt=found.excerpt,
    )


def decisions(found: Sequence[PersonDecision]) -> Decisions:
    """What people decided, the last first."""
    return Decisions(tuple(Decision(d.decision_id, d.text, d.made, d.undone) for d in found))


def related(found: Sequence[tuple[StoryRecord, float]]) -> tuple[RelatedStory, ...]:
    """The shape of ``story ID --json`` and of the API."""
    return tuple(RelatedStory(record.story_id, record.title, score, story(record)) for record, score in found)


def story(record: StoryRecord) -> Story:
    """The shape of ``stories --json``, ``story ID --json`` and of the API."""
    return Story(
        story_id=record.story_id,
        title=record.title,
        url=record.url,
        outlet=record.outlet,
        published=record.published,
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        outlets=record.outlets,
        canonical_rule=record.canonical_rule,
        articles=tuple(
            StoryArticle(
                article_id=member.article_id,
                url=member.url,
                outlet=member.outlet,
                title=member.title,
                published=member.published,
                canonical=member.canonical,
                score=member.score,
                reason=member.reason,
                revision=member.revision,
            )
            for member in record.articles
        ),
    )


def stories(records: Sequence[StoryRecord]) -> tuple[Story, ...]:
    """Each record's shape."""
    return tuple(story(record) for record in records)


def side_by_side(left: str, right: str, found: Comparison) -> SideBySide:
    """A comparison of two articles."""
    return SideBySide(
        left,
        right,
        found.share_kept(),
        tuple(
            tuple(PassagePair(pair.kind.value, _spans(pair.left), _spans(pair.right)) for pair in block)
            for block in found.blocks
        ),
    )


def _spans(spans: Sequence[Span]) -> tuple[Passage, ...]:
    return tuple(Passage(span.kind.value, span.text) for span in spans)
