"""Rows for an export, read from the store in parts, the oldest story or article first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.exports import ArticleRow, StoryRow, Whole, article_row, story_row

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.model import StoredArticle
    from pipeline.storage import Store, StoryRecord

PART = 200  # stories or articles whose texts are read at a time


def article_rows(store: Store, since: datetime | None = None) -> Iterator[ArticleRow]:
    """Every article, those stored since then; in the order in which they came."""
    stream = store.articles_in_order()
    while part := list(islice(stream, PART)):
        found = store.articles([place[0] for place in part])
        for row, _, story_id, canonical, best in part:
            stored = found.get(row)
            if stored is None or (since is not None and stored.stored < since):
                continue
            score, reason = (best.score, best.reason) if best else (None, None)
            yield article_row(stored, story_id, canonical=canonical, score=score, reason=reason)


def story_rows(store: Store, since: datetime | None = None) -> Iterator[StoryRow]:
    """Every living story, those last seen since then; in the order in which they began."""
    after = 0
    while part := store.stories_in_order(after, PART):
        after = part[-1].row
        wanted = [story for story in part if since is None or story.last_seen >= since]
        yield from rows_of(store, wanted)


def rows_of(store: Store, stories: list[StoryRecord]) -> Iterator[StoryRow]:
    """The rows of some stories."""
    found = store.articles_by_id([member.article_id for story in stories for member in story.articles])
    for story in stories:
        members = [found[member.article_id] for member in story.articles if member.article_id in found]
        if members:
            yield story_row(_whole(story, members))


def _whole(story: StoryRecord, members: list[StoredArticle]) -> Whole:
    canonical = next((member.article_id for member in story.articles if member.canonical), members[0].article_id)
    speaker = next((member for member in members if member.article_id == canonical), members[0])
    return Whole(story.story_id, story.canonical_rule, story.first_seen, story.last_seen, speaker, members)
