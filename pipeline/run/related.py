"""Stories about the same event in other words: a level beside copies, worked out when somebody looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.dedup.related import WINDOW_DAYS, rank_related
from pipeline.storage import StoryFilter

if TYPE_CHECKING:
    from pipeline.storage import Store, StoryRecord

NEIGHBOURS = 400  # stories of the days around that are compared, the last seen first
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Related:
    """Another story of the same event; ``similarity`` is a cosine, 0-1."""

    story: StoryRecord
    similarity: float


def related_stories(store: Store, story: StoryRecord) -> list[Related]:
    """Stories of the days around whose wording and names point to one event, nearest first, at most 10."""
    window = timedelta(days=WINDOW_DAYS)
    around = StoryFilter(since=story.first_seen - window, until=story.last_seen + window)
    others = {s.row: s for s in store.stories(around, limit=NEIGHBOURS) if s.row != story.row}
    speakers = {_speaker(other): row for row, other in others.items()}
    articles = {speakers[name]: found.article for name, found in store.articles_by_id(list(speakers)).items()}
    own = store.find_article(_speaker(story))
    if own is None or not articles:
        return []
    return [Related(others[row], round(score, 4)) for row, score in rank_related(own.article, articles)[:SHOWN]]


def _speaker(story: StoryRecord) -> str:
    return next((m for m in story.articles if m.canonical), story.articles[0]).article_id
