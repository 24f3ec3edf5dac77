"""People have the last word: stories merged, split and spoken for by hand, and the links that remember it.

Every correction is one transaction with its events, like what the matcher does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from pipeline.errors import NotFound, StorageError

from . import codec, tables
from .base import next_row
from .items import living_row
from .stories import Stories
from .values import Link, LinkKind

_story, _article, _link = tables.story, tables.article, tables.link
BY_HAND = "pinned by a person"


class Corrections(Stories):
    """What a person may change."""

    def merge_stories(self, keep: str, fold: str, now: datetime, note: str = "") -> None:
        """Fold story ``fold`` into ``keep``; their canonical articles are linked as the same report.

        Raises ``NotFound`` for an id that is not there, ``StorageError`` when both are one already.
        """
        with self._db.write() as connection:
            kept, folded = _story_row(connection, keep), _story_row(connection, fold)
            if kept == folded:
                raise StorageError(f"{keep} and {fold} are one story already")
            plan = self._plan(connection, {kept, folded}, {}, now)
            into, gone = plan.stories[kept], plan.stories[folded]
            self._bind(connection, LinkKind.MUST, into.canonical, gone.canonical, now, note)
            plan.merge(into, gone)
            self._write(connection, plan)

    def split_article(self, article_id: str, story_id: str, now: datetime, note: str = "") -> None:
        """Take an article out of its story into a new one that will be called ``story_id``.

        It is remembered that the article is not the same report as the one that speaks for its old story
        (or, when it spoke itself, as the one that speaks now).  Raises ``NotFound``, or ``StorageError``
        when the article is alone in its story.
        """
        with self._db.write() as connection:
            article, home = _article_rows(connection, article_id)
            plan = self._plan(connection, {home}, {article: home}, now)
            old = plan.living(home)
            if old.size < 2:
                raise StorageError(f"{article_id} is the only article of its story: nothing to split")
            new = plan.start(next_row(connection, "story"), story_id, article, article, "split by a person")
            plan.leave(old, article, new)
            self._write(connection, plan)
            unmatched = {"matched": None, "score": None, "match_reason": None}
            connection.execute(_article.update().where(_article.c.row == article).values(**unmatched))
            self._bind(connection, LinkKind.CANNOT, article, old.canonical, now, note)

    def pin_article(self, article_id: str, now: datetime) -> None:
        """Let an article speak for its story whatever the rules say; raises ``NotFound``."""
        with self._db.write() as connection:
            article, home = _article_rows(connection, article_id)
            plan = self._plan(connection, {home}, {}, now)
            story = plan.living(home)
            plan.speak(story, article, BY_HAND)
            story.pinned = article
            self._write(connection, plan)

    def appoint(self, story_id: str, article_id: str, rule: str, now: datetime) -> bool:
        """Let an article speak for its story by a rule; False where a person pinned one.

        Raises ``NotFound``, or ``StorageError`` for an article of another story.
        """
        with self._db.write() as connection:
            article, home = _article_rows(connection, article_id)
            plan = self._plan(connection, {home, _story_row(connection, story_id)}, {}, now)
            story = plan.living(home)
            if story.row != _story_row(connection, story_id):
                raise StorageError(f"{article_id} is no article of {story_id}")
            if story.pinned is None:
                plan.speak(story, article, rule)
                self._write(connection, plan)
            return story.pinned is None

    def unpin_story(self, story_id: str) -> None:
        """Let the rules choose again from the next decision on; raises ``NotFound``."""
        with self._db.write() as connection:
            row = _story_row(connection, story_id)
            connection.execute(_story.update().where(_story.c.row == row).values(pinned=None))

    def add_link(self, kind: LinkKind, a: str, b: str, now: datetime, note: str = "") -> int:
        """Remember a person's word on two articles; an opposite word on the same two is undone.

        Returns the link's row.  Raises ``NotFound``, or ``StorageError`` for an article and itself.
        """
        with self._db.write() as connection:
            rows = [_article_rows(connection, article_id)[0] for article_id in (a, b)]
            if rows[0] == rows[1]:
                raise StorageError(f"{a} cannot be linked with itself")
            return self._bind(connection, kind, rows[0], rows[1], now, note)

    def undo_link(self, row: int, now: datetime) -> None:
        """Take a link back; the stories stay as they are.  Raises ``NotFound``."""
        with self._db.write() as connection:
            change = _link.update().where(_link.c.row == row, _link.c.undone.is_(None))
            if connection.execute(change.values(undone=codec.micros(now))).rowcount == 0:
                raise NotFound(f"no link {row} stands")

    def links(self, article_id: str | None = None, *, undone: bool = False) -> list[Link]:
        """The links that stand (with ``undone`` also the others), of one article or of all."""
        one, two = _article.alias("one"), _article.alias("two")
        query = (
            select(_link, one.c.article_id.label("a_id"), two.c.article_id.label("b_id"))
            .join(one, one.c.row == _link.c.a)
            .join(two, two.c.row == _link.c.b)
            .order_by(_link.c.row)
        )
        if not undone:
            query = query.where(_link.c.undone.is_(None))
        if article_id is not None:
            row = select(_article.c.row).where(_article.c.article_id == article_id).scalar_subquery()
            query = query.where(or_(_link.c.a == row, _link.c.b == row))
        with self._db.read() as connection:
            return [_as_link(found) for found in connection.execute(query)]

    def _bind(self, connection: Connection, kind: LinkKind, a: int, b: int, now: datetime, note: str) -> int:
        first, second = sorted((a, b))
        same = _link.update().where(_link.c.a == first, _link.c.b == second, _link.c.undone.is_(None))
        connection.execute(same.values(undone=codec.micros(now)))
        values = {"kind": kind.value, "a": first, "b": second, "made": codec.micros(now), "note": note}
        made = _link.insert().values(**codec.sound(values)).returning(_link.c.row)
        return int(connection.execute(made).scalar_one())


def _story_row(connection: Connection, story_id: str) -> int:
    row = connection.execute(select(living_row(story_id))).scalar()
    if row is None:
        raise NotFound(f"no story goes by {story_id}")
    return int(row)


def _article_rows(connection: Connection, article_id: str) -> tuple[int, int]:
    """The rows of an article and of its story."""
    query = select(_article.c.row, _article.c.story).where(_article.c.article_id == article_id)
    found = connection.execute(query).first()
    if found is None:
        raise NotFound(f"no article goes by {article_id}")
    return found[0], found[1]


def _as_link(row: Any) -> Link:
    return Link(
        row=row.row,
        kind=LinkKind(row.kind),
        a=row.a_id,
        b=row.b_id,
        a_row=row.a,
        b_row=row.b,
        made=codec.moment(row.made),
        undone=codec.maybe_moment(row.undone),
        note=row.note,
    )
