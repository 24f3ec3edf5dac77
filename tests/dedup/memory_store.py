"""A store in memory with what the matcher needs, and articles written for the tests."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pipeline.dedup import Incoming, Matcher
from pipeline.model import Action, Article, StoredArticle

NOW = datetime(2025, 3, 1, tzinfo=UTC)
_PLACES = ("harbour", "council", "ferry", "bridge", "museum", "reservoir", "orchard", "quarry", "station", "market")
_PEOPLE = ("Lund", "Okafor", "Marsh", "Ibarra", "Petrova", "Quist", "Hale", "Demir", "Sato", "Brandt")
_ACTS = ("approved", "delayed", "opened", "inspected", "closed", "funded", "repaired", "sold", "mapped", "defended")
_REST = (
    "after residents complained about noise",
    "before the spring tides",
    "despite a budget gap",
    "as engineers warned",
    "while talks went on",
    "with little debate",
    "under a new rule",
    "for the third time",
)


class MemoryStore:
    """Applies decisions to dictionaries."""

    def __init__(self) -> None:
        self.stored: dict[int, Article] = {}
        self.story: dict[int, int] = {}
        self.canonical: dict[int, int] = {}
        self.blobs: dict[int, bytes] = {}
        self.checkpoints: dict[str, tuple[int, bytes]] = {}

    def next_rows(self) -> tuple[int, int]:
        return max(self.stored, default=0) + 1, max(self.canonical, default=0) + 1

    def sketches(self, after_row: int = 0) -> Iterator[tuple[int, int, int | None, bytes]]:
        for row, article in sorted(self.stored.items()):
            if row > after_row:
                time = None if article.published is None else int(article.published.timestamp())
                yield row, self.story[row], time, self.blobs[row]

    def articles(self, rows: Sequence[int]) -> Mapping[int, StoredArticle]:
        return {r: StoredArticle(r, f"a{r}", self.story[r], self.stored[r], NOW) for r in rows if r in self.stored}

    def story_of(self, rows: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        return {r: (self.story[r], self.canonical[self.story[r]]) for r in rows if r in self.story}

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        return self.checkpoints.get(name)

    def save_checkpoint(self, name: str, upto_row: int, blob: bytes) -> None:
        self.checkpoints[name] = (upto_row, blob)

    def take(self, matcher: Matcher, articles: Sequence[Article]) -> list[object]:
        """Let ``matcher`` decide about new articles, and store what it decided."""
        first, _ = self.next_rows()
        batch = [Incoming(first + i, article) for i, article in enumerate(articles)]
        decided = matcher.decide(batch)
        for item, what in zip(batch, decided, strict=True):
            decision = what.decision
            self.stored[item.row], self.blobs[item.row] = item.article, what.sketch
            self.story[item.row] = decision.story
            if decision.action is Action.START or decision.canonical is not None:
                assert decision.canonical is not None
                self.canonical[decision.story] = decision.canonical
            if decision.folded is not None:
                self.story = {r: decision.story if s == decision.folded else s for r, s in self.story.items()}
        return [(d.decision.action, d.decision.story, [m.article for m in d.decision.matches]) for d in decided]


def report(seed: int, sentences: int = 12) -> str:
    """A text of its own for each seed."""
    rng = random.Random(seed)
    return " ".join(
        f"The {rng.choice(_PLACES)} near {rng.choice(_PEOPLE)} street was {rng.choice(_ACTS)} on day "
        f"{rng.randint(1, 9999)} by {rng.choice(_PEOPLE)} and {rng.choice(_PEOPLE)} {rng.choice(_REST)}."
        for _ in range(sentences)
    )


def article(seed: int, *, text: str | None = None, outlet: str = "Tribune", hours: float = 0.0) -> Article:
    """An article of its own for each seed."""
    body = report(seed) if text is None else text
    title = body[:60]
    published = NOW + timedelta(hours=hours)
    return Article(f"https://{outlet.lower()}.example/{seed}", title, body, outlet, published)


def stream(count: int, seed: int = 0) -> list[Article]:
    """News with copies: every few articles one repeats an earlier one, whole, cut or with an addition."""
    rng = random.Random(seed)
    found: list[Article] = []
    for i in range(count):
        source = rng.choice(found[-200:]).text if found and rng.random() < 0.3 else None
        if source is not None and rng.random() < 0.6:
            half = source[: len(source) * 2 // 3]
            source = half if rng.random() < 0.5 else source + " " + report(10_000 + i, 3)
        found.append(article(i, text=source, outlet=rng.choice(["Tribune", "Ledger", "Courier"]), hours=i / 50))
    return found
