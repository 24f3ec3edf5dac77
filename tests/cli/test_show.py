"""What long work says of itself."""

from __future__ import annotations

import io
import sys

import pytest

from pipeline.cli import show


class Terminal(io.StringIO):
    def __init__(self, *, live: bool) -> None:
        super().__init__()
        self._live = live

    def isatty(self) -> bool:
        return self._live


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (True, "\rreading body: 8,192 of 20,000 rows                          \r\r" + " " * 60 + "\r"),
        (False, "reading body: 8,192 of 20,000 rows\n"),
    ],
)
def test_a_long_reading_is_followed_on_one_line(monkeypatch: pytest.MonkeyPatch, live: bool, said: str) -> None:
    stream, now = Terminal(live=live), [0.0]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("pipeline.cli.show.time.monotonic", lambda: now[0])
    tell = show.ticker()
    tell("body", 4096, 20_000)  # what ends at once says nothing
    now[0] = 11.0
    tell("body", 8192, 20_000)
    tell("body", 12_288, 20_000)
    tell("", 0, 0)
    assert stream.getvalue() == said
