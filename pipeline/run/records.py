"""Lines of a JSON Lines file → articles, each with where it stands; a bad line costs only itself."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Article, TextSource
from pipeline.urls import canonical_url

MAX_LINE = 16 << 20  # bytes; longer lines are refused, so that one line cannot fill the memory
_READ = 1 << 18  # bytes unpacked at once: many small steps cost as much as the unpacking
MAX_NAME = (
    500  # characters of ids and outlets; an entry of a PostgreSQL index holds 2,704 bytes, a character has up to 4
)
_GZIP = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z|\d{8}\Z")
_FIRST_YEAR, _LAST_YEAR = 1600, 2200  # outside, a date is a mistake


class _Line(msgspec.Struct):
    id: str | int
    text: str
    url: str | None = None
    outlet: str | None = None
    title: str | None = None
    published: str | int | float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One usable line; ``number`` counts from 1, ``whole`` says whether the id was a whole number."""

    number: int
    id: str
    whole: bool
    article: Article


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out, and why."""

    number: int
    reason: str


_decoder = msgspec.json.Decoder(_Line)


# A line as it stands in the file, or what is wrong with it, under its number; numbers count from 1
Line = tuple[int, bytes | str]


def read_records(path: Path) -> Iterator[Record | BadLine]:
    """Each line that is not blank.  Plain or gzip, told apart by the first bytes.

    Raises ``UsageError`` when the file cannot be opened.
    """
    return map(parsed, read_lines(path))


def read_lines(path: Path) -> Iterator[Line]:
    """The lines that ``parsed`` makes records of; raises ``UsageError`` as ``read_records`` does."""
    number = 0
    with _opened(path) as stream:
        try:
            while line := stream.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE and not line.endswith(b"\n"):
                    _skip_rest(stream)
                    yield number, f"longer than {MAX_LINE >> 20} MiB"
                elif not line.isspace():
                    yield number, line
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            yield number + 1, f"the compressed file is damaged or ends here: {error}"


def parsed(line: Line) -> Record | BadLine:
    """The record in one line."""
    number, content = line
    return BadLine(number, content) if isinstance(content, str) else _record(number, content)


def _opened(path: Path) -> IO[bytes]:
    try:
        stream = path.open("rb")
        if stream.read(2) != _GZIP:
            stream.seek(0)
            return stream
        stream.close()
        return io.BufferedReader(gzip.GzipFile(path), _READ)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error


def _skip_rest(stream: IO[bytes]) -> None:
    while (part := stream.readline(MAX_LINE)) and not part.endswith(b"\n"):
        pass


def _record(number: int, line: bytes) -> Record | BadLine:
    try:
        row = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        lenient = _lenient(line)
        if lenient is None:
            return BadLine(number, str(error))
        row = lenient
    return _of(number, row)


def record_of(number: int, values: dict[str, Any]) -> Record | BadLine:
    """A record from values that are at hand already, such as a row of a table; text as JSON may have it."""
    try:
        return _of(number, msgspec.convert(values, _Line))
    except msgspec.ValidationError as error:
        return BadLine(number, str(error))


def _of(number: int, row: _Line) -> Record | BadLine:
    key = str(row.id)
    if not key:
        return BadLine(number, "the id is empty")
    if len(key) > MAX_NAME or len(row.outlet or "") > MAX_NAME:
        return BadLine(number, f"an id or outlet of more than {MAX_NAME} characters")
    published, day_only = when(row.published)
    article = Article(
        url=_address(row.url or ""),
        title=row.title or "",
        text=row.text,
        outlet=row.outlet or None,
        published=published,
        published_day_only=day_only,
        source=TextSource.IMPORT,
    )
    return Record(number, key, not isinstance(row.id, str), article)


def _lenient(line: bytes) -> _Line | None:
    """A line with lone surrogates, which JSON allows and no text may hold; None if it is bad in other ways."""
    if b"\\u" not in line:
        return None
    try:
        values = json.loads(line)
        return msgspec.convert(_sound(values), _Line)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def _sound(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    return {
        key: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for key, value in values.items()
    }


def _address(url: str) -> str:
    try:
        return canonical_url(url).url if url else ""
    except ValueError:
        return ""


def when(value: str | float | None) -> tuple[datetime | None, bool]:
    """A publication time as files write it, and whether it names only a day; ``(None, False)`` for none.

    ISO 8601 (UTC where no zone is given), ``1/21/18`` (month first unless that cannot be), RFC 5322, and
    seconds since the epoch.
    """
    if value is None or value == "":
        return None, False
    if not isinstance(value, str):
        return _from_seconds(value), False
    return _when(value.strip())


@lru_cache(maxsize=4096)
def _when(text: str) -> tuple[datetime | None, bool]:
    day_only = bool(_DAY.match(text) or _SLASHED.match(text))
    for read in (datetime.fromisoformat, _slashed, parsedate_to_datetime):
        try:
            found = read(text)
        except ValueError:
            continue
        if not _FIRST_YEAR <= found.year < _LAST_YEAR:
            return None, False
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)), day_only
    return None, False


def _slashed(text: str) -> datetime:
    match = _SLASHED.match(text)
    if match is None:
        raise ValueError(text)
    month, day, year = (int(part) for part in match.groups())
    if month > 12:
        month, day = day, month
    if year < 100:  # POSIX: 69-99 are the 1900s
        year += 1900 if year >= 69 else 2000
    return datetime(year, month, day, tzinfo=UTC)


def _from_seconds(value: float) -> datetime | None:
    try:
        found = datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if _FIRST_YEAR <= found.year < _LAST_YEAR else None
