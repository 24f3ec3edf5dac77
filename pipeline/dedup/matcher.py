"""The streaming matcher: articles in order → decisions, a batch at a time.

What a batch finds is what one article after the other would have found: articles of one batch see each other
in order, and what is learned (counts of shingles) takes effect when a row number passes a multiple of
``EPOCH``, wherever batches begin and end.  Nothing is written here; the caller stores each batch before it
asks for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from pipeline.dedup.candidates import Candidates, candidates
from pipeline.dedup.canonical import Ranks
from pipeline.dedup.counts import ShingleCounts
from pipeline.dedup.deciding import Decided, Deciding
from pipeline.dedup.hashing import Hashes
from pipeline.dedup.index import EPOCH, Index, Rows
from pipeline.dedup.judge import Table
from pipeline.dedup.ledger import Ledger
from pipeline.dedup.profile import Profile, profiles
from pipeline.dedup.settings import DedupSettings
from pipeline.dedup.shelf import Shelf
from pipeline.dedup.sketch import Keys
from pipeline.dedup.source import Source
from pipeline.dedup.verify import Pair, verify
from pipeline.model import Action, Article, Decision, Reason

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Links:
    """What people decided, as pairs of article rows: ``must`` are one report, ``cannot`` are not."""

    must: frozenset[Pair] = frozenset()
    cannot: frozenset[Pair] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """All that decisions depend on beside the articles.

    ``ranks``: what the canonical choice knows of outlets; ``table``: weights of the judge, those of the
    package when None.
    """

    settings: DedupSettings = field(default_factory=DedupSettings)
    ranks: Ranks = field(default_factory=Ranks)
    links: Links = field(default_factory=Links)
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An article with the row it will be stored under.

    ``profile`` where it was made elsewhere already; the article itself is needed only where it was not.
    """

    row: int
    article: Article | None
    profile: Profile | None = None


def profiles_of(batch: Sequence[Incoming]) -> list[Profile]:
    """A profile for each; raises ``ValueError`` for one that has neither profile nor article."""
    made = iter(profiles([_article(item) for item in batch if item.profile is None]))
    return [item.profile or next(made) for item in batch]


def _article(item: Incoming) -> Article:
    if item.article is None:
        raise ValueError(f"row {item.row} comes with neither an article nor a profile")
    return item.article


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
        self.links = _by_row(rules.links)
        self.learning: list[tuple[int, Hashes]] = []  # outlets and shingles, counted when the epoch ends
        self.epoch = 0
        self.kept = -1  # row up to which the counts are stored
        self.next_story = 1

    def decide(self, batch: Sequence[Incoming]) -> list[Decided]:
        """Decide about new articles, in order; rows rise.

        Must be followed by storing what was decided; a matcher whose decisions were not stored is to be
        thrown away.
        """
        known = dict(zip((item.row for item in batch), profiles_of(batch), strict=True))
        decided: list[Decided] = []
        for epoch, part in groupby(known.items(), key=lambda item: item[0] // EPOCH):
            self.enter_epoch(epoch)
            own = dict(part)
            decided.extend(Deciding(self, own, self._candidates(own)).decisions())
            self.index.add(*_entries(own))
        return decided

    def revise(self, item: Incoming) -> Decided:
        """A stored article has another text, by which it is found from now on.

        It stays in its story as long as the new text is the same report as the old one, or as the article
        that speaks for the others; what became another report is decided about anew.
        """
        profile = profiles_of([item])[0]
        story = self.ledger.story(item.row)
        own = {item.row: profile}
        rest = self._rest(item.row, story)
        stays = rest is None or self._same_still(item.row, profile, rest)
        self.shelf.drop(item.row)
        if not stays and rest is not None:
            self.ledger.speak({story: rest})
            self.ledger.remove(item.row)
            return self._decide_again(own)
        return self.replaced(replace(item, profile=profile))

    def replaced(self, item: Incoming) -> Decided:
        """A stored article has another text and stays where it is, whatever that says."""
        profile = profiles_of([item])[0]
        own = {item.row: profile}
        story = self.ledger.story(item.row)
        self.shelf.drop(item.row)
        self.shelf.put(own)  # what comes in the same batch is compared with this text, which is not stored yet
        self.ledger.expect(np.array([item.row]), np.array([profile.size]), np.array([profile.time]))
        self.index.add(*_entries(own))
        return Decided(Decision(Action.REVISE, story), Reason.TEXT_CHANGED, profile)

    def _rest(self, row: int, story: int) -> int | None:
        """The article that speaks for a story apart from ``row``; None where it is alone, or people put it
        there."""
        if not story or any(self.ledger.story(other) == story for other in self.links.get(row, ((), ()))[0]):
            return None
        speaker = self.source.story_of([row]).get(row, (0, row))[1]
        if speaker != row:
            return speaker
        return next((other for other in self.ledger.members(story) if other != row), None)

    def _same_still(self, row: int, profile: Profile, rest: int) -> bool:
        """Whether a new text is the same report as the article's old one, or as that of ``rest``."""
        others = {place: known for place, known in self.shelf.get([row, rest]).items() if known.n_tokens}
        counted = {place for place, yes in zip(others, self.counted(list(others)), strict=True) if yes}
        new = -1  # the new text needs a row of its own: the old one is among the others
        pairs = [(new, other) for other in others]
        verdicts = verify(pairs, {**others, new: profile}, counted, self.counts, self.rules.table)
        return not verdicts or any(verdict.same for verdict in verdicts.values())

    def _decide_again(self, own: dict[int, Profile]) -> Decided:
        """The decision about a stored article as if it were new."""
        found = self._candidates(own)
        others = ~np.isin(found.row, list(own))
        found = Candidates(found.query[others], found.row[others], found.rank[others])
        decided = next(iter(list(Deciding(self, own, found).decisions())))
        self.index.add(*_entries(own))
        return decided

    def remove(self, row: int) -> None:
        """A stored article is gone."""
        self.shelf.drop(row)
        self.ledger.remove(row)

    def outdate(self, before: int) -> None:
        """Articles below a row are too old to be met again: what the index holds of them alone is let go."""
        self.index.forget(before)

    def counted(self, rows: Sequence[int | None]) -> list[bool]:
        """Whether each stored article is in ``counts``; never for one that is not stored (None)."""
        known = np.array([0 if row is None else row for row in rows], np.int64)
        before = known < self.epoch * EPOCH
        return (self.ledger.started(known) & before & (known > 0)).tolist()  # type: ignore[no-any-return]

    def enter_epoch(self, epoch: int) -> None:
        """Let what was learned take effect when a new epoch begins."""
        if epoch != self.epoch:
            self.counts.add(self.learning)
            self.counts.settle()
            self.index.settle()
            self.learning = []
            self.epoch = epoch

    def kept_apart(self, one: int, other: int, story: Callable[[int], int]) -> bool:
        """Whether people keep two stories apart; ``story`` gives the story of an article."""
        stories = {one, other}
        return any({story(a), story(b)} == stories for a, b in self.rules.links.cannot)

    def speaker_of(self, story: int) -> int:
        """The canonical article of a story that a person's link leads to, asked of the database."""
        rows = [row for row in self.links if self.ledger.story(row) == story]
        return next((canonical for _, canonical in self.source.story_of(rows).values()), 0)

    def _candidates(self, own: Mapping[int, Profile]) -> Candidates:
        rows, keys, sizes = _entries(own)
        shingles = np.array([p.size for p in own.values()], np.int64)
        times = np.array([p.time for p in own.values()], np.float64)
        self.ledger.expect(rows, shingles, times)
        return candidates(
            self.index.search(rows, keys, sizes),
            shingles,
            times,
            self.ledger,
            window=self.settings.window_days * DAY,
            least=self.settings.least_overlap,
            most=2 * self.settings.verified,
        )


def _entries(own: Mapping[int, Profile]) -> tuple[Rows, Keys, Rows]:
    """Rows, their keys one after the other, and how many keys each has."""
    samples = [profile.samples for profile in own.values()]
    sizes = np.array([len(s) for s in samples], np.int64)
    return np.fromiter(own, np.int64, len(own)), np.concatenate(samples), sizes


def _by_row(links: Links) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Row -> (rows it must be with, rows it cannot be with), from either side."""
    found: dict[int, tuple[list[int], list[int]]] = {}
    for kind, pairs in enumerate((links.must, links.cannot)):
        for one, other in sorted(pairs):
            found.setdefault(one, ([], []))[kind].append(other)
            found.setdefault(other, ([], []))[kind].append(one)
    return {row: (tuple(must), tuple(cannot)) for row, (must, cannot) in found.items()}
