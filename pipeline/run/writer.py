"""The one writer: articles in order, a batch at a time → identity → matcher → one transaction.

Synchronous and single on purpose: two copies which arrive together must not both start a story.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.dedup import Incoming, keep
from pipeline.errors import Overtaken
from pipeline.model import Action, Article, Ingest, JournalRow, Outcome, Reason, TextSource
from pipeline.run.naming import public_id
from pipeline.run.trace import UNTRACED, Trace
from pipeline.storage import text_hash
from pipeline.urls import entry_identity_url, fold_alternates, is_web_url, same_site

if TYPE_CHECKING:
    from pipeline.dedup import Decided, Matcher
    from pipeline.model import StoredArticle
    from pipeline.storage import Store

    Mark = tuple[int, ...]
ATTEMPTS = 5  # at a batch that somebody's corrections overtook


@dataclass(frozen=True, slots=True)
class Draft:
    """An article on its way to the store, with the work item it settles."""

    article: Article
    entry: int | None = None  # work item
    feed: str | None = None
    url: str | None = None  # as the feed gave it
    looked_again: bool = False  # because the entry changed, or it was time to
    look: int = 0  # the n-th further look by schedule: the journal hears of it only when the text changed
    timings: dict[str, float] = field(default_factory=dict)
    trail: tuple[str, ...] = ()
    trace: Trace = UNTRACED


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction held: of each article that was compared, candidates and verified matches."""

    compared: tuple[tuple[int, int], ...]
    store_seconds: float  # the transaction, divided by its articles


def identities(draft: Draft) -> tuple[str, ...]:
    """Identity URLs of a draft: the page's own address first, then what the feed called it."""
    article = draft.article
    own = fold_alternates(article.url, canonical=article.canonical_url) if is_web_url(article.url) else article.url
    urls = (own, article.url, draft.url or "")
    return tuple(dict.fromkeys(entry_identity_url(url) for url in urls if is_web_url(url))) or (own,)


class Writer:
    """Takes drafts in order and makes them part of the record.

    The matcher is opened with the first draft (it reads the sketches of what is stored) and thrown away when
    a batch could not be stored (what it decided then never happened), and when somebody else changed stories,
    links or aliases: people correct records while this runs.
    """

    def __init__(
        self, store: Store, open_matcher: Callable[[], Matcher], written: Callable[[Written], None] | None = None
    ) -> None:
        self._store = store
        self._open = open_matcher
        self._written = written or (lambda _: None)
        self._matcher: Matcher | None = None
        self._mark: Mark = ()
        self._aliases: dict[str, str] = {}

    def forget(self) -> None:
        """Read the records again before the next decision."""
        self._matcher = None

    def removed(self, rows: Sequence[int]) -> None:
        """The texts of these articles were forgotten: none of them is a candidate any more."""
        if self._matcher is not None:
            for row in rows:
                self._matcher.remove(row)

    def age(self, now: datetime) -> None:
        """Let go of what is too old to be met again.

        Two articles of one story lie ``window_days`` apart at most, and what comes in may itself be that old: so
        whatever was stored twice as long ago need not stay in memory.
        """
        if self._matcher is not None:
            since = now - 2 * timedelta(days=self._matcher.settings.window_days)
            self._matcher.outdate(self._store.first_needed(since))

    def write(self, drafts: Sequence[Draft], now: datetime) -> list[JournalRow]:
        """Store drafts, as many in one transaction as do not depend on each other; returns their journal rows.

        A draft whose address is known becomes *seen* (same text) or a revision (another text).
        """
        rows: list[JournalRow] = []
        part: list[tuple[Draft, tuple[str, ...]]] = []
        taken: set[str] = set()
        for draft in sorted(drafts, key=lambda draft: not draft.looked_again):  # revisions make room for news
            addresses = identities(draft)
            if taken.intersection(addresses):  # it repeats one of this part, which must be stored first
                rows += self._write(part, now)
                part, taken = [], set()
            part.append((draft, addresses))
            taken.update(addresses)
        return rows + self._write(part, now)

    def _write(self, part: Sequence[tuple[Draft, tuple[str, ...]]], now: datetime) -> list[JournalRow]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._try(part, now) if part else []
            except Overtaken:
                if attempt == ATTEMPTS:
                    raise
        return []

    def _ready(self) -> Matcher:
        """The matcher as of now."""
        mark = self._store.mark()
        if self._matcher is None or mark != self._mark:
            self._matcher, self._mark, self._aliases = self._open(), mark, self._store.aliases()
        return self._matcher

    def _named(self, draft: Draft) -> Draft:
        """A draft with its outlet's one name."""
        outlet = self._aliases.get(draft.article.outlet or "")
        return replace(draft, article=replace(draft.article, outlet=outlet)) if outlet else draft

    def _try(self, part: Sequence[tuple[Draft, tuple[str, ...]]], now: datetime) -> list[JournalRow]:
        matcher = self._ready()
        part = [(self._named(draft), addresses) for draft, addresses in part]
        known = self._store.by_identity([url for _, addresses in part for url in addresses])
        stored = self._store.articles([known[url][0] for _, addresses in part for url in addresses if url in known])
        began = time.monotonic()
        try:
            plans = [_plan(draft, addresses, known, stored) for draft, addresses in part]
            decided = self._decide(matcher, plans)
            compared = time.monotonic()
            spent = round((compared - began) * 1000 / len(part), 2)
            ingests = [_ingest(plan, done, now, spent) for plan, done in zip(plans, decided, strict=True) if done]
            seen = [(plan.draft.entry, _seen(plan, now)) for plan in plans if plan.seen and not plan.draft.look]
            quiet = [plan.draft.entry for plan in plans if plan.seen and plan.draft.look]
            if ingests:
                self._mark = self._store.apply(ingests, now, self._mark)
            settled = [(entry, row) for entry, row in seen if entry is not None]
            if settled:
                self._store.settle_all(settled)
            if quiet:
                self._store.drop_work([entry for entry in quiet if entry is not None])
        except BaseException:
            self._matcher = None
            raise
        self._tell(plans, decided, began, compared)
        keep(matcher, self._store)
        return [ingest.journal for ingest in ingests] + [row for _, row in seen]

    def _tell(self, plans: Sequence[_Plan], decided: Sequence[Decided | None], began: float, compared: float) -> None:
        """What was stored is told to whoever follows these items, and counted."""
        ended = time.monotonic()
        for plan, done in zip(plans, decided, strict=True):
            _trace(plan, done, began, compared, ended, len(plans))
        done_for = [(done.candidates, len(done.decision.matches)) for done in decided if done]
        self._written(Written(tuple(done_for), (ended - compared) / len(plans)))

    def _decide(self, matcher: Matcher, plans: Sequence[_Plan]) -> list[Decided | None]:
        """A decision for each plan that needs one; rows of new articles are given out here, in order."""
        row, _ = self._store.next_rows()
        fresh = []
        for plan in plans:
            if plan.stored is None:
                plan.row = row
                row += 1
                fresh.append(plan)
        revised = {
            id(plan): matcher.revise(Incoming(plan.row, plan.draft.article))
            for plan in plans
            if plan.stored is not None and not plan.seen
        }
        decisions = iter(matcher.decide([Incoming(plan.row, plan.draft.article) for plan in fresh]))
        return [next(decisions) if plan.stored is None else revised.get(id(plan)) for plan in plans]


@dataclass(slots=True)
class _Plan:
    """What is to be done with one draft."""

    draft: Draft
    addresses: tuple[str, ...]
    stored: StoredArticle | None
    seen: bool  # nothing to store
    row: int = 0


def _plan(
    draft: Draft,
    addresses: tuple[str, ...],
    known: dict[str, tuple[int, int, bytes]],
    stored: dict[int, StoredArticle],
) -> _Plan:
    hit = next((known[url] for url in addresses if url in known), None)
    if hit is None:
        return _Plan(draft, addresses, None, seen=False)
    before = stored[hit[0]]
    same = text_hash(draft.article.text) == hit[2] and draft.article.title == before.article.title
    # A page that cannot be had today is no correction of the one that was read yesterday.
    poorer = draft.article.source is not TextSource.PAGE and (
        before.article.source is TextSource.PAGE or _speaks_for_another(draft, before)
    )
    return _Plan(draft, addresses, before, seen=same or poorer, row=before.row)


def _speaks_for_another(draft: Draft, before: StoredArticle) -> bool:
    """Whether a feed from elsewhere says another text than an outlet before it: then the first word stands."""
    if draft.feed is None or before.article.outlet == draft.article.outlet:
        return False
    address = draft.url or draft.article.url
    return not (is_web_url(address) and is_web_url(draft.feed) and same_site(draft.feed, address))


def _ingest(plan: _Plan, decided: Decided, now: datetime, spent: float) -> Ingest:
    draft, article = plan.draft, plan.draft.article
    article_id = plan.stored.article_id if plan.stored else public_id("a", plan.addresses[0])
    starts = decided.decision.action is Action.START
    # A revision that became another report may have started a story before, which keeps its name.
    name = f"{article_id} revision {plan.stored.revision}" if plan.stored else article_id
    best = decided.decision.matches[0] if decided.decision.matches else None
    said = f"decided: {decided.decision.action}" + (f", {best.reason} with score {best.score:.3f}" if best else "")
    journal = _row(
        replace(draft, timings={**draft.timings, "compare": spent}, trail=(*draft.trail, said)),
        now,
        Outcome.REVISED if plan.stored else Outcome.NEW,
        decided.reason,
        article_id,
    )
    return Ingest(
        row=plan.row,
        article_id=article_id,
        article=article,
        sketch=decided.sketch,
        decision=decided.decision,
        journal=journal,
        story_id=public_id("s", name) if starts else "",
        entry=draft.entry,
        addresses=plan.addresses,
    )


def _trace(plan: _Plan, decided: Decided | None, began: float, compared: float, ended: float, batch: int) -> None:
    """The last stages of one item, and its end."""
    trace = plan.draft.trace
    if decided is not None:
        matches = decided.decision.matches
        best = matches[0] if matches else None
        trace.stage("compare", began, compared, candidates=decided.candidates, matches=len(matches), batch=batch)
        trace.event(
            "decided",
            action=decided.decision.action,
            reason=decided.reason,
            match=best.reason if best else None,
            score=best.score if best else None,
        )
    trace.stage("store", compared, ended, batch=batch)
    article_id = plan.stored.article_id if plan.stored else public_id("a", plan.addresses[0])
    outcome = Outcome.SEEN if plan.seen else Outcome.REVISED if plan.stored else Outcome.NEW
    trace.end(outcome, article_id=article_id, reason=decided.reason if decided else None)


def _seen(plan: _Plan, now: datetime) -> JournalRow:
    assert plan.stored is not None  # noqa: S101 - only what is stored can be seen again
    reason = Reason.SAME_TEXT if plan.draft.looked_again else Reason.KNOWN_URL
    return _row(plan.draft, now, Outcome.SEEN, reason, plan.stored.article_id)


def _row(draft: Draft, now: datetime, outcome: Outcome, reason: Reason, article_id: str) -> JournalRow:
    return JournalRow(
        time=now,
        feed=draft.feed,
        url=draft.url or draft.article.url,
        outlet=draft.article.outlet,
        title=draft.article.title,
        outcome=outcome,
        reason=reason,
        detail="; ".join(draft.article.notes) if draft.article.source is not TextSource.PAGE else "",
        article_id=article_id,
        timings=draft.timings,
        trail=draft.trail,
    )
