"""What may be asked, and how words from outside become values: strictly, with a clear message otherwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from pipeline.errors import UsageError
from pipeline.model import Outcome, Reason

from .source import Place

T = TypeVar("T")

Words = Annotated[str, Meta(max_length=200)]
Address = Annotated[str, Meta(max_length=4000)]
Name = Annotated[str, Meta(max_length=300)]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with zone, e.g. 2026-03-01T12:00:00Z")]
Cursor = Annotated[int, Meta(ge=0, le=2**62)]
Window = Literal["24h", "7d", "30d", "all"]
Order = Literal["newest", "widest", "fastest"]

WINDOWS: dict[str, timedelta | None] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": None,
}


class QueryError(UsageError):
    """A request that cannot be answered as it stands."""


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which items; every given part must hold."""

    outcome: Outcome | None = None
    reason: Reason | None = None
    outlet: Name | None = None
    feed: Address | None = None
    text: Words | None = None  # part of the title
    story: Name | None = None
    article: Name | None = None
    url: Address | None = None
    since: Moment | None = None
    until: Moment | None = None
    before: Cursor | None = None  # those older than this cursor
    limit: Annotated[int, Meta(ge=1, le=500)] = 50

    def wanted(self) -> dict[str, Any]:
        """The conditions, without place and limit."""
        return _given(self, ("before", "limit"))


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """Which stories; every given part must hold."""

    order: Order = "newest"
    window: Window | None = None  # last seen within it
    text: Words | None = None  # words as for ``search``, among the articles found last
    outlet: Name | None = None
    url: Address | None = None
    min_articles: Annotated[int, Meta(ge=1, le=1000)] = 1
    since: Moment | None = None
    until: Moment | None = None
    before: Annotated[str, Meta(max_length=50, pattern=r"^\d{1,19}-\d{1,19}$")] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50

    def wanted(self, now: datetime) -> dict[str, Any]:
        """The conditions at ``now``."""
        found = _given(self, ("order", "window", "before", "limit", "text"))
        length = WINDOWS[self.window] if self.window else None
        if length is not None:
            found["since"] = max(now - length, self.since or now - length)
        return found

    def behind(self) -> Place | None:
        """The place in the list, as numbers."""
        if self.before is None:
            return None
        key, row = (int(part) for part in self.before.split("-"))
        if max(key, row) > 2**62:
            raise QueryError("before: not a place that was given out")
        return key, row


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Articles by what they say."""

    q: Annotated[str, Meta(min_length=1, max_length=1000)]  # words, "a phrase", pref*, -without, outlet:, since: ...
    before: Cursor | None = None  # those older than this place
    limit: Annotated[int, Meta(ge=1, le=200)] = 20


@dataclass(frozen=True, slots=True)
class DaysQuery:
    """Over how many days, today included."""

    days: Annotated[int, Meta(ge=1, le=30)] = 14


@dataclass(frozen=True, slots=True)
class NoQuery:
    """Nothing may be asked."""


def place(value: Place) -> str:
    """A place as ``before`` takes it."""
    return f"{value[0]}-{value[1]}"


def read(kind: type[T], pairs: Sequence[tuple[str, str]]) -> T:
    """Pairs of a query string or form as ``kind``; empty ones count as not given.  Raises ``QueryError``."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in names:
            known = f"; there are {', '.join(names)}" if names else ""
            raise QueryError(f"no parameter is called {name[:50]!r}{known}")
        if name in values:
            raise QueryError(f"{name} was given twice")
        if value:
            values[name] = value
    return convert(kind, values)


def convert(kind: type[T], values: Any) -> T:
    """``values`` as ``kind``; raises ``QueryError`` with what would be right."""
    try:
        made = msgspec.convert(values, kind, strict=False)
        for field in dataclasses.fields(made):  # type: ignore[arg-type]
            value = getattr(made, field.name)
            if isinstance(value, datetime) and not 1 < value.year < 9999:
                raise QueryError(f"{field.name}: a year from 2 to 9998")
    except msgspec.ValidationError as error:
        raise QueryError(str(error).replace("`$.", "`").replace(" - at `", ": `")) from None
    return made


def _given(query: Any, without: Sequence[str]) -> dict[str, Any]:
    fields = (field.name for field in dataclasses.fields(query))
    return {name: value for name in fields if name not in without and (value := getattr(query, name)) is not None}
