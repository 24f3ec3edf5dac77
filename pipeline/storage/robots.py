"""Answers to robots.txt, asked once for all workers."""

from __future__ import annotations

from .leases import Shared


class Robots(Shared):
    """What each origin answered, as the network code wrote it down."""

    def robots(self, origin: str) -> tuple[bytes, float] | None:
        """The answer of ``origin`` and the seconds for which it still holds; None where it is to be asked."""
        rows = self._run(_KNOWN, (origin,))
        return (bytes(rows[0].answer), float(rows[0].left)) if rows else None

    def keep_robots(self, origin: str, answer: bytes, seconds: float) -> None:
        """Let every worker know ``answer`` for ``seconds``."""
        self._run(_KEEP, (origin, answer, seconds))
        self._run("DELETE FROM {c}.robots WHERE expires < clock_timestamp() - interval '1 day'")


_KNOWN = (
    'SELECT answer, extract(epoch FROM expires - clock_timestamp())::double precision AS "left"'
    " FROM {c}.robots WHERE origin = ? AND expires > clock_timestamp()"
)
_KEEP = (
    "INSERT INTO {c}.robots (origin, answer, expires) VALUES (?, ?, clock_timestamp() + make_interval(secs => ?))"
    " ON CONFLICT (origin) DO UPDATE SET answer = excluded.answer, expires = excluded.expires"
)
