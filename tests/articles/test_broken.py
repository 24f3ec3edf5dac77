"""Broken pages: each ends in time and within its memory, with an article or a counted reason, and harms no worker."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.model import Reason
from pipeline.run.pool import WorkerPool
from tests.articles.broken import KINDS, outcome_of

SECONDS = 5.0  # of CPU time for one page
MEGABYTES = 150  # that one page may add to the process


async def _all_outcomes() -> dict[str, tuple[str, str, float, float]]:
    async with WorkerPool(2, cpu_seconds=SECONDS + 5) as pool:
        names = list(KINDS)
        return dict(zip(names, await asyncio.gather(*(pool.run(outcome_of, name) for name in names)), strict=True))


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[str, str, float, float]]:
    return asyncio.run(_all_outcomes())


@pytest.mark.parametrize("name", KINDS)
def test_broken_page(name: str, outcomes: dict[str, tuple[str, str, float, float]]) -> None:
    outcome, detail, seconds, grown = outcomes[name]
    assert outcome == "article" or (Reason(outcome) and detail)
    assert seconds <= SECONDS
    assert grown <= MEGABYTES


def test_there_are_forty_kinds() -> None:
    assert len(KINDS) >= 40
