"""One configuration file, and the feeds file beside it, → everything a run needs to know.

Which sections exist is told by the composition root (``sections``: name → settings dataclass of a room);
``[storage]`` and ``[[feeds]]`` are read here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.config.read import fill, read_toml, unknown_keys
from pipeline.errors import ConfigError
from pipeline.model import FeedSource
from pipeline.urls import is_web_url, mask_url

DEFAULT_PATH = Path("config/pipeline.toml")


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where records are kept."""

    url: str = "sqlite:///storyfold.db"


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one run.  ``sections`` holds each room's settings object under its section's name."""

    path: Path | None
    storage: StorageSettings
    feeds: tuple[FeedSource, ...]
    feeds_path: Path | None
    sections: Mapping[str, Any] = field(default_factory=dict)
    lists: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # of each [[name]] the tables in order


def load(
    path: Path | None, sections: Mapping[str, type], *, lists: Mapping[str, type] | None = None, db: str | None = None
) -> Config:
    """Read ``path`` (default: ``$STORYFOLD_CONFIG``, then ``config/pipeline.toml`` where it exists).

    ``lists`` names what each table of a ``[[name]]`` fills.
    ``db`` overrides ``[storage] url``.  Raises ``ConfigError`` with all mistakes of all files at once.
    """
    chosen = path or _default_path()
    tables = read_toml(chosen) if chosen else {}
    where = str(chosen or "(defaults)")
    lists = lists or {}
    mistakes = unknown_keys(tables, [*sections, *lists, "storage", "feeds", "feeds_file"], f"{where}:")
    storage = fill(StorageSettings, tables.get("storage", {}), f"{where}: [storage]", mistakes)
    built = {name: fill(cls, tables.get(name, {}), f"{where}: [{name}]", mistakes) for name, cls in sections.items()}
    told = {name: _tables(cls, tables.get(name, []), f"{where}: [[{name}]]", mistakes) for name, cls in lists.items()}
    feeds = _feed_list(tables.get("feeds", []), where, mistakes)
    feeds_path = _feeds_path(chosen, tables, mistakes)
    if feeds_path is not None:
        feeds += _feed_file(feeds_path, mistakes)
    mistakes += _repeated(feeds)
    if mistakes:
        raise ConfigError(mistakes)
    assert storage is not None  # noqa: S101 - it is None only with a mistake
    if db:
        storage = replace(storage, url=db)
    return Config(chosen, storage, tuple(f for f, _ in feeds), feeds_path, built, told)


def _tables(cls: type, tables: object, where: str, mistakes: list[str]) -> tuple[Any, ...]:
    if not isinstance(tables, list):
        mistakes.append(f"{where} should be a list of tables in double brackets")
        return ()
    made = (fill(cls, table, f"{where} number {number}", mistakes) for number, table in enumerate(tables, 1))
    return tuple(item for item in made if item is not None)


def _default_path() -> Path | None:
    named = os.environ.get("STORYFOLD_CONFIG")
    if named:
        return Path(named)
    return DEFAULT_PATH if DEFAULT_PATH.exists() else None


def _feeds_path(config: Path | None, tables: Mapping[str, object], mistakes: list[str]) -> Path | None:
    name = tables.get("feeds_file")
    if name is None or config is None:
        return None
    if not isinstance(name, str):
        mistakes.append(f"{config}: feeds_file = {name!r}: should be a file name in quotes")
        return None
    return config.parent / name


def _feed_file(path: Path, mistakes: list[str]) -> list[tuple[FeedSource, str]]:
    try:
        tables = read_toml(path)
    except ConfigError as error:
        mistakes += error.mistakes
        return []
    mistakes += unknown_keys(tables, ["feeds"], f"{path}:")
    return _feed_list(tables.get("feeds", []), str(path), mistakes)


def _feed_list(tables: object, where: str, mistakes: list[str]) -> list[tuple[FeedSource, str]]:
    """Each feed with the place that names it, for messages."""
    if not isinstance(tables, list):
        mistakes.append(f"{where}: feeds should be a list of [[feeds]] tables")
        return []
    feeds = []
    for number, table in enumerate(tables, 1):
        place = f"{where}: [[feeds]] number {number}"
        table = _with_header_pairs(table)
        feed = fill(FeedSource, table, place, mistakes)
        if feed is None:
            continue
        mistakes += [f"{place} {problem}" for problem in _feed_problems(feed)]
        feeds.append((feed, place))
    return feeds


def _with_header_pairs(table: object) -> object:
    """Headers are written as a table ``headers = {Name = "value"}`` and kept as pairs."""
    if isinstance(table, dict) and isinstance(table.get("headers"), dict):
        return {**table, "headers": [list(pair) for pair in table["headers"].items()]}
    return table


def _feed_problems(feed: FeedSource) -> list[str]:
    problems = []
    if not is_web_url(feed.url):
        problems.append(f"url = {mask_url(feed.url)!r}: should be an http:// or https:// address")
    if not feed.outlet.strip():
        problems.append("outlet: should name the organisation that publishes the feed")
    if feed.interval_minutes is not None and not 0 <= feed.interval_minutes <= 60 * 24 * 7:
        problems.append(f"interval_minutes = {feed.interval_minutes}: should lie between 0 and 10080 (a week)")
    return problems


def _repeated(feeds: list[tuple[FeedSource, str]]) -> list[str]:
    first: dict[str, str] = {}
    repeated = []
    for feed, place in feeds:
        if feed.url in first:
            repeated.append(f"{place} url = {mask_url(feed.url)!r}: the same feed as {first[feed.url]}")
        first.setdefault(feed.url, place)
    return repeated
