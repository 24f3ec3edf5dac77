"""One item's whole way as OpenTelemetry spans, from a real round over loopback."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline import app
from pipeline.errors import ConfigError
from pipeline.run.round import run_round
from pipeline.run.tracing import TracingSettings, exporting, nanoseconds, trace_id, tracing
from pipeline.storage import open_store
from tests.fakeweb import FakeWeb

sdk = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter", reason="pip install .[dev]")

TEXT = "The old mill at Tarn grinds again after forty years. Its wheel was lifted back last week by volunteers. " * 4
PAGE = "<html><body><article><h1>The mill at Tarn grinds again</h1><p>{}</p></article></body></html>"
FEED = """<rss version="2.0"><channel><title>Tarn</title><link>https://tarn.example/</link>
<item><title>The mill at Tarn grinds again</title><link>{}</link><guid>mill</guid></item></channel></rss>"""


class World:
    """One feed with one entry, and rounds that are traced."""

    def __init__(self, folder: Path, web: FakeWeb) -> None:
        self.web, self.folder = web, folder
        self.ahead = timedelta()
        self.finished: list[Any] = []
        web.set("/feed", FEED.format(web.url("/mill")), content_type="application/rss+xml")
        web.set("/mill", PAGE.format(TEXT), content_type="text/html")
        self.config = folder / "pipeline.toml"
        self.config.write_text(
            f'[storage]\nurl = "sqlite:///{folder}/records.db"\n[run]\nworkers = 1\nretry_minutes = 1.0\n'
            '[fetch]\nallow_private = ["127.0.0.0/8"]\nmin_host_interval = 0.0\n'
            f'[[feeds]]\nurl = "{web.url("/feed")}"\noutlet = "Tarn Courier"\n'
        )

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def round(self, share: float = 1.0) -> None:
        config = app.load_config(Namespace(config=self.config, db=None))
        exporter = sdk.InMemorySpanExporter()

        async def once() -> None:
            with (
                open_store(config.storage.url) as store,
                exporting(exporter, self.clock, share, at_once=True) as tracer,
            ):
                store.sync_feeds(config.feeds, self.clock())
                async with app.assembled(config, store) as parts:
                    await run_round(replace(parts, tracer=tracer, clock=self.clock), asyncio.Event(), everything=True)

        asyncio.run(once())
        self.finished += exporter.get_finished_spans()

    def spans(self, root: str) -> list[list[Any]]:
        """Each try with its stages in order of their beginning, the root first."""
        found = self.finished
        roots = [span for span in found if span.name == root and span.parent is None]
        return [
            [one, *sorted((s for s in found if s.parent and s.parent.span_id == one.context.span_id), key=_start)]
            for one in roots
        ]


def _start(span: Any) -> int:
    return int(span.start_time)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with FakeWeb() as web:
        yield World(tmp_path, web)


def test_an_item_is_followed_from_the_feed_into_the_record(world: World) -> None:
    world.round()
    ((root, *stages),) = world.spans("item")
    assert [span.name for span in stages] == ["seen", "fetch", "extract", "compare", "store"]
    for before, after in pairwise(stages):
        assert before.start_time <= before.end_time <= after.end_time
    assert root.start_time == stages[0].start_time
    assert root.end_time >= stages[-1].end_time
    facts = dict(root.attributes)
    assert facts["storyfold.outlet"] == "Tarn Courier"
    assert facts["storyfold.result"] == "new"
    assert facts["storyfold.reason"] == "started_story"
    fetch, extract, compare = (dict(span.attributes) for span in stages[1:4])
    assert fetch["url.full"] == world.web.url("/mill")
    assert fetch["http.response.status_code"] == 200
    assert extract["storyfold.words"] > 50
    assert compare["storyfold.candidates"] == 0
    (event,) = root.events
    assert (event.name, event.attributes["storyfold.action"]) == ("decided", "start")
    with open_store(f"sqlite:///{world.folder}/records.db") as store:
        (story,) = store.stories()
    assert facts["storyfold.article_id"] == story.articles[0].article_id


def test_a_poll_is_a_trace_of_its_own(world: World) -> None:
    world.round()
    ((root, *stages),) = world.spans("poll")
    assert [span.name for span in stages] == ["fetch", "parse"]
    assert dict(root.attributes)["storyfold.taken"] == 1
    assert dict(stages[1].attributes)["storyfold.entries"] == 1


def test_a_second_try_is_in_the_trace_of_the_first(world: World) -> None:
    world.web.set("/mill", "busy", status=503)
    world.round()
    world.web.set("/mill", PAGE.format(TEXT), content_type="text/html")
    world.ahead = timedelta(minutes=20)
    world.round()
    first, second = world.spans("item")
    assert first[0].context.trace_id == second[0].context.trace_id
    assert dict(first[0].attributes)["storyfold.result"] == "postponed"
    failed = first[-1]
    assert (failed.name, failed.attributes["error.type"]) == ("fetch", "http_server_error")
    assert failed.status.status_code.name == "ERROR"
    assert [span.name for span in second] == ["item", "fetch", "extract", "compare", "store"]
    assert dict(second[0].attributes)["storyfold.try"] == 2


def test_a_share_of_nothing_traces_nothing(world: World) -> None:
    world.round(share=0.0)
    assert world.finished == []


def test_stages_stand_as_the_monotonic_clock_says_whatever_the_wall_clock_does() -> None:
    exporter = sdk.InMemorySpanExporter()
    now = datetime(2026, 5, 20, 12, tzinfo=UTC)
    times = iter([now, now - timedelta(days=3650)])
    with exporting(exporter, lambda: next(times), at_once=True) as tracer:
        from time import monotonic

        from pipeline.model import FeedSource, FeedState

        source = FeedSource("https://user:secret@tarn.example/feed", "Tarn Courier")
        trace = tracer.poll(FeedState(1, source, source.url, now))
        began = monotonic()
        trace.stage("fetch", began, began + 2.0)
        trace.end("fetched")
    fetch, root = exporter.get_finished_spans()
    assert fetch.end_time - fetch.start_time == pytest.approx(2e9, abs=1e6)
    assert abs(fetch.start_time - nanoseconds(now)) < 1e9
    assert "secret" not in str(dict(root.attributes))


def test_traces_are_named_by_what_they_are_about() -> None:
    names = {trace_id("a", "b"), trace_id("ab", ""), trace_id("a"), trace_id("b", "a")}
    assert len(names) == 4
    assert all(0 < name < 2**128 for name in names)


def test_without_the_libraries_the_configuration_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = TracingSettings("http://127.0.0.1:4318/v1/traces")
    with pytest.raises(ConfigError, match=r"storyfold\[tracing\]"), tracing(settings, lambda: datetime.now(UTC)):
        pass


@pytest.mark.parametrize("settings", [{"endpoint": "localhost:4318"}, {"endpoint": "ftp://x/"}])
def test_mistakes_are_told(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="http"):
        TracingSettings(**settings)
