"""The tables as SQLAlchemy Core sees them.

The migrations make the schema; this describes what they arrive at, and a test holds the two together.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Double, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

metadata = MetaData()


def _table(table: str, /, **columns: type[TypeEngine[Any]]) -> Table:
    return Table(table, metadata, *(Column(key, kind()) for key, kind in columns.items()))


_INT, _REAL, _TEXT, _BYTES = BigInteger, Double, Text, LargeBinary

feed = _table(
    "feed",
    row=_INT,
    source_url=_TEXT,
    url=_TEXT,
    outlet=_TEXT,
    next_poll=_INT,
    retired=_INT,
    listed=_INT,
    state=_TEXT,
)
entry = _table("entry", row=_INT, feed=_INT, key=_TEXT, fingerprint=_TEXT, seen=_INT, article=_INT)
refusal = _table("refusal", feed=_INT, key=_TEXT, reason=_TEXT)
work = _table(
    "work",
    row=_INT,
    entry=_INT,
    payload=_TEXT,
    revised=_INT,
    attempts=_INT,
    due=_INT,
    reason=_TEXT,
    detail=_TEXT,
    look=_INT,
)
story = _table(
    "story",
    row=_INT,
    story_id=_TEXT,
    canonical=_INT,
    canonical_rule=_TEXT,
    pinned=_INT,
    first_seen=_INT,
    last_seen=_INT,
    size=_INT,
    merged_into=_INT,
)
article = _table(
    "article",
    row=_INT,
    article_id=_TEXT,
    story=_INT,
    url=_TEXT,
    title=_TEXT,
    outlet=_TEXT,
    published=_INT,
    stored=_INT,
    revision=_INT,
    text_hash=_BYTES,
    matched=_INT,
    score=_REAL,
    match_reason=_TEXT,
    meta=_TEXT,
)
body = _table("body", article=_INT, text=_TEXT)
sketch = _table("sketch", article=_INT, story=_INT, published=_INT, sketch=_BYTES)
address = _table("address", identity=_BYTES, article=_INT)
evidence = _table("evidence", article=_INT, place=_INT, other=_INT, score=_REAL, reason=_TEXT, figures=_BYTES)
revision = _table(
    "revision",
    article=_INT,
    number=_INT,
    stored=_INT,
    replaced=_INT,
    title=_TEXT,
    text=_TEXT,
    meta=_TEXT,
)
link = _table("link", row=_INT, kind=_TEXT, a=_INT, b=_INT, made=_INT, undone=_INT, note=_TEXT)
event = _table("event", cursor=_INT, time=_INT, kind=_TEXT, story=_INT, article=_INT, other=_INT, detail=_TEXT)
journal = _table(
    "journal",
    row=_INT,
    time=_INT,
    feed=_TEXT,
    url=_TEXT,
    url_key=_INT,
    outlet=_TEXT,
    title=_TEXT,
    outcome=_TEXT,
    reason=_TEXT,
    detail=_TEXT,
    article=_INT,
    story=_INT,
    extra=_BYTES,
)
alias = _table("alias", name=_TEXT, outlet=_TEXT, made=_INT)
renamed = _table("renamed", article=_INT, name=_TEXT)
delivery = _table("delivery", hook=_TEXT, cursor=_INT, upto=_INT, attempts=_INT, due=_INT, detail=_TEXT)
host = _table("host", name=_TEXT, saved=_INT, facts=_TEXT)
subscription = _table("subscription", feed=_INT, token=_TEXT, state=_TEXT)
checkpoint = _table("checkpoint", name=_TEXT, upto=_INT, content=_BYTES)


def insert_sql(table: Table) -> str:
    """A plain INSERT of every column, written with ``?``, for bulk rows."""
    names = ", ".join(column.name for column in table.columns)
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables
