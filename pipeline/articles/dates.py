"""When an article was published: stamps as pages write them → one aware time, or a day.

Order: JSON-LD, meta elements, ``<time>`` and microdata, the day in the address, htmldate (a day only).  A stamp with
its zone is worth more than one without: where the first stamp lacks it, a zoned one of about the same time speaks for
it.

What comes out is aware, in the offset that the page states, so that its calendar day is the one that the page shows.
Where only a day is known it stands as that day at midnight UTC, marked as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timezone
from functools import partial

from pipeline.articles.head import Head, TimeMark, elements_beside_headings, is_aside
from pipeline.articles.jsonld import text_of
from pipeline.articles.stamps import Stamp, parse_stamp, puts_day_first
from pipeline.text import one_line

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

_MARKS = 50  # time elements that are looked at
_LIST_OF_TIMES = 5  # time elements from which they may be a list of other articles
_LONGEST_DATE = 20  # characters of a day behind a title
# Elements that by their class hold the time, or the line with writer, time and source.
_LINES = (
    "[class*=date i], [class*=time i], [class*=publi i], [class*=posted i], [class*=byline i], [class*=meta i], "
    "[class*=info i], [class*=source i]"
)
_LONGEST_LINE = 120  # characters of a line beside the headline that names the time
_DAY_AND_CLOCK = re.compile(r"\d\s?[:：.h時时시点]\s?\d\d(?!\d)")
_CHANGE = re.compile(
    r"modif|updat|aktualis|aktualiz|actualis|actualiz|atualiz|aggiornat|bijgewerkt|oppdater|opdater|uppdater|päivitetty|"
    r"güncel|обновл|оновл|수정|diperbarui|mis à jour|revis|refresh|geändert|korrig",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Dates:
    """``published`` in the page's own offset; ``day_only``: only its day is known.  ``how``: where it came from."""

    published: datetime | None = None
    day_only: bool = False
    modified: datetime | None = None
    how: str = ""
    notes: tuple[str, ...] = ()


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


def with_hour(dates: Dates, lines: Iterable[str], head: Head) -> Dates:
    """``dates`` with the time of day from one of the lines beside the text that name the same day."""
    day = dates.published.date() if dates.published else None
    for line in lines:
        stamp = None if _speaks_of_change(line) else parse_stamp(line, day_first=puts_day_first(head.lang))
        if stamp is not None and not stamp.day_only and stamp.at.date() == day:
            at, notes = _with_zone(stamp, [], None)
            return replace(dates, published=at.at, day_only=False, how="line above the text", notes=notes)
    return dates


def _published(head: Head) -> Iterator[tuple[str, Stamp]]:
    read = partial(parse_stamp, day_first=puts_day_first(head.lang))
    for key in ("datePublished", "dateCreated", "uploadDate"):
        if stamp := read(text_of(head.json_ld.article.get(key))):
            yield f"JSON-LD {key}", stamp
    for name in PUBLISHED_METAS:
        for value in head.metas.get(name, ()):
            if stamp := read(value):
                yield f"meta {name}", stamp
    yield from (("time element", stamp) for text in _texts_of_marks(head) if (stamp := read(text)))
    for text in _beside_the_headline(head):
        if (stamp := read(text)) and not stamp.day_only:
            yield "text beside the headline", stamp
    if stamp := _behind_the_title(head.title):
        yield "title element", stamp
    for node in head.json_ld.nodes:  # a page type that is no article may still carry the time
        if stamp := read(text_of(node.get("datePublished"))):
            yield "JSON-LD of another node", stamp


def _texts_of_marks(head: Head) -> Iterator[str]:
    """What markup and text of the time elements say: the one may give the day, the other the hour."""
    for mark in _marks_in_order(head)[:_MARKS]:
        if any(c.isdigit() for c in mark.value) and not mark.aside:
            yield from dict.fromkeys((mark.value, one_line(mark.node.text())))


def _beside_the_headline(head: Head) -> Iterator[str]:
    """Short texts of the elements beside the headline that name a time in figures, without what follows of changes."""
    for node in elements_beside_headings(head, _LINES):
        text = one_line(node.text(separator=" "))
        if len(text) <= _LONGEST_LINE and not is_aside(node):
            text = _CHANGE.split(text)[0]
            if _DAY_AND_CLOCK.search(text):
                yield text


def _marks_in_order(head: Head) -> list[TimeMark]:
    """Times that speak of no change: those beside the headline first, then those marked as of publication.

    Among many that nothing distinguishes each may be that of another article: then there is none.
    """
    marks = [mark for mark in head.times if _is_of_publication(mark)]
    if len(marks) > 1:
        near = {node.mem_id for node in elements_beside_headings(head, "time, [itemprop^=date]")}
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


def _is_of_publication(mark: TimeMark) -> bool:
    """Marked as such, though its class may say "published updated" as long as both are one; or no word of a change."""
    names = mark.node.attributes.get("class") or ""
    return mark.pubdate or not _speaks_of_change(mark.hint) or "published" in names.lower()


def _speaks_of_change(hint: str) -> bool:
    return bool(_CHANGE.search(hint))


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
