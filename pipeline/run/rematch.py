"""Matching done again over everything stored, as if it came for the first time under other rules.

Articles keep their rows, so that what people linked holds; texts may be replaced (extracted again).  Nothing is
written: the result says which articles would be one story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.dedup import Incoming, Matcher
from pipeline.model import Action, Article, Match, StoredArticle

if TYPE_CHECKING:
    from pipeline.dedup import Rules
    from pipeline.storage import Store

BATCH = 256  # articles decided about together


@dataclass(slots=True)
class Rematched:
    """Groups by the row of their story in the replay; ``matches`` what brought each article there."""

    home: dict[int, int] = field(default_factory=dict)  # article → group
    speaker: dict[int, int] = field(default_factory=dict)  # group → article
    rule: dict[int, str] = field(default_factory=dict)
    matches: dict[int, tuple[Match, ...]] = field(default_factory=dict)

    def groups(self) -> dict[int, tuple[int, ...]]:
        """Group → its articles in order."""
        found: dict[int, list[int]] = {}
        for row in sorted(self.home):
            found.setdefault(self.home[row], []).append(row)
        return {group: tuple(rows) for group, rows in found.items()}


class _Replayed:
    """The store as the matcher of a replay sees it: the texts of now, the decisions of the replay."""

    def __init__(self, store: Store, texts: Mapping[int, Article], done: Rematched) -> None:
        self._store = store
        self._texts = texts
        self._done = done

    def next_rows(self) -> tuple[int, int]:
        return 1, 1

    def sketches(self, after_row: int = 0) -> Iterator[tuple[int, int, int | None, bytes]]:
        return iter(())

    def articles(self, rows: Sequence[int]) -> Mapping[int, StoredArticle]:
        found = self._store.articles(rows)
        texts = self._texts
        return {row: replace(old, article=texts[row]) if row in texts else old for row, old in found.items()}

    def story_of(self, rows: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        done = self._done
        return {row: (done.home[row], done.speaker[done.home[row]]) for row in rows if row in done.home}

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        return None


def rematch(
    store: Store, rules: Rules, texts: Mapping[int, Article], progress: Callable[[int], None] = lambda _done: None
) -> Rematched:
    """Decide about every stored article whose text is still there, in the order in which they came.

    ``texts``: articles by row that take the place of the stored ones.
    """
    done = Rematched()
    source = _Replayed(store, texts, done)
    matcher = Matcher(source, rules)
    for rows in _batches(store):
        found = source.articles(rows)
        items = [Incoming(row, found[row].article) for row in rows if row in found and found[row].article.text]
        for item, decided in zip(items, matcher.decide(items), strict=True):
            decision = decided.decision
            if decision.action is Action.MERGE and decision.folded is not None:
                _fold(done, decision.folded, decision.story)
            done.home[item.row] = decision.story
            done.matches[item.row] = decision.matches
            if decision.canonical is not None:
                done.speaker[decision.story] = decision.canonical
            if decision.canonical is not None or decision.canonical_rule:
                done.rule[decision.story] = decision.canonical_rule or done.rule[decision.story]
        progress(rows[-1])
    return done


def _fold(done: Rematched, folded: int, into: int) -> None:
    for row, group in list(done.home.items()):
        if group == folded:
            done.home[row] = into
    done.speaker.pop(folded, None)
    done.rule.pop(folded, None)


def _batches(store: Store) -> Iterator[list[int]]:
    part: list[int] = []
    for place in store.articles_in_order():
        part.append(place[0])
        if len(part) == BATCH:
            yield part
            part = []
    if part:
        yield part
