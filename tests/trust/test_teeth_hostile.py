"""The oracles about hostile input, addresses and text have teeth: a program broken on purpose is seen by them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import text
from pipeline.exports import feeds, formats
from pipeline.fetch import client
from pipeline.fetch.decoding import BodyReader
from pipeline.run.round import run_round
from tests.acceptance import test_hostile_world as input_
from tests.fakeweb import FakeWeb
from tests.fetch.support import Recording
from tests.trust import test_hostile_text as texts
from tests.trust.teeth import says
from tests.trust.test_addresses_everywhere import Everywhere, everywhere, round_of, trespasses
from tests.trust.warm import Warm

__all__ = ["everywhere"]  # the fixture
pytestmark = pytest.mark.timeout(300)

# Input

BOMBS = ("gzip bomb", "deflate bomb")


def test_a_body_that_may_be_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = 1 << 40
    monkeypatch.setattr(
        client, "BodyReader", lambda name, _limit, _times, known: BodyReader(name, endless, endless, known)
    )

    async def faults() -> list[str]:
        chosen = {name: behaviour for name, behaviour in input_.misdeeds().items() if name in BOMBS}
        async with (
            input_.world(chosen, 2) as web,
            input_.round_over(web, tmp_path, Recording()) as parts,
        ):
            await run_round(parts, asyncio.Event())
            return input_.bad_faults(web, parts)

    says(asyncio.run(faults()), "should be too_large")


# Addresses

BY_NAME = """
from ipaddress import ip_address
from pipeline.fetch.network import GuardedBackend

judged = GuardedBackend.allowed

async def allowed(self, host, port):
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return list(await self._resolver(host, port))
    return await judged(self, host, port)

GuardedBackend.allowed = allowed
"""
FIRST_HOP = """
from pipeline.fetch.client import Fetcher
from pipeline.fetch.network import GuardedBackend

redirect, judged, followed = Fetcher._redirect, GuardedBackend.allowed, set()

def remembered(self, *asked):
    target = redirect(self, *asked)
    followed.add(target.host)
    return target

async def allowed(self, host, port):
    return [host] if host in followed else await judged(self, host, port)

Fetcher._redirect, GuardedBackend.allowed = remembered, allowed
"""


def test_a_name_judged_and_not_its_address(tmp_path: Path, warm: Warm, everywhere: Everywhere) -> None:
    noted = round_of(warm, tmp_path, everywhere.url("/feed/good", "news.example"), BY_NAME)
    both_witnesses(trespasses(everywhere, noted))


def test_a_redirect_that_nobody_judges(tmp_path: Path, warm: Warm, everywhere: Everywhere) -> None:
    form = everywhere.everyone.index(everywhere.url("/latest/", "127.0.0.1"))
    noted = round_of(warm, tmp_path, everywhere.url(f"/moved/{form}"), FIRST_HOP)
    both_witnesses(trespasses(everywhere, noted))


def both_witnesses(faults: list[str]) -> None:
    says(faults, "asked for a connection to 127.0.0.1")
    says(faults, "a connection arrived at 127.0.0.1")


# Text

UNESCAPED = re.compile("(?!)")  # is found nowhere
RAW = "import re; from pipeline import text; text._UNSAFE = re.compile('(?!)')"


@pytest.fixture(scope="module")
def raw_round(starter: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The configuration of a round over hostile texts by a program that prints them raw, and what it said."""
    folder = tmp_path_factory.mktemp("raw")
    starter.said = folder / "said.log"
    with FakeWeb() as web:
        texts.serve(web, texts.FAMILIES)
        config = texts.configuration(web, folder)
        assert starter.run("--config", str(config), "once", "--log", "json", prelude=RAW) == 0, starter.tail()
        yield config, starter.said.read_text("utf-8")


def test_a_log_that_repeats_what_it_was_given(raw_round: tuple[Path, str]) -> None:
    says(texts.unsafe(raw_round[1]), "\u202egnp.exe")


def test_tables_that_repeat_what_they_were_given(raw_round: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    config, _ = raw_round
    assert texts.command_faults(config, texts.TABLES) == []
    monkeypatch.setattr(text, "_UNSAFE", UNESCAPED)
    says(texts.command_faults(config, texts.TABLES), "\\x1b[31mred")


def test_exports_that_repeat_what_they_were_given(
    raw_round: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, _ = raw_round
    assert texts.export_faults(config, tmp_path) == []
    monkeypatch.setattr(formats, "_FORMULA", ())
    monkeypatch.setattr(feeds, "escape", lambda text: text)
    faults = texts.export_faults(config, tmp_path)
    says(faults, "a formula: =HYPERLINK")
    says(faults, "atom: <script>alert")
