"""The health of feeds in words: the daily digest, and what is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.health import Changes, HealthReport, Silence, Trouble
from pipeline.text import count_of, printable, span
from pipeline.urls import mask_url

MOST = 50  # feeds named in one message


def digest(health: HealthReport, outcomes: Mapping[str, int]) -> str:
    """A day in a few paragraphs of plain text; ``outcomes`` counts the day's entries by outcome."""
    counted = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()) if number)
    lines = [
        f"Storyfold, {health.time:%A %Y-%m-%d %H:%M} UTC",
        f"Entries since yesterday: {counted or 'none'}.",
        f"Feeds: {health.healthy} healthy, {len(health.troubles)} in trouble, {len(health.silences)} silent.",
    ]
    if health.troubles:
        lines += ["", "In trouble:", *_named([trouble_words(t, health.time) for t in health.troubles])]
    if health.silences:
        lines += ["", "Silent:", *_named([silence_words(s, health.time) for s in health.silences])]
    return "\n".join(lines) + "\n"


def alert(changes: Changes, now: datetime) -> str:
    """What began or ended, in plain text; "" where nothing did."""
    words = [trouble_words(trouble, now) for trouble in changes.new]
    words += [silence_words(silence, now) for silence in changes.fell_silent]
    words += [f"{mask_url(url)} works again." for url in changes.recovered]
    return "\n".join(_named(words)) + "\n" if words else ""


def trouble_words(trouble: Trouble, now: datetime) -> str:
    """Since when, what kind, what was tried, what to do."""
    detail = f" ({printable(trouble.detail)})" if trouble.detail else ""
    next_try = f"next try {trouble.next_poll:%Y-%m-%d %H:%M} UTC" if trouble.next_poll else "not tried again"
    proposal = f" Perhaps it moved to {mask_url(trouble.proposal)}." if trouble.proposal else ""
    return (
        f"{printable(trouble.outlet)}, {mask_url(trouble.url)}: {trouble.kind}, {trouble.reason}{detail}, "
        f"for {span(now - trouble.since)} (since {trouble.since:%Y-%m-%d %H:%M} UTC); tried "
        f"{count_of(trouble.tried, 'time')}, {next_try}. {trouble.todo}{proposal}"
    )


def silence_words(silence: Silence, now: datetime) -> str:
    """Since when, and what is usual."""
    return (
        f"{printable(silence.outlet)}, {mask_url(silence.url)}: answers, but brings nothing new for "
        f"{span(now - silence.since)}; its longest pause before was {span(silence.longest)}. "
        "See whether the outlet has another feed by now: `feeds add` with its home page."
    )


def _named(words: list[str]) -> list[str]:
    rest = len(words) - MOST
    return [f"- {word}" for word in words[:MOST]] + ([f"- and {rest} more"] if rest > 0 else [])
