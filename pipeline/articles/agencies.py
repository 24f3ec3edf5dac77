"""News agencies and the places where they are named: bylines, datelines, credits.

The names and sentences are data (``agencies.toml``); the shapes of datelines are here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_HEAD = 400  # a dateline stands in the first characters of a text
_TAIL = 700  # and a credit in the last ones
_REUTERS_CLOSING = re.compile(r"\(?Reporting by [^\n]{3,300}?[;,.]?\s*(?:[Ww]riting|[Ee]diting) by ")
_WRAPPING = re.compile(r"^[\s/(\[（【©]+|[\s/)\]）】.,;:]+$")


@dataclass(frozen=True, slots=True)
class AgencyTable:
    """``by_name``: folded spelling → short name; ``exact``: spelling as written → short name."""

    by_name: dict[str, str]
    exact: dict[str, str]
    by_host: dict[str, str]
    needles: tuple[str, ...]  # folded spellings, for a quick look
    sentences: dict[str, list[str]]  # of credits, by language


@cache
def agency_table() -> AgencyTable:
    """The table, read once per process."""
    data = tomllib.loads(files("pipeline.articles").joinpath("agencies.toml").read_text("utf-8"))
    by_name: dict[str, str] = {}
    exact: dict[str, str] = {}
    by_host: dict[str, str] = {}
    for row in data["agency"]:
        exact.update(dict.fromkeys(row.get("exact", ()), row["name"]))
        by_name.update({spelling.casefold(): row["name"] for spelling in row.get("also", ())})
        by_host.update(dict.fromkeys(row.get("hosts", ()), row["name"]))
    return AgencyTable(by_name, exact, by_host, _needles(by_name), data["credits"])


def agency_of(text: str) -> str:
    """The agency's short name if ``text`` is nothing but an agency's name, else "".

    >>> agency_of("The Associated Press"), agency_of("(dpa)"), agency_of("Ann Lee")
    ('AP', 'dpa', '')
    """
    text = _WRAPPING.sub("", text)
    table = agency_table()
    return table.exact.get(text) or table.by_name.get(text.casefold(), "")


def dateline_agencies(text: str) -> tuple[str, ...]:
    """Agencies named in the dateline that opens ``text``: ``WASHINGTON (AP) -``, ``新华社北京5月3日电``."""
    start = text[:_HEAD]
    if not _names_any(start):
        return ()
    for paragraph in start.split("\n")[:3]:
        for pattern in _datelines():
            match = pattern.match(paragraph.strip())
            if match and not _is_prose(match.string[: match.start("agency")]):
                return _named(match["agency"])
    return ()


def _is_prose(before: str) -> bool:
    """Places are written with capitals; beside them stands at most the name of a month."""
    words: list[str] = re.findall(r"[^\W\d_]+", before)
    return sum(word.islower() and len(word) > 3 for word in words) > 1


def credited_agencies(text: str) -> tuple[str, ...]:
    """Agencies that the last lines of ``text`` credit."""
    tail = text[-_TAIL:]
    found: list[str] = []
    for match in _credits().finditer(tail) if _names_any(tail) else ():
        found += _named(next(filter(None, match.groups()), ""))
    if _REUTERS_CLOSING.search(tail):
        found.append("Reuters")
    return tuple(dict.fromkeys(found))


def _names_any(text: str) -> bool:
    """A quick look before the patterns: most texts name no agency at their ends."""
    table = agency_table()
    folded = text.casefold()
    return any(name in text for name in table.exact) or any(name in folded for name in table.needles)


def _needles(by_name: dict[str, str]) -> tuple[str, ...]:
    """No spelling that contains another one."""
    return tuple(name for name in by_name if not any(other != name and other in name for other in by_name))


def _named(text: str) -> tuple[str, ...]:
    """All agencies in "AFP/Reuters" or "dpa, AP"."""
    parts = [text, *re.split(r"\s*(?:/|,|;|-|\band\b|\bund\b|\bet\b|\by\b|\be\b)\s*", text)]
    return tuple(dict.fromkeys(filter(None, map(agency_of, parts))))


def _alternatives() -> str:
    table = agency_table()
    folded = "|".join(re.escape(s) for s in sorted(table.by_name, key=len, reverse=True))
    written = "|".join(re.escape(s) for s in sorted(table.exact, key=len, reverse=True))
    return f"(?:(?i:{folded})|{written})"


@cache
def _datelines() -> tuple[re.Pattern[str], ...]:
    """Compiling takes a third of a second: only who reads pages waits for it."""
    name = _alternatives()
    several = rf"(?P<agency>{name}(?:\s*[/,;-]\s*{name}){{0,3}})"
    place = r"[^\W\d_][\w .,'’/-]{0,60}?"
    shapes = (
        rf"(?:{place},?\s*)?[(\[（]{several}[)\]）]\s*(?:[-–—:.]|\s(?![a-zß-ÿа-я]))",  # WASHINGTON (AP) -   (Reuters) -
        rf"[(\[]{several}[)\]]",  # (ANSA) - ROMA
        rf"[/]{several}[/]",  # /ТАСС/
        rf"{place},\s*\d{{1,2}}\.?\s*\w{{2,12}}\.?\s*(?:\d{{4}}\s*)?[(/]{several}[)/]",  # Madrid, 3 may (EFE).-
        rf"{place},\s*\d{{1,2}}\.?\s*\w{{2,12}}\.?\s*[-–—.]+\s*[/]?{several}[/]?[.,\s]",  # МОСКВА, 3 мая - РИА Новости.
        rf"{several}[ /,]+{place}\s*[-–—]",  # Reuters, London -
        rf"{several}\w{{0,12}}\d{{1,2}}月\d{{1,2}}日[电電讯訊]",  # 新华社北京5月3日电
        rf"[（(]?{several}\w{{0,10}}\d{{1,2}}日[电電讯訊]",  # 中央社台北3日電
        rf"[［\[【][^］\]】]{{0,20}}?{several}[^］\]】]{{0,10}}?[］\]】]",  # ［東京 3日 ロイター］
        rf"\([^()=]{{1,10}}=\s*{several}\)",  # (서울=연합뉴스)
    )
    return tuple(re.compile(shape) for shape in shapes)


@cache
def _credits() -> re.Pattern[str]:
    return re.compile("|".join(dict.fromkeys(_credit_shapes(agency_table().sentences, _alternatives()))))


def _credit_shapes(sentences: dict[str, list[str]], name: str) -> Iterator[str]:
    group = rf"({name}(?:\s*(?:/|,|and|und|et|y|e)\s*{name}){{0,3}})"
    for rows in sentences.values():
        for row in rows:
            escaped = (
                re.escape(row).replace(re.escape("{agency}"), "\0").replace(re.escape("{year} "), r"(?:\d{4}\s+)?")
            )
            escaped = escaped.replace(r"\ ", r"\s+")
            before, after = escaped.split("\0")
            before = rf"(?<!\w)(?i:{before})" if before else r"(?<!\w)"
            yield f"{before}{group}(?!\\w)(?i:{after})"
    yield rf"[(（]\s*{group}\s*[)）]\s*$"  # (PAP) at the very end
