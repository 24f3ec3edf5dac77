"""Dates as feeds write them → aware UTC, or nothing and a note that says why.

Read in this order: ISO 8601 / RFC 3339 / W3CDTF, RFC 822 and its many misspellings, seconds or milliseconds
since 1970, numeric day orders.  A date that could mean two days is not guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before the web: a default of some program (1970, 1900, year 1)
MAX_FUTURE = timedelta(days=1)  # wrong zones and embargoed pages explain this much, not more
MAX_LENGTH = 100  # characters; real dates stay below 50
MAX_OFFSET = 14 * 60  # minutes; UTC+14 is the largest in use

# Hours from UTC of abbreviations in feeds; ambiguous ones as RFC 822 has them, else as news outlets use them.
_ZONE_TABLE = """
    z 0 ut 0 utc 0 gmt 0 wet 0 est -5 edt -4 cst -6 cdt -5 mst -7 mdt -6 pst -8 pdt -7 akst -9 akdt -8 hst -10
    ast -4 adt -3 nst -3.5 ndt -2.5 brt -3 art -3 clt -4 bst 1 ist 5.5 west 1 cet 1 met 1 mez 1 wat 1 cest 2
    mesz 2 eet 2 sast 2 cat 2 eest 3 eat 3 msk 3 trt 3 gst 4 pkt 5 npt 5.75 ict 7 wib 7 hkt 8 sgt 8 awst 8
    pht 8 jst 9 kst 9 acst 9.5 acdt 10.5 aest 10 aedt 11 nzst 12 nzdt 13
"""
_ZONES = {match[1]: float(match[2]) for match in re.finditer(r"(\w+) (\S+)", _ZONE_TABLE)}
# Beginnings of month names in the languages of the bundled feeds; four letters are tried before three.
_MONTHS = {
    1: "jan ene gen янв oca",
    2: "feb fév fev фев şub",
    3: "mar mär mrt maa мар",
    4: "apr avr abr апр nis",
    5: "may mai mei maj mag май мая",
    6: "jun juin giu июн haz",
    7: "jul juil lug июл tem",
    8: "aug aoû aou ago авг ağu",
    9: "sep set сен eyl",
    10: "oct okt out ott окт eki",
    11: "nov ноя kas",
    12: "dec déc dez dic dek дек ara",
}
_MONTH_OF = {name: number for number, names in _MONTHS.items() for name in names.split()}
_TIME = (
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"\s{0,3}(?P<half>[AaPp]\.?[Mm]\b\.?)?"
)
_WEEKDAY = r"(?:[^\W\d]{2,12}\.?,?\s)?"
_NAME = r"(?P<name>[^\W\d]{3,12})\.?,?"
_ISO = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/.]?)(?P<month>\d{2})(?P=sep)(?P<day>\d{2})"
    r"(?:[Tt\s_]{1,3}(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,:]\d{1,9})?)?(?P<half>))?"
    r"(?P<zone>.*)"
)
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s\-/](?:de\s)?{_NAME}[\s\-/](?:de\s)?"
    rf"(?P<year>\d{{4}}|\d{{2}})(?:[,\sT]{{1,3}}(?:at\s|à\s|um\s)?{_TIME})?(?P<zone>.*)"
)
_MONTH_FIRST = re.compile(
    rf"{_WEEKDAY}{_NAME}\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s"
    rf"(?P<year>\d{{4}})(?:[,\s]{{1,3}}(?:at\s)?{_TIME})?(?P<zone>.*)"
)
_ASCTIME = re.compile(rf"{_WEEKDAY}{_NAME}\s(?P<day>\d{{1,2}})\s{_TIME}\s?(?P<zone>.*?)\s?(?P<year>\d{{4}})")
_NUMERIC = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<sep>[./\-])(?P<b>\d{{1,2}})(?P=sep)(?P<year>\d{{4}})(?:[,\s]{{1,3}}{_TIME})?(?P<zone>.*)"
)
_EPOCH = re.compile(r"\d{9,10}(?:\d{3})?(?:\.\d{1,6})?")
_OFFSET = re.compile(r"(?:UTC|GMT|UT|Z)?\s?([+\-−])\s?(\d{1,2}):?(\d{2})?(?!\d)\s?(?:\(?[\w\s]{0,40}\)?)?", re.I)


@dataclass(frozen=True, slots=True)
class ReadDate:
    """A date that was read, or the reason why there is none; ``note`` is for people, "" where all is well."""

    time: datetime | None
    note: str = ""


def read_date(text: str | None, now: datetime | None = None) -> ReadDate:
    """What ``text`` says, in UTC.  Never raises.

    ``now`` lets dates more than a day ahead be ignored.  Without a zone a time is read as UTC, with a note.
    """
    text = " ".join((text or "")[: MAX_LENGTH + 1].split())
    if not text:
        return ReadDate(None)
    if len(text) > MAX_LENGTH:
        return ReadDate(None, "date not understood: far too long")
    try:
        read = _read(text)
    except (ValueError, OverflowError) as error:
        return ReadDate(None, f"date {text!r} not understood: {error}")
    return plausible(read, now)


def plausible(read: ReadDate, now: datetime | None) -> ReadDate:
    """``read`` without a time that cannot be: before 1990, or more than a day after ``now``."""
    if read.time is None:
        return read
    if read.time < EARLIEST:
        return ReadDate(None, f"date {read.time:%Y-%m-%d} before 1990 ignored")
    if now is not None and read.time > now + MAX_FUTURE:
        return ReadDate(None, f"date {read.time:%Y-%m-%d} in the future ignored")
    return read


def _read(text: str) -> ReadDate:
    if _EPOCH.fullmatch(text):
        number = float(text)
        return ReadDate(datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC))
    for pattern in (_ISO, _DAY_FIRST, _MONTH_FIRST, _ASCTIME, _NUMERIC):
        if match := pattern.fullmatch(text):
            return _assembled(match.groupdict())
    return ReadDate(None, f"date {text!r} not understood")


def _assembled(parts: dict[str, str | None]) -> ReadDate:
    year = int(parts["year"] or 0)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < 70 else 1900  # RFC 2822 section 4.3, with the turn where POSIX has it
    month, day = _month_and_day(parts)
    offset, note = _zone((parts.get("zone") or "").strip())
    if parts["hour"] is None:
        return ReadDate(datetime(year, month, day, tzinfo=UTC), "the feed gives a day without a time")
    hour = _hour(int(parts["hour"]), (parts["half"] or "").lower())
    second = min(int(parts["second"] or 0), 59)  # leap seconds
    later = timedelta(days=1) if hour == 24 else timedelta()  # 24:00 is the end of the day (ISO 8601)
    zone = timezone(timedelta(minutes=offset))
    time = datetime(year, month, day, hour % 24, int(parts["minute"] or 0), second, tzinfo=zone) + later
    return ReadDate(time.astimezone(UTC), note)


def _month_and_day(parts: dict[str, str | None]) -> tuple[int, int]:
    if name := parts.get("name"):
        lower = name.lower()
        for length in (4, 3):
            if month := _MONTH_OF.get(lower[:length]):
                return month, int(parts["day"] or 0)
        raise ValueError(f"no month is called {name}")
    if "a" not in parts:
        return int(parts["month"] or 0), int(parts["day"] or 0)
    first, second = int(parts["a"] or 0), int(parts["b"] or 0)
    if parts["sep"] == "." or first > 12:  # dots are written where the day comes first
        return second, first
    if second > 12 or first == second:
        return first, second
    raise ValueError("it may mean two different days")


def _hour(hour: int, half: str) -> int:
    if half.startswith("p") and hour < 12:
        return hour + 12
    if half.startswith("a") and hour == 12:
        return 0
    return hour


def _zone(text: str) -> tuple[int, str]:
    """Minutes east of UTC, and a note where they had to be assumed."""
    if not text:
        return 0, "time without a zone read as UTC"
    if match := _OFFSET.fullmatch(text):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        if minutes > MAX_OFFSET or int(match[3] or 0) > 59:
            return 0, f"impossible zone {text!r} read as UTC"
        return (minutes if match[1] == "+" else -minutes), ""
    name = text.strip("()[] .").lower()
    if name in _ZONES:
        return round(_ZONES[name] * 60), ""
    return 0, f"unknown zone {text!r} read as UTC"
