"""Stories arranged anew, as a replay found them: all changes in one transaction, with their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from pipeline.errors import StorageError
from pipeline.model import Match

from . import tables
from .base import next_row
from .batch import Batch, StoryState, evidence_columns
from .corrections import Corrections

RULE = "first of a story that was parted by a replay"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One story as it is to be: the row it keeps (None: a new one, called ``story_id``) and its articles.

    ``articles`` are rows in order; ``matches`` what brought those that change their story there.
    """

    story: int | None
    story_id: str
    articles: tuple[int, ...]
    canonical: int
    rule: str
    matches: Mapping[int, tuple[Match, ...]]


class Rearranging(Corrections):
    """What a replay changes."""

    def rearrange(self, wanted: Sequence[Arrangement], now: datetime) -> int:
        """Move articles so that each story holds what its arrangement says; returns how many moved.

        Stories left empty lead to where the last of their articles went; a pinned article keeps speaking
        while it stays.  All or nothing; raises ``StorageError`` for a row that is not there.
        """
        rows = [row for story in wanted for row in story.articles]
        with self._db.write() as connection:
            homes = self._homes_of(connection, rows)
            known = {story.story for story in wanted if story.story is not None}
            plan = self._plan(connection, known | set(homes.values()), homes, now)
            fresh = next_row(connection, "story")
            moved: dict[int, tuple[Match, ...]] = {}
            for story in wanted:
                if story.story is None:
                    self._begin(plan, story, fresh, moved)
                    fresh += 1
                else:
                    self._gather(plan, story, plan.living(story.story), story.articles, moved)
            for story in wanted:
                home = plan.living(plan.homes[story.canonical])
                if home.pinned is None and home.merged_into is None:
                    plan.speak(home, story.canonical, story.rule)
            plan.speechless.clear()
            self._write(connection, plan)
            self._save_matches(connection, moved)
        return len(moved)

    def _begin(self, plan: Batch, wanted: Arrangement, row: int, moved: dict[int, tuple[Match, ...]]) -> None:
        first, *others = wanted.articles
        home = plan.living(plan.homes[first])
        story = plan.start(row, wanted.story_id, first, first, RULE)
        plan.leave(home, first, story)
        moved[first] = wanted.matches.get(first, ())
        self._gather(plan, wanted, story, others, moved)

    def _gather(
        self,
        plan: Batch,
        wanted: Arrangement,
        story: StoryState,
        articles: Sequence[int],
        moved: dict[int, tuple[Match, ...]],
    ) -> None:
        for article in articles:
            home = plan.living(plan.homes[article])
            if home is story:
                continue
            story.size += 1
            plan.tell_joined(story, article)
            plan.leave(home, article, story)
            moved[article] = wanted.matches.get(article, ())

    def _homes_of(self, connection: Connection, rows: list[int]) -> dict[int, int]:
        sql = "SELECT row, story FROM article WHERE row IN ({marks})"
        homes = {row[0]: row[1] for row in self._chunked(connection, sql, rows)}
        if len(homes) != len(set(rows)):
            raise StorageError("an article that was to be moved is not there any more")
        return homes

    def _save_matches(self, connection: Connection, moved: Mapping[int, tuple[Match, ...]]) -> None:
        """What brought each moved article where it is now."""
        self._many(connection, "DELETE FROM evidence WHERE article = ?", [(row,) for row in moved])
        best: list[tuple[Any, ...]] = []
        lines: list[tuple[Any, ...]] = []
        for row, matches in moved.items():
            first = matches[0] if matches else None
            best.append((*((first.article, first.score, first.reason) if first else (None, None, None)), row))
            lines += evidence_columns(row, matches)
        change = "UPDATE article SET matched = ?, score = ?, match_reason = ? WHERE row = ?"
        self._many(connection, change, best)
        self._db.insert(connection, tables.evidence, lines)
