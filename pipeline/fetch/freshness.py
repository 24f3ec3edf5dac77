"""What response headers say about time: how long an answer is fresh, when to come back, what to ask with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from pipeline.model import Validators

MAX_RETRY = 86_400.0  # seconds; a server may not send us away for longer than a day
MAX_FRESH = timedelta(days=30)  # longer claims are mistakes
MAX_VALIDATOR = 1024  # characters
_DIRECTIVE = re.compile(r"""([a-z-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;]+)))?""")


@dataclass(frozen=True, slots=True)
class Freshness:
    """``fresh_for``: how long the answer needs no new look, ``None`` where nothing is said; ``validators``:
    what makes the next request conditional; ``rule``: where it comes from, for people."""

    fresh_for: timedelta | None = None
    validators: Validators = field(default_factory=Validators)
    rule: str = ""


def freshness(headers: Mapping[str, str], now: datetime) -> Freshness:
    """Freshness by RFC 9111 sections 4.2 and 5.2-5.3, from headers with lower-case names.

    ``s-maxage`` is for shared caches and not ours.  ``Expires`` counts against the server's own ``Date``, so
    that a wrong clock there does not matter; without a ``Date`` against ``now``.  ``Age`` is subtracted.
    Validators are dropped where ``Expires`` is 0 and no ``max-age`` says otherwise: such servers send new
    validators for the same content or old ones for new content.
    """
    control = cache_control(headers.get("cache-control", ""))
    expires = headers.get("expires", "").strip()
    age = timedelta(seconds=min(_digits(headers.get("age")) or 0, 10**8))
    validators = Validators(_etag(headers.get("etag")), _last_modified(headers.get("last-modified")))
    if expires == "0" and "max-age" not in control:
        validators = Validators()
    if "no-store" in control or "no-cache" in control:
        return Freshness(None, validators, "Cache-Control: no-store" if "no-store" in control else "no-cache")
    seconds = _digits(control.get("max-age"))
    if seconds is not None:
        return Freshness(_bounded(timedelta(seconds=min(seconds, 10**8)) - age), validators, f"max-age={seconds}")
    until = http_date(expires)
    if until is None:
        return Freshness(None, validators)
    start = http_date(headers.get("date", "")) or now
    return Freshness(_bounded(until - start - age), validators, f"Expires: {expires[:40]}")


def cache_control(value: str) -> dict[str, str]:
    """The directives of a ``Cache-Control`` header; the first of a repeated one counts (RFC 9111 4.2.1).

    >>> cache_control('max-age="60", no-cache')
    {'max-age': '60', 'no-cache': ''}
    """
    found: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(value.lower()[:4096]):
        name, quoted, bare = match.groups()
        found.setdefault(name, quoted or bare or "")
    return found


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from ``now`` that a ``Retry-After`` header asks for (RFC 9110 section 10.2.3), 0 to 86,400.

    ``None`` where there is no header or it cannot be read.
    """
    if value is None:
        return None
    seconds = _digits(value)
    if seconds is None:
        until = http_date(value)
        if until is None:
            return None
        return min(max(0.0, (until - now).total_seconds()), MAX_RETRY)
    return min(float(seconds), MAX_RETRY)


def http_date(value: str) -> datetime | None:
    """An HTTP date (RFC 9110 section 5.6.7) in UTC; ``None`` for anything else."""
    try:
        parsed = parsedate_tz(value[:64])
        if parsed is None:
            return None
        return datetime(*parsed[:6], tzinfo=UTC) - timedelta(seconds=parsed[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _digits(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text[:18]) if text.isascii() and text.isdigit() else None


def _bounded(span: timedelta) -> timedelta:
    return min(max(span, timedelta(0)), MAX_FRESH)


def _etag(value: str | None) -> str | None:
    """The entity tag as it was sent, weak or strong; ``None`` where it could not be given back so."""
    text = (value or "").strip()
    fits = text.isascii() and text.isprintable() and len(text) <= MAX_VALIDATOR
    return text if text and fits and text not in ('""', 'W/""') else None


def _last_modified(value: str | None) -> str | None:
    """As it was sent, too: servers compare the text."""
    text = (value or "").strip()
    return text if text.isascii() and http_date(text) is not None else None
