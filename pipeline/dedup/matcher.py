"""The streaming matcher: articles in order → decisions, a batch at a time.

What a batch finds is what one article after the other would have found: articles of one batch see each other
in order, and what is learned (counts of shingles) takes effect when a row number passes a multiple of
``EPOCH``, wherever batches begin and end.  Nothing is written here; the caller stores each batch before it
asks for the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from pipeline.dedup.candidates import Candidates, candidates
from pipeline.dedup.canonical import ONLY, speaks
from pipeline.dedup.counts import ShingleCounts
from pipeline.dedup.hashing import Hashes
from pipeline.dedup.index import EPOCH, Index
from pipeline.dedup.judge import Table
from pipeline.dedup.ledger import Ledger
from pipeline.dedup.profile import Profile, profiles
from pipeline.dedup.settings import DedupSettings
from pipeline.dedup.shelf import Shelf
from pipeline.dedup.source import Source
from pipeline.dedup.verify import Pair, Verdict, verify
from pipeline.model import Action, Article, Decision, Match, Reason

DAY = 86_400.0
RETITLED = 0.6  # similarity of titles below which one outlet's two articles count as two


@dataclass(frozen=True, slots=True)
class Links:
    """What people decided, as pairs of article rows: ``must`` are one report, ``cannot`` are not."""

    must: frozenset[Pair] = frozenset()
    cannot: frozenset[Pair] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """All that decisions depend on beside the articles.

    ``priorities``: outlet hash (``profile.outlet_hash``) -> priority when a canonical article is chosen,
    higher speaks first; ``table``: weights of the judge, those of the package when None.
    """

    settings: DedupSettings = field(default_factory=DedupSettings)
    priorities: Mapping[int, int] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An article with the row it will be stored under; ``profile`` where it was made elsewhere already."""

    row: int
    article: Article
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision about one article, its reason, and the sketch to store with it."""

    decision: Decision
    reason: Reason
    sketch: bytes


class Matcher:
    """Decides; keeps the index, the counts and the profiles at hand.  Made by ``open_matcher``."""

    def __init__(self, source: Source, rules: Rules) -> None:
        self.source = source
        self.settings = rules.settings
        self.rules = rules
        self.index = Index()
        self.counts = ShingleCounts()
        self.ledger = Ledger()
        self.shelf = Shelf(source, rules.settings.cache_mib << 20)
        self.learning: list[tuple[int, Hashes]] = []  # outlets and shingles, counted when the epoch ends
        self.epoch = 0
        self.kept = -1  # row up to which the counts are stored
        self.next_story = 1
        self._links = _by_row(rules.links)

    def decide(self, batch: Sequence[Incoming]) -> list[Decided]:
        """Decide about new articles, in order; rows rise.

        Must be followed by storing what was decided; a matcher whose decisions were not stored is to be
        thrown away.
        """
        made = iter(profiles([item.article for item in batch if item.profile is None]))
        known = {item.row: item.profile or next(made) for item in batch}
        decided: list[Decided] = []
        for epoch, part in groupby(known, key=lambda row: row // EPOCH):
            self.enter_epoch(epoch)
            decided.extend(self._decide(list(part), known))
        return decided

    def revise(self, item: Incoming) -> Decided:
        """A stored article has another text: it stays in its story and is found by its new text."""
        profile = item.profile or profiles([item.article])[0]
        story = self.ledger.story(item.row)
        self.shelf.drop(item.row)
        self.ledger.resize(item.row, profile.size, profile.time)
        self._index({item.row: profile})
        decision = Decision(Action.REVISE, story)
        return Decided(decision, Reason.TEXT_CHANGED, profile.sketch)

    def remove(self, row: int) -> None:
        """A stored article is gone."""
        self.shelf.drop(row)
        self.ledger.remove(row)

    def enter_epoch(self, epoch: int) -> None:
        """Let what was learned take effect when a new epoch begins."""
        if epoch != self.epoch:
            self.counts.add(self.learning)
            self.counts.settle()
            self.index.settle()
            self.learning = []
            self.epoch = epoch

    def _decide(self, rows: list[int], known: Mapping[int, Profile]) -> Iterator[Decided]:
        own = {row: known[row] for row in rows}
        found = self._candidates(own)
        hands = _Hands(self, own)
        hands.expect(self._guesses(rows, found))
        bounds = np.searchsorted(found.query, np.arange(len(rows) + 1)).tolist()
        stored = found.row.tolist()
        for i, row in enumerate(rows):
            yield self._one(row, own[row], stored[bounds[i] : bounds[i + 1]], hands)
        self._index(own)

    def _index(self, own: Mapping[int, Profile]) -> None:
        rows, keys, sizes = _arrays(own)
        self.index.add(rows, keys, sizes)

    def _candidates(self, own: Mapping[int, Profile]) -> Candidates:
        rows, keys, sizes = _arrays(own)
        shingles = np.fromiter((p.size for p in own.values()), np.int64, len(own))
        times = np.fromiter((p.time for p in own.values()), np.float64, len(own))
        self.ledger.expect(rows, shingles, times)
        found = candidates(
            self.index.search(rows, keys, sizes),
            shingles,
            times,
            self.ledger,
            window=self.settings.window_days * DAY,
            least=self.settings.least_overlap,
            most=2 * self.settings.verified,
        )
        self._learn_canonicals(found.row)
        return found

    def _learn_canonicals(self, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        """Ask the database who speaks for stories not met since the start."""
        ledger = self.ledger
        unknown = [r for r in set(rows.tolist()) if (s := ledger.story(r)) and not ledger.canonical(s)]
        if unknown:
            for story, canonical in self.source.story_of(unknown).values():
                self.ledger.speak(story, canonical)

    def _guesses(self, rows: list[int], found: Candidates) -> list[Pair]:
        """Pairs that deciding will ask for, as far as can be told before it begins."""
        most, guesses = self.settings.verified, dict.fromkeys(())
        taken = dict.fromkeys(rows, 0)
        for query, stored in zip(found.query.tolist(), found.row.tolist(), strict=True):
            new = rows[query]
            story = self.ledger.story(stored)
            pair = (new, self.ledger.canonical(story) if story else stored)
            if taken[new] < most and pair not in guesses:
                taken[new] += 1
                guesses[pair] = None
        return list(guesses)

    def _one(self, row: int, profile: Profile, stored: list[int], hands: _Hands) -> Decided:
        matches, linked = self._matches(row, stored, hands)
        if not matches:
            return self._start(row, profile)
        matches.sort(key=lambda m: (-m[1].score, m[0]))
        if linked:
            matches.sort(key=lambda m: m[0] not in linked)
        story = matches[0][0]
        evidence = [verdict.match() for _, verdict in matches]
        if len(matches) == 1 or self._kept_apart(story, matches[1][0]):
            return self._join(Action.JOIN, row, profile, story, evidence, hands)
        return self._join(Action.MERGE, row, profile, story, evidence, hands, matches[1][0])

    def _matches(
        self, row: int, stored: list[int], hands: _Hands
    ) -> tuple[list[tuple[int, Verdict]], set[int]]:
        """Stories with the verdict by which the article belongs to them; those that people chose."""
        must, cannot = self._links.get(row, ((), ()))
        linked = {self.ledger.story(r) for r in must} - {0}
        barred = {self.ledger.story(r) for r in cannot}
        stories = dict.fromkeys([*linked, *map(self.ledger.story, stored)])
        found = []
        for story in list(stories)[: self.settings.verified]:
            if story in barred or not story:
                continue
            canonical = self.ledger.canonical(story)
            if story in linked:
                found.append((story, Verdict(canonical, True, 1.0, "linked", {})))
                continue
            verdict = hands.verdict((row, canonical))
            if verdict is not None and verdict.same:
                found.append((story, verdict))
        return found, linked

    def _kept_apart(self, one: int, other: int) -> bool:
        """Whether people keep two stories apart."""
        stories = {one, other}
        return any(
            {self.ledger.story(row), self.ledger.story(r)} == stories
            for row, (_, cannot) in self._links.items()
            for r in cannot
        )

    def _start(self, row: int, profile: Profile) -> Decided:
        story = self.next_story
        self.next_story += 1
        self.ledger.enter(row, story, profile.size, profile.time, started=True)
        self.ledger.speak(story, row)
        self.learning.append((profile.outlet, profile.shingles))
        self.shelf.put(row, profile)
        decision = Decision(Action.START, story, (), None, row, ONLY)
        return Decided(decision, Reason.STARTED_STORY, profile.sketch)

    def _join(
        self,
        action: Action,
        row: int,
        profile: Profile,
        story: int,
        evidence: list[Match],
        hands: _Hands,
        folded: int | None = None,
    ) -> Decided:
        """Join a story; the older of two that merge lives on."""
        if folded is not None:
            story, folded = min(story, folded), max(story, folded)
        speaker = self.ledger.canonical(story)
        retitled = evidence[0].evidence.get("title", 1.0) < RETITLED
        if retitled and profile.outlet == hands.profile(speaker).outlet:
            # One outlet under two titles: rather its furniture than its report; were it never counted, it
            # could never be learned.
            self.learning.append((profile.outlet, profile.shingles))
        rule = ""
        for challenger in (row, *([self.ledger.canonical(folded)] if folded else ())):
            why = speaks(hands.profile(challenger), hands.profile(speaker), self.rules.priorities)
            if why:
                speaker, rule = challenger, why
        if folded is not None:
            self.ledger.merge(folded, story)
        self.ledger.enter(row, story, profile.size, profile.time, started=False)
        changed = speaker != self.ledger.canonical(story)
        self.ledger.speak(story, speaker)
        if speaker == row:
            self.shelf.put(row, profile)
        decision = Decision(
            action, story, tuple(evidence), folded, speaker if changed else None, rule if changed else ""
        )
        reason = Reason.MERGED_STORIES if action is Action.MERGE else Reason.JOINED_STORY
        return Decided(decision, reason, profile.sketch)


class _Hands:
    """Verdicts and profiles for one part of a batch; what was not foreseen is fetched when asked for."""

    def __init__(self, matcher: Matcher, own: Mapping[int, Profile]) -> None:
        self._matcher = matcher
        self._profiles = dict(own)
        self._verdicts: dict[Pair, Verdict] = {}

    def expect(self, pairs: Sequence[Pair]) -> None:
        """Judge many pairs at once."""
        matcher = self._matcher
        wanted = {stored for _, stored in pairs if stored not in self._profiles}
        self._profiles.update(matcher.shelf.get(sorted(wanted)))
        first = matcher.epoch * EPOCH
        counted = {s for _, s in pairs if s < first and matcher.ledger.started(s)}
        table = matcher.rules.table
        self._verdicts.update(verify(pairs, self._profiles, counted, matcher.counts, table))

    def verdict(self, pair: Pair) -> Verdict | None:
        """The verdict on a pair; None if one of them is not stored any more."""
        if pair not in self._verdicts:
            self.expect([pair])
        return self._verdicts.get(pair)

    def profile(self, row: int) -> Profile:
        """The profile of an article."""
        if row not in self._profiles:
            self._profiles.update(self._matcher.shelf.get([row]))
        return self._profiles[row]


def _arrays(own: Mapping[int, Profile]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    rows = np.fromiter(own, np.int64, len(own))
    keys = np.concatenate([p.samples for p in own.values()])
    sizes = np.fromiter((len(p.samples) for p in own.values()), np.int64, len(own))
    return rows, keys, sizes


def _by_row(links: Links) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Row -> (rows it must be with, rows it cannot be with), from either side."""
    found: dict[int, tuple[list[int], list[int]]] = {}
    for kind, pairs in enumerate((links.must, links.cannot)):
        for one, other in sorted(pairs):
            found.setdefault(one, ([], []))[kind].append(other)
            found.setdefault(other, ([], []))[kind].append(one)
    return {row: (tuple(must), tuple(cannot)) for row, (must, cannot) in found.items()}
