"""A round that is told to stop ends, whatever is still in the queue."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from pipeline import app
from pipeline.run.report import RoundReport
from pipeline.run.round import run_round
from pipeline.storage import open_store
from tests.fakeweb import FakeWeb


def test_a_round_that_is_stopped_before_it_begins_ends_at_once(tmp_path: Path) -> None:
    with FakeWeb() as web:
        path = tmp_path / "news.toml"
        path.write_text(
            f'[storage]\nurl = "sqlite:///{tmp_path / "news.db"}"\n[fetch]\nallow_private = ["127.0.0.0/8"]\n'
            f'[[feeds]]\nurl = "{web.url("/feed")}"\noutlet = "One"\n',
            "utf-8",
        )
        config = app.load_file(path)

        async def stopped() -> RoundReport:
            stop = asyncio.Event()
            stop.set()
            with open_store(config.storage.url) as store:
                store.sync_feeds(config.feeds, datetime.now(UTC))
                async with app.assembled(config, store) as parts:
                    return await asyncio.wait_for(run_round(parts, stop), 20)

        report = asyncio.run(stopped())
        assert report.stopped
        assert report.feeds_polled == 0
        assert web.paths() == []
