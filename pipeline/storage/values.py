"""What the store hands out and takes besides the shared vocabulary.  All frozen; times are aware UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.model import Entry, FeedSource, FeedState, JournalRow, Outcome, Reason, RefusedEntry


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One version of an entry that waits to be worked on."""

    row: int  # to settle or postpone it by; never used twice
    feed_row: int
    feed_url: str  # as the configuration names the feed
    source: FeedSource
    entry: Entry
    revised: bool  # a later version of an entry seen before
    attempts: int  # how often it was postponed
    look: int = 0  # 0: its entry came; n: the n-th further look at its article
    seen: datetime | None = None  # when a poll brought the entry first

    @property
    def url(self) -> str | None:
        """The page that it leads to."""
        return self.entry.url


@dataclass(frozen=True, slots=True)
class Poll:
    """Everything about one poll that is stored: see ``Store.apply_poll``."""

    state: FeedState
    taken: Sequence[tuple[Entry, bool]]
    journal_rows: Sequence[JournalRow]
    now: datetime
    refused: Sequence[tuple[RefusedEntry, JournalRow]] = ()


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which journal rows to list; every given part must hold."""

    since: datetime | None = None  # decided at or after
    until: datetime | None = None  # decided before
    outlet: str | None = None
    feed: str | None = None  # the feed's URL as configured
    outcome: Outcome | None = None
    reason: Reason | None = None
    story: str | None = None  # public id; redirects are followed
    article: str | None = None  # public id
    url: str | None = None  # as the journal has it
    address: str | None = None  # with ``url``: the identity under which its article may be known
    text: str | None = None  # part of the title, letter case ignored (ASCII); looked for from the newest on


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A journal row with its place, and with the story its article is in today."""

    cursor: int  # pass as ``after`` to continue behind it
    row: JournalRow


@dataclass(frozen=True, slots=True)
class StoryFilter:
    """Which stories to list, by what was last seen of them; every given part must hold."""

    since: datetime | None = None  # last seen at or after
    until: datetime | None = None  # last seen before
    outlet: str | None = None  # one of its articles is from there
    url: str | None = None  # one of its articles has this canonical URL
    ids: tuple[str, ...] | None = None  # these stories, some hundred at most
    min_articles: int = 1


@dataclass(frozen=True, slots=True)
class Member:
    """An article inside a story.  ``score`` and ``reason`` are of the match that brought it there."""

    article_id: str
    url: str
    outlet: str | None
    title: str
    published: datetime | None
    canonical: bool
    score: float | None  # 0-1; None for the article that started the story
    reason: str | None
    revision: int = 1


@dataclass(frozen=True, slots=True)
class StoryRecord:
    """A story: its canonical article speaks for it, all copies are below, in the order they came."""

    story_id: str
    title: str
    url: str
    outlet: str | None
    published: datetime | None
    first_seen: datetime
    last_seen: datetime
    outlets: tuple[str, ...]  # in order of arrival
    articles: tuple[Member, ...]
    canonical_rule: str
    row: int


class EventKind(StrEnum):
    """What can happen to a story."""

    STARTED = "started"  # article: its first
    JOINED = "joined"  # article: the copy; detail: the rule by which another keeps speaking
    MERGED = "merged"  # other: the story that was folded into this one
    CANONICAL = "canonical"  # article: speaks for the story from now on; detail: the rule
    REVISED = "revised"  # article: has a later text
    LEFT = "left"  # article: is in story ``other`` from now on
    RENAMED = "renamed"  # article: its outlet goes by another name from now on; detail: the name


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """One change of a story.  Cursors only grow; a consumer that keeps the last one misses nothing."""

    cursor: int
    time: datetime
    kind: EventKind
    story_id: str
    article_id: str | None
    other_story_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class BestMatch:
    """The match that brought an article into its story."""

    article_id: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A text that an article had before."""

    number: int  # 1 is the first text
    stored: datetime  # when this text came
    replaced: datetime  # when the next one came
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures for reports.  ``items`` counts journal rows by (outcome, reason)."""

    feeds: int
    waiting: int  # work not settled
    articles: int
    stories: int  # merged ones not counted
    items: dict[tuple[Outcome, Reason], int] = field(default_factory=dict)


class LinkKind(StrEnum):
    """What a person decided about two articles."""

    MUST = "must"  # they are the same report
    CANNOT = "cannot"  # they are not


@dataclass(frozen=True, slots=True)
class Link:
    """A person's word on two articles; it stands until it is undone, and is kept even then."""

    row: int
    kind: LinkKind
    a: str  # article ids
    b: str
    a_row: int
    b_row: int
    made: datetime
    undone: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a webhook was told."""

    hook: str
    cursor: int  # of the last event that it has, or needs not
    upto: int = 0  # of the last event of what is being told; the same again when it is tried again
    attempts: int = 0  # that failed since the last success
    due: datetime | None = None  # not tried before
    detail: str = ""  # what was wrong the last time


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that a search found."""

    place: int  # pass as ``before`` to see older ones
    article_id: str
    story_id: str
    title: str
    url: str
    outlet: str | None
    published: datetime | None
    excerpt: str  # plain text around the first word found; "" once the text was forgotten
