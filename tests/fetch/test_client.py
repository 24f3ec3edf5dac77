"""What a fetch sends and what it makes of good answers."""

from __future__ import annotations

import asyncio
import pickle
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import h2.config
import h2.connection
import h2.events
import pytest

from pipeline.fetch import Fetcher, FetchFailed, FetchSettings, Hop, Request
from pipeline.fetch.proxies import Proxies
from pipeline.model import FeedSource, Reason, Validators
from pipeline.urls import split_url
from tests.fakeweb import FakeWeb
from tests.fetch.hostile import Hostile, body, redirect
from tests.fetch.support import PLAIN, SMALL, Names, Recording, now

T = TypeVar("T")
CERTIFICATE = Path(__file__).parent / "loopback.pem"  # for news.test, good for nothing else
WIDE = replace(SMALL, allow_private=("127.0.0.0/8",))


def fetching(work: Callable[[Fetcher], Awaitable[T]], settings: FetchSettings = WIDE, **more: object) -> T:
    async def main() -> T:
        async with Fetcher(settings, now=now, **{"ssl_context": PLAIN, **more}) as fetcher:  # type: ignore[arg-type]
            return await work(fetcher)

    return asyncio.run(main())


def test_a_conditional_request_and_its_answer() -> None:
    when = datetime(2026, 5, 1, 8, 0, 0, tzinfo=UTC)
    with FakeWeb() as web:
        url = web.set(
            "/feed",
            "<rss/>",
            content_type="Application/RSS+xml; charset='ISO-8859-1'",
            etag='W/"7"',
            last_modified=when,
        )
        first = fetching(lambda f: f.fetch(Request(url)))
        assert (first.status, first.body, first.not_modified) == (200, b"<rss/>", False)
        assert (first.content_type, first.charset) == ("application/rss+xml", "iso-8859-1")
        kept = Validators(first.headers["etag"], first.headers["last-modified"])
        again = fetching(lambda f: f.fetch(Request(url, validators=kept, delta=True)))
        assert (again.status, again.body, again.not_modified) == (304, b"", True)
        sent = web.requests[1].headers
        assert sent["if-none-match"] == 'W/"7"'
        assert sent["if-modified-since"] == "Fri, 01 May 2026 08:00:00 GMT"
        assert sent["a-im"] == "feed"
        assert "a-im" not in web.requests[0].headers
        assert "if-none-match" not in web.requests[0].headers


def test_what_every_request_says() -> None:
    settings = replace(WIDE, user_agent="", contact="https://storyfold.example/about")
    with FakeWeb() as web:
        url = web.set("/", "x")
        fetching(lambda f: f.fetch(Request(url)), settings)
        sent = web.requests[0].headers
    assert sent["user-agent"].startswith("Storyfold/")
    assert sent["user-agent"].endswith("(+https://storyfold.example/about)")
    assert "gzip" in sent["accept-encoding"]
    assert "zstd" not in sent["accept-encoding"]
    assert "cookie" not in sent
    assert "authorization" not in sent


def test_redirects_are_told_hop_by_hop() -> None:
    with FakeWeb() as web:
        end = web.set("/end", "x")
        web.set("/b", redirect="/end", status=308)
        start = web.set("/a", redirect="b", status=301)
        found = fetching(lambda f: f.fetch(Request(start)))
        assert found.hops == (Hop(start, 301, web.url("/b")), Hop(web.url("/b"), 308, end))
        assert (found.url, found.final_url, found.moved_to) == (start, end, end)
        web.set("/b", redirect="/end", status=302)
        assert fetching(lambda f: f.fetch(Request(start))).moved_to is None
        assert fetching(lambda f: f.fetch(Request(end))).moved_to is None


def test_failures_carry_their_hops_and_survive_pickling() -> None:
    with FakeWeb() as web:
        url = web.set("/a", redirect="/gone", status=301)
        web.set("/gone", status=410, headers={"Retry-After": "60"})
        with pytest.raises(FetchFailed) as caught:
            fetching(lambda f: f.fetch(Request(url)))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.reason, copy.status, copy.retry_after) == (Reason.HTTP_GONE, 410, 60.0)
    assert len(copy.hops) == 1
    assert copy.hops[0].permanent


def test_statuses_may_be_left_to_the_caller() -> None:
    with FakeWeb() as web:
        url = web.set("/a", "<html>gone</html>", status=410)
        found = fetching(lambda f: f.fetch(Request(url, raise_for_status=False)))
    assert (found.status, found.body) == (410, b"<html>gone</html>")


SECRET = {"headers": (("X-Key", "s3cret"), ("Cookie", "s=1")), "username": "ann", "password": "pä:ss"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_credentials_stay_with_their_origin(host: str) -> None:
    with FakeWeb() as web:
        web.set("/in", "x")
        url = web.set("/out", redirect=web.url("/in", host=host))
        fetching(lambda f: f.fetch(Request(url, **SECRET)))  # type: ignore[arg-type]
        first, second = (seen.headers for seen in web.requests)
    assert first["authorization"] == "Basic YW5uOnDDpDpzcw=="
    assert (first["x-key"], first["cookie"]) == ("s3cret", "s=1")
    for name in ("authorization", "x-key", "cookie"):
        assert (name in second) is (host == "127.0.0.1")


def test_credentials_in_the_address_are_sent_and_never_shown() -> None:
    with FakeWeb() as web:
        web.set("/in", "x")
        url = web.set("/a", redirect="/in").replace("http://", "http://ann:p%40ss@")
        found = fetching(lambda f: f.fetch(Request(url)))
        assert web.requests[0].headers["authorization"] == "Basic YW5uOnBAc3M="
        assert "p%40ss" not in found.final_url + str(found.hops)
    shown = repr(Request("https://news.test/", **SECRET))  # type: ignore[arg-type]
    assert "s3cret" not in shown
    assert "pä:ss" not in shown


@pytest.mark.parametrize(
    ("moved", "sent"),
    [
        (None, True),
        ("http://feeds.test/a", True),
        ("http://feeds.test/b", True),
        ("https://feeds.test/a", True),  # from http to https
        ("http://other.test/a", False),
        ("http://feeds.test:8080/a", False),
        ("https://feeds.test.evil.test/a", False),
        ("nonsense", False),
    ],
)
def test_a_feed_that_moved_takes_no_credentials_along(moved: str | None, sent: bool) -> None:
    source = FeedSource("http://feeds.test/a", "Feeds", **SECRET)  # type: ignore[arg-type]
    request = Request.for_feed(source, moved)
    assert bool(request.headers) is bool(request.username) is bool(request.password) is sent
    assert not request.robots


def test_no_downgrade_takes_credentials_along() -> None:
    source = FeedSource("https://feeds.test/a", "Feeds", **SECRET)  # type: ignore[arg-type]
    assert Request.for_feed(source, "http://feeds.test/a").headers == ()


def test_a_cookie_lives_for_one_exchange_and_one_origin() -> None:
    async def consent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        agreed = "ok=1" in server.heads[-1]
        answer = redirect("/", "302 Found", "Set-Cookie: ok=1; Path=/; HttpOnly", "Set-Cookie: bad\x01=2")
        await (body(b"article") if agreed else answer)(reader, writer)

    server = Hostile()
    server.behaviours = {
        "/": consent,
        "/away": redirect("http://other.test:1/", "302 Found", "Set-Cookie: ok=1"),
    }

    async def work(fetcher: Fetcher) -> None:
        async with server.serving():
            for _ in range(2):
                assert (await fetcher.fetch(Request(server.url("/")))).body == b"article"
            assert len(server.heads) == 4  # nothing was remembered for the second time

    fetching(work)


def test_a_connection_is_kept() -> None:
    async def work(fetcher: Fetcher) -> None:
        for path in ("/a", "/gone", "/a"):
            try:
                await fetcher.fetch(Request(web.url(path)))
            except FetchFailed:
                continue

    backend = Recording()
    with FakeWeb() as web:
        web.set("/a", "x", gzip=True)
        fetching(work, inner=backend)
    assert len(backend.opened) == 1


def test_the_deadline_does_not_count_waiting_for_a_turn() -> None:
    from contextlib import asynccontextmanager

    from pipeline.fetch.gate import Timing

    @asynccontextmanager
    async def late(_url):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.3)
        yield Timing(waited=0.3)

    with FakeWeb() as web:
        web.set("/b", "x")
        url = web.set("/a", redirect="/b")
        found = fetching(lambda f: f.fetch(Request(url), late), replace(WIDE, deadline_seconds=0.4))
    assert found.waited == 0.6
    assert found.elapsed < 0.4


def test_a_partial_body_is_cut_at_its_limit() -> None:
    with FakeWeb() as web:
        url = web.set("/", "0123456789" * 100_000, gzip=True)
        found = fetching(lambda f: f.fetch(Request(url, partial=True, max_body_bytes=1000)))
    assert found.body == b"0123456789" * 100


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


@pytest.mark.parametrize(
    ("host", "trust", "fine"),
    [("news.test", True, True), ("other.test", True, False), ("news.test", False, False)],
)
def test_certificates_are_verified_against_the_name(host: str, trust: bool, fine: bool) -> None:
    names = Names(default="127.0.0.1")
    server = Hostile()
    server.behaviours["/"] = body(b"x")

    async def work(fetcher: Fetcher) -> None:
        async with server.serving(tls()):
            url = server.url("/", host=host, scheme="https")
            if fine:
                assert (await fetcher.fetch(Request(url))).body == b"x"
                return
            with pytest.raises(FetchFailed) as caught:
                await fetcher.fetch(Request(url))
            assert caught.value.reason is Reason.TLS_FAILED

    fetching(work, resolver=names, ssl_context=trusting() if trust else ssl.create_default_context())


def test_tls_where_there_is_none() -> None:
    async def work(fetcher: Fetcher) -> None:
        async with Hostile().serving() as server:
            with pytest.raises(FetchFailed) as caught:
                await fetcher.fetch(Request(server.url("/", scheme="https")))
            assert caught.value.reason is Reason.TLS_FAILED

    fetching(work)


async def speak_http2(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    while data := await reader.read(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                connection.send_headers(event.stream_id, [(":status", "200"), ("content-length", "5")])
                connection.send_data(event.stream_id, b"hello", end_stream=True)
        writer.write(connection.data_to_send())
        await writer.drain()
    writer.close()


def test_http2_is_spoken_where_offered() -> None:
    context = tls()
    context.set_alpn_protocols(["h2"])

    async def main() -> None:
        server = await asyncio.start_server(speak_http2, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        names = Names(default="127.0.0.1")
        async with Fetcher(WIDE, now=now, resolver=names, ssl_context=trusting()) as fetcher:
            answers = [fetcher.fetch(Request(f"https://news.test:{port}/{i}")) for i in range(3)]
            for found in await asyncio.gather(*answers):
                assert (found.http_version, found.body) == ("HTTP/2", b"hello")
        server.close()
        await asyncio.sleep(0.05)

    asyncio.run(main())


def test_a_proxy_is_asked_for_the_whole_address() -> None:
    with FakeWeb() as web:
        seen = "http://news.test/feed"
        web.set(seen, "through the proxy")
        proxy = web.url("").replace("http://", "http://user:pw@")
        names = Names({"news.test": [["93.184.215.14"]]})
        found = fetching(lambda f: f.fetch(Request(seen, proxy=proxy)), resolver=names)
        assert found.body == b"through the proxy"
        assert web.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpwdw=="


def test_a_proxy_lets_tls_through() -> None:
    """CONNECT: the certificate is the site's, verified here, and the site's secrets are not told to the proxy."""
    site = Hostile()
    site.behaviours["/feed"] = body(b"through the tunnel")
    heads: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        there = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_carried(reader, there[1]), _carried(there[0], writer))

    async def work(fetcher: Fetcher) -> None:
        async with site.serving(tls()):
            proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
            url = site.url("/feed", host="news.test", scheme="https")
            through = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
            found = await fetcher.fetch(Request(url, proxy=through, username="reader", password="secret"))
            assert found.body == b"through the tunnel"
            proxy.close()
        assert heads[0].startswith(f"CONNECT news.test:{site.port} HTTP/1.1")
        assert "authorization" not in heads[0].lower()
        assert "authorization" in site.heads[0].lower()

    fetching(work, resolver=Names({"news.test": [["93.184.215.14"]]}), ssl_context=trusting())


async def _carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://news.test/", "http://one:1"),
        ("https://news.test/", "http://two:2"),
        ("http://skip.test/", None),
        ("http://a.skip.test/", None),
        ("http://127.0.0.1/", None),
        ("http://localhost/", None),
        ("http://[::1]/", None),
    ],
)
def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch, url: str, proxy: str | None) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("http_proxy", "one:1")
    monkeypatch.setenv("https_proxy", "http://two:2")
    monkeypatch.setenv("all_proxy", "socks5://three:3")
    monkeypatch.setenv("no_proxy", "skip.test, other.test")
    assert Proxies.of("environment").for_url(split_url(url)) == proxy
    assert Proxies.of("none").for_url(split_url(url)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"deadline_seconds": 0},
        {"max_body_bytes": -1},
        {"per_host": 0},
        {"concurrency": 0},
        {"min_host_interval": -1},
        {"allow_private": ("nowhere",)},
        {"proxy": "socks5://x"},
        {"contact": "a\r\nX: y"},
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).partition("_")[0]):
        FetchSettings(**wrong)  # type: ignore[arg-type]
