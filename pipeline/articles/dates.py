"""When an article was published: stamps as pages write them → one aware time, or a day.

Order: JSON-LD, meta elements, ``<time>`` and microdata, the day in the address, htmldate (a day only).  A stamp with
its zone is worth more than one without: where the first stamp lacks it, a zoned one of about the same time speaks for
it.

What comes out is aware, in the offset that the page states, so that its calendar day is the one that the page shows.
Where only a day is known it stands as that day at midnight UTC, marked as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pipeline.articles.head import Head, TimeMark, times_beside_headings
from pipeline.articles.jsonld import text_of

PUBLISHED_METAS = (
    "article:published_time", "og:article:published_time", "og:published_time", "article:published",
    "datepublished", "rnews:datepublished", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime", "dc.date.issued", "dcterms.issued", "dc.issued", "dcterms.created",
    "dc.date.created", "dc.created", "dcterms.date", "dc.date", "article.published", "article_date_original",
    "article:post_date", "originalpublicationdate", "iso-8601-publish-date", "publication_date",
    "publication-date", "publish-date", "publish_date", "publishdate", "published_date", "published-date",
    "pubdate", "pub_date", "og:pubdate", "date.issued", "bt:pubdate", "vr:published_time", "ptime",
    "shareaholic:article_published_time", "citation_publication_date", "release_date", "og:release_date",
    "video:release_date", "published_at", "article:published:time", "datecreated", "created", "date",
)  # fmt: skip
MODIFIED_METAS = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "dcterms.modified",
    "dc.date.modified", "dc.modified", "article:modified", "last-modified", "lastmod", "revised", "utime",
    "vr:updated_time", "iso-8601-revised-date",
)  # fmt: skip

_ISO = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[T\s]+(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?)?\s*"
    r"(Z\b|UTC|GMT|[+-]\d{1,2}:?\d{0,2})?(?!\d)",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[T\s,-]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_EAST_ASIAN = re.compile(
    r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号]?(?:\D{1,12}(\d{1,2})\s?[:：時时点시]\s?(\d{2})(?:[:：分분]\s?(\d{2}))?)?"
)
# Day and month in figures: the order is certain only where one of them is above 12 or the clock is American.
_FIGURES = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\D{1,6}(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?P<half>[ap]\.?m\.?)?)?", re.IGNORECASE
)
_GERMAN = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(\d{4})(?:\D{1,8}(\d{1,2})[:.](\d{2})(?::(\d{2}))?)?")
_ENGLISH = re.compile(
    r"(?:(?P<d1>\d{1,2})(?:st|nd|rd|th)?\s+)?(?P<month>[A-Z][a-z]{2,8})\.?\s+(?:(?P<d2>\d{1,2})(?:st|nd|rd|th)?,?\s+)?"
    r"(?P<year>\d{4})(?:\D{0,12}?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?)?"
    r"\s*(?P<zone>(?:GMT|UTC)?[+-]\d{2}:?\d{2}|[A-Z]{2,5})?",
    re.IGNORECASE,
)
# Spanish "3 de mayo de 2020", German "3. Mai 2020 um 10.30 Uhr" and their like.
_DAY_MONTH_YEAR = re.compile(
    r"(?P<day>\d{1,2})(?:\.|º|er|ª)?\s+(?:de\s+|d[’'])?(?P<month>[^\W\d_]{3,12})\.?,?\s+(?:de\s+|del\s+)?(?P<year>\d{4})"
    r"(?:\D{1,14}?(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?::(?P<second>\d{2}))?)?\s*(?P<zone>[A-Z]{3,4}\b|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<gap>[/_.-]?)(?:[a-z_-]{2,20}/)?(?P<month>\d{1,2})(?P=gap)(?P<day>\d{1,2})(?!\d)",
    re.IGNORECASE,
)
_JAVA = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d{2}):(\d{2}):(\d{2}) ([A-Z]{2,5}|[+-]\d{4}) (\d{4})")
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?$")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
# Beginnings of the months' names in other languages; the longest that fits counts.
_FOREIGN_MONTHS = {
    beginning: number
    for number, beginnings in enumerate(
        (
            "jän janv ene gen янв sty oca ιαν led tammi",
            "fév fev feb фев lut şub φεβ úno helmi",
            "mär mars maar mrt març marz мар μαρ bře maalis",
            "avr abr апр kwi nis απρ dub huhti",
            "mai may mag mei maj maio май мая μαΐ kvě touko",
            "juin jun giu июн cze haz ιουν červen čvn kesä",
            "juil jul lug июл lip tem ιουλ červenc heinä",
            "août aou ago авг sie ağu αυγ srp elo",
            "sep set сен wrz eyl σεπ zář syys",
            "okt oct ott out окт paź eki οκτ říj loka",
            "nov ноя lis kas νοε marras",
            "dez déc dic дек gru ara δεκ pro joulu",
        ),
        1,
    )
    for beginning in beginnings.split()
}
# Abbreviations that mean one offset in news pages, in hours (RFC 2822 section 4.3 and common European ones).
_ZONES: dict[str, float] = {
    "z": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7, "cet": 1, "cest": 2, "bst": 1, "msk": 3, "eet": 2, "eest": 3, "jst": 9, "kst": 9, "aest": 10,
    "aedt": 11, "wib": 7, "pkt": 5, "hkt": 8, "sgt": 8, "ist": 5.5,
}  # fmt: skip
_EARLIEST = 1990
_MARKS = 50  # time elements that are looked at
_LIST_OF_TIMES = 5  # time elements from which they may be a list of other articles
_LONGEST_DATE = 20  # characters of a day behind a title


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as a page gives it: ``at`` is naive where the page names no zone; a day has no time of day."""

    at: datetime
    day_only: bool = False

    @property
    def zoned(self) -> bool:
        """Whether the page gave the zone."""
        return self.at.tzinfo is not None


@dataclass(frozen=True, slots=True)
class Dates:
    """``published`` in the page's own offset; ``day_only``: only its day is known.  ``how``: where it came from."""

    published: datetime | None = None
    day_only: bool = False
    modified: datetime | None = None
    how: str = ""
    notes: tuple[str, ...] = ()


def parse_stamp(text: str) -> Stamp | None:
    """A stamp from one of the many ways of writing it; ``None`` where nothing certain can be read.

    >>> parse_stamp("2024-05-01T10:00:00+0200").at.isoformat()
    '2024-05-01T10:00:00+02:00'
    """
    text = text.strip()[:80]
    if not text or not any(c.isdigit() for c in text):
        return None
    try:
        return _from_iso(text) or _from_epoch(text) or _from_figures(text) or _from_mail(text) or _from_words(text)
    except (ValueError, OverflowError):
        return None


def _from_iso(text: str) -> Stamp | None:
    match = _ISO.match(text) or _SLASHED.match(text) or _EAST_ASIAN.search(text)
    if match is None:
        return _from_german(text)
    year, month, day, hour, minute, second, *zone = match.groups()
    return _stamp(int(year), int(month), int(day), hour, minute, second, _offset(zone[0] if zone else None))


def _from_figures(text: str) -> Stamp | None:
    """ "5/14/2024" and "14/5/2024"; "4/5/2024" only with an American clock."""
    match = _FIGURES.search(text)
    if match is None:
        return None
    one, two, year, hour, minute, second, half = match.groups()
    first, then = int(one), int(two)
    if first <= 12 and (then > 12 or half):
        return _stamp(int(year), first, then, _on_24_hours(hour, half), minute, second, None)
    return _stamp(int(year), then, first, hour, minute, second, None) if first > 12 else None


def _on_24_hours(hour: str | None, half: str | None) -> str | None:
    if not hour or not half:
        return hour
    return str(int(hour) % 12 + (12 if half.lower().startswith("p") else 0))


def _from_german(text: str) -> Stamp | None:
    match = _GERMAN.search(text)
    if match is None:
        return None
    day, month, year, hour, minute, second = match.groups()
    return _stamp(int(year), int(month), int(day), hour, minute, second, None)


def _from_epoch(text: str) -> Stamp | None:
    if not _EPOCH.match(text):
        return None
    return Stamp(datetime.fromtimestamp(int(text[:10]), UTC))


def _from_mail(text: str) -> Stamp | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return Stamp(at) if ":" in text and at.year >= _EARLIEST and at.tzinfo is not None else None


def _from_words(text: str) -> Stamp | None:
    if match := _JAVA.match(text):  # Wed May 01 10:00:00 CEST 2024
        name, day, hour, minute, second, zone, year = match.groups()
        return _stamp(int(year), _MONTHS[name.lower()], int(day), hour, minute, second, _offset(zone))
    for match in _ENGLISH.finditer(text):
        month = _MONTHS.get(match["month"][:3].lower())
        day = match["d1"] or match["d2"]
        if month is None or day is None:
            continue
        hour = _on_24_hours(match["hour"], match["half"])
        zone = _offset(match["zone"]) if hour else None
        return _stamp(int(match["year"]), month, int(day), hour, match["minute"], match["second"], zone)
    return _from_foreign_words(text)


def _from_foreign_words(text: str) -> Stamp | None:
    for match in _DAY_MONTH_YEAR.finditer(text):
        if month := _foreign_month(match["month"].casefold()):
            hour = match["hour"]
            zone = _offset(match["zone"]) if hour else None
            return _stamp(int(match["year"]), month, int(match["day"]), hour, match["minute"], match["second"], zone)
    return None


def _foreign_month(name: str) -> int | None:
    """Months by the longest beginning that is known, so that července is not taken for června."""
    for length in range(len(name), 2, -1):
        if number := _FOREIGN_MONTHS.get(name[:length]) or _MONTHS.get(name[:length]):
            return number
    return None


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


def _offset(zone: str | None) -> timezone | None:
    if not zone:
        return None
    if zone.lower() in _ZONES:
        return timezone(timedelta(hours=_ZONES[zone.lower()]))
    match = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", zone)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _stamp(
    year: int, month: int, day: int, hour: str | None, minute: str | None, second: str | None, zone: timezone | None
) -> Stamp | None:
    if not _EARLIEST <= year <= 2100:
        return None
    if hour is None:
        return Stamp(datetime(year, month, day), day_only=True)  # noqa: DTZ001 - a day has no zone
    return Stamp(datetime(year, month, day, int(hour), int(minute or 0), int(second or 0), tzinfo=zone))


def find_dates(head: Head) -> Dates:
    """Published and modified as the markup gives them; ``published`` is ``None`` where it says nothing."""
    stamps = []
    for how, stamp in _published(head):
        stamps.append((how, stamp))
        if stamp.zoned and not stamp.day_only:
            break  # nothing that follows could say more
    modified = next(_modified(head), None)
    if not stamps:
        return Dates(modified=_aware(modified, None), how="")
    how, first = stamps[0]
    chosen, notes = _with_zone(first, [stamp for _, stamp in stamps], modified)
    if chosen.day_only:
        midnight = chosen.at.replace(tzinfo=UTC)
        return Dates(midnight, True, _aware(modified, None), how, notes)
    return Dates(chosen.at, False, _aware(modified, chosen.at.tzinfo), how, notes)


def _published(head: Head) -> Iterator[tuple[str, Stamp]]:
    for key in ("datePublished", "dateCreated", "uploadDate"):
        if stamp := parse_stamp(text_of(head.json_ld.article.get(key))):
            yield f"JSON-LD {key}", stamp
    for name in PUBLISHED_METAS:
        for value in head.metas.get(name, ()):
            if stamp := parse_stamp(value):
                yield f"meta {name}", stamp
    for mark in _marks_in_order(head)[:_MARKS]:
        if (stamp := parse_stamp(mark.value)) and not mark.aside:
            yield "time element", stamp
    if stamp := _behind_the_title(head.title):
        yield "title element", stamp
    for node in head.json_ld.nodes:  # a page type that is no article may still carry the time
        if stamp := parse_stamp(text_of(node.get("datePublished"))):
            yield "JSON-LD of another node", stamp


def _marks_in_order(head: Head) -> list[TimeMark]:
    """Times that speak of no change: those beside the headline first, then those marked as of publication.

    Among many that nothing distinguishes each may be that of another article: then there is none.
    """
    marks = [mark for mark in head.times if mark.pubdate or not _speaks_of_change(mark.hint)]
    if len(marks) > 1:
        near = times_beside_headings(head)
        marks.sort(
            key=lambda mark: (
                mark.node.mem_id not in near, not _speaks_of_publishing(mark.hint), not mark.in_article
            )
        )  # fmt: skip
        first = marks[0]
        told = first.node.mem_id in near or _speaks_of_publishing(first.hint) or first.in_article
        if not told and len(marks) >= _LIST_OF_TIMES:
            return []
    return marks


def _behind_the_title(title: str) -> Stamp | None:
    """The day in "Harbour closed | Example | 14.05.2024"."""
    *before, last = re.split(r"\s[|–—-]\s", title)
    stamp = parse_stamp(last) if before and len(last) <= _LONGEST_DATE else None
    return stamp if stamp and stamp.day_only else None


def _modified(head: Head) -> Iterator[Stamp]:
    values = [text_of(head.json_ld.article.get("dateModified"))]
    values += [value for name in MODIFIED_METAS for value in head.metas.get(name, ())]
    yield from filter(None, map(parse_stamp, values))
    for mark in head.times[:_MARKS]:
        if _speaks_of_change(mark.hint) and not mark.pubdate and (stamp := parse_stamp(mark.value)) and not mark.aside:
            yield stamp


def _speaks_of_change(hint: str) -> bool:
    return bool(re.search(r"modif|updat|aktualis|revis|refresh", hint, re.IGNORECASE))


def _speaks_of_publishing(hint: str) -> bool:
    return bool(re.search(r"publi|posted|pubdate|entry-date|created|issued", hint, re.IGNORECASE))


def _with_zone(first: Stamp, others: list[Stamp], modified: Stamp | None) -> tuple[Stamp, tuple[str, ...]]:
    """``first``, or the stamp that says the same with more: a time for a day, a zone for a bare time."""
    if first.zoned:
        return first, ()
    for other in others:
        if other.zoned and _same_moment(first, other):
            return other, ()
    if first.day_only:
        timed = next((o for o in others if not o.day_only and o.at.date() == first.at.date()), None)
        if timed is None:
            return first, ()
        first = timed
    if modified is not None and modified.zoned:
        return Stamp(first.at.replace(tzinfo=modified.at.tzinfo)), ("zone taken from the time of the last change",)
    return Stamp(first.at.replace(tzinfo=UTC)), ("the page names no zone; read as UTC",)


def _same_moment(bare: Stamp, zoned: Stamp) -> bool:
    """Whether both can mean one moment: the same day, or clocks that are whole quarters of an hour apart.

    A bare day may be that of UTC beside a time of the outlet's own evening.
    """
    if bare.day_only:
        return bare.at.date() in (zoned.at.date(), zoned.at.astimezone(UTC).date())
    apart = abs(zoned.at.replace(tzinfo=None) - bare.at).total_seconds()
    return apart <= 14 * 3600 and min(apart % 900, 900 - apart % 900) <= 60


def _aware(stamp: Stamp | None, zone: object) -> datetime | None:
    if stamp is None or stamp.day_only:
        return None
    if stamp.zoned:
        return stamp.at.astimezone(UTC)
    return stamp.at.replace(tzinfo=zone if isinstance(zone, timezone) else UTC).astimezone(UTC)
