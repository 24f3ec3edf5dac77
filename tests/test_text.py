"""Text from outside is made safe before it is shown."""

from __future__ import annotations

import io
import json

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from pipeline import log
from pipeline.text import count_of, one_line, printable, printable_lines, shortened


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("plain", "plain"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("a\r\nb\tc", "a b c"),
        ("left \u202eright", "left \\u202eright"),
        ("no\u200bbreak", "no\\u200bbreak"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("null\x00", "null\\x00"),
        ("ünïcödé 漢字 🙂", "ünïcödé 漢字 🙂"),
        ("\ud800", "\\ud800"),
    ],
)
def test_printable(raw: str, safe: str) -> None:
    assert printable(raw) == safe


@given(st.text())
def test_printable_leaves_nothing_that_steers(raw: str) -> None:
    safe = printable(raw)
    assert printable(safe) == safe
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in safe)
    safe.encode("utf-8")


@given(st.text(), st.integers(2, 40))
def test_shortened_fits(raw: str, width: int) -> None:
    assert len(shortened(raw, width)) <= width


def test_one_line_and_counts() -> None:
    assert one_line("  a \n\u00a0 b ") == "a b"
    assert one_line("a\x85b\x1cc\x1dd\x1ee\u2028f\u2029g\x0bh\x0ci") == "a b c d e f g h i"
    assert count_of(1, "story", "stories") == "1 story"
    assert count_of(12345, "feed") == "12,345 feeds"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_log_lines_hide_credentials_and_escape_controls(stream: io.StringIO) -> None:
    log.configure(json=True, stream=stream)
    structlog.get_logger().warning(
        "fetch failed", url="https://user:secret@news.example/feed?token=abc", title="\x1b[2Jgone\nforged"
    )
    line = json.loads(stream.getvalue())
    assert "secret" not in stream.getvalue()
    assert "abc" not in line["url"]
    assert line["title"] == "\\x1b[2Jgone forged"
    assert stream.getvalue().count("\n") == 1


def test_log_tracebacks_keep_their_lines(stream: io.StringIO) -> None:
    log.configure(json=False, stream=stream)
    try:
        int("bad \x1b[31m value")
    except ValueError:
        structlog.get_logger().exception("defect")
    assert "\x1b" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_lines_stay_lines_and_keep_their_indentation() -> None:
    assert printable_lines("2 mistakes:\n  a\x1b[31m\n  b\r\u202e") == "2 mistakes:\n  a\\x1b[31m\n  b \\u202e"
