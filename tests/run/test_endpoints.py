"""/healthz, /readyz and /metrics, as values and over a real loopback connection."""

from __future__ import annotations

import asyncio
import json

import pytest

from pipeline.config.read import fill
from pipeline.run import endpoints as module
from pipeline.run.endpoints import Endpoints, healthz, listening_on, readyz, served
from pipeline.run.metrics import Metrics
from pipeline.run.pulse import Status
from pipeline.run.service_settings import ServiceSettings

GOOD = Status(started=True, stopping=False, since_success={"round": 12.34})


@pytest.mark.parametrize(
    ("status", "code"),
    [(GOOD, 200), (Status(False, False), 200), (Status(True, True), 200), (Status(True, False, stuck=("round",)), 503)],
)
def test_healthz(status: Status, code: int) -> None:
    answered, content_type, body = healthz(status)
    assert (answered, content_type) == (code, "application/json")
    assert json.loads(body)["alive"] is (code == 200)


@pytest.mark.parametrize(
    ("status", "database", "reasons"),
    [
        (GOOD, "", []),
        (Status(False, False), "", ["starting"]),
        (Status(True, True), "", ["stopping"]),
        (Status(True, False, stuck=("round",)), "", ["the job 'round' gives no sign of life"]),
        (Status(True, False, failing=("round",)), "", ["the last runs of the job 'round' failed"]),
        (GOOD, "disk I/O error", ["the database does not answer: disk I/O error"]),
    ],
)
def test_readyz(status: Status, database: str, reasons: list[str]) -> None:
    code, _, body = readyz(status, database)
    assert json.loads(body)["reasons"] == reasons
    assert code == (503 if reasons else 200)
    if status is GOOD:
        assert json.loads(body)["seconds_since_success"] == {"round": 12.3}


async def fine() -> None:
    """A database that answers."""


async def broken() -> None:
    raise OSError("disk I/O error")


async def hangs() -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(("ping", "said"), [(broken, "OSError: disk I/O error"), (hangs, "no answer within 0.05 s")])
def test_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, ping: object, said: str) -> None:
    monkeypatch.setattr(module, "DATABASE_SECONDS", 0.05)
    answer = asyncio.run(Endpoints(lambda: GOOD, ping, Metrics()).answer("/readyz"))  # type: ignore[arg-type]
    assert answer is not None
    assert answer[0] == 503
    assert json.loads(answer[2])["reasons"] == [f"the database does not answer: {said}"]


@pytest.mark.parametrize(
    ("request_bytes", "start", "has_body"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\n", True),
        (b"GET /readyz?verbose HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n", True),
        (b"GET /metrics HTTP/1.0\r\n\r\n", b"HTTP/1.1 200 OK\r\n", True),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 ", True),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 ", True),
        (b"rubbish\r\n\r\n", b"HTTP/1.1 400 ", True),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 ", True),
        (b"\xff\xfe \x00 x\r\n\r\n", b"HTTP/1.1 405 ", True),
    ],
)
def test_the_listener(request_bytes: bytes, start: bytes, has_body: bool) -> None:
    async def exchange() -> bytes:
        async with served(Endpoints(lambda: GOOD, fine, Metrics()), "127.0.0.1", 0) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request_bytes)
            try:
                return await reader.read(1_000_000)
            finally:
                writer.close()

    head, _, body = asyncio.run(exchange()).partition(b"\r\n\r\n")
    assert head.startswith(start)
    assert bool(body) is has_body
    if b"/metrics" in request_bytes and has_body and b" 200 " in head:
        assert b"storyfold_build_info" in body


def test_a_client_that_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.05)

    async def exchange() -> bytes:
        async with served(Endpoints(lambda: GOOD, fine, Metrics()), "127.0.0.1", 0) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                return await asyncio.wait_for(reader.read(100), 5)
            except ConnectionError:
                return b""
            finally:
                writer.close()

    assert asyncio.run(exchange()) == b""


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:9464", ("::1", 9464)), ("127.0.0.2:0", ("127.0.0.2", 0))],
)
def test_where_to_listen(text: str, expected: tuple[str, int]) -> None:
    assert listening_on(text) == expected


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0:9464", "[::]:9464", "192.168.1.5:80", "localhost:80", ":80", "9464", "127.0.0.1:x", "127.0.0.1:70000"],
)
def test_only_loopback_is_listened_on(text: str) -> None:
    with pytest.raises(ValueError, match="should be a"):
        listening_on(text)


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({}, []),
        ({"listen": "[::1]:9464", "digest_hour": -1, "health_minutes": 1}, []),
        ({"listen": "0.0.0.0:9464"}, ["loopback address"]),
        ({"digest_hour": 24}, ["digest_hour"]),
        ({"stuck_minutes": 0}, ["stuck_minutes"]),
    ],
)
def test_settings_of_the_service(table: dict[str, object], wrong: list[str]) -> None:
    mistakes: list[str] = []
    settings = fill(ServiceSettings, table, "a.toml: [service]", mistakes)
    assert (settings is None) is bool(wrong)
    assert len(mistakes) == len(wrong)
    assert all(word in mistake for word, mistake in zip(wrong, mistakes, strict=True))
