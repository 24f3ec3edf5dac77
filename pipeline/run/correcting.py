"""What people correct: each change is its own short transaction, so that it needs no lock and a service that
runs meanwhile notices it before its next decision (``Writer``).

After stories were joined or parted, the rules choose anew who speaks for them, unless a person pinned one.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.dedup import profiles
from pipeline.dedup.canonical import Ranks, elect
from pipeline.errors import NotFound
from pipeline.model import StoredArticle
from pipeline.run.naming import public_id
from pipeline.storage import Link, Store, StoryRecord
from pipeline.urls import entry_identity_url, is_web_url

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_MEMBERS = 2_000  # texts read to choose who speaks for one story


def find_article(store: Store, name: str, kind: str = "article") -> StoredArticle:
    """By id or URL; raises ``NotFound``."""
    names = (name, entry_identity_url(name)) if is_web_url(name) else (name,)
    for known_as in names:
        if found := store.find_article(known_as):
            return found
    raise NotFound(f"no {kind} goes by {name}")


def find_story(store: Store, name: str) -> StoryRecord:
    """By story id, article id or article URL; raises ``NotFound``."""
    try:
        return store.story(name)
    except NotFound:
        return store.story_with(find_article(store, name, "story or article").row)


class Corrections:
    """A person at work on the records; ``now`` is the time of the changes."""

    def __init__(self, store: Store, ranks: Ranks, now: datetime) -> None:
        self._store = store
        self._ranks = ranks
        self._now = now

    def merge(self, keep: str, fold: str, note: str = "") -> StoryRecord:
        """Two stories are one report; the first keeps its id, the second leads to it."""
        kept = find_story(self._store, keep).story_id
        self._store.merge_stories(kept, find_story(self._store, fold).story_id, self._now, note)
        return self._chosen(kept)

    def split(self, name: str, note: str = "") -> tuple[StoryRecord, StoryRecord]:
        """An article is another report: returns its new story, and the one it left."""
        article = find_article(self._store, name)
        home = self._store.story_with(article.row).story_id
        self._store.split_article(article.article_id, self._fresh_id(article.article_id), self._now, note)
        return self._store.story_with(article.row), self._chosen(home)

    def pin(self, name: str) -> StoryRecord:
        """An article speaks for its story, whatever the rules say."""
        article = find_article(self._store, name)
        self._store.pin_article(article.article_id, self._now)
        return self._store.story_with(article.row)

    def unpin(self, name: str) -> StoryRecord:
        """The rules choose again."""
        story = find_story(self._store, name).story_id
        self._store.unpin_story(story)
        return self._chosen(story)

    def undo(self, link: int | None) -> tuple[Link, list[StoryRecord]]:
        """Take back a merge or a split (None: the last one); returns it with the stories it was about."""
        undone = self._store.take_back(link, self._fresh_id(f"link {link}"), self._now)
        rows = (undone.a_row, undone.b_row)
        stories = {self._store.story_with(row).story_id: None for row in rows}
        return undone, [self._chosen(story) for story in stories]

    def _fresh_id(self, name: str) -> str:
        """A story id that was never used: no id ever changes its meaning."""
        return public_id("s", f"{name} {self._now.isoformat()} {self._store.mark()}")

    def _chosen(self, story_id: str) -> StoryRecord:
        """The story, after the rules chose who speaks for it."""
        story = self._store.story(story_id)
        ids = [member.article_id for member in story.articles[:MOST_MEMBERS]]
        found = [article for article in map(self._store.find_article, ids) if article is not None]
        row, rule = speaker(found, self._ranks)
        chosen = next(article.article_id for article in found if article.row == row)
        self._store.appoint(story.story_id, chosen, rule, self._now)
        return self._store.story(story.story_id)


def speaker(articles: Iterable[StoredArticle], ranks: Ranks) -> tuple[int, str]:
    """Row of the one that speaks among the ``articles`` of a story, and the rule that chose it."""
    members = sorted(articles, key=lambda article: article.row)
    made = profiles([member.article for member in members])
    return elect([(member.row, own) for member, own in zip(members, made, strict=True)], ranks)
