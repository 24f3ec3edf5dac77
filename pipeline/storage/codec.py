"""Values to columns and back.

Times are whole microseconds since the epoch (UTC).  Values without columns of their own are one JSON
document with defaults left out, so that a field added later needs no migration; figures are msgpack,
which keeps every float as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from pipeline.model import Article, Entry, FeedSource, FeedState, OriginSign, TextSource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """The aware UTC time of ``micros``."""
    return _EPOCH + timedelta(microseconds=value)


def maybe_micros(value: datetime | None) -> int | None:
    """``micros``, or None for None."""
    return None if value is None else (value - _EPOCH) // _MICROSECOND


def maybe_moment(value: int | None) -> datetime | None:
    """``moment``, or None for None."""
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def text_hash(text: str) -> bytes:
    """16 bytes that stand for a text: two texts are the same if and only if these are (BLAKE2b)."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


identity = text_hash  # of a canonical URL


def url_key(url: str) -> int:
    """A signed 64-bit key of a URL for a narrow index; the URL itself is compared as well."""
    return int.from_bytes(blake2b(url.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


class _Meta(msgspec.Struct, omit_defaults=True, frozen=True):
    """The fields of an article that have no column."""

    published_day_only: bool = False
    modified: datetime | None = None
    authors: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    language: str | None = None
    canonical_url: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    image: str | None = None
    free: bool | None = None
    origins: tuple[OriginSign, ...] = ()
    source: TextSource = TextSource.PAGE
    notes: tuple[str, ...] = ()


class _Extra(msgspec.Struct, omit_defaults=True, frozen=True):
    """The fields of a journal row that have no column."""

    timings: dict[str, float] = {}
    trail: tuple[str, ...] = ()


_json = msgspec.json.Encoder()
_pack = msgspec.msgpack.Encoder()
_meta = msgspec.json.Decoder(_Meta)
_extra = msgspec.msgpack.Decoder(_Extra)
_figures = msgspec.msgpack.Decoder(dict[str, float])
_entry = msgspec.json.Decoder(Entry)
_feed = msgspec.json.Decoder(FeedState)

_META_FIELDS = _Meta.__struct_fields__


def write_meta(article: Article) -> str:
    """The column-less part of ``article`` as JSON."""
    meta = _Meta(
        article.published_day_only,
        article.modified,
        article.authors,
        article.agencies,
        article.language,
        article.canonical_url,
        article.section,
        article.keywords,
        article.image,
        article.free,
        article.origins,
        article.source,
        article.notes,
    )
    return _json.encode(meta).decode()


def read_article(url: str, title: str, text: str, outlet: str | None, published: int | None, meta: str) -> Article:
    """The article from its columns."""
    rest = _meta.decode(meta)
    return Article(
        url=url,
        title=title,
        text=text,
        outlet=outlet,
        published=maybe_moment(published),
        **{name: getattr(rest, name) for name in _META_FIELDS},
    )


def write_extra(timings: dict[str, float], trail: tuple[str, ...]) -> bytes | None:
    """Timings and trail of a journal row; None when there are none."""
    return _pack.encode(_Extra(timings, trail)) if timings or trail else None


def read_extra(content: bytes | None) -> tuple[dict[str, float], tuple[str, ...]]:
    """Timings (milliseconds by stage) and trail."""
    if content is None:
        return {}, ()
    extra = _extra.decode(content)
    return extra.timings, extra.trail


def write_figures(figures: Mapping[str, float]) -> bytes:
    """The figures behind a match."""
    return _pack.encode(figures)


def read_figures(content: bytes) -> dict[str, float]:
    """The figures behind a match."""
    return _figures.decode(content)


def write_entry(entry: Entry) -> str:
    """An entry that waits in the queue."""
    return _json.encode(entry).decode()


def read_entry(payload: str) -> Entry:
    """An entry from the queue."""
    return _entry.decode(payload)


def write_feed(state: FeedState) -> str:
    """A feed's facts, without what only the configuration may hold: headers, credentials, proxy."""
    source = without_secrets(state.source)
    return _json.encode(dataclasses.replace(state, source=source)).decode()


def read_feed(state: str, row: int) -> FeedState:
    """A feed's facts under its row."""
    return dataclasses.replace(_feed.decode(state), row=row)


def without_secrets(source: FeedSource) -> FeedSource:
    """``source`` as it may lie in a database or a backup."""
    return dataclasses.replace(source, headers=(), username=None, password=None, proxy=None)


def sound(value: Any) -> Any:
    """``value`` with what some database cannot hold replaced in its texts: lone surrogates by ``?``, NUL by U+FFFD.

    Walks dataclasses, tuples and dicts.  Only called once a write has failed over such a text.
    """
    if isinstance(value, str):
        plain = value.replace("\0", "\ufffd") if "\0" in value else value
        return plain if plain.isascii() else plain.encode("utf-8", "replace").decode()
    if isinstance(value, tuple | list):
        return tuple(sound(part) for part in value)
    if isinstance(value, dict):
        return {sound(key): sound(part) for key, part in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: sound(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    return value


def readable_meta(meta: str) -> bool:
    """Whether ``meta`` of an article can be read."""
    try:
        _meta.decode(meta)
    except (msgspec.MsgspecError, UnicodeError, TypeError):
        return False
    return True
