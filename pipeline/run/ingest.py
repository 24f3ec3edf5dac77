"""One work item → an article on its way to the writer, or the journal row that ends it.

entry → page → extract ─┬→ draft
                        ├→ the entry's own text, where the page cannot be had
                        ├→ another try later, where that may help
                        └→ a journal row with the reason
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from pipeline.articles import entry_article, extract_page, joined
from pipeline.errors import PageRejected, Rejected, StorageError
from pipeline.fetch import FetchFailed, Request
from pipeline.model import Article, JournalRow, Outcome, Reason, TextSource
from pipeline.run.clockguard import LONGEST_WAIT
from pipeline.run.filters import of_article, of_entry
from pipeline.run.trace import UNTRACED, Fact, Trace
from pipeline.run.writer import Draft
from pipeline.storage.pages import Page
from pipeline.urls import entry_identity_url, is_redirector, led_away, mask_url, named_target, refresh_target

if TYPE_CHECKING:
    from pipeline.articles import Extraction
    from pipeline.fetch import Response
    from pipeline.run.parts import Parts
    from pipeline.storage import WorkItem

# Trying again may help; everything else stays as it is.
TRANSIENT = frozenset(
    {
        Reason.DNS_FAILED,
        Reason.CONNECT_FAILED,
        Reason.TIMEOUT,
        Reason.PROTOCOL_ERROR,
        Reason.BAD_ENCODING,
        Reason.HOST_PAUSED,
        Reason.ROBOTS_UNREACHABLE,
        Reason.HTTP_RATE_LIMITED,
        Reason.HTTP_SERVER_ERROR,
        Reason.WORKER_DIED,
    }
)
# The page is there and says what it is: its entry is left out on purpose, with no article made of the summary.
NOT_ARTICLES = frozenset(
    {
        Reason.LIVE_BLOG,
        Reason.GALLERY,
        Reason.VIDEO,
        Reason.INDEX_PAGE,
        Reason.PAYWALL,
        Reason.CONSENT_WALL,
    }
)
SKIPPING = NOT_ARTICLES | {
    Reason.RULE_DROPPED,
    Reason.ROBOTS_DISALLOWED,
    Reason.NOT_HTML,
    Reason.PAGE_EMPTY,
    Reason.NO_TEXT,
    Reason.PAGE_TOO_COMPLEX,
}
MOST_REFRESHES = 2  # pages of redirectors that lead on by themselves, in a row
MOST_READ = 64 * 1024  # bytes of such a page


@dataclass(frozen=True, slots=True)
class Later:
    """Try again at ``until``."""

    until: datetime
    reason: Reason
    detail: str


Step = Draft | Later | JournalRow


@dataclass(slots=True)
class Trail:
    """What happened to an item on its way, with how long each stage took (milliseconds)."""

    timings: dict[str, float] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    trace: Trace = UNTRACED

    def timed(self, stage: str, since: float, **facts: Fact | None) -> None:
        """Note a stage that began at ``since`` on the monotonic clock; several of one name add up."""
        now = time.monotonic()
        self.spent(stage, now - since)
        self.trace.stage(stage, since, now, **facts)

    def spent(self, stage: str, seconds: float) -> None:
        """Add to the time that a stage took."""
        self.timings[stage] = round(self.timings.get(stage, 0.0) + seconds * 1000, 2)

    def say(self, line: str) -> None:
        """Add a line for people."""
        self.lines.append(line)


async def work_on(parts: Parts, item: WorkItem, trail: Trail) -> Step:
    """Everything about one entry up to the writer; ``trail`` is written on the way."""
    trail.say(f"seen in {item.feed_url}" + (f" as {item.entry.link}" if item.entry.link != item.entry.url else ""))
    if dropped := await parts.filters.verdict(of_entry(item), parts.pool.run):
        return ended(parts, item, Reason.RULE_DROPPED, dropped, trail)
    if known := await _known(parts, item):
        return ended(parts, item, Reason.KNOWN_URL, "", trail, known)
    try:
        article = await _article(parts, item, trail)
    except Rejected as error:
        if later := _later(parts, item, error):
            return later
        try:
            article = _own_text(parts, item, error)
        except PageRejected:
            return ended(parts, item, error.reason, error.detail, trail)
        trail.say(f"{error.reason}: {error.detail}; the entry's own text is used")
    if dropped := await parts.filters.verdict(of_article(item, article), parts.pool.run):
        return ended(parts, item, Reason.RULE_DROPPED, dropped, trail)
    return Draft(
        article=_completed(article, item),
        entry=item.row,
        feed=item.feed_url,
        url=item.entry.url or article.url,
        looked_again=item.revised,
        look=item.look,
        timings=trail.timings,
        trail=tuple(trail.lines),
        trace=trail.trace,
    )


async def _known(parts: Parts, item: WorkItem) -> str | None:
    """Public id of the article that the entry's address leads to, unless it is time to look at it again.

    What another outlet's feed said about an address whose page it could not have holds nobody up: whoever puts a
    text under somebody else's address gives way to the page.
    """
    if item.revised or item.entry.url is None:
        return None
    found = await parts.db(parts.store.by_identity, [entry_identity_url(item.entry.url)])
    if not found:
        return None
    row = next(iter(found.values()))[0]
    stored = (await parts.db(parts.store.articles, [row]))[row]
    if stored.article.source is not TextSource.PAGE and stored.article.outlet != item.source.outlet:
        return None
    return stored.article_id


async def _article(parts: Parts, item: WorkItem, trail: Trail) -> Article:
    if item.entry.url is None:
        raise PageRejected(Reason.ENTRY_WITHOUT_LINK, "the entry has no usable link")
    response = await _page(parts, item, item.entry.url, trail)
    found = await _extracted(parts, item, response, trail)
    if found.article is None and found.reason not in NOT_ARTICLES:
        # Some sites keep the text in a lighter edition of the page only.
        for edition in filter(None, (found.links.amp, found.links.print)):
            trail.say(f"{found.reason}: trying {edition}")
            lighter = await _extracted(parts, item, await _page(parts, item, edition, trail), trail)
            if lighter.article is not None:
                found = lighter
                break
    article = found.taken()
    if found.links.next_page and found.article is not None:
        article = await _with_next_pages(parts, item, found, article, trail)
    return article


async def _page(parts: Parts, item: WorkItem, url: str, trail: Trail) -> Response:
    """What a reader would land on: redirectors are seen through; raises ``Rejected`` where that is a front page."""
    named = named_target(url)
    if named is not None:
        trail.say(f"the address names {named}")
    response = await _fetched(parts, item, named or url, trail)
    for _ in range(MOST_REFRESHES if is_redirector(response.final_url) else 0):
        target = refresh_target(response.body[:MOST_READ].decode("utf-8", "replace"), response.final_url)
        if target is None:
            break
        trail.say(f"the page leads on to {target}")
        response = await _fetched(parts, item, target, trail)
    if led_away(named or url, response.final_url):
        raise FetchFailed(Reason.LED_AWAY, f"{url} led to {response.final_url}", hops=response.hops)
    return response


async def _fetched(parts: Parts, item: WorkItem, url: str, trail: Trail) -> Response:
    began = time.monotonic()
    try:
        response = await parts.web.fetch(Request.for_page(item.source, url))
    except Rejected as error:
        trail.timed("fetch", began, url=mask_url(url), failed=error.reason)
        raise
    final, body = mask_url(response.final_url), len(response.body)
    trail.timed("fetch", began, url=final, status=response.status, bytes=body, waited_seconds=response.waited)
    trail.spent("wait", response.waited)
    trail.lines += [f"redirect {hop.status}: {hop.url} → {hop.target}" for hop in response.hops]
    await _kept(parts, item, response)
    trail.say(
        f"fetched {response.final_url}: {response.status}, {len(response.body)} bytes"
        + (f"; robots.txt: {response.robots}" if response.robots else "")
    )
    return response


async def _kept(parts: Parts, item: WorkItem, response: Response) -> None:
    """Keep the page as it came, so that it can be extracted again under other settings."""
    if parts.pages is None or item.entry.url is None:
        return
    address = entry_identity_url(item.entry.url)
    kind = response.headers.get("content-type")
    try:
        page = Page(address, response.final_url, kind, response.body, parts.clock(), item.entry, item.source.outlet)
        await asyncio.to_thread(parts.pages.keep, page)
    except StorageError as error:  # pages are a convenience: an article is not lost over them
        structlog.get_logger().warning("page not kept", url=item.entry.url, detail=str(error))


async def _extracted(parts: Parts, item: WorkItem, response: Response, trail: Trail) -> Extraction:
    began = time.monotonic()
    try:
        found: Extraction = await parts.pool.run(
            _extract, response.body, response.final_url, response.headers.get("content-type"), item, parts.extract
        )
    except Rejected as error:
        trail.timed("extract", began, failed=error.reason)
        raise
    words = len(found.article.text.split()) if found.article is not None else None
    trail.timed("extract", began, words=words, failed=None if found.article is not None else found.reason)
    lines = (f"{step.name}: {step.kept}" for step in found.steps)
    trail.lines += [line[:300] for line in lines]
    return found


def _extract(
    body: bytes, url: str, content_type: str | None, item: WorkItem, settings: object
) -> Extraction:  # in a worker process
    return extract_page(body, url, content_type=content_type, entry=item.entry, settings=settings)  # type: ignore[arg-type]


async def _with_next_pages(parts: Parts, item: WorkItem, found: Extraction, first: Article, trail: Trail) -> Article:
    """The article with the pages that follow, up to ``[extract] max_pages``; a page that fails ends it."""
    rest: list[Article] = []
    address = found.links.next_page
    been = {first.url}
    while address and address not in been and len(rest) + 1 < parts.extract.max_pages:
        been.add(address)
        try:
            more = await _extracted(parts, item, await _page(parts, item, address, trail), trail)
            rest.append(more.taken())
        except Rejected as error:
            trail.say(f"the next page could not be had: {error}")
            break
        address = more.links.next_page
    return joined(first, rest)


def _own_text(parts: Parts, item: WorkItem, error: Rejected) -> Article:
    """The entry's own text, where the page could not be had; raises ``PageRejected`` where there is too little."""
    if error.reason in NOT_ARTICLES:
        raise PageRejected(error.reason, error.detail)
    article = entry_article(item.entry, settings=parts.extract)
    return replace(article, notes=(*article.notes, f"{error.reason}: {error.detail}"))


def _later(parts: Parts, item: WorkItem, error: Rejected) -> Later | None:
    """Another try, where that may help and tries are left."""
    if error.reason not in TRANSIENT or item.attempts + 1 >= parts.settings.attempts:
        return None
    wait = timedelta(minutes=parts.settings.retry_minutes * 2**item.attempts)
    asked = error.retry_after if isinstance(error, FetchFailed) else None
    if asked is not None:
        wait = max(timedelta(seconds=asked), timedelta(seconds=1))
    return Later(parts.clock() + min(wait, LONGEST_WAIT), error.reason, error.detail)


def _completed(article: Article, item: WorkItem) -> Article:
    """What the configuration knows better, or the page does not say: the outlet's name, the address."""
    return replace(article, outlet=item.source.outlet, url=article.url or item.entry.url or "")


def outcome_of(reason: Reason) -> Outcome:
    """What a reason makes of an entry that becomes no article."""
    if reason is Reason.KNOWN_URL:
        return Outcome.SEEN
    return Outcome.SKIPPED if reason in SKIPPING else Outcome.FAILED


def ended(
    parts: Parts, item: WorkItem, reason: Reason, detail: str, trail: Trail, article_id: str | None = None
) -> JournalRow:
    """The row of an entry that becomes no article of its own."""
    return JournalRow(
        time=parts.clock(),
        feed=item.feed_url,
        url=item.entry.url or item.entry.link,
        outlet=item.source.outlet,
        title=item.entry.title,
        outcome=outcome_of(reason),
        reason=reason,
        detail=detail,
        article_id=article_id,
        timings=trail.timings,
        trail=tuple(trail.lines),
    )
