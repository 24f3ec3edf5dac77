"""May this page be fetched?  robots.txt by RFC 9309, read with protego, remembered for a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason

MAX_LINE = 2000  # characters of one line of robots.txt; protego compiles each path into a pattern
MAX_LINES = 20_000
UNREACHABLE_SECONDS = 600.0  # an unreachable robots.txt is asked for again after this time


@dataclass(frozen=True, slots=True)
class Rules:
    """What one origin's robots.txt came to.  ``expires`` is on the monotonic clock."""

    expires: float
    explanation: str  # for people, the verdict's first half
    parsed: Any = None  # protego's rules; None where everything is allowed, or nothing
    reachable: bool = True

    def crawl_delay(self, agent: str) -> float | None:
        """Seconds between requests that the file asks for, if it does."""
        found = None if self.parsed is None else self.parsed.crawl_delay(agent)
        return None if found is None else float(found)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a page may be fetched, and why, for people.  ``reason`` is set where it may not."""

    allowed: bool
    explanation: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking for one robots.txt came to, fit to be kept: a status with a body, or why there is none."""

    status: int | None = None
    body: bytes = b""
    reason: Reason | None = None  # of the failure
    retry_after: float | None = None  # seconds


def rules_of(answer: Answer, *, now: float, keep: float, limit: int) -> Rules:
    """The rules in ``answer``; see ``rules_from_answer`` and ``rules_from_failure``."""
    if answer.reason is None and answer.status is not None:
        return rules_from_answer(answer.status, answer.body, now=now, keep=keep, limit=limit)
    reason = answer.reason or Reason.PROTOCOL_ERROR
    failure = FetchFailed(reason, status=answer.status, retry_after=answer.retry_after)
    return rules_from_failure(failure, now=now, keep=keep)


def rules_from_answer(status: int, body: bytes, *, now: float, keep: float, limit: int) -> Rules:
    """The rules in a robots.txt that came with ``status`` (RFC 9309 section 2.3.1).

    2xx: its first ``limit`` bytes are read and kept for ``keep`` seconds; 4xx: everything is allowed; 5xx:
    nothing is, until it can be read again.
    """
    if 200 <= status < 300:
        return Rules(now + keep, "robots.txt was read", _parsed(body[:limit]))
    if 400 <= status < 500 and status != 429:
        return Rules(now + keep, f"robots.txt answered {status}: everything may be fetched")
    words = f"robots.txt answered {status}: fetching waits"
    return Rules(now + UNREACHABLE_SECONDS, words, reachable=False)


def rules_from_failure(failure: FetchFailed, *, now: float, keep: float) -> Rules:
    """The rules where robots.txt could not be had (RFC 9309 sections 2.3.1.2-2.3.1.4).

    Too many or broken redirects count as a missing file; what the network or the server broke means waiting.
    """
    if failure.status is not None and failure.reason not in _REDIRECTS:
        return rules_from_answer(failure.status, b"", now=now, keep=keep, limit=0)
    if failure.reason in _REDIRECTS:
        return Rules(now + keep, f"robots.txt leads nowhere ({failure.reason}): everything may be fetched")
    wait = min(failure.retry_after or UNREACHABLE_SECONDS, UNREACHABLE_SECONDS)
    return Rules(now + wait, f"robots.txt could not be had ({failure.reason}): fetching waits", reachable=False)


_REDIRECTS = frozenset({Reason.REDIRECT_LOOP, Reason.TOO_MANY_REDIRECTS, Reason.BAD_REDIRECT})


def verdict(rules: Rules, url: str, agent: str) -> Verdict:
    """Whether ``agent`` may fetch ``url``."""
    if not rules.reachable:
        return Verdict(False, rules.explanation, Reason.ROBOTS_UNREACHABLE)
    if rules.parsed is None:
        return Verdict(True, rules.explanation)
    if rules.parsed.can_fetch(url, agent):
        return Verdict(True, "robots.txt allows it")
    return Verdict(False, f"robots.txt disallows it for {agent}", Reason.ROBOTS_DISALLOWED)


def _parsed(body: bytes) -> Any:
    from protego import Protego

    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = [line[:MAX_LINE] for line in text.splitlines()[:MAX_LINES]]
    return Protego.parse("\n".join(lines))
