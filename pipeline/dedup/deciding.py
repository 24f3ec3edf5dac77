"""A run of new articles in hand: which stories they may belong to, what was verified, what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.dedup.candidates import Candidates
from pipeline.dedup.canonical import ONLY, speaks
from pipeline.dedup.features import title_likeness
from pipeline.dedup.index import EPOCH
from pipeline.dedup.profile import Profile
from pipeline.dedup.verify import Pair, Verdict, verify
from pipeline.model import Action, Decision, Reason

if TYPE_CHECKING:
    from pipeline.dedup.matcher import Matcher

LINKED = Verdict(same=True, score=1.0)  # people said so
Found = tuple[int, Verdict, int]  # story, verdict, row of the article it was verified against
ALIKE = 0.2  # share of the smaller one's shingles that two stories must have in common to be merged
RETITLED = 0.6  # similarity of titles below which one outlet's two articles count as two


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision about one article, its reason, and the profile it was made with."""

    decision: Decision
    reason: Reason
    profile: Profile
    candidates: int = 0  # stored articles that the index named

    @property
    def sketch(self) -> bytes:
        """What is stored of the profile."""
        return self.profile.sketch


class Deciding:
    """Decides about articles of one epoch, in order.

    Comparisons are foreseen and made together; what an earlier article of the run changes (a story merged,
    another canonical article) is compared when its turn comes.
    """

    def __init__(self, matcher: Matcher, own: Mapping[int, Profile], found: Candidates) -> None:
        self._matcher = matcher
        self._own = own
        self._rows = list(own)
        self._profiles = dict(own)
        self._stored = found.row.tolist()
        self._bounds = np.searchsorted(found.query, np.arange(len(own) + 1)).tolist()
        self._home = dict(zip(self._stored, matcher.ledger.stories(found.row), strict=True))
        self._speaker = self._speakers()
        self._stories: list[int] = []  # decided so far
        self._verdicts: dict[Pair, Verdict] = {}
        self._compare(self._foreseen())

    def decisions(self) -> Iterator[Decided]:
        """One for each article; the ledger knows them all when the last was taken."""
        started = []
        before = dict(self._speaker)
        for i, row in enumerate(self._rows):
            named = self._stored[self._bounds[i] : self._bounds[i + 1]]
            decided = self._one(row, named)
            self._home[row] = decided.decision.story
            self._stories.append(decided.decision.story)
            started.append(decided.decision.action is Action.START)
            yield decided
        ledger = self._matcher.ledger
        ledger.enter(np.array(self._rows), np.array(self._stories), np.array(started, np.bool_))
        ledger.speak({s: r for s, r in self._speaker.items() if before.get(s) != r or s not in before})
        self._matcher.shelf.put(self._own)

    def _speakers(self) -> dict[int, int]:
        """Story -> canonical article; the database is asked for stories not met since the start."""
        ledger = self._matcher.ledger
        stories = sorted(set(self._home.values()) - {0})
        speakers = dict(zip(stories, ledger.canonicals(stories), strict=True))
        unknown = [row for row, story in self._home.items() if story and not speakers[story]]
        if unknown:
            asked = self._matcher.source.story_of(unknown)
            speakers.update({self._home[row]: canonical for row, (_, canonical) in asked.items()})
            ledger.speak(speakers)
        return speakers

    def _foreseen(self) -> list[Pair]:
        """Comparisons that will be asked for, as far as can be told before the first decision."""
        most = self._matcher.settings.verified
        pairs: list[Pair] = []
        for i, new in enumerate(self._rows):
            stored = self._stored[self._bounds[i] : self._bounds[i + 1]]
            targets = dict.fromkeys(self._speaker[s] if (s := self._home[r]) else r for r in stored)
            pairs.extend((new, target) for target in list(targets)[:most])
        return pairs

    def _compare(self, pairs: list[Pair]) -> None:
        if not pairs:
            return
        matcher = self._matcher
        wanted = {stored for _, stored in pairs if stored not in self._profiles}
        if wanted:
            self._profiles.update(matcher.shelf.get(sorted(wanted)))
        older = sorted({stored for _, stored in pairs if stored < matcher.epoch * EPOCH})
        began = matcher.ledger.started(np.array(older, np.int64)).tolist()
        counted = {row for row, yes in zip(older, began, strict=True) if yes}
        self._verdicts.update(verify(pairs, self._profiles, counted, matcher.counts, matcher.rules.table))

    def _verdict(self, pair: Pair) -> Verdict | None:
        """The verdict on a pair; None if the stored article is not there any more."""
        if pair not in self._verdicts:
            self._compare([pair])
        return self._verdicts.get(pair)

    def _profile(self, row: int) -> Profile:
        if row not in self._profiles:
            self._profiles.update(self._matcher.shelf.get([row]))
        return self._profiles[row]

    def _story(self, row: int) -> int:
        """The living story of any article decided so far; 0 where there is none."""
        story = self._home.get(row)
        return self._matcher.ledger.living(story) if story else self._matcher.ledger.story(row)

    def _one(self, row: int, stored: list[int]) -> Decided:
        must, cannot = self._matcher.links.get(row, ((), ()))
        if not stored and not must:
            return self._start(row, 0)
        matches = self._matches(row, stored, {self._story(r) for r in must} - {0}, cannot)
        if not matches:
            return self._start(row, len(stored))
        matches.sort(key=lambda m: (m[1] is not LINKED, -m[1].score, m[0]))
        if len(matches) == 1:
            return self._join(row, matches, len(stored))
        if not self._are_alike(matches[0], matches[1]):
            return self._join(row, matches, len(stored), silent=True)
        if self._matcher.kept_apart(matches[0][0], matches[1][0], self._story):
            return self._join(row, matches, len(stored))
        return self._join(row, matches, len(stored), matches[1][0])

    def _are_alike(self, one: Found, other: Found) -> bool:
        """Whether two stories that an article was verified against may be one.

        What holds half of each is no proof that they are the same report, only that somebody wrote both down:
        the articles that it was verified against must share wording themselves.
        """
        if one[1] is LINKED or other[1] is LINKED:
            return True
        stored = self._profile(one[2]), self._profile(other[2])
        if stored[0].outlet == stored[1].outlet != 0 and title_likeness(stored[0].title, stored[1].title) < RETITLED:
            return False  # what one outlet prints under two titles is rather its furniture
        a, b = (np.unique(profile.shingles) for profile in stored)
        return bool(np.intersect1d(a, b, assume_unique=True).size >= ALIKE * min(len(a), len(b)))

    def _is_like_the_first(self, row: int, story: int) -> bool:
        """Whether an article is the report that the story began with, and so may speak for it.

        Articles are found by the one that speaks.  Were it enough to be like the last that spoke, a few articles, each
        like the one before it, could lead a story away from its own report, whose copies would not be found any more.
        """
        first = self._matcher.ledger.first(story)
        if self._story(first) != story:  # it left
            first = next(iter(self._matcher.ledger.members(story)), 0)
        if first in (0, row):
            return True
        verdict = self._verdict((row, first))
        return verdict is not None and verdict.same

    def _matches(self, row: int, stored: list[int], linked: set[int], cannot: tuple[int, ...]) -> list[Found]:
        """Stories that the article was found to belong to, each with what it was verified against."""
        barred = {self._story(r) for r in cannot}
        stories = dict.fromkeys((*linked, *(self._story(r) for r in stored)))
        found = []
        for story in list(stories)[: self._matcher.settings.verified]:
            if story in barred or not story:
                continue
            for target in (self._speaks_for(story), *self._linked(story)):
                verdict = LINKED if story in linked else self._verdict((row, target))
                if verdict is not None and verdict.same:
                    found.append((story, verdict, target))
                    break
        return found

    def _linked(self, story: int) -> list[int]:
        """Further articles that stand for a story: people said that they are the same report, whatever the
        texts say, so that a copy of either belongs there."""
        return [row for row, (must, _) in self._matcher.links.items() if must and self._story(row) == story]

    def _speaks_for(self, story: int) -> int:
        if story not in self._speaker:  # a story that only a person's link leads to
            ledger = self._matcher.ledger
            known = ledger.canonicals([story])[0]
            self._speaker[story] = known or self._matcher.speaker_of(story)
        return self._speaker[story]

    def _start(self, row: int, candidates: int) -> Decided:
        matcher, profile = self._matcher, self._own[row]
        story = matcher.next_story
        matcher.next_story += 1
        self._speaker[story] = row
        matcher.ledger.begin(story, row)
        matcher.learning.append((profile.outlet, profile.shingles))
        decision = Decision(Action.START, story, (), None, row, ONLY)
        return Decided(decision, Reason.STARTED_STORY, profile, candidates)

    def _join(
        self, row: int, matches: list[Found], candidates: int, second: int | None = None, *, silent: bool = False
    ) -> Decided:
        """Join the best story; of two that merge, the older one lives on.  A ``silent`` article never speaks for it."""
        best = matches[0][0]
        evidence = tuple(verdict.match(target) for _, verdict, target in matches)
        story, folded = (best, None) if second is None else (min(best, second), max(best, second))
        before = speaker = self._speaks_for(story)
        retitled = evidence[0].evidence.get("title", 1.0) < RETITLED
        if retitled and self._profile(speaker).outlet == self._own[row].outlet:
            # One outlet under two titles: rather its furniture than its report, which never counted could
            # never be learned (measured: 0.02 of F1 on web news).
            self._matcher.learning.append((self._own[row].outlet, self._own[row].shingles))
        rule = ""
        for challenger in (*([] if silent else [row]), *([] if folded is None else [self._speaks_for(folded)])):
            instead, why = speaks(self._profile(challenger), self._profile(speaker), self._matcher.rules.ranks)
            if instead and not (matches[0][1] is LINKED or self._is_like_the_first(challenger, story)):
                continue
            if instead or not rule:
                rule = why
            if instead:
                speaker = challenger
        if folded is not None:
            self._matcher.ledger.merge(folded, story)
        self._speaker[story] = speaker
        action = Action.JOIN if folded is None else Action.MERGE
        changed = speaker if speaker != before else None
        reason = Reason.JOINED_STORY if folded is None else Reason.MERGED_STORIES
        decision = Decision(action, story, evidence, folded, changed, rule)
        return Decided(decision, reason, self._own[row], candidates)
