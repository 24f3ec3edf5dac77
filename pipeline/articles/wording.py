"""The words around articles (``residue.toml``) as sets and patterns, read once per process."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_EDGES = re.compile(r"^\W+|\W+$")
_AROUND = r"[\s*|:：\[\]().…-]*"  # what stands around the label of a form
_HOST = r"(?:https?://|www\.)?[\w-]+(?:\.[\w-]+)+(?:/[^\s]*)?"
_NUMBER = r"\s*[:：#\-–]?\s*#?[\w/-]*\d[\w/-]*"  # behind the label of a code


@dataclass(frozen=True, slots=True)
class Wording:
    """Sets hold folded phrases (see ``folded``); patterns of a whole line are for ``fullmatch``."""

    date_line: re.Pattern[str]  # a date, with or without label and time
    code_line: re.Pattern[str]  # "Story Code: 379421"
    date_and_code: re.Pattern[str]
    bare_label: re.Pattern[str]  # "Published:" or "Updated" with nothing behind it
    date_or_time: re.Pattern[str]
    form: re.Pattern[str]  # a label of a form
    form_or_link_at_end: re.Pattern[str]
    form_ends: frozenset[str]  # last words of the form's labels
    link: re.Pattern[str]
    furniture: frozenset[str]
    furniture_shapes: re.Pattern[str]
    networks: frozenset[str]
    pointers: frozenset[str]
    source: re.Pattern[str]  # "Source: dpa"
    imprint_words: re.Pattern[str]
    editors: re.Pattern[str]
    contact: re.Pattern[str]  # "Write to Ann Lee at ann@post.example"
    topics: re.Pattern[str]  # "Topics: harbour, ferries"
    promotion: re.Pattern[str]  # "Follow us on …"
    picture: re.Pattern[str]  # a caption with its credit
    about_writers: re.Pattern[str]  # what follows the writer's name
    print_versions: tuple[str, ...]
    closing: frozenset[str]
    comments: re.Pattern[str]  # the heading above comments, folded
    reserved: tuple[str, ...]


@cache
def wording() -> Wording:
    """The table."""
    data = tomllib.loads(files("pipeline.articles").joinpath("residue.toml").read_text("utf-8"))
    lines, form = data["furniture"]["lines"], _any(data["form"]["labels"])
    link = rf"(?:{_any(data['form']['link_labels'])}\s*[:：]?\s*)?"
    label = f"{_any(data['date_labels'])}"
    maybe_label = rf"(?:{label}\s*[:：\-–]?\s*)?"
    code_label, when, time = _code_label(data["codes"]), _date(data["calendar"]), _TIME
    code = f"{code_label}{_NUMBER}"
    return Wording(
        date_line=_line(rf"\W*{maybe_label}(?:{when}{time}|{time}\s*{when})\W*"),
        code_line=_line(rf"\W*{code}\W*"),
        date_and_code=_line(
            rf"\W*{maybe_label}{when}{time}[\s|,;·–-]*(?:{code_label})?{_NUMBER}\W*|"
            rf"\W*{code}[\s|,;·–-]*{maybe_label}{when}{time}\W*"
        ),
        bare_label=_line(rf"\W*(?:{label}|{code_label}|short\s*(?:link|url))\s*[:：]?\s*"),
        date_or_time=_line(rf"{when}{time}|(?<!\d)\d{{1,2}}[:.h]\d{{2}}(?!\d)"),
        form=_line(f"{_AROUND}{form}{_AROUND}"),
        form_or_link_at_end=_line(
            rf"(?:^|(?<=\s)|(?<=[.!?”\"’)]))(?:(?P<form>{_AROUND}{form}{_AROUND})|{link}(?P<link>https?://\S+)\s*)$"
        ),
        form_ends=frozenset(folded(row.split()[-1]) for row in data["form"]["labels"]),
        link=_line(link + _HOST),
        furniture=frozenset(map(folded, (row for row in lines if "…" not in row))),
        furniture_shapes=_line(_any(row for row in lines if "…" in row)),
        networks=frozenset(map(folded, data["furniture"]["networks"])),
        pointers=frozenset(map(folded, data["furniture"]["pointers"])),
        source=_line(rf"{_any(data['imprint']['sources'])}\s*[:：]\s*\S{{1,30}}"),
        imprint_words=_imprint(data, label),
        editors=_line(rf"\W*{_any(data['closing']['editors'])}\s*(?:[:：]\s*.{{1,40}})?\W*"),
        contact=_line(rf"\W*{_any(data['closing']['contacts'])}\b.{{0,100}}?\S+@\S+\.\w+\W*"),
        topics=_line(rf"\W*{_any(data['closing']['topics'])}\s*[:：]\s*[^.!?。]{{2,200}}"),
        promotion=_promotion(data["promotion"]),
        picture=_line(
            rf"(?:.{{0,250}}[.,!?»”\"')|(/–-]\s*|\W*){_any(data['pictures']['credits'])}\s*(?:[:：|©]|by\s|courtesy\s)\s*"
            r"(?-i:[A-Z©])[^.!?]{1,60}\.?\)?"
        ),
        about_writers=_line(rf"\s*,?\s*{_any(data['closing']['about_writers'])}(?!\w)"),
        print_versions=tuple(data["closing"]["print_versions"]),
        comments=_line(rf"(?:\d+ )?{_any(data['comments']['headings'])}(?:[ :(]+\d+)?"),
        closing=frozenset(map(folded, data["closing"]["lines"])),
        reserved=tuple(map(str.casefold, data["closing"]["reserved"])),
    )


def folded(line: str) -> str:
    """Lower case, single blanks, without what is no letter or digit at either end.

    >>> folded("  >> Read   more …")
    'read more'
    """
    return " ".join(_EDGES.sub("", line.casefold()).split())


# A time of day behind a date, with the words before and the zone after it.
_TIME = (
    r"(?:[\s,|@·–-]*(?:at|um|à|a\s+las|alle|kl\.?)?\s*\d{1,2}[:.h]\d{2}(?::\d{2})?\s*(?:[ap]\.?m\.?)?\s*"
    r"(?:uhr|h|[A-Z]{2,4}|[+-]\d{2}:?\d{2})?)?"
)


def _date(calendar: dict[str, list[str]]) -> str:
    month = rf"{_any(calendar['months'])}\w*\.?"
    return (
        rf"(?:(?:{_any(calendar['days'])}\.?,?\s*)?(?:\d{{4}}[-/.年]\s?\d{{1,2}}[-/.月]\s?\d{{1,2}}日?|"
        rf"\d{{1,2}}[-/.]\s?\d{{1,2}}[-/.]\s?\d{{2,4}}|"
        rf"\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:de\s+)?{month},?\s*(?:de\s+|del\s+)?\d{{4}}|"
        rf"{month}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}))"
    )


def _code_label(codes: dict[str, list[str]]) -> str:
    return rf"(?:{_any(codes['things'])}[\s-]*{_any(codes['numbers'])}|{_any(codes['labels'])})"


def _imprint(data: dict[str, dict[str, list[str]]], date_label: str) -> re.Pattern[str]:
    words = _any([*data["imprint"]["words"], *data["imprint"]["sources"]])
    day = _any(data["calendar"]["days"])
    return _line(rf"(?<!\w)(?:{date_label}|{day}|{words}|[a-z]{{2,4}}t)(?!\w)|{_any(data['imprint']['dense'])}")


def _promotion(words: dict[str, list[str]]) -> re.Pattern[str]:
    letters, networks, own = (rf"(?<!\w){_any(words[name])}(?!\w)" for name in ("letters", "networks", "own"))
    return _line(rf"(?={_any(words['asks'])}(?!\w))(?:.*{letters}|(?=.*{own}).*{networks}).*")


def _any(phrases: Iterable[str]) -> str:
    """An alternative of all phrases, longest first so that none hides a longer one."""
    escaped = (re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return "(?:" + "|".join(p.replace(r"\ ", r"\s+").replace("…", r"[\w\s,]{0,30}?") for p in escaped) + ")"


def _line(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
