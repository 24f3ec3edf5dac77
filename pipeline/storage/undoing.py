"""Taking a person's word back, with what it did to the stories."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from pipeline.errors import NotFound

from . import codec, tables
from .batch import Batch
from .corrections import Corrections, _article_rows, _as_link
from .values import EventKind, Link, LinkKind

_link, _event, _article = tables.link, tables.event, tables.article
PARTED = "parted again by a person"


class Undoing(Corrections):
    """What a person may take back."""

    def take_back(self, row: int | None, story_id: str, now: datetime) -> Link:
        """Undo a link (None: the last that stands) and what it did to the stories; returns it.

        A merge: what came from the folded story, and is still there, becomes a story called ``story_id``
        (an id never changes its meaning, so the old one keeps leading to the merged story).  A split: the
        two stories become one again.  Raises ``NotFound`` where no such link stands.
        """
        with self._db.write() as connection:
            link = self._standing(connection, row)
            change = _link.update().where(_link.c.row == link.row)
            connection.execute(change.values(undone=codec.micros(now)))
            homes = {article: _article_rows(connection, name)[1] for article, name in _ends(link)}
            if link.kind is LinkKind.CANNOT:
                self._rejoin(connection, homes, now)
            else:
                self._part(connection, link, homes, story_id, now)
        return link

    def _standing(self, connection: Connection, row: int | None) -> Link:
        found = [link for link in self._links(connection) if row in (None, link.row)]
        if not found:
            raise NotFound("no link stands: nothing to undo" if row is None else f"no link {row} stands")
        return found[-1]

    def _links(self, connection: Connection) -> list[Link]:
        one, two = _article.alias("one"), _article.alias("two")
        query = (
            select(_link, one.c.article_id.label("a_id"), two.c.article_id.label("b_id"))
            .join(one, one.c.row == _link.c.a)
            .join(two, two.c.row == _link.c.b)
            .where(_link.c.undone.is_(None))
            .order_by(_link.c.row)
        )
        return [_as_link(found) for found in connection.execute(query)]

    def _rejoin(self, connection: Connection, homes: dict[int, int], now: datetime) -> None:
        """A split taken back: the older story takes the younger one in."""
        plan = self._plan(connection, set(homes.values()), {}, now)
        stories = sorted({plan.living(home).row for home in homes.values()})
        if len(stories) == 2:
            plan.merge(plan.stories[stories[0]], plan.stories[stories[1]])
            self._write(connection, plan)

    def _part(self, connection: Connection, link: Link, homes: dict[int, int], story_id: str, now: datetime) -> None:
        """A merge taken back; nothing moves where the stories parted in another way meanwhile."""
        merged = self._merge_of(connection, link)
        if merged is None or len(set(homes.values())) != 1:
            return
        home = next(iter(homes.values()))
        came = self._came_from(connection, merged.other, merged.cursor)
        leaving = [row for row, in connection.execute(
            select(_article.c.row).where(_article.c.story == home).order_by(_article.c.row)
        ) if row in came]  # fmt: skip
        plan = self._plan(connection, {home}, dict.fromkeys(leaving, home), now)
        story = plan.living(home)
        if not leaving or len(leaving) >= story.size:
            return
        speaker = next((row for row in homes if row in leaving), leaving[0])
        _part_off(self, connection, plan, story.row, (speaker, *(r for r in leaving if r != speaker)), story_id)

    def _merge_of(self, connection: Connection, link: Link) -> Any:
        """The event of the merge that was made with a link."""
        query = select(_event).where(_event.c.kind == EventKind.MERGED.value, _event.c.time == codec.micros(link.made))
        return connection.execute(query.order_by(_event.c.cursor).limit(1)).first()

    def _came_from(self, connection: Connection, story: int, before: int) -> set[int]:
        """Articles that were in ``story`` before a cursor, told by the events of all that went into it."""
        articles: set[int] = set()
        waiting = [story]
        while waiting:
            query = select(_event).where(_event.c.story == waiting.pop(), _event.c.cursor < before)
            for row in connection.execute(query.order_by(_event.c.cursor)):
                if row.kind in (EventKind.STARTED, EventKind.JOINED):
                    articles.add(row.article)
                elif row.kind == EventKind.LEFT:
                    articles.discard(row.article)
                elif row.kind == EventKind.MERGED:
                    waiting.append(row.other)
        return articles


def _part_off(
    part: Corrections, connection: Connection, plan: Batch, home: int, leaving: tuple[int, ...], story_id: str
) -> None:
    """Let articles, the one that will speak first, leave for a new story."""
    row = int(connection.exec_driver_sql("SELECT coalesce(max(row), 0) + 1 FROM story").scalar_one())
    new = plan.start(row, story_id, leaving[0], leaving[0], PARTED)
    plan.leave(plan.stories[home], leaving[0], new)
    for article in leaving[1:]:
        new.size += 1
        plan.tell(EventKind.JOINED, new.row, article, None, PARTED)
        plan.leave(plan.stories[home], article, new)
    part._write(connection, plan)  # noqa: SLF001 - the same room


def _ends(link: Link) -> tuple[tuple[int, str], tuple[int, str]]:
    return (link.a_row, link.a), (link.b_row, link.b)
