"""A server that does its worst: every behaviour ends within the limits, with its own reason."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from dataclasses import replace

import pytest

from pipeline.fetch import Fetcher, FetchFailed, Request, Web
from pipeline.model import Reason
from tests.fetch.hostile import (
    BOMB,
    GZIPPED,
    Behaviour,
    Hostile,
    body,
    damaged,
    encoded,
    endless,
    fixed,
    head,
    raw_deflate,
    redirect,
    reset,
    silent,
)
from tests.fetch.support import PLAIN, SMALL, Names, Recording, now

try:
    import brotli
except ImportError:
    brotli = None

R = Reason
CHUNKED = head("Transfer-Encoding: chunked")
GZ = head("Content-Encoding: gzip")

REFUSED: dict[str, tuple[Behaviour, Reason]] = {
    # compressed bodies
    "gzip bomb": (encoded(gzip.compress(BOMB), "gzip"), R.TOO_LARGE),
    "gzip bomb in chunks of one byte": (
        fixed(
            CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % c for c in gzip.compress(BOMB))
        ),
        R.TOO_LARGE,
    ),
    "gzip bomb in a gzip": (encoded(gzip.compress(gzip.compress(BOMB)), "gzip, gzip"), R.TOO_LARGE),
    "gzip bomb in many members": (encoded(gzip.compress(b"\0" * 9000) * 50, "x-gzip"), R.TOO_LARGE),
    "deflate bomb": (encoded(zlib.compress(BOMB), "deflate"), R.TOO_LARGE),
    "deflate bomb without a frame": (encoded(raw_deflate(BOMB), "deflate"), R.TOO_LARGE),
    "brotli bomb": (
        encoded(brotli.compress(BOMB, quality=5) if brotli else b"", "br"),
        R.TOO_LARGE if brotli else R.BAD_ENCODING,
    ),
    "zstd, which nobody asked for": (encoded(b"\x28\xb5\x2f\xfd" + b"\xff" * 200, "zstd"), R.BAD_ENCODING),
    "an encoding from nowhere": (encoded(b"x", "x-secret"), R.BAD_ENCODING),
    "compressed three times": (encoded(b"x", "gzip, gzip, gzip"), R.BAD_ENCODING),
    "truncated gzip": (encoded(GZIPPED[:-9], "gzip"), R.BAD_ENCODING),
    "gzip cut in its header": (encoded(GZIPPED[:5], "gzip"), R.BAD_ENCODING),
    "damaged gzip": (encoded(damaged(GZIPPED), "gzip"), R.BAD_ENCODING),
    "gzip with a wrong checksum": (encoded(GZIPPED[:-8] + b"\0" * 8, "gzip"), R.BAD_ENCODING),
    "plain text said to be gzip": (encoded(b"<rss></rss>", "gzip"), R.BAD_ENCODING),
    "noise said to be deflate": (encoded(b"\xff\xfe\xfd" * 9, "deflate"), R.BAD_ENCODING),
    "endless gzip": (endless(GZ + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 500), R.TOO_LARGE),
    # lengths and framing
    "endless body": (endless(head(), b"x" * 10_000), R.TOO_LARGE),
    "endless chunks": (endless(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), R.TOO_LARGE),
    "a huge body announced": (fixed(head("Content-Length: 99999999999")), R.TOO_LARGE),
    "less body than announced": (fixed(head("Content-Length: 500") + b"short"), R.PROTOCOL_ERROR),
    "negative length": (fixed(head("Content-Length: -5") + b"x"), R.PROTOCOL_ERROR),
    "two lengths that differ": (
        fixed(head("Content-Length: 1", "Content-Length: 2") + b"xx"),
        R.PROTOCOL_ERROR,
    ),
    "a length in words": (fixed(head("Content-Length: many") + b"x"), R.PROTOCOL_ERROR),
    "a chunk size that is no number": (fixed(CHUNKED + b"zz\r\nhello\r\n"), R.PROTOCOL_ERROR),
    "a chunk size beyond reason": (fixed(CHUNKED + b"f" * 30 + b"\r\n"), R.PROTOCOL_ERROR),
    "chunks that end in the middle": (fixed(CHUNKED + b"5\r\nhel"), R.PROTOCOL_ERROR),
    "an endless chunk extension": (endless(CHUNKED + b"5;", b"a" * 5000), R.PROTOCOL_ERROR),
    "endless trailers": (endless(CHUNKED + b"0\r\n", b"a: b\r\n" * 500), R.PROTOCOL_ERROR),
    "an encoding of transfer from nowhere": (
        fixed(head("Transfer-Encoding: magic") + b"x"),
        R.PROTOCOL_ERROR,
    ),
    # heads
    "endless headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n" * 100), R.PROTOCOL_ERROR),
    "an endless header": (endless(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a" * 5000), R.PROTOCOL_ERROR),
    "large headers": (body(b"x", "X-Large: " + "a" * 70_000), R.PROTOCOL_ERROR),
    "endless interim answers": (endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.001), R.TIMEOUT),
    "another protocol": (fixed(b"SSH-2.0-OpenSSH_9.9\r\n"), R.PROTOCOL_ERROR),
    "no head at all": (fixed(b"<rss></rss>\r\n\r\n"), R.PROTOCOL_ERROR),
    "a status that is no number": (fixed(b"HTTP/1.1 OK 200\r\n\r\n"), R.PROTOCOL_ERROR),
    "a null byte in a header": (fixed(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"), R.PROTOCOL_ERROR),
    "a header without a name": (fixed(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n"), R.PROTOCOL_ERROR),
    # time
    "drip header": (endless(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.05), R.TIMEOUT),
    "drip body": (endless(head("Content-Length: 9999"), b"a", 0.05), R.TIMEOUT),
    "silence": (silent, R.TIMEOUT),
    "silence after the head": (endless(head("Content-Length: 9"), b"", 0.05), R.TIMEOUT),
    # connections
    "closes at once": (fixed(b""), R.PROTOCOL_ERROR),
    "resets": (reset, R.PROTOCOL_ERROR),
    # redirects
    "to itself": (redirect("/to-itself"), R.REDIRECT_LOOP),
    "to an empty address": (redirect(""), R.REDIRECT_LOOP),
    "to only a fragment": (redirect("#top"), R.REDIRECT_LOOP),
    "nowhere": (fixed(head("Content-Length: 0", status="302 Found")), R.BAD_REDIRECT),
    "to a file": (redirect("file:///etc/passwd"), R.BAD_REDIRECT),
    "to a script": (redirect("javascript:alert(1)"), R.BAD_REDIRECT),
    "to data": (redirect("data:text/html,x"), R.BAD_REDIRECT),
    "to ftp": (redirect("ftp://127.0.0.1/"), R.BAD_REDIRECT),
    "to no host": (redirect("http://"), R.BAD_REDIRECT),
    "to noise": (redirect("http://\x80\xff[/"), R.BAD_REDIRECT),
    "to a very long address": (redirect("/" + "a" * 9000), R.BAD_REDIRECT),
    "to the metadata service": (redirect("http://169.254.169.254/latest/meta-data/"), R.ADDRESS_REFUSED),
    "to loopback in hexadecimal": (redirect("http://0x7f000002/"), R.ADDRESS_REFUSED),
    "to loopback in decimal": (redirect("http://2130706434/"), R.ADDRESS_REFUSED),
    "to loopback in IPv6": (redirect("http://[::ffff:127.0.0.2]/"), R.ADDRESS_REFUSED),
    "to a private name": (redirect("http://router.test/"), R.ADDRESS_REFUSED),
    "to an unknown name": (redirect("http://unknown.test/"), R.DNS_FAILED),
    "300 with choices": (body(b"x", status="300 Multiple Choices"), R.BAD_REDIRECT),
    # statuses
    "304 that nobody asked for": (fixed(head(status="304 Not Modified")), R.PROTOCOL_ERROR),
    "400": (body(b"x", status="400 Bad Request"), R.HTTP_CLIENT_ERROR),
    "401": (body(b"x", status="401 Unauthorized"), R.HTTP_UNAUTHORIZED),
    "403": (body(b"x", status="403 Forbidden"), R.HTTP_UNAUTHORIZED),
    "404": (body(b"x", status="404 Not Found"), R.HTTP_NOT_FOUND),
    "404 with an endless body": (endless(head(status="404 Not Found"), b"x" * 5000), R.HTTP_NOT_FOUND),
    "404 whose body drips": (
        endless(head("Content-Length: 99", status="404 Not Found"), b"x", 0.1),
        R.HTTP_NOT_FOUND,
    ),
    "410": (body(b"x", status="410 Gone"), R.HTTP_GONE),
    "429": (body(b"x", "Retry-After: 7", status="429 Too Many Requests"), R.HTTP_RATE_LIMITED),
    "503 with a time": (body(b"x", "Retry-After: 7", status="503 Busy"), R.HTTP_RATE_LIMITED),
    "503": (body(b"x", status="503 Busy"), R.HTTP_SERVER_ERROR),
    "999": (body(b"x", status="999 Odd"), R.HTTP_SERVER_ERROR),
}

TAKEN: dict[str, tuple[Behaviour, bytes]] = {
    "more body than announced": (fixed(head("Content-Length: 5") + b"hello and more"), b"hello"),
    "a body without length": (fixed(head() + b"hello"), b"hello"),
    "HTTP/1.0": (fixed(b"HTTP/1.0 200 OK\r\n\r\nhello"), b"hello"),
    "gzip in two members": (encoded(gzip.compress(b"he") + gzip.compress(b"llo"), "gzip"), b"hello"),
    "gzip with noise after its end": (encoded(gzip.compress(b"hello") + b"\0noise", "gzip"), b"hello"),
    "empty gzip": (encoded(b"", "gzip"), b""),
    "deflate with a frame": (encoded(zlib.compress(b"hello"), "deflate"), b"hello"),
    "deflate without a frame": (encoded(raw_deflate(b"hello"), "Deflate"), b"hello"),
    "an encoding that means nothing": (encoded(b"hello", "utf-8"), b"hello"),
    "204": (fixed(head(status="204 No Content")), b""),
    "226": (body(b"hello", "IM: feed", status="226 IM Used"), b"hello"),
    "interim answers first": (
        fixed(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + head("Content-Length: 5") + b"hello"),
        b"hello",
    ),
    "two locations, the first counts": (
        fixed(head("Location: /fine", "Location: file:///x", "Content-Length: 0", status="301 Moved")),
        b"fine",
    ),
    "a redirect with an endless body": (
        endless(head("Location: /fine", status="302 Found"), b"x" * 5000),
        b"fine",
    ),
}

NAMES = {"router.test": [["192.168.1.1"]], "server.test": [["127.0.0.1"]]}


def path(name: str) -> str:
    return "/" + name.replace(" ", "-").replace(",", "").replace("/", "")


def world() -> Hostile:
    server = Hostile()
    server.behaviours = {path(n): b for n, (b, _) in {**REFUSED, **TAKEN}.items()}
    server.behaviours["/fine"] = body(b"fine")
    return server


@pytest.mark.parametrize("name", REFUSED)
def test_each_misdeed_ends_within_the_limits_with_its_reason(name: str) -> None:
    async def main() -> tuple[FetchFailed, float]:
        backend = Recording()
        async with (
            world().serving() as server,
            Fetcher(SMALL, now=now, ssl_context=PLAIN, resolver=Names(NAMES), inner=backend) as fetcher,
        ):
            start = time.monotonic()
            with pytest.raises(FetchFailed) as caught:
                await fetcher.fetch(Request(server.url(path(name))))
            assert set(backend.opened) == {"127.0.0.1"}
            return caught.value, time.monotonic() - start

    failure, seconds = asyncio.run(main())
    assert failure.reason is REFUSED[name][1], str(failure)
    assert seconds < SMALL.deadline_seconds + 1.5
    assert failure.detail
    assert failure.detail.isprintable()


@pytest.mark.parametrize("name", TAKEN)
def test_oddities_that_do_no_harm_are_taken(name: str) -> None:
    async def main() -> bytes:
        async with world().serving() as server, Fetcher(SMALL, now=now, ssl_context=PLAIN) as fetcher:
            return (await fetcher.fetch(Request(server.url(path(name))))).body

    assert asyncio.run(main()) == TAKEN[name][1]


def test_well_behaved_hosts_beside_them_are_not_held_up() -> None:
    """All misdeeds at once, and fifty fetches of a good page beside them on a host of its own."""

    async def main() -> tuple[list[float], int]:
        # Time enough for a good answer where everything runs on one busy core; the misdeeds use all of it.
        settings = replace(SMALL, concurrency=100, per_host=100, deadline_seconds=3.0)
        good = Hostile()
        good.behaviours["/good"] = body(b"good" * 100)
        async with (
            world().serving() as bad,
            good.serving(),
            Web(settings, now=now, ssl_context=PLAIN, resolver=Names(NAMES)) as web,
        ):
            attempts = [asyncio.create_task(web.fetch(Request(bad.url(path(name))))) for name in REFUSED]
            times = []
            for _ in range(50):
                start = time.monotonic()
                assert (await web.fetch(Request(good.url("/good")))).status == 200
                times.append(time.monotonic() - start)
            results = await asyncio.gather(*attempts, return_exceptions=True)
            return times, sum(isinstance(r, FetchFailed) for r in results)

    times, failed = asyncio.run(main())
    assert failed == len(REFUSED)
    assert sorted(times)[45] < 0.5  # and not the 3 s that those beside them take


@pytest.mark.parametrize("name", [n for n in REFUSED if "bomb" in n])
def test_a_bomb_allocates_no_more_than_its_limit(name: str) -> None:
    async def main() -> int:
        async with world().serving() as server, Fetcher(SMALL, now=now, ssl_context=PLAIN) as fetcher:
            with pytest.raises(FetchFailed):
                await fetcher.fetch(Request(server.url(path("404"))))
            tracemalloc.start()
            try:
                with pytest.raises(FetchFailed):
                    await fetcher.fetch(Request(server.url(path(name))))
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    assert asyncio.run(main()) < 4_000_000  # of 8 MB that the bomb would make


def test_redirects_are_counted() -> None:
    async def main() -> tuple[FetchFailed, list[str]]:
        server = Hostile()
        server.behaviours = {f"/{i}": redirect(f"/{i + 1}", "301 Moved") for i in range(20)}
        async with server.serving(), Fetcher(SMALL, now=now, ssl_context=PLAIN) as fetcher:
            with pytest.raises(FetchFailed) as caught:
                await fetcher.fetch(Request(server.url("/0")))
            return caught.value, server.asked

    failure, asked = asyncio.run(main())
    assert failure.reason is Reason.TOO_MANY_REDIRECTS
    assert asked == ["/0", "/1", "/2", "/3", "/4", "/5"]
    assert len(failure.hops) == 6
    assert all(hop.permanent for hop in failure.hops)


def test_a_name_that_turns_private_is_not_followed() -> None:
    """DNS rebinding: the second answer of the name server leads inside."""

    async def main() -> tuple[Reason, list[str]]:
        backend = Recording()
        names = Names({"news.test": [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]]})
        server = Hostile()
        server.behaviours["/"] = body(b"fine", "Connection: close")
        async with (
            server.serving(),
            Fetcher(SMALL, now=now, ssl_context=PLAIN, resolver=names, inner=backend) as fetcher,
        ):
            address = server.url("/", host="news.test")
            assert (await fetcher.fetch(Request(address))).body == b"fine"
            with pytest.raises(FetchFailed) as caught:
                await fetcher.fetch(Request(address))
            return caught.value.reason, backend.opened

    reason, opened = asyncio.run(main())
    assert reason is Reason.ADDRESS_REFUSED
    assert opened == ["127.0.0.1"]
