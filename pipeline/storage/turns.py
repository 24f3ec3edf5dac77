"""Whose turn it is at a host: one worker at a time, not before the host's time has come.

The facts about a host are plain numbers whose meaning is the network code's; only some are known here,
because the server's clock decides on them: when the host may be asked next, until when it is left alone, the
interval that follows a request whose end nobody told, and the interval that the host itself wants.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .leases import Shared


@dataclass(frozen=True, slots=True)
class Asked:
    """A worker wants to ask ``host``; ``floor`` is the least interval between its requests, in seconds."""

    host: str
    holder: str
    floor: float


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer: ``granted``, or what stands in the way.  Seconds from now, as the server's clock shows it."""

    granted: bool
    busy: bool  # another worker is asking the host just now
    due: float  # until the host may be asked
    paused: float  # until it is no longer left alone
    wish: float  # seconds that the host itself wants between requests
    facts: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Given:
    """A turn that is over, with what it taught; ``due`` and ``paused`` in seconds from now, ``gap`` in seconds."""

    host: str
    holder: str
    due: float
    paused: float
    gap: float
    facts: Mapping[str, float | None]


class Turns(Shared):
    """The lock and the pace of every host."""

    def take_turns(self, asked: Sequence[Asked]) -> list[Turn]:
        """For each host in ``asked`` (no host twice): its turn where it is free and due, else why not.

        A worker that holds the turn already, because it never heard the answer, gets it again.
        """
        columns = tuple(list(part) for part in zip(*((a.host, a.holder, a.floor) for a in asked), strict=True))
        got = {row.host: row for row in self._run(_TAKE, columns)}
        others = [one.host for one in asked if one.host not in got]
        seen = {row.host: row for row in self._run(_LOOK, (others,))} if others else {}
        turns = []
        for one in asked:
            row = got.get(one.host) or seen[one.host]
            granted = one.host in got
            turns.append(
                Turn(
                    granted=granted,
                    busy=not granted and row.holder is not None,
                    due=row.due,
                    paused=row.paused,
                    wish=row.wish,
                    facts=json.loads(row.facts),
                )
            )
        return turns

    def give_turns(self, given: Sequence[Given]) -> list[None]:
        """The turns are over.  One that was taken away meanwhile teaches nothing."""
        rows = [(g.host, g.holder, g.due, g.paused, g.gap, json.dumps(dict(g.facts))) for g in given]
        columns = [list(part) for part in zip(*rows, strict=True)]
        self._run(_GIVE, (columns[0], *columns))
        return [None] * len(given)

    def wish(self, host: str, seconds: float) -> None:
        """The host itself wants so many seconds between requests, from now on and whoever asks it."""
        self._run(_WISH, (seconds, seconds, seconds, host))


# In the order of hosts, so that two workers which want several never wait for each other in a circle.
_TAKE = (
    "INSERT INTO {c}.turn AS t (host, holder, due, paused, gap, wish, facts)"
    " SELECT host, holder, {now} + floor, 0, floor, 0, '{}'"
    " FROM unnest(?::text[], ?::text[], ?::float8[]) AS asked (host, holder, floor) ORDER BY host"
    " ON CONFLICT (host) DO UPDATE SET holder = excluded.holder, due = {now} + greatest(t.gap, excluded.gap)"
    " WHERE (t.holder IS NULL OR t.holder = excluded.holder) AND t.due <= {now} AND t.paused <= {now}"
    " RETURNING t.host, t.holder, greatest(0, t.due - {now}) AS due, greatest(0, t.paused - {now}) AS paused,"
    " t.wish, t.facts"
)
_LOOK = (
    "SELECT host, holder, greatest(0, due - {now}) AS due, greatest(0, paused - {now}) AS paused, wish, facts"
    " FROM {c}.turn WHERE host = ANY(?::text[])"
)
_GIVE = (
    "WITH mine AS (SELECT host FROM {c}.turn WHERE host = ANY(?::text[]) ORDER BY host FOR UPDATE)"
    " UPDATE {c}.turn AS t SET holder = NULL, due = {now} + greatest(g.due, t.wish),"
    " paused = {now} + g.paused, gap = greatest(g.gap, t.wish),"
    " facts = g.facts FROM unnest(?::text[], ?::text[], ?::float8[], ?::float8[], ?::float8[], ?::text[])"
    " AS g (host, holder, due, paused, gap, facts) JOIN mine USING (host)"
    " WHERE t.host = g.host AND t.holder = g.holder"
)
_WISH = "UPDATE {c}.turn SET wish = ?, gap = greatest(gap, ?), due = greatest(due, {now} + ?) WHERE host = ?"
