"""Nothing is forgotten by a clock that has just leaped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model import FeedSource, JournalRow, Outcome, Reason
from pipeline.run.keeping import RetentionSettings
from pipeline.run.upkeep import tidy
from tests.run.polling_world import all_parts

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("ages", "left"),
    [
        ((200, 0), 2),  # the clock leaped: what was written just now looks 200 days apart
        ((200, 0.5, 0), 3),  # half a day ago it leaped
        ((200, 1.5, 0), 2),  # it has been here for a day
        ((200, 3, 0), 3),  # nothing came in on the day before: patience
    ],
)
def test_what_is_past_its_time_goes_once_the_clock_is_steady(
    tmp_path: Path, ages: tuple[float, ...], left: int
) -> None:
    async def main() -> None:
        feed = FeedSource("https://tarn.example/feed", "Tarn Courier")
        async with all_parts(tmp_path, [feed], clock=lambda: NOW) as made:
            parts = replace(made, retention=RetentionSettings(item_days=90))
            (state,) = parts.store.feeds()
            for age in ages:
                time = NOW - age * DAY
                row = JournalRow(time, feed.url, None, feed.outlet, "", Outcome.FAILED, Reason.TIMEOUT)
                parts.store.apply_poll(state, [], [row], time)
            await tidy(parts, asyncio.Event())
            assert len(parts.store.items()) == left

    asyncio.run(main())
