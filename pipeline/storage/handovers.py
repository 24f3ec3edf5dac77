"""Work on its way: what waits to be handed out, what is handed out, and articles on their way to the matcher.

What waits is read from the store's own tables.  What is handed out are jobs of PgQueuer, whose key names a row of
those tables.  A draft goes when the work that it settles goes, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from . import codec
from .leases import Shared


class Waiting(NamedTuple):
    """A row of ``feed`` or ``work`` and the address that it leads to."""

    row: int
    url: str | None


class Handovers(Shared):
    """Between the tables, the workers and the matcher."""

    def due_polls(self, now: datetime, limit: int) -> list[Waiting]:
        """Feeds whose poll is due and that nobody polls, the longest overdue first."""
        return [Waiting(*row) for row in self._run(_DUE_POLLS, (codec.micros(now), limit))]

    def due_work(self, now: datetime, limit: int) -> list[Waiting]:
        """Work that is due and that nobody has in hand, oldest first; of an entry its oldest version only."""
        return [Waiting(*row) for row in self._run(_DUE_WORK, (codec.micros(now), limit))]

    def polls_in_hand(self) -> list[Waiting]:
        """Feeds that are handed out."""
        return [Waiting(*row) for row in self._run(_POLLS_IN_HAND)]

    def work_in_hand(self) -> list[Waiting]:
        """Work that is handed out, or on its way to the matcher."""
        return [Waiting(*row) for row in self._run(_WORK_IN_HAND)]

    def hand_over(self, drafts: Sequence[tuple[int, bytes]]) -> list[None]:
        """Give (work row, draft) to the matcher; nothing happens for work that is settled or handed over before."""
        rows = sorted(drafts)
        self._run(_HAND_OVER, tuple(list(part) for part in zip(*rows, strict=True)))
        return [None] * len(drafts)

    def handed_over(self, work: int) -> bool:
        """Whether the matcher has a draft of this work."""
        return bool(self._run("SELECT 1 FROM {c}.draft WHERE work = ?", (work,)))

    def drafts(self, limit: int) -> list[tuple[int, bytes]]:
        """The oldest drafts: (work row, draft)."""
        rows = self._run("SELECT work, content FROM {c}.draft ORDER BY row LIMIT ?", (limit,))
        return [(row.work, bytes(row.content)) for row in rows]

    def count_drafts(self) -> int:
        """How many wait for the matcher."""
        return int(self._run("SELECT count(*) FROM {c}.draft")[0][0])


# Jobs that PgQueuer still has; its own index over their keys has the same condition.
_DUE_POLLS = (
    "SELECT f.row, f.url FROM feed f WHERE f.retired = 0 AND f.listed = 1 AND f.next_poll <= ?"
    " AND NOT EXISTS (SELECT FROM {c}.pgqueuer j WHERE j.status IN ('queued', 'picked')"
    " AND j.dedupe_key = 'poll ' || f.row) ORDER BY f.next_poll, f.row LIMIT ?"
)
_DUE_WORK = (
    "SELECT w.row, CAST(w.payload AS json) ->> 'url' AS url FROM work w WHERE w.due <= ?"
    " AND NOT EXISTS (SELECT FROM work o WHERE o.entry = w.entry AND o.row < w.row AND o.look = 0)"
    " AND NOT EXISTS (SELECT FROM {c}.draft d WHERE d.work = w.row)"
    " AND NOT EXISTS (SELECT FROM {c}.pgqueuer j WHERE j.status IN ('queued', 'picked')"
    " AND j.dedupe_key = 'fetch ' || w.row)"
    " ORDER BY w.due, w.row LIMIT ?"
)
_POLLS_IN_HAND = (
    "SELECT f.row, f.url FROM {c}.pgqueuer j JOIN feed f ON f.row = CAST(split_part(j.dedupe_key, ' ', 2) AS bigint)"
    " WHERE j.entrypoint = 'poll' AND j.status IN ('queued', 'picked')"
)
_WORK_IN_HAND = (
    "SELECT w.row, CAST(w.payload AS json) ->> 'url' AS url FROM work w WHERE w.row IN (SELECT work FROM {c}.draft"
    " UNION SELECT CAST(split_part(dedupe_key, ' ', 2) AS bigint) FROM {c}.pgqueuer"
    " WHERE entrypoint = 'fetch' AND status IN ('queued', 'picked'))"
)
_HAND_OVER = (
    "INSERT INTO {c}.draft (work, content) SELECT w.row, g.content FROM unnest(?::bigint[], ?::bytea[])"
    " AS g (work, content) JOIN work w ON w.row = g.work"
    " ORDER BY w.row FOR KEY SHARE OF w ON CONFLICT (work) DO NOTHING"
)
