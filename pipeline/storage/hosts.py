"""What was learned about hosts, kept from one process to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from . import codec, tables
from .base import Part

KEPT = timedelta(days=30)  # a host that nobody asked for so long is learned anew

_host = tables.host
_SAVE = (
    "INSERT INTO host (name, saved, facts) VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO UPDATE SET saved = excluded.saved, facts = excluded.facts"
)


class Hosts(Part):
    """Facts about hosts: plain numbers by name, whose meaning is the network code's."""

    def save_hosts(self, facts: Mapping[str, Mapping[str, float | None]], now: datetime) -> None:
        """Keep ``facts`` of each host, as of ``now``; hosts not named keep theirs for 30 days."""
        rows = [(name, codec.micros(now), json.dumps(dict(known))) for name, known in facts.items()]
        with self._db.write() as connection:
            self._many(connection, _SAVE, rows)
            connection.exec_driver_sql(self._sql("DELETE FROM host WHERE saved < ?"), (codec.micros(now - KEPT),))

    def hosts(self) -> dict[str, tuple[datetime, dict[str, float | None]]]:
        """Host -> when its facts were saved, and the facts."""
        with self._db.read() as connection:
            rows = connection.execute(select(_host)).all()
        return {row.name: (codec.moment(row.saved), json.loads(row.facts)) for row in rows}
