"""The vocabulary: frozen values that every room speaks in.

Times are aware UTC, enforced where a value is made; similarities are 0-1.  One time keeps another zone for a while:
when an article was published, in the offset that its page states, until it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum


def utc(value: datetime) -> datetime:
    """``value`` in UTC; raises ``ValueError`` for a naive time, which has no place in the project."""
    if value.tzinfo is None:
        raise ValueError(f"naive time {value!r}: every time carries its zone")
    return value.astimezone(UTC)


def _utc_fields(instance: object, *names: str) -> None:
    for name in names:
        value = getattr(instance, name)
        if value is not None and value.tzinfo is not UTC:
            object.__setattr__(instance, name, utc(value))


class Outcome(StrEnum):
    """What became of an entry."""

    NEW = "new"  # an article that was not known
    REVISED = "revised"  # later text of a known article
    SEEN = "seen"  # leads to an article that is known and unchanged
    SKIPPED = "skipped"  # left out on purpose (rule, robots, not an article)
    FAILED = "failed"  # could not be had


class Reason(StrEnum):
    """The one list of reasons.  Each value is counted under its own name and explained in ``REASONS``."""

    # taken
    STARTED_STORY = "started_story"
    JOINED_STORY = "joined_story"
    MERGED_STORIES = "merged_stories"
    TEXT_CHANGED = "text_changed"
    SAME_TEXT = "same_text"
    KNOWN_URL = "known_url"
    # addresses
    BAD_URL = "bad_url"
    ADDRESS_REFUSED = "address_refused"
    ROBOTS_DISALLOWED = "robots_disallowed"
    ROBOTS_UNREACHABLE = "robots_unreachable"
    HOST_PAUSED = "host_paused"
    # transport
    DNS_FAILED = "dns_failed"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    PROTOCOL_ERROR = "protocol_error"
    REDIRECT_LOOP = "redirect_loop"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_REDIRECT = "bad_redirect"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    # answers
    HTTP_CLIENT_ERROR = "http_client_error"
    HTTP_UNAUTHORIZED = "http_unauthorized"
    HTTP_NOT_FOUND = "http_not_found"
    HTTP_GONE = "http_gone"
    HTTP_RATE_LIMITED = "http_rate_limited"
    HTTP_SERVER_ERROR = "http_server_error"
    LED_AWAY = "led_away"
    # feeds
    FEED_EMPTY = "feed_empty"
    FEED_IS_HTML = "feed_is_html"
    FEED_NOT_A_FEED = "feed_not_a_feed"
    FEED_TRUNCATED = "feed_truncated"
    FEED_TOO_MANY_ENTRIES = "feed_too_many_entries"
    FEED_MOVED = "feed_moved"
    FEED_MOVED_BACK = "feed_moved_back"
    ENTRY_WITHOUT_LINK = "entry_without_link"
    ENTRY_TOO_LARGE = "entry_too_large"
    ENTRY_REPEATED = "entry_repeated"
    ENTRY_TOO_OLD = "entry_too_old"
    RULE_DROPPED = "rule_dropped"
    # pages
    NOT_HTML = "not_html"
    PAGE_EMPTY = "page_empty"
    PAGE_TOO_COMPLEX = "page_too_complex"
    NO_TEXT = "no_text"
    PAYWALL = "paywall"
    CONSENT_WALL = "consent_wall"
    LIVE_BLOG = "live_blog"
    GALLERY = "gallery"
    VIDEO = "video"
    INDEX_PAGE = "index_page"
    # machine
    OVERRUN_CPU = "overrun_cpu"
    OVERRUN_MEMORY = "overrun_memory"
    WORKER_DIED = "worker_died"
    INTERNAL_ERROR = "internal_error"


REASONS: dict[Reason, str] = {
    Reason.STARTED_STORY: "no stored article is the same report; a new story was started",
    Reason.JOINED_STORY: "verified as a copy of the story's canonical article",
    Reason.MERGED_STORIES: "verified against the canonical articles of two stories, which became one",
    Reason.TEXT_CHANGED: "the same article with a later text; kept as a revision",
    Reason.SAME_TEXT: "looked at again; the text is unchanged",
    Reason.KNOWN_URL: "another entry already led to this article",
    Reason.BAD_URL: "the link is not an http or https address",
    Reason.ADDRESS_REFUSED: "the address is private, local or reserved and not listed in [fetch] allow_private",
    Reason.ROBOTS_DISALLOWED: "the site's robots.txt asks not to fetch this page",
    Reason.ROBOTS_UNREACHABLE: "robots.txt answered with a server error; fetching waits (RFC 9309)",
    Reason.HOST_PAUSED: "the host is paused after failures or at its own request",
    Reason.DNS_FAILED: "the host name could not be resolved",
    Reason.CONNECT_FAILED: "no connection could be made",
    Reason.TLS_FAILED: "the secure connection could not be established",
    Reason.TIMEOUT: "the whole exchange did not end within [fetch] deadline_seconds",
    Reason.PROTOCOL_ERROR: "the answer is not valid HTTP",
    Reason.REDIRECT_LOOP: "the redirects come back to where they began",
    Reason.TOO_MANY_REDIRECTS: "more redirects than [fetch] max_redirects",
    Reason.BAD_REDIRECT: "a redirect leads to something that is not an http or https address",
    Reason.TOO_LARGE: "the body is larger than [fetch] max_body_bytes after decompression",
    Reason.BAD_ENCODING: "the compressed body is damaged, of an unknown kind, or expands too far",
    Reason.HTTP_CLIENT_ERROR: "the server refused the request (4xx)",
    Reason.HTTP_UNAUTHORIZED: "the server asks for credentials (401, 402 or 403)",
    Reason.HTTP_NOT_FOUND: "the server has nothing at this address (404)",
    Reason.HTTP_GONE: "the server says that this is gone for good (410)",
    Reason.HTTP_RATE_LIMITED: "the server asks for fewer requests (429, or 503 with Retry-After)",
    Reason.HTTP_SERVER_ERROR: "the server failed (5xx)",
    Reason.LED_AWAY: "the article's address now leads to a front page; the article is no longer there",
    Reason.FEED_EMPTY: "the answer has no content",
    Reason.FEED_IS_HTML: "a web page came instead of a feed",
    Reason.FEED_NOT_A_FEED: "the content is not a feed that can be read",
    Reason.FEED_TRUNCATED: "the feed ends in the middle; entries before the break were taken",
    Reason.FEED_TOO_MANY_ENTRIES: "entries beyond [parse] max_entries were left",
    Reason.FEED_MOVED: "a permanent redirect held; the feed is polled at its new address (`feeds undo-move` undoes it)",
    Reason.FEED_MOVED_BACK: "the feed is polled again at the address in the configuration",
    Reason.ENTRY_WITHOUT_LINK: "the entry has neither a usable link nor content of its own",
    Reason.ENTRY_TOO_LARGE: "the entry is larger than [parse] max_entry",
    Reason.ENTRY_REPEATED: "the same entry stands twice in one feed document",
    Reason.ENTRY_TOO_OLD: "the entry is older than what is kept",
    Reason.RULE_DROPPED: "a filter rule of the configuration dropped it",
    Reason.NOT_HTML: "the page is not HTML (a PDF, an image, a download)",
    Reason.PAGE_EMPTY: "the page has no content",
    Reason.PAGE_TOO_COMPLEX: "the page is larger or deeper than the limits of the guard",
    Reason.NO_TEXT: "no article text was found in the page",
    Reason.PAYWALL: "only a teaser before a paywall was found",
    Reason.CONSENT_WALL: "a consent page came instead of the article",
    Reason.LIVE_BLOG: "a live blog, not one report",
    Reason.GALLERY: "a picture gallery without a report",
    Reason.VIDEO: "a video page without a report",
    Reason.INDEX_PAGE: "a list of articles, not an article",
    Reason.OVERRUN_CPU: "parsing took more CPU time than allowed; the worker was replaced",
    Reason.OVERRUN_MEMORY: "parsing took more memory than allowed; the worker was replaced",
    Reason.WORKER_DIED: "the worker process ended unexpectedly; the item is tried again",
    Reason.INTERNAL_ERROR: "a defect of this program; see the log line with the same item",
}


@dataclass(frozen=True, slots=True)
class FeedSource:
    """One feed as the configuration names it."""

    url: str
    outlet: str
    interval_minutes: float | None = None  # fixed interval; None lets the schedule be learned
    language: str | None = None  # BCP 47, for people; the text's own language is detected
    country: str | None = None  # ISO 3166-1 alpha-2
    priority: int = 0  # of the outlet when a canonical article is chosen; higher speaks first
    headers: tuple[tuple[str, str], ...] = ()  # sent with every request for this feed, never logged
    username: str | None = None
    password: str | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next poll conditional (RFC 9110 section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class FeedHints:
    """What a feed document and its response headers say about polling, all optional."""

    ttl: timedelta | None = None  # RSS <ttl>
    update_interval: timedelta | None = None  # sy:updatePeriod / sy:updateFrequency
    skip_hours: frozenset[int] = frozenset()  # RSS <skipHours>, UTC 0-23
    skip_days: frozenset[int] = frozenset()  # RSS <skipDays>, Monday is 0
    hub: str | None = None  # WebSub hub
    self_url: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed document, before anything is fetched.

    ``key`` is its identity inside the feed: it survives missing and changing GUIDs, http to https and
    tracking parameters.  ``fingerprint`` changes when title, link or content change.
    """

    key: str
    url: str | None  # canonicalised link
    link: str | None  # the link as the feed wrote it
    guid: str | None
    title: str  # plain text
    summary: str  # HTML as served
    content: str  # HTML as served; "" where the feed carries none
    authors: tuple[str, ...]
    published: datetime | None
    updated: datetime | None
    fingerprint: str  # hex
    language: str | None = None
    notes: tuple[str, ...] = ()  # e.g. "date in the future ignored"

    def __post_init__(self) -> None:
        _utc_fields(self, "published", "updated")


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A parsed feed: entries in document order, and those that were refused, each with its reason."""

    title: str
    site_url: str | None
    entries: tuple[Entry, ...]
    refused: tuple[RefusedEntry, ...] = ()
    hints: FeedHints = field(default_factory=FeedHints)
    notes: tuple[Reason, ...] = ()  # e.g. FEED_TRUNCATED: usable all the same


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that could not be taken."""

    key: str
    url: str | None
    title: str
    reason: Reason
    detail: str = ""


class OriginKind(StrEnum):
    """Signs that an article comes from somewhere else."""

    CANONICAL = "canonical"  # rel=canonical on another registrable domain
    AGENCY_BYLINE = "agency_byline"
    AGENCY_DATELINE = "agency_dateline"  # WASHINGTON (AP) -
    AGENCY_CREDIT = "agency_credit"  # "The Associated Press contributed"
    IS_BASED_ON = "is_based_on"  # JSON-LD isBasedOn
    SOURCE_ORGANIZATION = "source_organization"
    SYNDICATION_SOURCE = "syndication_source"
    ORIGINAL_SOURCE = "original_source"
    FIRST_APPEARED = "first_appeared"


@dataclass(frozen=True, slots=True)
class OriginSign:
    """One sign: ``value`` is a URL, an outlet or the agency's short name (AP, Reuters, AFP ...)."""

    kind: OriginKind
    value: str


class TextSource(StrEnum):
    """Where an article's text came from."""

    PAGE = "page"
    CONTENT = "content"  # the entry's full content
    SUMMARY = "summary"  # the entry's summary: the page could not be had
    IMPORT = "import"  # given ready-made


@dataclass(frozen=True, slots=True)
class Article:
    """Extracted text and metadata.  ``text`` is plain, paragraphs parted by a newline.

    ``published`` is aware.  Out of a page it carries the offset that the page states, so that its calendar day is the
    day that readers saw there; it is compared and stored as the moment it is, and comes back from a store in UTC.
    """

    url: str  # canonicalised address of the page
    title: str
    text: str
    outlet: str | None = None
    published: datetime | None = None
    published_day_only: bool = False  # the page gives a day; the time of day is not known
    modified: datetime | None = None
    authors: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    language: str | None = None  # ISO 639-1, detected from the text
    canonical_url: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    image: str | None = None
    free: bool | None = None  # isAccessibleForFree
    origins: tuple[OriginSign, ...] = ()
    source: TextSource = TextSource.PAGE
    notes: tuple[str, ...] = ()  # choices made on the way, for people

    def __post_init__(self) -> None:
        _utc_fields(self, "modified")
        if self.published is not None:
            utc(self.published)  # refuses a naive one


@dataclass(frozen=True, slots=True)
class FeedState:
    """All stored facts about a feed that decisions are made from; ``source`` is what the user wrote."""

    row: int
    source: FeedSource
    url: str  # where it is polled now; differs from source.url once it has moved
    next_poll: datetime
    retired: bool = False  # 410, or removed from the configuration
    listed: bool = True  # stands in the configuration
    validators: Validators = field(default_factory=Validators)
    last_poll: datetime | None = None
    last_success: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0  # in a row
    last_reason: Reason | None = None
    last_detail: str = ""
    body_hash: str | None = None  # of the last parsed body
    body_was_feed: bool = True
    title: str = ""
    hints: FeedHints = field(default_factory=FeedHints)
    arrivals: tuple[datetime, ...] = ()  # publication times, newest first, at most 100
    last_keys: frozenset[str] = frozenset()  # keys of the last document, to notice a roll-over
    missed: int = 0  # estimate of entries that rolled over between polls, in all
    polls: int = 0
    validators_lie: bool = False
    moved_to: str | None = None  # where every hop was permanent
    moved_polls: int = 0
    moved_since: datetime | None = None
    proposal: str | None = None  # replacement proposed to the user
    why_next: str = ""  # which rule set next_poll, for people

    def __post_init__(self) -> None:
        _utc_fields(self, "next_poll", "last_poll", "last_success", "failing_since", "moved_since")


class Action(StrEnum):
    """What a decision does with an article."""

    START = "start"  # a new story
    JOIN = "join"  # a copy in an existing story
    MERGE = "merge"  # joins, and folds a second story into the first
    REVISE = "revise"  # later text of an article that stays in its story


@dataclass(frozen=True, slots=True)
class Match:
    """A verified candidate with its evidence."""

    article: int  # row of the stored article it was verified against
    score: float  # calibrated probability of being the same report, 0-1
    reason: str  # one word from dedup's list: "reprint", "abridged", "expanded", "rewritten" ...
    evidence: dict[str, float] = field(default_factory=dict)  # every figure behind the score


@dataclass(frozen=True, slots=True)
class Decision:
    """Intent of the matcher for one article; ``matches`` are verified, best first."""

    action: Action
    story: int  # row of the story that is started, joined or survives the merge
    matches: tuple[Match, ...] = ()
    folded: int | None = None  # MERGE: row of the story that is folded into ``story``
    canonical: int | None = None  # row of the article that speaks for the story from now on
    canonical_rule: str = ""  # which rule chose it


@dataclass(frozen=True, slots=True)
class JournalRow:
    """What happened to one entry, as ``items`` shows it.  ``time`` is when it was decided."""

    time: datetime
    feed: str | None
    url: str | None
    outlet: str | None
    title: str
    outcome: Outcome
    reason: Reason
    detail: str = ""
    article_id: str | None = None
    story_id: str | None = None
    timings: dict[str, float] = field(default_factory=dict)  # stage -> milliseconds
    trail: tuple[str, ...] = ()  # the way it took, a line each

    def __post_init__(self) -> None:
        _utc_fields(self, "time")


@dataclass(frozen=True, slots=True)
class Ingest:
    """One intent for the writer: everything about one article, applied in a single transaction.

    ``row`` is the article's row, given by the one writer before storing, so that articles of one batch
    can refer to each other.  ``entry`` is the work item this settles, if any.
    """

    row: int
    article_id: str  # public, stable
    article: Article
    sketch: bytes
    decision: Decision
    journal: JournalRow
    story_id: str  # public id of decision.story where it is started, else ""
    entry: int | None = None
    addresses: tuple[str, ...] = ()  # identity URLs that lead to it, its own first; () is article.url alone
    text_hash: bytes = b""  # of the article's text where it is known already


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article as the database has it."""

    row: int
    article_id: str
    story: int  # row
    article: Article
    stored: datetime
    revision: int = 1
