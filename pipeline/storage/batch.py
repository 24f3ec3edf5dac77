"""From intents to rows: what one batch of the matcher changes, worked out before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import StorageError
from pipeline.model import Action, Ingest, Match

from . import codec, journal
from .values import EventKind


@dataclass(slots=True)
class StoryState:
    """A story while a batch is worked out; times in microseconds."""

    row: int
    story_id: str
    canonical: int
    canonical_rule: str
    first_seen: int
    last_seen: int
    size: int
    merged_into: int | None = None
    pinned: int | None = None
    fresh: bool = False  # not in the database yet

    def columns(self) -> tuple[Any, ...]:
        """In the order of ``tables.story``."""
        return (
            self.row,
            self.story_id,
            self.canonical,
            self.canonical_rule,
            self.pinned,
            self.first_seen,
            self.last_seen,
            self.size,
            self.merged_into,
        )


@dataclass(slots=True)
class Batch:
    """Rows to write, collected in order.

    ``stories`` holds the stories touched so far, those stored before included; ``homes`` the story of
    each article that is stored or was added, as far as the batch can need it.
    """

    now: int
    journal_row: int
    cursor: int
    stories: dict[int, StoryState]
    homes: dict[int, int]
    articles: list[tuple[Any, ...]] = field(default_factory=list)
    bodies: list[tuple[int, str]] = field(default_factory=list)
    sketches: list[tuple[Any, ...]] = field(default_factory=list)
    addresses: list[tuple[bytes, int]] = field(default_factory=list)
    evidence: list[tuple[Any, ...]] = field(default_factory=list)
    journal: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    revisions: list[Ingest] = field(default_factory=list)
    merges: list[tuple[int, int]] = field(default_factory=list)  # (folded, into)
    settled: list[tuple[int, int]] = field(default_factory=list)  # (work, article)

    def add(self, ingest: Ingest) -> None:
        """Work out one intent.  Raises ``StorageError`` for one that contradicts what is stored."""
        if ingest.row in self.homes:
            self._revise(ingest)
        else:
            self._insert(ingest)
        self.journal.append(
            journal.columns(self.journal_row, ingest.journal, ingest.row, ingest.decision.story)
        )
        self.journal_row += 1
        if ingest.entry is not None:
            self.settled.append((ingest.entry, ingest.row))

    def _insert(self, ingest: Ingest) -> None:
        decision, article, row = ingest.decision, ingest.article, ingest.row
        action = decision.action
        if action is Action.REVISE:
            raise StorageError(f"article {ingest.article_id} cannot be revised: it is not stored")
        if action is Action.START:
            self._start(ingest)
        else:
            self._join(ingest)
        best = decision.matches[0] if decision.matches and action is not Action.START else None
        self.homes[row] = decision.story
        published = codec.maybe_micros(article.published)
        text = article.text
        self.articles.append(
            (
                row,
                ingest.article_id,
                decision.story,
                article.url,
                article.title,
                article.outlet,
                published,
                self.now,
                1,
                codec.text_hash(text),
                *(_NO_MATCH if best is None else (best.article, best.score, best.reason)),
                codec.write_meta(article),
            )
        )
        self.bodies.append((row, text))
        self.sketches.append((row, decision.story, seconds(published), ingest.sketch))
        if article.url:
            self.addresses.append((codec.identity(article.url), row))
        if decision.matches:
            self.evidence.extend(evidence_columns(row, decision.matches))

    def _start(self, ingest: Ingest) -> None:
        decision, row = ingest.decision, ingest.row
        if decision.story in self.stories:
            raise StorageError(
                f"story {ingest.story_id} cannot be started: its row {decision.story} is taken"
            )
        now = self.now
        canonical = row if decision.canonical is None else decision.canonical
        self.stories[decision.story] = StoryState(
            decision.story, ingest.story_id, canonical, decision.canonical_rule, now, now, 1, fresh=True
        )
        self._tell(EventKind.STARTED, decision.story, row, None, decision.canonical_rule)

    def _join(self, ingest: Ingest) -> None:
        decision = ingest.decision
        story = self._living(decision.story)
        story.size += 1
        story.last_seen = max(story.last_seen, self.now)
        self._tell(EventKind.JOINED, story.row, ingest.row, None, "")
        if decision.action is Action.MERGE:
            self._merge(story, decision.folded)
        self._speak(story, ingest)

    def _merge(self, story: StoryState, folded_row: int | None) -> None:
        if folded_row is None or folded_row == story.row:
            raise StorageError(f"story {story.story_id} cannot be merged with itself or nothing")
        folded = self._living(folded_row)
        story.size += folded.size
        story.first_seen = min(story.first_seen, folded.first_seen)
        story.last_seen = max(story.last_seen, folded.last_seen)
        folded.size = 0
        folded.merged_into = story.row
        self.merges.append((folded_row, story.row))
        self._tell(EventKind.MERGED, story.row, None, folded_row, "")

    def _speak(self, story: StoryState, ingest: Ingest) -> None:
        decision = ingest.decision
        if decision.canonical is None or decision.canonical == story.canonical:
            return
        story.canonical = decision.canonical
        story.canonical_rule = decision.canonical_rule
        self._tell(EventKind.CANONICAL, story.row, story.canonical, None, decision.canonical_rule)

    def _revise(self, ingest: Ingest) -> None:
        if ingest.decision.action is not Action.REVISE:
            raise StorageError(f"article {ingest.article_id} is stored already: it can only be revised")
        story = self._living(ingest.decision.story)
        if self._home(ingest.row) != story.row:
            raise StorageError(f"article {ingest.article_id} is not in story {story.story_id}")
        story.last_seen = max(story.last_seen, self.now)
        self.revisions.append(ingest)
        self._tell(EventKind.REVISED, story.row, ingest.row, None, "")
        self._speak(story, ingest)

    def _home(self, article: int) -> int:
        row = self.homes[article]
        while (story := self.stories.get(row)) is not None and story.merged_into is not None:
            row = story.merged_into
        return row

    def _living(self, row: int) -> StoryState:
        story = self.stories.get(row)
        if story is None:
            raise StorageError(f"there is no story in row {row}")
        if story.merged_into is not None:
            raise StorageError(f"story {story.story_id} was merged into another: join that one")
        return story

    def _tell(self, kind: EventKind, story: int, article: int | None, other: int | None, detail: str) -> None:
        self.events.append((self.cursor, self.now, kind.value, story, article, other, detail))
        self.cursor += 1


_NO_MATCH = (None, None, None)


def seconds(published: int | None) -> int | None:
    """Microseconds as whole seconds, which is what the index in memory keeps."""
    return None if published is None else published // 1_000_000


def evidence_columns(row: int, matches: tuple[Match, ...]) -> list[tuple[Any, ...]]:
    """Each verified match with its figures, best first."""
    return [
        (row, place, match.article, match.score, match.reason, codec.write_figures(match.evidence))
        for place, match in enumerate(matches)
    ]
