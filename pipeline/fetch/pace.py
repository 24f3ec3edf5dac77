"""How fast one host may be asked: a pure decision over what it answered so far.

The interval follows the host's own speed (Media Cloud's way: a moving average of response times with
α = 0.25, and a floor), doubles when the host says 429, and is never shorter than its ``Crawl-delay``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

ALPHA = 0.25  # weight of the newest response time
MAX_BACKOFF = 64.0  # the interval is at most so many times longer
MAX_INTERVAL = 3600.0  # seconds
MAX_CRAWL_DELAY = 300.0  # seconds; a longer wish is taken for this
MIN_DOUBLED = 1.0  # seconds; what is doubled where there is no floor


@dataclass(frozen=True, slots=True)
class HostPace:
    """What is known about one host.  Times are seconds on one monotonic clock."""

    average: float | None = None  # seconds a response takes, moving average
    backoff: float = 1.0  # doubled by each 429, halved by each good answer
    crawl_delay: float = 0.0  # seconds, from robots.txt
    not_before: float = 0.0  # of the next request
    paused_until: float = 0.0
    failures: int = 0  # connection failures in a row

    def shifted(self, seconds: float) -> HostPace:
        """The same pace on a clock that shows ``seconds`` more; to carry it from one process to the next."""
        return replace(
            self,
            not_before=max(0.0, self.not_before + seconds),
            paused_until=max(0.0, self.paused_until + seconds),
        )


def interval(pace: HostPace, floor: float) -> float:
    """Seconds between the end of one request and the start of the next, from ``floor`` to 3,600.

    ``floor`` 0 switches the learned pace off (for tests): then only 429 and ``Crawl-delay`` slow down.
    """
    learned = max(floor, pace.average or 0.0) if floor > 0 else 0.0
    base = max(learned, pace.crawl_delay)
    if pace.backoff > 1:
        base = max(base, MIN_DOUBLED) * pace.backoff
    return min(base, MAX_INTERVAL)


def after_response(
    pace: HostPace,
    *,
    now: float,
    elapsed: float,
    status: int | None,
    floor: float,
    retry_after: float | None = None,
    jitter: float = 0.0,
) -> HostPace:
    """The pace after an answer at ``now`` that took ``elapsed`` seconds.

    ``retry_after`` (seconds, for 429 and 503) pauses the whole host, a little longer by ``jitter`` (0-1), so
    that not everything comes back in the same second.  ``status`` ``None`` is an exchange without an answer
    on a connection that stood (a timeout): slow, but no reason to pause.
    """
    average = elapsed if pace.average is None else (1 - ALPHA) * pace.average + ALPHA * elapsed
    backoff = pace.backoff
    if status == 429:
        backoff = min(2 * backoff, MAX_BACKOFF)
    elif status is not None and status < 500:
        backoff = max(1.0, backoff / 2)
    after = replace(pace, average=average, backoff=backoff, failures=0)
    paused = pace.paused_until
    if retry_after and status in (429, 503):
        paused = max(paused, now + retry_after + jitter * min(60.0, 0.1 * retry_after))
    return replace(after, not_before=now + interval(after, floor), paused_until=paused)


def after_failure(pace: HostPace, *, now: float, pause: float, floor: float) -> HostPace:
    """The pace after a connection that could not be made: nobody asks for ``pause`` seconds."""
    failed = replace(pace, failures=pace.failures + 1, paused_until=max(pace.paused_until, now + pause))
    return replace(failed, not_before=max(pace.not_before, now + interval(pace, floor)))


def with_crawl_delay(pace: HostPace, seconds: float | None, *, floor: float) -> HostPace:
    """The pace with the ``Crawl-delay`` of robots.txt (0 to 300 seconds); ``None`` takes it away."""
    delay = min(max(seconds or 0.0, 0.0), MAX_CRAWL_DELAY)
    slower = replace(pace, crawl_delay=delay)
    grown = max(0.0, interval(slower, floor) - interval(pace, floor))
    return replace(slower, not_before=pace.not_before + grown)


def next_allowed(pace: HostPace, now: float) -> float:
    """When the host may be asked next: ``now`` or later."""
    return max(now, pace.not_before, pace.paused_until)
