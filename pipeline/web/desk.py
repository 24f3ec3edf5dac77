"""One query layer for the page and the JSON API: what is asked, answered in the shapes of the API."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.errors import NotFound, StorageError
from pipeline.health import trouble_of
from pipeline.model import FeedState, Outcome, Reason, StoredArticle
from pipeline.urls import mask_url

from . import passages, shapes
from .health import feed_health
from .kept import Kept, Tallies, by
from .queries import ItemQuery, SearchQuery, StoryQuery, place
from .source import Related, Source, Tally

HOURS = 48
DAYS = 14
JOINED = (Reason.JOINED_STORY.value, Reason.MERGED_STORIES.value)
COPYING_SECONDS = 300.0  # how long the matrix of copies holds
OVERVIEW_SECONDS = 10.0
RANKED_SECONDS = 120.0  # ranking all stories reads each of them
FEEDS_SECONDS = 5.0
LOOKED_THROUGH = 20_000  # journal rows read in search of a title: some ten milliseconds
FOUND = 300  # articles that a search for stories goes by
SEARCH_SECONDS = 10.0
RELATED_SECONDS = 600.0  # working it out reads some hundred articles
COUNTED_SECONDS = 300.0  # counting all articles by outlet
LONGEST_DELAY = 7 * 86400.0  # seconds; feeds list what is younger, mostly
ARRIVALS = 2000  # newest articles from which the delay is worked out


class Desk:
    """Answers questions from a ``Source``.  Synchronous and safe from several threads."""

    def __init__(self, source: Source, clock: Callable[[], datetime], related: Related | None = None) -> None:
        self._related = related
        self.source = source
        self.clock = clock
        self.kept = Kept(clock)
        self.tallies = Tallies(source, self.kept, clock)

    def items(self, query: ItemQuery) -> shapes.Items:
        """A page of the journal, newest first."""
        query = self.with_feed(query)
        # No index knows parts of titles: so many rows are read at a time, the next page goes on behind them.
        down_to = self.source.item_reach(query.before, LOOKED_THROUGH) if query.text else None
        found = self.source.item_page(query.wanted(), before=query.before, down_to=down_to, limit=query.limit)
        following = found[-1].cursor if len(found) == query.limit else down_to
        return shapes.Items(tuple(map(shapes.item, found)), following)

    def items_behind(self, query: ItemQuery, after: int, limit: int) -> list[shapes.Item]:
        """What came since ``after`` and fits, in the order it came."""
        return [shapes.item(row) for row in self.source.items_behind(query.wanted(), after, limit)]

    def with_feed(self, query: ItemQuery) -> ItemQuery:
        """A feed is asked for by the address shown, which hides its credentials."""
        if query.feed is None:
            return query
        urls = (state.source.url for state in self.source.feeds())
        return replace(query, feed=next((url for url in urls if mask_url(url) == query.feed), query.feed))

    def stories(self, query: StoryQuery) -> shapes.Stories:
        """A page of stories in the order asked for; of all time, at most ``RANKED_SECONDS`` old."""
        if query.order != "newest" and (query.window in (None, "all") and query.since is None):
            return self.kept.get(("stories", query), RANKED_SECONDS, lambda: self._stories(query))
        return self._stories(query)

    def _stories(self, query: StoryQuery) -> shapes.Stories:
        wanted = query.wanted(self.clock())
        if query.text:
            wanted["ids"] = tuple(self.excerpts(query.text))
        found = self.source.story_page(wanted, order=query.order, behind=query.behind(), limit=query.limit)
        following = place(found[-1][0]) if len(found) == query.limit else None
        return shapes.Stories(shapes.stories([record for _, record in found]), following)

    def search(self, query: SearchQuery) -> shapes.Hits:
        """Articles by what they say, the last stored first."""
        found = self.source.find(query.q, self.clock(), limit=query.limit, before=query.before)
        following = found[-1].place if len(found) == query.limit else None
        return shapes.Hits(tuple(map(shapes.hit, found)), following, self.source.search_backlog())

    def excerpts(self, text: str) -> dict[str, str]:
        """Story id -> text around the first word found, for the ``FOUND`` articles that a search finds last."""
        return self.kept.get(("find", text), SEARCH_SECONDS, lambda: self._excerpts(text))

    def _excerpts(self, text: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for hit in self.source.find(text, self.clock(), limit=FOUND):
            found.setdefault(hit.story_id, hit.excerpt)
        return found

    def related(self, story_id: str) -> shapes.RelatedStories:
        """The same event in other reports; raises ``NotFound``."""
        found = self.source.story(story_id).story_id
        if self._related is None:
            return shapes.RelatedStories(())
        related = self._related
        return self.kept.get(
            ("related", found),
            RELATED_SECONDS,
            lambda: shapes.RelatedStories(shapes.related(related(found))),
        )

    def story(self, story_id: str) -> shapes.Story:
        """One story; raises ``NotFound``."""
        return shapes.story(self.source.story(story_id))

    def stored(self, article_id: str) -> StoredArticle:
        """An article by id or address; raises ``NotFound``."""
        found = self.source.find_article(article_id)
        if found is None:
            raise NotFound(f"no article goes by {article_id}")
        return found

    def article(self, article_id: str) -> shapes.FullArticle:
        """One article whole, with its evidence and earlier texts; raises ``NotFound``."""
        stored = self.stored(article_id)
        rows = self.source.item_page({"article": stored.article_id}, limit=1)
        article = stored.article
        return shapes.FullArticle(
            article_id=stored.article_id,
            story_id=rows[0].row.story_id if rows else None,
            url=article.url,
            outlet=article.outlet,
            title=article.title,
            text=article.text,
            published=article.published,
            modified=article.modified,
            stored=stored.stored,
            authors=article.authors,
            agencies=article.agencies,
            language=article.language,
            source=article.source.value,
            notes=article.notes,
            revision=stored.revision,
            evidence=self.evidence(stored.article_id),
            revisions=tuple(
                shapes.EarlierText(r.number, r.stored, r.replaced, r.title, r.text)
                for r in self.source.revisions(stored.article_id)
            ),
        )

    def evidence(self, article_id: str) -> tuple[shapes.Evidence, ...]:
        """The verified matches of an article, best first."""
        return tuple(
            shapes.Evidence(other, match.score, match.reason, match.evidence)
            for other, match in self.source.evidence_of(article_id)
        )

    def side_by_side(self, left_id: str, right_id: str) -> shapes.SideBySide:
        """Two articles, sentence beside sentence; raises ``NotFound``."""
        left, right = self.stored(left_id), self.stored(right_id)
        key = ("passages", left.article_id, left.revision, right.article_id, right.revision)
        return self.kept.get(
            key,
            600.0,
            lambda: shapes.side_by_side(
                left.article_id, right.article_id, passages.compare(left.article.text, right.article.text)
            ),
        )

    def feeds(self, days: int = DAYS) -> shapes.Feeds:
        """Every feed with its last days, those in trouble first, at most ``FEEDS_SECONDS`` old."""
        return self.kept.get(("feeds", days), FEEDS_SECONDS, lambda: self._feeds(days))

    def _feeds(self, days: int) -> shapes.Feeds:
        counted = self._daily(days, 0)
        now = self.clock()
        found = [
            _feed(state, counted.get(state.source.url) or self._no_days(days), now) for state in self.source.feeds()
        ]
        found.sort(key=lambda f: (_URGENCY.get(f.health, len(_URGENCY)), f.outlet.casefold(), f.feed_id))
        return shapes.Feeds(tuple(found))

    def feed(self, feed_id: int, days: int = 30) -> shapes.Feed:
        """One feed; raises ``NotFound``."""
        for feed in self.feeds(days).feeds:
            if feed.feed_id == feed_id:
                return feed
        raise NotFound(f"no feed has the number {feed_id}")

    def outlets(self, days: int = DAYS) -> shapes.Outlets:
        """Every outlet seen over the last ``days`` or configured, and who copies whom."""
        return self.kept.get(("outlets", days), OVERVIEW_SECONDS, lambda: self._outlets(days))

    def _outlets(self, days: int) -> shapes.Outlets:
        aliases = self.source.aliases()
        feeds, priorities = self._configured(aliases)
        articles = self.kept.get("articles", COUNTED_SECONDS, lambda: dict(self.source.outlet_counts()))
        daily, totals = self._daily(days, 1), self._by_outlet(days)
        known = {*feeds, *totals, *articles, *aliases.values()}
        names = sorted(known, key=lambda name: (-sum(d.items for d in daily.get(name, ())), name))
        return shapes.Outlets(
            tuple(
                shapes.Outlet(
                    outlet=name,
                    feeds=feeds[name],
                    items=sum(day.items for day in daily.get(name, ())),
                    new=totals[name][Outcome.NEW.value],
                    copies=totals[name]["copies"],
                    failed=totals[name][Outcome.FAILED.value],
                    days=daily.get(name) or self._no_days(days),
                    articles=articles.get(name, 0),
                    priority=priorities.get(name, 0),
                    aliases=tuple(sorted(alias for alias, meant in aliases.items() if meant == name)),
                )
                for name in names
            ),
            self.copying(days),
        )

    def _configured(self, aliases: Mapping[str, str]) -> tuple[Counter[str], dict[str, int]]:
        """Outlet -> number of its feeds that are polled, and its priority."""
        feeds: Counter[str] = Counter()
        priorities: dict[str, int] = {}
        for source in (state.source for state in self.source.feeds() if not state.retired):
            name = aliases.get(source.outlet, source.outlet)
            feeds[name] += 1
            priorities[name] = max(priorities.get(name, source.priority), source.priority)
        return feeds, priorities

    def _by_outlet(self, days: int) -> dict[str, Counter[str]]:
        """Outlet -> journal rows by outcome, and the ``copies`` among them."""
        totals: dict[str, Counter[str]] = defaultdict(Counter)
        for _, tally in self.tallies.days(days):
            for _, outlet, outcome, reason, number in tally:
                if outlet is not None:
                    totals[outlet][outcome] += number
                    totals[outlet]["copies"] += number if _is_copy(outcome, reason) else 0
        return totals

    def copying(self, days: int) -> tuple[shapes.Copying, ...]:
        """Who copies whom in stories last seen within ``days``, the most first."""
        since = self.clock() - timedelta(days=days)
        return self.kept.get(
            ("copying", days),
            COPYING_SECONDS,
            lambda: tuple(shapes.Copying(*pair) for pair in self.source.copying(since)),
        )

    def warm(self) -> None:
        """Work out what takes longest, before somebody waits for it."""
        try:
            self.overview()
            self.outlets()
        except StorageError:
            return  # the visitor will be told

    def overview(self) -> shapes.Overview:
        """The state of the whole, at most ``OVERVIEW_SECONDS`` old."""
        return self.kept.get("overview", OVERVIEW_SECONDS, self._overview)

    def _overview(self) -> shapes.Overview:
        now = self.clock()
        totals = self.source.totals()
        states = [state for state in self.source.feeds() if not state.retired]
        hours = tuple(_throughput(start, tally) for start, tally in self.tallies.hours(HOURS))
        day = hours[-24:]
        new = sum(hour.outcomes.get(Outcome.NEW.value, 0) for hour in day)
        return shapes.Overview(
            time=now,
            articles=totals["articles"],
            stories=totals["stories"],
            waiting=totals["waiting"],
            database_bytes=totals["bytes"],
            feeds=dict(Counter(feed_health(state, now)[0].value for state in states)),
            late_seconds=max((max(0.0, (now - s.next_poll).total_seconds()) for s in states), default=0.0),
            items_24h=sum(sum(hour.outcomes.values()) for hour in day),
            copies_share_24h=sum(hour.copies for hour in day) / new if new else None,
            delay_seconds=_percentiles(self.source.arrivals(ARRIVALS)),
            hours=hours,
            days=tuple(_throughput(start, tally) for start, tally in self.tallies.days(30)),
        )

    def _daily(self, days: int, column: int) -> dict[str, tuple[shapes.DayCount, ...]]:
        """Feed address (column 0) or outlet (1) -> its days."""
        windows = list(self.tallies.days(days))
        outcomes: dict[str, dict[datetime, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for start, tally in windows:
            for row in tally:
                name = row[column]
                if isinstance(name, str):
                    outcomes[name][start][row[2]] += row[4]
        return {
            name: tuple(_day(start, found.get(start, Counter())) for start, _ in windows)
            for name, found in outcomes.items()
        }

    def _no_days(self, days: int) -> tuple[shapes.DayCount, ...]:
        return tuple(_day(start, {}) for start, _ in self.tallies.days(days))


_URGENCY = {
    health: place
    for place, health in enumerate(
        (
            shapes.Health.FAILING,
            shapes.Health.LATE,
            shapes.Health.SILENT,
            shapes.Health.RETIRED,
            shapes.Health.UNSTEADY,
        )
    )
}


def _is_copy(outcome: str, reason: str) -> bool:
    return outcome == Outcome.NEW.value and reason in JOINED


def _day(start: datetime, outcomes: dict[str, int]) -> shapes.DayCount:
    return shapes.DayCount(f"{start:%Y-%m-%d}", sum(outcomes.values()), dict(outcomes))


def _throughput(start: datetime, tally: Iterable[Tally]) -> shapes.Throughput:
    rows = list(tally)
    copies = sum(number for _, _, outcome, reason, number in rows if _is_copy(outcome, reason))
    return shapes.Throughput(start, dict(by(rows, 2)), copies)


def _percentiles(arrivals: Sequence[tuple[datetime, datetime]]) -> dict[str, float]:
    """Median and 90th percentile of the delays that feeds can have: a date in the future says nothing, and what
    was published long before belongs to an archive that was read in."""
    delays = sorted((stored - published).total_seconds() for published, stored in arrivals)
    delays = [delay for delay in delays if 0 <= delay <= LONGEST_DELAY]
    if not delays:
        return {}
    return {f"p{share}": delays[min(len(delays) - 1, len(delays) * share // 100)] for share in (50, 90)}


def _feed(state: FeedState, days: tuple[shapes.DayCount, ...], now: datetime) -> shapes.Feed:
    health, note, todo = feed_health(state, now)
    trouble = trouble_of(state, now)
    return shapes.Feed(
        feed_id=state.row,
        url=mask_url(state.source.url),
        outlet=state.source.outlet,
        title=state.title,
        health=health,
        note=note,
        todo=todo,
        trouble=trouble.kind.value if trouble else None,
        language=state.source.language,
        country=state.source.country,
        interval_minutes=state.source.interval_minutes,
        polled_at=mask_url(state.url),
        hub=mask_url(state.hints.hub) if state.hints.hub else None,
        retired=state.retired,
        configured=state.listed,
        next_poll=state.next_poll,
        why_next=state.why_next,
        last_poll=state.last_poll,
        last_success=state.last_success,
        failing_since=state.failing_since,
        failures=state.failures,
        last_reason=state.last_reason,
        last_detail=state.last_detail,
        polls=state.polls,
        missed=state.missed,
        moved_to=mask_url(state.moved_to) if state.moved_to else None,
        proposal=mask_url(state.proposal) if state.proposal else None,
        days=days,
    )
