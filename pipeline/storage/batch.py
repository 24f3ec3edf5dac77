"""From intents to rows: what one batch of the matcher changes, worked out before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import StorageError
from pipeline.model import Action, Decision, Ingest, Match

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


@dataclass(frozen=True, slots=True)
class Move:
    """One article, or all of a folded story, goes into a story."""

    into: int
    article: int | None = None
    folded: int | None = None


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
    aliases: list[tuple[bytes, int]] = field(default_factory=list)  # further addresses of an article
    evidence: list[tuple[Any, ...]] = field(default_factory=list)
    journal: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    revisions: list[Ingest] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)  # in the order they happened
    speechless: list[StoryState] = field(default_factory=list)  # their canonical article left
    settled: list[tuple[int, int]] = field(default_factory=list)  # (work, article)

    def add(self, ingest: Ingest) -> None:
        """Work out one intent.

        A story that was merged away meanwhile stands for the one it went into.  Raises ``StorageError``
        for an intent that contradicts what is stored.
        """
        known = ingest.row in self.homes
        if known and ingest.decision.action is Action.REVISE:
            story = self._revise(ingest)
        elif known:
            story = self._move(ingest)
        else:
            story = self._enter(ingest)
            self._insert(ingest, story.row)
        self._speak(story, ingest)
        self.journal.append(journal.columns(self.journal_row, ingest.journal, ingest.row, story.row))
        self.journal_row += 1
        if ingest.entry is not None:
            self.settled.append((ingest.entry, ingest.row))

    def _enter(self, ingest: Ingest) -> StoryState:
        """The story that an article comes into."""
        action = ingest.decision.action
        if action is Action.REVISE:
            raise StorageError(f"article {ingest.article_id} cannot be revised: it is not stored")
        return self._start(ingest) if action is Action.START else self._join(ingest)

    def _insert(self, ingest: Ingest, story: int) -> None:
        decision, article, row = ingest.decision, ingest.article, ingest.row
        self.homes[row] = story
        published = codec.maybe_micros(article.published)
        text = article.text
        self.articles.append(
            (
                row,
                ingest.article_id,
                story,
                article.url,
                article.title,
                article.outlet,
                published,
                self.now,
                1,
                ingest.text_hash or codec.text_hash(text),
                *came_by(decision),
                codec.write_meta(article),
            )
        )
        self.bodies.append((row, text))
        self.sketches.append((row, story, seconds(published), ingest.sketch))
        own, *others = ingest.addresses or (article.url,)
        if own:
            self.addresses.append((codec.identity(own), row))
        self.aliases.extend((codec.identity(other), row) for other in others)
        if decision.matches:
            self.evidence.extend(evidence_columns(row, decision.matches))

    def _start(self, ingest: Ingest) -> StoryState:
        decision, row = ingest.decision, ingest.row
        canonical = row if decision.canonical is None else decision.canonical
        return self.start(decision.story, ingest.story_id, row, canonical, decision.canonical_rule)

    def start(self, row: int, story_id: str, article: int, canonical: int, rule: str) -> StoryState:
        """A new story of one article."""
        if row in self.stories:
            raise StorageError(f"story {story_id} cannot be started: its row {row} is taken")
        story = StoryState(row, story_id, canonical, rule, self.now, self.now, 1, fresh=True)
        self.stories[row] = story
        self.tell(EventKind.STARTED, row, article, None, rule)
        return story

    def _join(self, ingest: Ingest) -> StoryState:
        decision = ingest.decision
        story = self.living(decision.story)
        story.size += 1
        story.last_seen = max(story.last_seen, self.now)
        stays = decision.canonical in (None, story.canonical) or story.pinned is not None
        if story.size == 2 and stays and story.pinned is None and decision.canonical_rule:
            story.canonical_rule = decision.canonical_rule  # it spoke as the only article; now a rule says so
        self.tell(EventKind.JOINED, story.row, ingest.row, None, story.canonical_rule if stays else "")
        if decision.action is Action.MERGE:
            if decision.folded is None or decision.folded == decision.story:
                raise StorageError(f"story {story.story_id} cannot be merged with itself or nothing")
            self.merge(story, self.living(decision.folded))
        return story

    def merge(self, story: StoryState, folded: StoryState) -> None:
        """Fold one story into another; nothing happens when that was done before."""
        if folded is story:
            return
        story.size += folded.size
        story.first_seen = min(story.first_seen, folded.first_seen)
        story.last_seen = max(story.last_seen, folded.last_seen, self.now)
        folded.size = 0
        folded.merged_into = story.row
        self.moves.append(Move(story.row, folded=folded.row))
        self.tell(EventKind.MERGED, story.row, None, folded.row, "")
        if story.pinned is None and folded.pinned is not None:
            story.pinned = folded.pinned
            self.speak(story, folded.pinned, folded.canonical_rule)

    def _speak(self, story: StoryState, ingest: Ingest) -> None:
        decision = ingest.decision
        canonical = decision.canonical
        if canonical is not None and canonical != story.canonical and story.pinned is None:
            self.speak(story, canonical, decision.canonical_rule)

    def speak(self, story: StoryState, canonical: int, rule: str) -> None:
        """Let an article speak for a story from now on."""
        if (canonical, rule) == (story.canonical, story.canonical_rule):
            return
        story.canonical = canonical
        story.canonical_rule = rule
        self.tell(EventKind.CANONICAL, story.row, canonical, None, rule)

    def _revise(self, ingest: Ingest) -> StoryState:
        """A later text of an article that stays where it is, wherever a person put it meanwhile."""
        story = self.living(self.homes[ingest.row])
        story.last_seen = max(story.last_seen, self.now)
        self.revisions.append(ingest)
        self.tell(EventKind.REVISED, story.row, ingest.row, None, "")
        return story

    def _move(self, ingest: Ingest) -> StoryState:
        """A later text that made another report of an article: it leaves its story."""
        home = self.living(self.homes[ingest.row])
        self.revisions.append(ingest)
        self.tell(EventKind.REVISED, home.row, ingest.row, None, "")
        story = self._enter(ingest)
        if story is not home:
            self.leave(home, ingest.row, story)
        else:
            story.size -= 1  # it was counted a second time on entering
        return story

    def tell_joined(self, story: StoryState, article: int) -> None:
        """A stored article comes into a story; the rule by which another speaks stays."""
        self.tell(EventKind.JOINED, story.row, article, None, story.canonical_rule)

    def leave(self, home: StoryState, article: int, story: StoryState) -> None:
        """Take an article out of its story, which redirects to the new one when nothing is left in it."""
        home.size -= 1
        self.homes[article] = story.row
        self.moves.append(Move(story.row, article=article))
        self.tell(EventKind.LEFT, home.row, article, story.row, "")
        if home.pinned == article:
            home.pinned = None
        if home.size == 0:
            home.merged_into = story.row
            self.tell(EventKind.MERGED, story.row, None, home.row, "")
        elif home.canonical == article:
            self.speechless.append(home)

    def living(self, row: int) -> StoryState:
        """The story in ``row``, or the one it was merged into."""
        story = self.stories.get(row)
        while story is not None and story.merged_into is not None:
            story = self.stories.get(story.merged_into)
        if story is None:
            raise StorageError(f"there is no story in row {row}")
        return story

    def tell(self, kind: EventKind, story: int, article: int | None, other: int | None, detail: str) -> None:
        """Add an event."""
        self.events.append((self.cursor, self.now, str(kind), story, article, other, detail))
        self.cursor += 1


_NO_MATCH = (None, None, None)


def came_by(decision: Decision) -> tuple[int | None, float | None, str | None]:
    """The match that brought an article into its story: article row, score, reason."""
    if decision.action is Action.START or not decision.matches:
        return _NO_MATCH
    best = decision.matches[0]
    return best.article, best.score, best.reason


def seconds(published: int | None) -> int | None:
    """Microseconds as whole seconds, which is what the index in memory keeps."""
    return None if published is None else published // 1_000_000


def evidence_columns(row: int, matches: tuple[Match, ...]) -> list[tuple[Any, ...]]:
    """Each verified match with its figures, best first."""
    return [
        (row, place, match.article, match.score, match.reason, codec.write_figures(match.evidence))
        for place, match in enumerate(matches)
    ]
