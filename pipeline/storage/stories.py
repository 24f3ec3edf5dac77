"""Reading stories and their changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from pipeline.errors import NotFound

from . import codec, tables
from .items import Items, living_row
from .values import EventKind, Member, StoryEvent, StoryFilter, StoryRecord

_story, _article, _address, _event = tables.story, tables.article, tables.address, tables.event


class Stories(Items):
    """Stories for people and for consumers that follow along."""

    def stories(self, wanted: StoryFilter | None = None, *, limit: int = 50) -> list[StoryRecord]:
        """At most ``limit`` stories, the last seen first."""
        with self._db.snapshot() as connection:
            rows = connection.execute(stories_query(wanted or StoryFilter(), limit)).all()
            return self._records(connection, rows)

    def story(self, story_id: str) -> StoryRecord:
        """The story of that id, or the one it was merged into; raises ``NotFound``."""
        with self._db.snapshot() as connection:
            rows = connection.execute(select(_story).where(_story.c.row == living_row(story_id))).all()
            records = self._records(connection, rows)
        if not records:
            raise NotFound(f"no story goes by {story_id}")
        return records[0]

    def story_with(self, article_row: int) -> StoryRecord:
        """The story that holds an article; raises ``NotFound``."""
        home = select(_article.c.story).where(_article.c.row == article_row).scalar_subquery()
        with self._db.snapshot() as connection:
            records = self._records(connection, connection.execute(select(_story).where(_story.c.row == home)).all())
        if not records:
            raise NotFound(f"there is no article in row {article_row}")
        return records[0]

    def stories_in_order(self, after_row: int = 0, limit: int = 200) -> list[StoryRecord]:
        """At most ``limit`` living stories behind a row, in the order they began."""
        query = select(_story).where(_story.c.merged_into.is_(None), _story.c.row > after_row)
        with self._db.snapshot() as connection:
            rows = connection.execute(query.order_by(_story.c.row).limit(limit)).all()
            return self._records(connection, rows)

    def changes(self, since: int = 0, limit: int = 1000) -> list[StoryEvent]:
        """At most ``limit`` changes of stories behind the cursor ``since``, in the order they happened."""
        other = _story.alias("other_story")
        query = (
            select(_event, _story.c.story_id, _article.c.article_id, other.c.story_id.label("other_id"))
            .join(_story, _story.c.row == _event.c.story)
            .outerjoin(_article, _article.c.row == _event.c.article)
            .outerjoin(other, other.c.row == _event.c.other)
            .where(_event.c.cursor > since)
            .order_by(_event.c.cursor)
            .limit(limit)
        )
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [
            StoryEvent(
                cursor=row.cursor,
                time=codec.moment(row.time),
                kind=EventKind(row.kind),
                story_id=row.story_id,
                article_id=row.article_id,
                other_story_id=row.other_id,
                detail=row.detail,
            )
            for row in rows
        ]

    def _records(self, connection: Connection, stories: Sequence[Any]) -> list[StoryRecord]:
        members: dict[int, list[Any]] = {story.row: [] for story in stories}
        for row in self._chunked(connection, _MEMBERS, list(members)):
            members[row.story].append(row)
        return [_record(story, members[story.row]) for story in stories]


_MEMBERS = (
    "SELECT story, row, article_id, url, outlet, title, published, score, match_reason, revision"
    " FROM article WHERE story IN ({marks}) ORDER BY story, row"
)


def stories_query(wanted: StoryFilter, limit: int) -> Select[Any]:
    """The statement behind ``stories``."""
    wanted = codec.sound(wanted)
    query = select(_story).where(_story.c.merged_into.is_(None), *_conditions(wanted))
    return query.order_by(_story.c.last_seen.desc(), _story.c.row.desc()).limit(limit)


def _conditions(wanted: StoryFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(_story.c.last_seen >= codec.micros(wanted.since))
    if wanted.until is not None:
        found.append(_story.c.last_seen < codec.micros(wanted.until))
    if wanted.outlet is not None:
        found.append(_story.c.row.in_(select(_article.c.story).where(_article.c.outlet == wanted.outlet)))
    if wanted.url is not None:
        at = select(_address.c.article).where(_address.c.identity == codec.identity(wanted.url)).scalar_subquery()
        found.append(_story.c.row.in_(select(_article.c.story).where(_article.c.row == at)))
    if wanted.ids is not None:
        found.append(_story.c.story_id.in_(wanted.ids))
    if wanted.min_articles > 1:
        found += [_story.c.size > literal_column("1"), _story.c.size >= wanted.min_articles]
    return found


def _record(story: Any, rows: Sequence[Any]) -> StoryRecord:
    members = tuple(
        Member(
            article_id=row.article_id,
            url=row.url,
            outlet=row.outlet,
            title=row.title,
            published=codec.maybe_moment(row.published),
            canonical=row.row == story.canonical,
            score=row.score,
            reason=row.match_reason,
            revision=row.revision,
        )
        for row in rows
    )
    speaker = next((member for member in members if member.canonical), members[0])
    return StoryRecord(
        story_id=story.story_id,
        title=speaker.title,
        url=speaker.url,
        outlet=speaker.outlet,
        published=speaker.published,
        first_seen=codec.moment(story.first_seen),
        last_seen=codec.moment(story.last_seen),
        outlets=tuple(dict.fromkeys(member.outlet for member in members if member.outlet)),
        articles=members,
        canonical_rule=story.canonical_rule,
        row=story.row,
    )
