"""Where things are drawn: pure geometry, which the templates turn into SVG.

Horizontal places are per cent of the drawing's width, so that one drawing fits a phone and a desk without
scaling its letters; vertical ones are pixels from the top.  No styles: classes are set by the style sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10

from .shapes import DayCount, Story, Throughput

OUTCOMES = ("new", "revised", "seen", "skipped", "failed")  # from the bottom up
MIN_SPAN = timedelta(minutes=10)  # a timeline is never narrower, or a minute would look like a day


@dataclass(frozen=True, slots=True)
class Segment:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Column:
    """Stacked rectangles with one label that says it in words; ``at`` is shown in the reader's zone."""

    x: float
    width: float
    segments: tuple[Segment, ...]
    label: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis; ``at`` where the label is a time."""

    place: float
    label: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart; ``rows`` are horizontal lines with their values."""

    height: float
    columns: tuple[Column, ...]
    rows: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One article on the timeline."""

    x: float
    article_id: str
    title: str
    canonical: bool
    at: datetime
    published: bool  # whether ``at`` is the time of publication; else of when it was stored


@dataclass(frozen=True, slots=True)
class Lane:
    """One outlet's line."""

    outlet: str
    dots: tuple[Dot, ...]
    start: float  # where its first dot stands


@dataclass(frozen=True, slots=True)
class Timeline:
    """How a report went through the outlets."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    speaker_at: float | None  # where the canonical article stands


def nice_top(value: float) -> float:
    """The next of 1, 2, 4, 5, 10, 20, 40, 50 … at or above ``value``; at least 1.

    >>> [nice_top(v) for v in (0, 3, 17, 260)]
    [1, 4.0, 20.0, 400.0]
    """
    if value <= 1:
        return 1
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= value)


def stacked(rows: Sequence[tuple[datetime, Mapping[str, int]]], height: float, label: str, unit: str) -> Bars:
    """Numbers by outcome over time; ``unit`` is ``hour`` or ``day``."""
    top = nice_top(max((sum(counts.values()) for _, counts in rows), default=0))
    slot = 100 / max(1, len(rows))
    columns = []
    for n, (start, counts) in enumerate(rows):
        segments = []
        y = height
        for kind in OUTCOMES:
            if not (number := counts.get(kind, 0)):
                continue
            tall = number / top * height
            y -= tall
            segments.append(Segment(n * slot + slot * 0.12, round(y, 2), slot * 0.76, round(tall, 2), kind))
        words = ", ".join(f"{counts[kind]:,} {kind}" for kind in OUTCOMES if counts.get(kind)) or "nothing"
        columns.append(Column(n * slot, slot, tuple(segments), words, start))
    every = _every(len(rows), unit)
    ticks = tuple(
        Tick((n + 0.5) * slot, f"{start:%H:%M}" if unit == "hour" else f"{start:%d %b}", start)
        for n, (start, _) in enumerate(rows)
        if (len(rows) - 1 - n) % every == 0
    )
    lines = tuple(Tick(height * (1 - share), f"{top * share:,.10g}") for share in (0.5, 1.0))
    return Bars(height, tuple(columns), lines, ticks, label)


def _every(number: int, unit: str) -> int:
    return max(1, ceil(number / (8 if unit == "hour" else 6)))


def throughput(rows: Sequence[Throughput], height: float, label: str, unit: str) -> Bars:
    """Items by outcome over hours or days."""
    return stacked([(row.start, row.outcomes) for row in rows], height, label, unit)


def shares(rows: Sequence[Throughput], height: float, label: str) -> Bars:
    """The share of copies among new articles, day by day."""
    slot = 100 / max(1, len(rows))
    columns = []
    for n, row in enumerate(rows):
        new = row.outcomes.get("new", 0)
        share = row.copies / new if new else 0.0
        words = f"{row.copies:,} of {new:,} new articles were copies ({share:.0%})" if new else "nothing new"
        tall = round(share * height, 2)
        segment = Segment(n * slot + slot * 0.12, round(height - tall, 2), slot * 0.76, tall, "copies")
        columns.append(Column(n * slot, slot, (segment,) if tall else (), words, row.start))
    every = _every(len(rows), "day")
    ticks = tuple(
        Tick((n + 0.5) * slot, f"{row.start:%d %b}", row.start)
        for n, row in enumerate(rows)
        if (len(rows) - 1 - n) % every == 0
    )
    lines = tuple(Tick(height * (1 - share), f"{share:.0%}") for share in (0.5, 1.0))
    return Bars(height, tuple(columns), lines, ticks, label)


def spark(days: Sequence[DayCount], height: float = 24.0) -> Bars:
    """A feed's days as small bars."""
    rows = [(datetime.fromisoformat(day.day).replace(tzinfo=UTC), day.outcomes) for day in days]
    total = sum(day.items for day in days)
    chart = stacked(rows, height, f"{total:,} items in {len(days)} days", "day")
    return Bars(height, chart.columns, (), (), chart.label)


def timeline(story: Story, stored: Mapping[str, datetime]) -> Timeline:
    """Each outlet's articles by time of publication (or of storing, where none is known)."""
    when = {
        article.article_id: article.published or stored.get(article.article_id, story.first_seen)
        for article in story.articles
    }
    first, last = min(when.values()), max(when.values())
    span = max(last - first, MIN_SPAN)
    lanes: dict[str, list[Dot]] = {}
    for article in sorted(story.articles, key=lambda a: (when[a.article_id], a.article_id)):
        at = when[article.article_id]
        dot = Dot(
            round(2 + 96 * ((at - first) / span), 3),
            article.article_id,
            article.title,
            article.canonical,
            at,
            article.published is not None,
        )
        lanes.setdefault(article.outlet or "unknown outlet", []).append(dot)
    speaker = next((dot.x for dots in lanes.values() for dot in dots if dot.canonical), None)
    step = _round_step(span)
    ticks = tuple(
        Tick(2 + 96 * (n * step / span), _elapsed(n * step), first + n * step) for n in range(span // step + 1)
    )
    return Timeline(tuple(Lane(outlet, tuple(dots), dots[0].x) for outlet, dots in lanes.items()), ticks, speaker)


# What people count in, in minutes: from two minutes to a week.
_STEPS = (2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)


def _round_step(span: timedelta) -> timedelta:
    """The distance of marks on a timeline of that length: a round one, with at most four of it.

    >>> _round_step(timedelta(hours=4)), _round_step(timedelta(minutes=11))
    (datetime.timedelta(seconds=3600), datetime.timedelta(seconds=300))
    """
    found = next((minutes for minutes in _STEPS if span <= 4 * timedelta(minutes=minutes)), None)
    return timedelta(minutes=found) if found else timedelta(days=7 * ceil(span / timedelta(days=28)))


def _elapsed(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if not minutes:
        return "first"
    if minutes % 1440 == 0:
        return f"+{minutes // 1440} d"
    return f"+{minutes // 60} h" if minutes % 60 == 0 else f"+{minutes} min"


@dataclass(frozen=True, slots=True)
class Cell:
    """``number`` copies; ``heat`` 0 (none) to 5 (the most)."""

    number: int
    heat: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows copy, columns speak."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    left_out: int  # outlets beyond the limit


def matrix(pairs: Sequence[tuple[str, str, int]], limit: int = 14) -> Matrix:
    """Who copies whom among the ``limit`` outlets with the most copies, both ways counted."""
    weight: dict[str, int] = {}
    for copier, speaker, number in pairs:
        for name in (copier, speaker):
            weight[name] = weight.get(name, 0) + number
    names = sorted(weight, key=lambda name: (-weight[name], name))[:limit]
    counts = {(copier, speaker): number for copier, speaker, number in pairs}
    top = max((counts.get((a, b), 0) for a in names for b in names), default=0)
    rows = tuple(
        (a, tuple(Cell(n := counts.get((a, b), 0), ceil(5 * n / top) if n else 0) for b in names)) for a in names
    )
    return Matrix(tuple(names), rows, len(weight) - len(names))
