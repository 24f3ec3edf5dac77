"""Headers in, times out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.freshness import MAX_FRESH, MAX_RETRY, cache_control, freshness, http_date, retry_after
from pipeline.model import Validators
from tests.fetch.support import NOW

AT = "Mon, 04 May 2026 12:00:00 GMT"
LATER = "Mon, 04 May 2026 12:10:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": "public, MAX-AGE = 600"}, 600),
        ({"cache-control": 'max-age="600"'}, 600),
        ({"cache-control": "max-age=600, max-age=60"}, 600),
        ({"cache-control": "s-maxage=600"}, None),
        ({"cache-control": "max-age=600", "age": "100"}, 500),
        ({"cache-control": "max-age=600", "age": "700"}, 0),
        ({"cache-control": "max-age=600", "age": "old"}, 600),
        ({"cache-control": "max-age=0"}, 0),
        ({"cache-control": "max-age=-1"}, None),
        ({"cache-control": "max-age=many"}, None),
        ({"cache-control": "max-age=99999999999999999999"}, MAX_FRESH.total_seconds()),
        ({"cache-control": "no-store, max-age=600"}, None),
        ({"cache-control": "no-cache"}, None),
        ({"expires": LATER, "date": AT}, 600),
        ({"expires": LATER}, 600),  # against now
        (
            {"expires": "Mon, 04 May 2020 12:10:00 GMT", "date": "Mon, 04 May 2020 12:00:00 GMT"},
            600,
        ),  # wrong clock
        ({"expires": AT, "date": LATER}, 0),
        ({"expires": LATER, "date": AT, "age": "60"}, 540),
        ({"expires": "0"}, None),
        ({"expires": "-1"}, None),
        ({"expires": "soon"}, None),
        ({"expires": LATER, "date": AT, "cache-control": "max-age=60"}, 60),
        ({"expires": "Monday, 04-May-26 12:10:00 GMT", "date": AT}, 600),  # RFC 850
        ({"expires": "Mon May  4 12:10:00 2026", "date": AT}, 600),  # asctime
    ],
)
def test_fresh_for(headers: dict[str, str], seconds: float | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert freshness(headers, NOW).fresh_for == expected


@pytest.mark.parametrize(
    ("headers", "validators"),
    [
        ({"etag": '"abc"', "last-modified": AT}, Validators('"abc"', AT)),
        ({"etag": 'W/"abc"'}, Validators('W/"abc"')),
        ({"etag": "bare"}, Validators("bare")),
        ({"etag": '""'}, Validators()),
        ({"etag": 'W/""'}, Validators()),
        ({"etag": '"a\r\nX: y"'}, Validators()),
        ({"etag": '"ä"'}, Validators()),
        ({"etag": "x" * 5000}, Validators()),
        ({"last-modified": "yesterday"}, Validators()),
        ({"etag": '"abc"', "last-modified": AT, "expires": "0"}, Validators()),
        ({"etag": '"abc"', "expires": "0", "cache-control": "max-age=60"}, Validators('"abc"')),
        ({"etag": '"abc"', "cache-control": "no-cache"}, Validators('"abc"')),
    ],
)
def test_validators(headers: dict[str, str], validators: Validators) -> None:
    assert freshness(headers, NOW).validators == validators


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("-5", None),
        ("1.5", None),
        ("9999999", MAX_RETRY),
        ("9" * 400, MAX_RETRY),
        (LATER, 600.0),
        (AT, 0.0),
        ("Mon, 04 May 2020 12:00:00 GMT", 0.0),
        ("Mon, 04 May 2099 12:00:00 GMT", MAX_RETRY),
        ("١٢٠", None),
        ("Mon, 99 May 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_any_header_is_survived(text: str) -> None:
    wait = retry_after(text, NOW)
    assert wait is None or 0 <= wait <= MAX_RETRY
    cache_control(text)
    names = ("cache-control", "expires", "date", "age", "etag", "last-modified")
    found = freshness(dict.fromkeys(names, text), NOW)
    assert found.fresh_for is None or timedelta(0) <= found.fresh_for <= MAX_FRESH


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))
def test_dates_are_read_back(when: datetime) -> None:
    from email.utils import format_datetime

    aware = when.replace(microsecond=0, tzinfo=UTC)
    assert http_date(format_datetime(aware, usegmt=True)) == aware
