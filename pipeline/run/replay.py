"""Replay: extraction and matching again under the settings of now, told first and applied on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from pipeline.articles import extract_page, joined
from pipeline.dedup import Incoming, open_matcher
from pipeline.errors import Rejected
from pipeline.model import Article, Ingest, JournalRow, Outcome, TextSource
from pipeline.run.naming import public_id
from pipeline.run.rearrange import Difference, difference
from pipeline.run.rematch import Rematched, rematch
from pipeline.storage import Store, text_hash
from pipeline.storage.rearranging import Arrangement

if TYPE_CHECKING:
    from pipeline.articles import Extraction, ExtractSettings
    from pipeline.dedup import Rules
    from pipeline.run.pool import WorkerPool
    from pipeline.storage.pages import Page, Pages

TOGETHER = 32  # pages in work at once


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replay found: articles by row that read differently now, and stories that would change."""

    pages: int  # that were extracted again
    texts: dict[int, Article]
    matched: Rematched
    changes: Difference
    now: dict[int, int]  # article → story


async def plan(
    store: Store,
    pages: Pages | None,
    pool: WorkerPool,
    settings: ExtractSettings,
    rules: Rules,
    progress: Callable[[int], None] = lambda _done: None,
) -> Plan:
    """Everything that a replay under these settings would change; writes nothing."""
    texts: dict[int, Article] = {}
    count = 0
    aliases = store.aliases()
    if pages is not None:
        async for row, article in _extracted(store, pages, pool, settings):
            count += 1
            if article is not None:
                texts[row] = replace(article, outlet=aliases.get(article.outlet or "", article.outlet))
    matched = await asyncio.to_thread(rematch, store, rules, texts, progress)
    homes = {row: story for row, (story, _) in store.story_of(list(matched.home)).items()}
    return Plan(count, texts, matched, difference(homes, matched.groups()), homes)


async def _extracted(
    store: Store, pages: Pages, pool: WorkerPool, settings: ExtractSettings
) -> AsyncIterator[tuple[int, Article | None]]:
    """(row, article where it reads differently now) of every kept page whose article is stored."""
    for part in _parts(pages):
        known = store.by_identity([address for address, _ in part])
        stored = store.articles([row for row, _, _ in known.values()])
        wanted = [(known[address][0], found) for address, found in part if address in known]
        made = await asyncio.gather(*(_again(pool, found, settings) for _, found in wanted))
        for (row, _), article in zip(wanted, made, strict=True):
            old = stored[row].article
            same = article is None or (text_hash(article.text), article.title) == (text_hash(old.text), old.title)
            yield row, None if same or old.source is TextSource.IMPORT else article


def _parts(pages: Pages) -> Iterator[list[tuple[str, list[Page]]]]:
    part = []
    for address, found in groupby(pages.pages(), key=lambda page: page.address):
        part.append((address, list(found)))
        if len(part) == TOGETHER:
            yield part
            part = []
    if part:
        yield part


async def _again(pool: WorkerPool, pages: list[Page], settings: ExtractSettings) -> Article | None:
    """The article of the kept pages of one address: the first that is one, with the pages that follow it."""
    by_url = {page.url: page for page in pages}
    for page in pages:
        try:
            found = await pool.run(_extract, page, settings)
            if found.article is None:
                continue
            first, rest, been = found.article, [], {page.url}
            while (after := by_url.get(found.links.next_page or "")) and after.url not in been:
                been.add(after.url)
                found = await pool.run(_extract, after, settings)
                rest.append(found.taken())
        except Rejected:
            continue
        whole = joined(first, rest)
        return replace(whole, outlet=page.outlet, url=whole.url or page.address)
    return None


def _extract(page: Page, settings: ExtractSettings) -> Extraction:  # in a worker process
    return extract_page(page.body, page.url, content_type=page.content_type, entry=page.entry, settings=settings)


def apply(store: Store, rules: Rules, plan: Plan, now: datetime) -> int:
    """Carry a plan out: later texts as revisions, then the stories; returns how many articles moved.

    Alone on the database: nothing may come in between.
    """
    if plan.texts:
        store.apply(_revisions(store, rules, plan, now), now)
    if not plan.changes:
        return 0
    matched = plan.matched
    wanted = [
        Arrangement(
            story=kept.story,
            story_id=public_id("s", f"{kept.articles[0]} replayed {now.isoformat()}"),
            articles=kept.articles,
            canonical=matched.speaker[kept.group],
            rule=matched.rule[kept.group],
            matches={row: matched.matches[row] for row in kept.articles},
        )
        for kept in plan.changes.kept
    ]
    return store.rearrange(wanted, now)


def _revisions(store: Store, rules: Rules, plan: Plan, now: datetime) -> list[Ingest]:
    """Each later text as an intent; where articles belong is decided by the plan, so they stay for now."""
    stored = store.articles(list(plan.texts))
    matcher = open_matcher(store, replace(rules, links=type(rules.links)()))
    made = []
    for row, article in sorted(plan.texts.items()):
        decided = matcher.replaced(Incoming(row, article))
        journal = JournalRow(
            time=now,
            feed=None,
            url=article.url,
            outlet=article.outlet,
            title=article.title,
            outcome=Outcome.REVISED,
            reason=decided.reason,
            detail="extracted again by a replay",
            article_id=stored[row].article_id,
        )
        made.append(Ingest(row, stored[row].article_id, article, decided.sketch, decided.decision, journal, ""))
    return made
