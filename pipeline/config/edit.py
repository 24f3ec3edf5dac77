"""Changing the feeds file: adds and removes ``[[feeds]]`` tables, keeping comments and order."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

    from pipeline.model import FeedSource

# In the order in which a person would write them.
_KEYS = ("url", "outlet", "language", "country", "interval_minutes", "priority", "username", "password", "proxy")


def add_feeds(path: Path, feeds: list[FeedSource]) -> list[FeedSource]:
    """Append the feeds whose URL is not in the file yet; returns those that were added."""
    import tomlkit

    document = _read(path)
    tables = document.get("feeds")
    if not tables:
        document.pop("feeds", None)
        tables = tomlkit.aot()
        document.append("feeds", tables)
    known = {str(table.get("url")) for table in tables}
    added = []
    for feed in feeds:
        if feed.url in known:
            continue
        known.add(feed.url)
        table = tomlkit.table()
        for key in _KEYS:
            value = getattr(feed, key)
            if value not in (None, 0):
                table.add(key, value)
        if feed.headers:
            table.add("headers", dict(feed.headers))
        tables.append(table)
        added.append(feed)
    if added:
        _write(path, document)
    return added


def remove_feeds(path: Path, urls: set[str]) -> list[str]:
    """Take out the feeds with these URLs; returns the URLs that were there."""
    document = _read(path)
    tables = document.get("feeds", [])
    gone = [str(table.get("url")) for table in tables if str(table.get("url")) in urls]
    for i in reversed([i for i, table in enumerate(tables) if str(table.get("url")) in urls]):
        del tables[i]
    if gone and not tables:
        document.remove("feeds")  # an empty list would stand as `feeds = []`, where no table can follow
    if gone:
        _write(path, document)
    return gone


def _read(path: Path) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise UsageError(f"{path} cannot be changed: {error}") from error


def _write(path: Path, document: TOMLDocument) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(document.as_string())
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(name, path.stat().st_mode & 0o777)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
