"""Dates: every spelling that feeds use, and none that is guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds import read_date

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22 10:00"),
        ("2026-11-22T10:00:00.123+02:00", "2026-11-22 08:00"),
        ("2026-11-22T10:00:00-0530", "2026-11-22 15:30"),
        ("20261122T100000Z", "2026-11-22 10:00"),
        ("2026/11/22 10:00:00 +0100", "2026-11-22 09:00"),
        ("2026-11-22T24:00:00Z", "2026-11-23 00:00"),
        ("2026-11-22t10:00z", "2026-11-22 10:00"),
        ("2026-11-22T10:00:00-05:00 (EST)", "2026-11-22 15:00"),
        ("Sun, 22 Nov 2026 10:00:00 GMT", "2026-11-22 10:00"),
        ("Sun, 22 Nov 26 10:00 EST", "2026-11-22 15:00"),
        ("22 Nov 2026 10:00:00 +0100", "2026-11-22 09:00"),
        ("Mon, 22 Nov 2026 10:00:00 GMT+0200", "2026-11-22 08:00"),
        ("Sun, 22 Nov 2026 10:00:60 UT", "2026-11-22 10:00"),
        ("  Sun,\n 22 Nov  2026 10:00:00 CEST ", "2026-11-22 08:00"),
        ("Sunday, November 22, 2026 at 10:00 am EST", "2026-11-22 15:00"),
        ("Nov 22, 2026 12:30 AM GMT", "2026-11-22 00:30"),
        ("Nov 22, 2026 12:30 PM GMT", "2026-11-22 12:30"),
        ("Sun Nov 22 10:00:00 CET 2026", "2026-11-22 09:00"),
        ("dim., 22 nov. 2026 10:00:00 +0100", "2026-11-22 09:00"),
        ("So, 01 Mär 2026 10:00:00 +0100", "2026-03-01 09:00"),
        ("22 июн 2026 10:00:00 MSK", "2026-06-22 07:00"),
        ("22-Nov-2026 10:00:00 IST", "2026-11-22 04:30"),
        ("1795000000", "2026-11-18 11:06"),
        ("1795000000000", "2026-11-18 11:06"),
        ("Thu, 31 Dec 98 23:59:59 GMT", "1998-12-31 23:59"),
    ],
)
def test_what_says_one_moment_is_read(text: str, expected: str) -> None:
    read = read_date(text, NOW)
    assert read.time is not None
    assert f"{read.time:%Y-%m-%d %H:%M}" == expected
    assert (read.time.tzinfo, read.note) == (UTC, "")


@pytest.mark.parametrize(
    ("text", "expected", "note"),
    [
        ("2026-11-22 10:00", "2026-11-22 10:00", "without a zone"),
        ("22.11.2026 10:00", "2026-11-22 10:00", "without a zone"),
        ("11/22/2026 10:00 PM", "2026-11-22 22:00", "without a zone"),
        ("22/11/2026", "2026-11-22 00:00", "a day without a time"),
        ("2026-11-22", "2026-11-22 00:00", "a day without a time"),
        ("22 de noviembre de 2026", "2026-11-22 00:00", "a day without a time"),
        ("2026-11-22T10:00:00+25:00", "2026-11-22 10:00", "impossible zone"),
        ("2026-11-22T10:00:00+05:75", "2026-11-22 10:00", "impossible zone"),
        ("Sun, 22 Nov 2026 10:00:00 XYZ", "2026-11-22 10:00", "unknown zone"),
    ],
)
def test_what_had_to_be_assumed_is_noted(text: str, expected: str, note: str) -> None:
    read = read_date(text, NOW)
    assert read.time is not None
    assert f"{read.time:%Y-%m-%d %H:%M}" == expected
    assert note in read.note


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("1970-01-01T00:00:00Z", "before 1990"),
        ("Mon, 01 Jan 0001 00:00:00 GMT", "before 1990"),
        ("Thu, 01 Jan 1970 00:00:00 +0000", "before 1990"),
        ("2026-11-24T00:00:01Z", "in the future"),
        ("9999-12-31", "in the future"),
        ("2026-13-01", "not understood"),
        ("2026-02-30T10:00:00Z", "not understood"),
        ("Sun, 22 Foo 2026 10:00:00 GMT", "not understood"),
        ("05/06/2026", "two different days"),
        ("yesterday", "not understood"),
        ("0", "not understood"),
        ("x" * 101, "too long"),
    ],
)
def test_what_is_absurd_or_ambiguous_is_left_out_with_a_note(text: str, note: str) -> None:
    read = read_date(text, NOW)
    assert read.time is None
    assert note in read.note


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_a_missing_date_needs_no_note(text: str | None) -> None:
    assert read_date(text, NOW) == read_date(None)
    assert read_date(text, NOW).note == ""


def test_up_to_a_day_ahead_is_believed() -> None:
    assert read_date("2026-11-23T23:59:59Z", NOW).time is not None


MOMENTS = st.datetimes(
    datetime(1990, 1, 2),
    datetime(2026, 11, 20),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)


@given(MOMENTS)
def test_iso_and_rfc_822_say_the_same(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert read_date(moment.isoformat(), NOW).time == moment
    assert read_date(format_datetime(moment), NOW).time == moment


@given(st.text(max_size=120))
def test_no_text_makes_it_fail(text: str) -> None:
    read = read_date(text, NOW)
    assert read.time is None or (read.time.tzinfo is UTC and read.time <= NOW + timedelta(days=1))
