"""Times as pages write them → a stamp: a moment with or without its zone, or a day.

A day is looked for in each of its forms, then a clock behind or before it, then a zone behind the clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from urllib.parse import urlsplit

_QUOTES = " \t\r\n\"'“”"
_LONGEST = 80  # characters of a text that are read
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?(?:\.\d+)?$")
_COMPACT = re.compile(r"(?<!\d)(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[T ]?\d{4}(?:\d{2})?)?(?!\d)")
_YEAR_FIRST = re.compile(
    r"(?<!\d)(?P<year>\d{4})(?P<gap>-|/|\.\s?)(?P<month>\d{1,2})(?P=gap)(?P<day>\d{1,2})\.?(?!\d)|"
    r"(?P<year2>\d{4})\s?[年년]\s?(?P<month2>\d{1,2})\s?[月월]\s?(?P<day2>\d{1,2})\s?[日일号號]?"
)
_DOTTED = re.compile(r"(?<!\d)(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4}|\d{2}(?=,|\s|$))(?!\d)")
# Day and month in figures: the order is certain only where one of them is above 12, the clock is American, or the
# page's language puts the day first.
_FIGURES = re.compile(r"(?<!\d)(?P<one>\d{1,2})(?P<gap>[/-])(?P<two>\d{1,2})(?P=gap)(?P<year>\d{4})(?!\d)")
_LETTERS = r"[^\W\d_][^\s\d.,/:-]{1,14}"
_MONTH_FIRST = re.compile(
    rf"(?P<month>{_LETTERS})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?!\d)", re.IGNORECASE
)
_JAVA = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<clock>\d{2}:\d{2}:\d{2})"
    r"(?P<zone> [A-Z]{2,5}| [+-]\d{4})? (?P<year>\d{4})"
)
# English "3rd May 2020", Spanish "3 de mayo de 2020", German "3. Mai 2020" and their like.
_DAY_FIRST = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|º|er|ª)?[\s-]+(?:de\s+|d[’'])?(?P<month>{_LETTERS})\.?,?[\s-]+"
    r"(?:de\s+|del\s+)?(?P<year>\d{4})(?!\d)",
    re.IGNORECASE,
)
_YEAR_MONTH_DAY = re.compile(rf"(?<!\d)(?P<year>\d{{4}})\.?\s+(?P<month>{_LETTERS})\.?\s+(?P<day>\d{{1,2}})(?!\d)\.?")
_NUMBERED_MONTH = re.compile(
    r"(?P<day>\d{1,2})\s+tháng\s+(?P<month>\d{1,2})[,\s]+(?:năm\s+)?(?P<year>\d{4})", re.IGNORECASE
)
# Names of zones count in capitals only: "et" is French, "z" Polish.
_ZONE = (
    r"(?:\s*[(\[]?(?P<zone>(?:GMT|UTC)?\s?[+\-\u2212]\d{1,2}(?::?\d{2})?(?![\d:.])|(?-i:[A-Z]{1,5})(?![^\W_])|"
    r"(?<=\d)z(?![^\W_])|мск))?"
)
_CLOCK = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})\s?(?:[:：.]|h|[時时시点])\s?(?P<minute>\d{2})(?!\d)"
    r"(?:\s?[:：.分분]\s?(?P<second>\d{2})(?!\d))?(?:[.,]\d+)?秒?\s*(?P<half>[ap]\.?\s?m(?![^\W_])\.?)?"
    rf"{_ZONE}",
    re.IGNORECASE,
)
_COMPACT_CLOCK = re.compile(
    rf"[T ]?(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})?(?:[.,]\d+)?(?P<half>(?!))?{_ZONE}", re.IGNORECASE
)
_AFTERNOON_BEFORE = re.compile(r"(?:오후|下午|午後|晚上)\s*$")
_NEAR_DAY = 16  # characters between a day and its clock

_IN_ADDRESS = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<gap>[/_.-]?)(?:[a-z_-]{2,20}/)?(?P<month>\d{1,2})(?P=gap)(?P<day>\d{1,2})(?!\d)",
    re.IGNORECASE,
)
# Beginnings of the months' names in many languages; the longest that fits counts.
_MONTHS = {
    beginning: number
    for number, beginnings in enumerate(
        (
            "jan jän ene gen янв sty oca ιαν led tammi ian яну јан січ jaan sau يناير כינואר ינואר जन",
            "feb fév fev фев lut şub φεβ úno helmi лют феб veeb vas فبراير פברואר फ़र फर",
            "mar mär mars maar mrt març marz мар μαρ bře maalis már бер märts kov مارس מרץ מרס मार्च",
            "apr avr abr апр kwi nis απρ dub huhti ápr кві bal أبريل ابريل אפריל अप्र",
            "may mai mag mei maj maio май мая μαΐ kvě touko máj maí мај тра geg مايو מאי मई",
            "jun juin giu июн cze haz ιουν červen čvn kesä jún jūn iun юни јун чер juun bir يونيو יוני जून",
            "jul juil lug июл lip tem ιουλ červenc heinä júl jūl iul юли јул лип juul lie يوليو יולי जुल",
            "aug août aou ago авг sie ağu αυγ srp elo agu ágú avg сер ogos rugp أغسطس اغسطس אוגוסט अग",
            "sep set сен wrz eyl σεπ zář syys sze сеп вер rugs سبتمبر ספטמבר सित",
            "oct okt ott out окт paź eki οκτ říj loka жов spa أكتوبر اكتوبر אוקטובר अक्",
            "nov ноя lis kas νοε marras nóv noi ное лис lap نوفمبر נובמבר नव",
            "dec dez déc dic дек gru ara δεκ pro joulu des dis dets дец гру gruo ديسمبر דצמבר दिस",
        ),
        1,
    )
    for beginning in beginnings.split()
}
_PREFIXED = re.compile(r"^ב(?=[\u0590-\u05ff]{3})")  # Hebrew "in" before the month
# Abbreviations that mean one offset in news pages, in hours (RFC 2822 section 4.3 and common ones).
_ZONES: dict[str, float] = {
    "z": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "brt": -3, "wet": 0, "west": 1, "cet": 1, "cest": 2, "mez": 1,
    "mesz": 2, "bst": 1, "msk": 3, "мск": 3, "eet": 2, "eest": 3, "trt": 3, "sast": 2, "jst": 9, "kst": 9, "aest": 10,
    "aedt": 11, "awst": 8, "nzst": 12, "nzdt": 13, "wib": 7, "wita": 8, "wit": 9, "ict": 7, "pkt": 5, "hkt": 8,
    "sgt": 8, "ist": 5.5,
}  # fmt: skip
_AMERICAN = {"et": -5, "ct": -6, "mt": -7, "pt": -8}  # in winter; an hour more in summer
_EARLIEST = 1990


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as a page gives it: ``at`` is naive where the page names no zone; a day has no time of day."""

    at: datetime
    day_only: bool = False

    @property
    def zoned(self) -> bool:
        """Whether the page gave the zone."""
        return self.at.tzinfo is not None


def parse_stamp(text: str, *, day_first: bool = False) -> Stamp | None:
    """A stamp from one of the many ways of writing it; ``None`` where nothing certain can be read.

    ``day_first`` says how "4/5/2024" is meant; without it, that is no day.

    >>> parse_stamp("2024-05-01T10:00:00+0200").at.isoformat()
    '2024-05-01T10:00:00+02:00'
    """
    text = text.strip(_QUOTES)[:_LONGEST]
    if not any(c.isdigit() for c in text):
        return None
    try:
        return _from_epoch(text) or _from_java(text) or _from_day_and_clock(text, day_first)
    except (ValueError, OverflowError):
        return None


def puts_day_first(language: str) -> bool:
    """Whether pages in a language write 4 May as "4/5": all but English, where American pages do not.

    >>> puts_day_first("fr-FR"), puts_day_first("en")
    (True, False)
    """
    return bool(language) and not language.lower().startswith("en")


def day_in_address(url: str) -> date | None:
    """The day that an address names: ``/2024/05/14/``, ``/20240514-``, ``/2024/politics/05/14/``.

    >>> day_in_address("https://outlet.example/news/2024/05/14/bridge.html")
    datetime.date(2024, 5, 14)
    """
    try:
        path = urlsplit(url).path
    except ValueError:  # no address at all
        return None
    for match in _IN_ADDRESS.finditer(path):
        if not match["gap"] and len(match["month"] + match["day"]) != 4:
            continue
        try:
            found = date(int(match["year"]), int(match["month"]), int(match["day"]))
        except ValueError:
            continue
        if found.year >= _EARLIEST:
            return found
    return None


def _from_epoch(text: str) -> Stamp | None:
    return Stamp(datetime.fromtimestamp(int(text[:10]), UTC)) if _EPOCH.match(text) else None


def _from_java(text: str) -> Stamp | None:
    """ "Wed May 01 10:00:00 CEST 2024"."""
    match = _JAVA.match(text)
    month = _month(match["month"]) if match else None
    clock = _CLOCK.match(f"{match['clock']}{match['zone'] or ''}") if match else None
    if match is None or month is None or clock is None:
        return None
    return _stamp(date(int(match["year"]), month, int(match["day"])), clock)


def _from_day_and_clock(text: str, day_first: bool) -> Stamp | None:
    for day, start, end in _days(text, day_first):
        if not _EARLIEST <= day.year <= 2100:
            continue
        return _stamp(day, *_clock_near(text, start, end))
    return None


def _days(text: str, day_first: bool) -> Iterator[tuple[date, int, int]]:
    """Days that stand in the text and where, the surest form first; raises ``ValueError`` for the 31st of June."""
    for match in _COMPACT.finditer(text):
        yield _day(match["year"], match["month"], match["day"]), match.start(), match.end("day")
    for match in _YEAR_FIRST.finditer(text):
        year, month, day = (match[name] or match[f"{name}2"] for name in ("year", "month", "day"))
        yield _day(year, month, day), match.start(), match.end()
    for pattern in (_DOTTED, _NUMBERED_MONTH):
        for match in pattern.finditer(text):
            yield _day(match["year"].rjust(4, "_").replace("__", "20"), match["month"], match["day"]), *match.span()
    for match in _FIGURES.finditer(text):
        if (day_and_month := _in_order(text, int(match["one"]), int(match["two"]), day_first)) is not None:
            yield date(int(match["year"]), day_and_month[1], day_and_month[0]), *match.span()
    for pattern in (_DAY_FIRST, _MONTH_FIRST, _YEAR_MONTH_DAY):
        for match in pattern.finditer(text):
            if (number := _month(match["month"])) is not None:
                yield date(int(match["year"]), number, int(match["day"])), *match.span()


def _day(year: str, month: str, day: str) -> date:
    return date(int(year), int(month), int(day))


def _in_order(text: str, one: int, two: int, day_first: bool) -> tuple[int, int] | None:
    """Day and month of "5/14" and "14/5"; of "4/5" only where something tells their order."""
    if one > 12 or (day_first and two <= 12):
        return one, two
    clock = _CLOCK.search(text)
    if two > 12 or (clock is not None and clock["half"]):
        return two, one
    return None


def _clock_near(text: str, start: int, end: int) -> tuple[re.Match[str] | None, bool]:
    """The clock behind the day, else the one before it; whether a word before it says that it is of the afternoon."""
    behind = text[end:]
    match = _COMPACT_CLOCK.match(behind) if text[start:end].isdigit() else None
    match = match or _CLOCK.search(behind)
    if match is not None and match.start() <= _NEAR_DAY and not any(c.isdigit() for c in behind[: match.start()]):
        return match, bool(_AFTERNOON_BEFORE.search(behind[: match.start()]))
    before = text[:start]
    for match in _CLOCK.finditer(before):
        if len(before) - match.end() <= _NEAR_DAY and not any(c.isdigit() for c in before[match.end() :]):
            return match, bool(_AFTERNOON_BEFORE.search(before[: match.start()]))
    return None, False


def _stamp(day: date, clock: re.Match[str] | None, afternoon: bool = False) -> Stamp:
    at = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day has no zone
    if clock is None:
        return Stamp(at, day_only=True)
    hour = int(clock["hour"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"][0] in "pP" else 0)
    elif afternoon and hour < 12:
        hour += 12
    zone = _offset(clock["zone"], day)
    return Stamp(at.replace(hour=hour, minute=int(clock["minute"]), second=int(clock["second"] or 0), tzinfo=zone))


@cache
def _month(name: str) -> int | None:
    """Months by the longest beginning that is known, so that července is not taken for června."""
    name = _PREFIXED.sub("", name.casefold())
    return next((_MONTHS[name[:n]] for n in range(len(name), 1, -1) if name[:n] in _MONTHS), None)


def _offset(zone: str | None, day: date) -> timezone | None:
    name = (zone or "").casefold()
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    if name in _AMERICAN:
        return timezone(timedelta(hours=_AMERICAN[name] + _is_american_summer(day)))
    match = re.search(r"([+\-\u2212])(\d{1,2}):?(\d{2})?$", name)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))


def _is_american_summer(day: date) -> bool:
    """From the second Sunday of March to the first of November (Energy Policy Act of 2005, since 2007)."""
    march, november = date(day.year, 3, 8), date(day.year, 11, 1)
    begins = march + timedelta(days=(6 - march.weekday()) % 7)
    return begins <= day < november + timedelta(days=(6 - november.weekday()) % 7)
