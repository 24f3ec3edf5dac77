"""Whole rounds over a loopback web: what polling remembers, proposes, follows and keeps apart."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.errors import StorageError
from pipeline.feeds import PollSettings
from pipeline.fetch import HostPace
from pipeline.fetch.gate import HostGate
from pipeline.model import FeedSource, FeedState, JournalRow, Reason
from pipeline.run.memory import HostMemory
from pipeline.run.parts import DatabaseThread, Parts
from pipeline.run.report import RoundReport
from pipeline.run.round import run_round
from pipeline.run.settings import RunSettings
from pipeline.run.together import PollKeeper
from pipeline.storage import Poll, open_store
from tests.fakeweb import Answer, Asked, FakeWeb
from tests.run.polling_world import LOOPBACK, all_parts, rss

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RUN = RunSettings(workers=1, attempts=1)
TEXT = (
    "The ferry to the outer islands will sail twice a day from April, the harbour board of Tarn Mouth decided on "
    "Monday. A second crew is being trained at the school in Oldhaven, and the old landing is to get a new ramp. "
    "Islanders had asked for the second sailing for eleven years, and a petition had 2,300 names."
)
PAGE = f"<html><title>Ferry</title><article><h1>Ferry</h1><p>{TEXT}</p></article></html>"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


def rounds(
    folder: Path,
    feeds: list[FeedSource],
    clock: Clock | None = None,
    number: int = 1,
    hours: float = 8,
    polling: PollSettings | None = None,
) -> tuple[RoundReport, list[FeedState], list[JournalRow]]:
    """Poll everything ``number`` times, ``hours`` apart; the last report, the feeds and the journal."""
    own = clock or Clock()

    async def main() -> RoundReport:
        async with all_parts(folder, feeds, run=RUN, clock=own, polling=polling) as parts:
            for _ in range(number):
                report = await run_round(parts, asyncio.Event(), everything=True)
                own.now += timedelta(hours=hours)
            return report

    report = asyncio.run(main())
    with open_store(f"sqlite:///{folder / 'news.db'}", read_only=True) as store:
        return report, store.feeds(), [item.row for item in store.items(limit=1000)]


def feed_of(web: FakeWeb, *links: str, path: str = "/feed") -> FeedSource:
    entries = [(f"Ferry {i}", link, "") for i, link in enumerate(links)]
    return FeedSource(web.set(path, rss(entries), content_type="application/rss+xml"), "Tarn Courier")


def test_a_feed_that_is_gone_is_retired_with_what_its_site_announces(web: FakeWeb, tmp_path: Path) -> None:
    feed = FeedSource(web.set("/old.xml", status=410), "Tarn Courier")
    links = '<link rel="alternate" type="application/rss+xml" href="/old.xml">'
    web.set("/", f'{links}<link rel="alternate" type="application/rss+xml" href="/new.xml">')
    report, (state,), (row,) = rounds(tmp_path, [feed], number=3)
    assert state.retired
    assert state.proposal == web.url("/new.xml")
    assert (row.reason, row.outlet) == (Reason.HTTP_GONE, "Tarn Courier")
    assert "/new.xml" in row.detail
    assert web.paths().count("/old.xml") == 1
    assert web.paths().count("/") == 1
    assert not report.failed_feeds


def test_a_page_in_place_of_a_feed_is_read_for_the_feeds_it_names(web: FakeWeb, tmp_path: Path) -> None:
    feed = FeedSource(web.set("/feed", '<html><link rel="alternate" type="application/atom+xml" href="/atom">'), "T")
    _, (state,), rows = rounds(tmp_path, [feed], number=2)
    assert (state.last_reason, state.failures, state.retired) == (Reason.FEED_IS_HTML, 2, False)
    assert state.proposal == web.url("/atom")
    assert "/atom" in rows[-1].detail
    feed_of(web)
    _, (state,), _ = rounds(tmp_path, [feed])
    assert (state.failures, state.proposal) == (0, None)


def test_the_verdict_of_robots_is_in_the_journal(web: FakeWeb, tmp_path: Path) -> None:
    web.set("/robots.txt", "User-agent: *\nDisallow: /private/\n", content_type="text/plain")
    feed = feed_of(web, web.set("/open", PAGE), web.set("/private/page", PAGE))
    _, _, rows = rounds(tmp_path, [feed])
    told = {row.url: row for row in rows}
    assert any("robots.txt allows it" in step for step in told[web.url("/open")].trail)
    refused = told[web.url("/private/page")]
    assert refused.reason is Reason.ROBOTS_DISALLOWED
    assert "robots.txt disallows it for Storyfold" in refused.detail
    assert "/private/page" not in web.paths()
    assert web.paths(robots=True).count("/robots.txt") == 1
    assert web.seen("/feed"), "a feed is published for programs"


def test_an_answer_of_differences_adds_to_what_is_known(web: FakeWeb, tmp_path: Path) -> None:
    """RFC 3229: 226 with the new entries alone is neither a roll-over nor the whole feed."""

    def answer(asked: Asked) -> Answer:
        known = int(asked.headers.get("if-none-match", '"0"').strip('"'))
        names = range(known + 2, known, -1) if known else range(1, 0, -1)
        entries = [(f"Ferry {n}", web.url(f"/{n}"), TEXT) for n in names]
        status, headers = (226, {"IM": "feed"}) if known and asked.headers.get("a-im") == "feed" else (200, {})
        return Answer(rss(entries), status, "application/rss+xml", headers, etag=f'"{names[0]}"')

    feed = FeedSource(web.handle("/feed", answer), "Tarn Courier")
    _, (state,), rows = rounds(tmp_path, [feed], number=3, polling=PollSettings(unconditional_share=0.0))
    assert [seen.status for seen in web.seen("/feed")] == [200, 226, 226]
    assert state.missed == 0
    assert sorted(row.title for row in rows) == [f"Ferry {n}" for n in range(1, 6)]


def test_a_server_whose_304_hides_entries_is_found_out_and_asked_without_validators(
    web: FakeWeb, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        entries = [(f"Ferry {n}", web.url(f"/{n}"), TEXT) for n in range(len(web.seen("/feed")) + 1)]
        return Answer(rss(entries), 200, "application/rss+xml", etag='"always the same"')

    feed = FeedSource(web.handle("/feed", answer), "Tarn Courier")
    never, always = PollSettings(unconditional_share=0.0), PollSettings(unconditional_share=1.0)
    _, (state,), _ = rounds(tmp_path, [feed], number=3, polling=never)
    assert [seen.status for seen in web.seen("/feed")] == [200, 304, 304]
    assert not state.validators_lie, "nobody can know yet"
    _, (state,), _ = rounds(tmp_path, [feed], polling=always)
    assert state.validators_lie
    _, _, rows = rounds(tmp_path, [feed], number=2, polling=never)
    assert [seen.status for seen in web.seen("/feed")][-3:] == [200, 200, 200]
    assert {row.title for row in rows} == {f"Ferry {n}" for n in range(6)}


def test_a_permanent_move_is_journalled(web: FakeWeb, tmp_path: Path) -> None:
    feed_of(web, path="/new")
    feed = FeedSource(web.set("/feed", redirect=web.url("/new"), status=301), "Tarn Courier")
    _, (state,), rows = rounds(tmp_path, [feed], number=9)
    assert state.url == feed.url
    _, (state,), rows = rounds(tmp_path, [feed], Clock(), number=12)
    assert state.url == web.url("/new")
    assert [row.reason for row in rows] == [Reason.FEED_MOVED]


def test_a_move_is_undone_by_a_command(web: FakeWeb, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed_of(web, path="/new")
    feed = FeedSource(web.set("/feed", redirect=web.url("/new"), status=301), "Tarn Courier")
    rounds(tmp_path, [feed], number=12)
    capsys.readouterr()
    config = tmp_path / "pipeline.toml"
    table = f'[[feeds]]\nurl = "{feed.url}"\noutlet = "Tarn Courier"\n'
    config.write_text(f'[storage]\nurl = "sqlite:///{tmp_path / "news.db"}"\n{table}', "utf-8")
    assert main(["feeds", "undo-move", feed.url, "--config", str(config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["change"] == "moved back"
    _, (state,), rows = rounds(tmp_path, [feed])
    assert state.url == feed.url
    assert {row.reason for row in rows} == {Reason.FEED_MOVED, Reason.FEED_MOVED_BACK}


def test_a_news_sitemap_is_a_source(web: FakeWeb, tmp_path: Path) -> None:
    spaces = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    )
    news = "<n:news><n:title>Ferry</n:title><n:publication_date>2026-03-02T09:00:00Z</n:publication_date></n:news>"
    document = f"<urlset {spaces}><url><loc>{web.set('/ferry', PAGE)}</loc>{news}</url></urlset>"
    feed = FeedSource(web.set("/sitemap-news.xml", document, content_type="application/xml"), "Tarn Courier")
    report, _, (row,) = rounds(tmp_path, [feed])
    assert report.outcomes == {"new": 1}
    assert row.url == web.url("/ferry")


def test_redirects_are_in_the_trail_and_both_addresses_lead_to_the_article(web: FakeWeb, tmp_path: Path) -> None:
    web.set("/short", redirect=web.url("/middle"))
    web.set("/middle", redirect=web.set("/ferry", PAGE), status=301)
    feeds = [feed_of(web, web.url("/short")), feed_of(web, web.url("/ferry"), path="/other")]
    _, _, rows = rounds(tmp_path, feeds)
    assert sorted(row.outcome for row in rows) == ["new", "seen"]
    with open_store(f"sqlite:///{tmp_path / 'news.db'}", read_only=True) as store:
        (first,) = store.by_identity([web.url("/ferry").replace("http:", "https:")]).values()
        assert store.articles([first[0]])[first[0]].article.url == web.url("/ferry")
    trail = next("\n".join(row.trail) for row in rows if row.outcome == "new")
    assert "/short" in trail or "/ferry" in trail


def test_an_article_whose_address_leads_to_the_front_page_is_gone(web: FakeWeb, tmp_path: Path) -> None:
    web.set("/", PAGE)
    web.set("/ferry", redirect=web.url("/"))
    report, _, (row,) = rounds(tmp_path, [feed_of(web, web.url("/ferry"))])
    assert (row.reason, report.outcomes) == (Reason.LED_AWAY, {"failed": 1})
    assert "redirect 302" not in row.detail


def test_secrets_of_a_feed_go_to_pages_of_its_origin_alone(web: FakeWeb, tmp_path: Path) -> None:
    told: dict[str, tuple[str | None, str | None]] = {}

    def page(asked: object) -> Answer:
        told[asked.host] = (asked.headers.get("authorization"), asked.headers.get("cookie"))  # type: ignore[attr-defined]
        return Answer(PAGE)

    other = web.url("/ferry", host="127.0.0.2")
    web.handle("/ferry", page)
    feed = replace(
        feed_of(web, web.url("/ferry"), other), username="reader", password="s3cret", headers=(("Cookie", "a=b"),)
    )
    rounds(tmp_path, [feed])
    assert told["127.0.0.1"] == ("Basic " + b64encode(b"reader:s3cret").decode(), "a=b")
    assert told["127.0.0.2"] == (None, None)


def test_a_pause_that_a_host_asked_for_outlives_the_process(web: FakeWeb, tmp_path: Path) -> None:
    feed = FeedSource(web.set("/feed", status=429, headers={"Retry-After": "7200"}), "Tarn Courier")
    clock = Clock()
    rounds(tmp_path, [feed], clock, hours=1)
    _, (state,), _ = rounds(tmp_path, [feed], clock, hours=1)
    assert len(web.paths()) == 1  # an hour later, in another process: still paused
    clock.now += timedelta(hours=1)
    rounds(tmp_path, [feed], clock)
    assert len(web.paths()) == 2
    assert state.last_reason is Reason.HTTP_RATE_LIMITED


@pytest.mark.parametrize(("away", "left"), [(0, 100.0), (40, 60.0), (500, 0.0), (-500, 100.0)])
def test_paces_are_restored_with_the_time_that_went_by(tmp_path: Path, away: float, left: float) -> None:
    with open_store(f"sqlite:///{tmp_path / 'db'}") as store:
        first = HostGate(LOOPBACK, clock=lambda: 1000.0)
        first.restore({"a.example": HostPace(0.5, 4.0, 10.0, 20.0, 100.0, 2), "idle.example": HostPace()})
        HostMemory(first, store).save(NOW)
        second = HostGate(LOOPBACK, clock=lambda: 50.0)
        memory = HostMemory(second, store)
        memory.restore(NOW + timedelta(seconds=away))
        memory.restore(NOW)  # nothing more
        found = second.pace("a.example")
        assert (found.average, found.backoff, found.crawl_delay, found.failures) == (0.5, 4.0, 10.0, 2)
        assert max(0.0, found.paused_until - 50.0) == left
        assert set(store.hosts()) == {"a.example"}
        store.save_hosts({}, NOW + timedelta(days=31))
        assert store.hosts() == {}


def test_polls_that_end_together_share_a_transaction_and_a_bad_one_costs_itself(tmp_path: Path) -> None:
    feeds = [FeedSource(f"https://{n}.example/feed", f"Outlet {n}") for n in range(30)]
    sizes: list[int] = []

    async def main(parts: Parts) -> list[object]:
        class Recording(type(parts.store)):  # type: ignore[misc]
            def apply_polls(self, polls: list[Poll]) -> list[list[JournalRow]]:
                sizes.append(len(polls))
                if any(poll.state.row == 8 for poll in polls):
                    raise StorageError("no room")
                return super().apply_polls(polls)  # type: ignore[no-any-return]

        keeper = PollKeeper(DatabaseThread(), Recording(parts.store._db))
        polls = [Poll(replace(state, polls=5), [], [], NOW) for state in parts.store.feeds()]
        try:
            return await asyncio.gather(*map(keeper.keep, polls), return_exceptions=True)
        finally:
            keeper.db.close()

    async def world() -> list[object]:
        async with all_parts(tmp_path, feeds, run=RUN) as parts:
            results = await main(parts)
            assert sorted(state.row for state in parts.store.feeds() if state.polls != 5) == [8]
            return results

    results = asyncio.run(world())
    assert [n for n, result in enumerate(results) if isinstance(result, StorageError)] == [7]
    assert sizes[:2] == [1, 29]  # all that came while the first was stored
