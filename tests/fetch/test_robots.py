"""robots.txt: what it says, when it cannot be had, and that it is asked politely."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch import FetchFailed, Request, Web
from pipeline.fetch.robots import Rules, rules_from_answer, rules_from_failure, verdict
from pipeline.model import Reason
from tests.fakeweb import FakeWeb
from tests.fetch.support import PLAIN, SMALL, VirtualClock, now

POLITE = replace(SMALL, robots=True, allow_private=("127.0.0.0/8",))
AGENT = "Storyfold"


def read(text: str, status: int = 200) -> Rules:
    return rules_from_answer(status, text.encode(), now=0.0, keep=86_400.0, limit=1000)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /private", "/private/a", False),
        ("User-agent: *\nDisallow: /private", "/public", True),
        ("User-agent: *\nDisallow: /\nAllow: /news", "/news/7", True),
        ("User-agent: storyfold\nDisallow: /\n\nUser-agent: *\nAllow: /", "/a", False),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf?x", True),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\r\nDisallow: /", "/a", False),
        ("<html>not robots</html>", "/a", True),
        ("# " + "x" * 990 + "\nUser-agent: *\nDisallow: /", "/a", True),  # beyond what is read
    ],
)
def test_rules(text: str, path: str, allowed: bool) -> None:
    found = verdict(read(text), f"https://news.test{path}", AGENT)
    assert found.allowed is allowed
    assert found.reason is (None if allowed else Reason.ROBOTS_DISALLOWED)
    assert "robots.txt" in found.explanation


@pytest.mark.parametrize(
    ("status", "reason", "kept"),
    [
        (404, None, 86_400.0),
        (401, None, 86_400.0),
        (403, None, 86_400.0),
        (410, None, 86_400.0),
        (500, Reason.ROBOTS_UNREACHABLE, 600.0),
        (503, Reason.ROBOTS_UNREACHABLE, 600.0),
        (429, Reason.ROBOTS_UNREACHABLE, 600.0),
    ],
)
def test_without_rules(status: int, reason: Reason | None, kept: float) -> None:
    rules = read("User-agent: *\nDisallow: /", status)
    assert verdict(rules, "https://news.test/", AGENT).reason is reason
    assert rules.expires == kept


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (FetchFailed(Reason.TIMEOUT), Reason.ROBOTS_UNREACHABLE),
        (FetchFailed(Reason.PROTOCOL_ERROR), Reason.ROBOTS_UNREACHABLE),
        (FetchFailed(Reason.TOO_MANY_REDIRECTS, status=302), None),
        (FetchFailed(Reason.REDIRECT_LOOP, status=301), None),
        (FetchFailed(Reason.BAD_REDIRECT), None),
    ],
)
def test_robots_that_cannot_be_had(failure: FetchFailed, reason: Reason | None) -> None:
    rules = rules_from_failure(failure, now=0.0, keep=86_400.0)
    assert verdict(rules, "https://news.test/", AGENT).reason is reason


@given(st.text(max_size=200))
def test_any_file_is_survived(text: str) -> None:
    rules = read(text)
    verdict(rules, "https://news.test/a?b=c", AGENT)
    rules.crawl_delay(AGENT)


def test_robots_are_asked_once_for_many_pages_and_again_after_a_day() -> None:
    clock = VirtualClock()

    async def main(web: FakeWeb) -> None:
        async with Web(POLITE, now=now, ssl_context=PLAIN, clock=clock) as polite:
            url = web.url("/a")
            found = await asyncio.gather(*(polite.fetch(Request(url)) for _ in range(5)))
            assert {f.robots for f in found} == {"robots.txt allows it"}
            with pytest.raises(FetchFailed) as caught:
                await polite.fetch(Request(web.url("/private/x")))
            assert caught.value.reason is Reason.ROBOTS_DISALLOWED
            assert len(web.seen("/robots.txt")) == 1
            clock.time += 86_401
            await polite.fetch(Request(url))
            assert len(web.seen("/robots.txt")) == 2
            await polite.fetch(Request(web.url("/private/x"), robots=False))

    with FakeWeb() as web:
        web.set("/robots.txt", "User-agent: *\nDisallow: /private", content_type="text/plain")
        web.set("/a", "x")
        web.set("/private/x", "x")
        asyncio.run(main(web))


def test_where_a_redirect_leads_is_asked_too() -> None:
    async def main(web: FakeWeb) -> Reason:
        async with Web(POLITE, now=now, ssl_context=PLAIN) as polite:
            with pytest.raises(FetchFailed) as caught:
                await polite.fetch(Request(web.url("/a")))
            return caught.value.reason

    with FakeWeb() as web:
        target = web.set("/b", "x", host="127.0.0.2")
        web.set("/robots.txt", "User-agent: *\nDisallow: /", host="127.0.0.2")
        web.set("/a", redirect=target)
        assert asyncio.run(main(web)) is Reason.ROBOTS_DISALLOWED
        assert "/b" not in web.paths()


def test_a_crawl_delay_slows_the_host_down() -> None:
    async def main(web: FakeWeb) -> list[float]:
        async with Web(POLITE, now=now, ssl_context=PLAIN) as polite:
            for _ in range(3):
                await polite.fetch(Request(web.url("/a")))
        return [seen.start for seen in web.requests]

    with FakeWeb() as web:
        web.set("/robots.txt", "User-agent: *\nCrawl-delay: 0.15", content_type="text/plain")
        web.set("/a", "x")
        starts = asyncio.run(main(web))
    assert all(later - sooner >= 0.149 for sooner, later in itertools.pairwise(starts))


def test_a_server_error_of_robots_means_waiting() -> None:
    async def main(web: FakeWeb) -> Reason:
        async with Web(POLITE, now=now, ssl_context=PLAIN) as polite:
            with pytest.raises(FetchFailed) as caught:
                await polite.fetch(Request(web.url("/a")))
            return caught.value.reason

    with FakeWeb() as web:
        web.set("/robots.txt", status=500)
        web.set("/a", "x")
        assert asyncio.run(main(web)) is Reason.ROBOTS_UNREACHABLE
        assert web.paths() == []


def test_a_host_that_is_not_there_is_asked_once_and_then_left_alone() -> None:
    async def main() -> list[Reason]:
        reasons = []
        async with Web(POLITE, now=now, ssl_context=PLAIN) as polite:
            for _ in range(3):
                with pytest.raises(FetchFailed) as caught:
                    await polite.fetch(Request("http://127.0.0.1:9/a"))
                reasons.append(caught.value.reason)
        return reasons

    assert asyncio.run(main()) == [Reason.CONNECT_FAILED, Reason.HOST_PAUSED, Reason.HOST_PAUSED]
