"""TOML → frozen settings, with every mistake found at once.

Rooms own their settings as frozen dataclasses (name, type, default, meaning); this file only knows how to
fill one from a table.  A mistake names file, key, and what would be right.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipeline.errors import ConfigError

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; raises ``ConfigError`` that names line and column of a syntax error."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: not UTF-8 text (byte {error.start})"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None


def fill(cls: type[T], table: object, where: str, mistakes: list[str]) -> T | None:
    """An instance of the dataclass ``cls`` from ``table``; ``None`` where that was impossible.

    ``where`` is "file: [section]"; every mistake is appended to ``mistakes`` as one line.
    """
    if not isinstance(table, Mapping):
        mistakes.append(f"{where} should be a table, is {_shown(table)}")
        return None
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    types = typing.get_type_hints(cls, include_extras=True)
    values: dict[str, Any] = {}
    before = len(mistakes)
    for key, value in table.items():
        if key not in fields:
            mistakes.append(f"{where} {key}: no such setting{_nearest(key, fields)}")
            continue
        try:
            values[key] = msgspec.convert(value, types[key])
            _try_alone(cls, fields, key, values[key])
        except (msgspec.ValidationError, ValueError) as error:
            mistakes.append(f"{where} {key} = {_shown(value)}: {_in_words(error)}")
    for name, field in fields.items():
        if name not in table and not _has_default(field):
            mistakes.append(f"{where} {name}: is missing")
    if len(mistakes) > before:
        return None
    try:
        return cls(**values)
    except ValueError as error:  # rules between settings, stated by the dataclass itself
        mistakes.append(f"{where}: {error}")
        return None


def unknown_keys(table: Mapping[str, object], known: Iterable[str], where: str) -> list[str]:
    """A mistake for each key of ``table`` that is not among ``known``."""
    allowed = list(known)
    return [f"{where} {key}: no such section{_nearest(key, allowed)}" for key in table if key not in allowed]


def _try_alone(cls: type[T], fields: Mapping[str, dataclasses.Field[Any]], key: str, value: object) -> None:
    """Raise what the dataclass has against this one value, so that each bad value is told, not the first."""
    if all(_has_default(field) or name == key for name, field in fields.items()):
        cls(**{key: value})


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _nearest(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


_WORDS = {
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "a text in quotes",
    "`bool`": "true or false",
    "`array`": "a list in brackets",
    "`object`": "a table",
    "`null`": "nothing",
}


def _in_words(error: Exception) -> str:
    """msgspec's message in the words of somebody who edits a TOML file."""
    text = str(error)
    for technical, plain in _WORDS.items():
        text = text.replace(technical, plain)
    return text.replace("Expected", "should be", 1).replace(" - at ", " at ").replace("`", "")
