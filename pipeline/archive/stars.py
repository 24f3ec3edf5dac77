"""Stage *decide*: pieces → stories, by the decisions of the stream.

Inside a piece the articles come in order, and each is decided about as the stream would: compared with the
article that speaks for each candidate's story, never with any other, so that stories are stars around verified
canonical articles and never chains.  What was verified before is not verified again; what a new speaker
makes necessary is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from pipeline.archive.counting import SECOND, Walk, counts_after, epochs
from pipeline.archive.job import Job
from pipeline.archive.parts import Told, arrays, column, load, pa, save, told
from pipeline.archive.pieces import MEMBER
from pipeline.archive.profiles import profiles_of
from pipeline.archive.verifying import VERDICT
from pipeline.dedup.candidates import Candidates
from pipeline.dedup.canonical import ONLY
from pipeline.dedup.deciding import Decided, Deciding
from pipeline.dedup.features import NAMES
from pipeline.dedup.index import EPOCH
from pipeline.dedup.judge import Kind, Verdicts
from pipeline.dedup.matcher import Matcher
from pipeline.dedup.profile import Profile
from pipeline.dedup.shelf import Shelf
from pipeline.dedup.verify import Pair, Verdict
from pipeline.model import Action, StoredArticle

# One row an article of a piece: the article its story is named after, the one that speaks for it and by which
# rule, and the match it came by.
DECIDED = pa.schema(
    [
        ("row", pa.int64()), ("story", pa.int64()), ("speaker", pa.int64()), ("rule", pa.string()),
        ("matched", pa.int64()), ("score", pa.float64()), ("reason", pa.string()), ("figures", pa.binary()),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decide:
    """The task: the pieces that begin in one block → ``decided``."""

    job: Job

    def __call__(self, block: int) -> Told:
        """Counts: ``stories``, ``merged``, ``compared`` (beyond what *verify* did)."""
        done = self.job.part("decided", block)
        if done.exists():
            return told(done)
        members = load(self.job.files("members", block), MEMBER, ["row"])
        if not len(members):
            save(done, [], DECIDED, dict(_NOTHING))
            return dict(_NOTHING)
        fold = Fold(self.job, block, members, load(self.job.files("findings", block), VERDICT))
        save(done, [pa.table(fold.columns(), schema=DECIDED)], DECIDED, fold.counts)
        return fold.counts


_NOTHING: Told = {"stories": 0, "merged": 0, "compared": 0}


class _Nothing:
    """A source with nothing stored: all that a piece needs is at hand."""

    def next_rows(self) -> tuple[int, int]:
        return 1, 1

    def sketches(self, after_row: int = 0) -> Iterator[tuple[int, int, int | None, bytes]]:
        return iter(())

    def articles(self, rows: Sequence[int]) -> Mapping[int, StoredArticle]:
        return {}

    def story_of(self, rows: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        return {}

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        return None


class _Recalling(Deciding):
    """Decisions that look up what was verified before."""

    def __init__(self, fold: Fold, own: Mapping[int, Profile], found: Candidates) -> None:
        self._fold = fold
        super().__init__(fold.matcher, own, found)

    def _compare(self, pairs: list[Pair]) -> None:
        recalled = {pair: self._fold.verdicts[pair] for pair in pairs if pair in self._fold.verdicts}
        self._verdicts.update(recalled)
        anew = [pair for pair in pairs if pair not in recalled]
        self._fold.counts["compared"] += len(anew)
        super()._compare(anew)


@dataclass(slots=True)
class _Story:
    """A story on its way; ``name``: the row of the article that began it."""

    name: int
    speaker: int
    rule: str = ONLY
    size: int = 1


class Fold:
    """All pieces of one block, folded together in order; articles of different pieces never meet.

    Rows are counted from the first one here, so that memory does not grow with the archive.  Counts of shingles go
    on to the end of the block; articles of later blocks are compared with those.
    """

    def __init__(self, job: Job, block: int, members: pa.Table, findings: pa.Table) -> None:
        self.counts = dict(_NOTHING)
        rows = column(members, "row")
        self._base = int(rows[0]) // EPOCH * EPOCH - EPOCH  # whole epochs, and no row is 0
        self._counted = dict(zip((rows - self._base).tolist(), column(members, "counted").tolist(), strict=True))
        self._profiles = {row - self._base: profile for row, profile in profiles_of(members).items()}
        self.verdicts = dict(_recorded(findings, self._base))
        self._findings = findings.sort_by([("query", "ascending"), ("rank", "descending"), ("row", "descending")])
        self.matcher = Matcher(_Nothing(), job.rules)
        self.matcher.shelf = Shelf(_Nothing(), 1 << 62)  # holds all: there is nothing behind it
        self.matcher.shelf.put(self._profiles)
        self._walk = Walk(counts_after(job, SECOND, block - 1))
        self.matcher.counts = self._walk.counts
        self._epochs = epochs(job, SECOND, block)
        self._next = next(self._epochs, None)
        self._stories: dict[int, _Story] = {}

    def columns(self) -> list[Any]:
        """The columns of ``DECIDED``."""
        decided = dict(self._decided())
        living = self.matcher.ledger.living
        homes = [self._stories[living(what.decision.story)] for what in decided.values()]
        matches = [what.decision.matches[0] if what.decision.matches else None for what in decided.values()]
        self.counts["stories"] = len({story.name for story in homes})
        return [
            [row + self._base for row in decided],
            [story.name + self._base for story in homes],
            [story.speaker + self._base for story in homes],
            [story.rule for story in homes],
            [None if m is None else m.article + self._base for m in matches],
            [None if m is None else m.score for m in matches],
            [None if m is None else m.reason for m in matches],
            [None if m is None else np.array([m.evidence[n] for n in NAMES], "<f8").tobytes() for m in matches],
        ]

    def _decided(self) -> Iterator[tuple[int, Decided]]:
        """Each article with the decision about it, in order."""
        for epoch, part in groupby(self._profiles.items(), key=lambda item: item[0] // EPOCH):
            self._learn(epoch + self._base // EPOCH)
            self.matcher.epoch = epoch
            own = dict(part)
            deciding = _Recalling(self, own, self._candidates(own))
            decided = list(deciding.decisions())
            for row, what in zip(own, decided, strict=True):
                self._follow(row, what)
            stories = np.array([what.decision.story for what in decided])
            started = np.array([self._counted[row] for row in own])  # in the counts, whoever began a story
            self.matcher.ledger.enter(np.array(list(own)), stories, started)
            self.matcher.learning.clear()
            yield from zip(own, decided, strict=True)

    def _learn(self, epoch: int) -> None:
        """Count the epochs of the block before this one."""
        while self._next is not None and self._next[0] < epoch:
            self._walk.learn(self._next[1])
            self._next = next(self._epochs, None)

    def _candidates(self, own: Mapping[int, Profile]) -> Candidates:
        query = column(self._findings, "query") - self._base
        rows = np.array(list(own))
        low, high = np.searchsorted(query, rows[0]), np.searchsorted(query, rows[-1], "right")
        part = self._findings.slice(low, high - low)
        place = np.searchsorted(rows, query[low:high])
        return Candidates(place, column(part, "row") - self._base, column(part, "rank"))

    def _follow(self, row: int, what: Decided) -> None:
        """What a decision changes in its story, as the store keeps it (``storage.batch``)."""
        decision = what.decision
        if decision.action is Action.START:
            self._stories[decision.story] = _Story(row, row)
            return
        story = self._stories[decision.story]
        story.size += 1
        if decision.canonical is not None:
            story.speaker, story.rule = decision.canonical, decision.canonical_rule
        elif story.size == 2:
            story.rule = decision.canonical_rule
        if decision.folded is not None:
            story.size += self._stories.pop(decision.folded).size
            self.counts["merged"] += 1


def _recorded(findings: pa.Table, base: int) -> Iterator[tuple[Pair, Verdict]]:
    """What *verify* found, as it found it."""
    verified = findings.filter(pa.compute.is_valid(findings.column("same")))
    same = column(verified, "same")
    score = column(verified, "score")
    blank = np.zeros(len(NAMES))
    figures = np.array([own if len(own) else blank for own in arrays(verified, "figures", "<f8")])
    kinds = tuple(Kind(kind) if kind else Kind.DIFFERENT for kind in verified.column("kind").to_pylist())
    verdicts = Verdicts(score, same, kinds, ("",) * len(kinds), figures)
    query, row = (column(verified, name) - base for name in ("query", "row"))
    columns = zip(query.tolist(), row.tolist(), same.tolist(), score.tolist(), strict=True)
    for place, (one, other, yes, value) in enumerate(columns):
        yield (one, other), Verdict(yes, value, place, verdicts)
