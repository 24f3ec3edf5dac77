"""Names of outlets: one organisation under several of them.

An alias renames what is stored and what comes in later.  The names that stored articles had are kept, so that
it can be taken back; what came while it stood keeps the outlet's name.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from pipeline.errors import NotFound, StorageError

from . import codec, tables
from .base import Part, next_row
from .values import EventKind

_alias, _article = tables.alias, tables.article


class Aliases(Part):
    """What outlets are also called."""

    def aliases(self) -> dict[str, str]:
        """Name -> the outlet's name."""
        with self._db.read() as connection:
            found = connection.execute(select(_alias.c.name, _alias.c.outlet).order_by(_alias.c.name))
            return {row.name: row.outlet for row in found}

    def add_alias(self, name: str, outlet: str, now: datetime) -> int:
        """``name`` means ``outlet`` from now on; returns how many stored articles were renamed.

        Names that meant ``name`` mean ``outlet`` too.  Raises ``StorageError`` for a name that would mean
        itself.
        """
        name, outlet = codec.sound(name), codec.sound(outlet)
        with self._db.write() as connection:
            known = {row.name: row.outlet for row in connection.execute(select(_alias))}
            outlet = known.get(outlet, outlet)
            if name == outlet or not name.strip() or not outlet.strip():
                raise StorageError(f"{name!r} cannot be another name of {outlet!r}")
            made = codec.micros(now)
            connection.exec_driver_sql(self._sql("DELETE FROM alias WHERE name = ?"), (name,))
            connection.execute(_alias.insert().values(name=name, outlet=outlet, made=made))
            connection.execute(_alias.update().where(_alias.c.outlet == name).values(outlet=outlet, made=made))
            connection.exec_driver_sql(self._sql(_REMEMBER), (name,))
            self._tell(connection, _CALLED, name, outlet, made)
            change = _article.update().where(_article.c.outlet == name)
            return connection.execute(change.values(outlet=outlet)).rowcount

    def remove_alias(self, name: str, now: datetime) -> int:
        """Take an alias back; returns how many articles got their old name again.  Raises ``NotFound``."""
        with self._db.write() as connection:
            if connection.execute(_alias.delete().where(_alias.c.name == name)).rowcount == 0:
                raise NotFound(f"{name!r} is no other name of an outlet")
            self._tell(connection, _WERE_CALLED, name, name, codec.micros(now))
            changed = connection.exec_driver_sql(self._sql(_RENAME_BACK), (name, name)).rowcount
            connection.exec_driver_sql(self._sql("DELETE FROM renamed WHERE name = ?"), (name,))
            return changed

    def _tell(self, connection: Connection, which: str, name: str, called: str, now: int) -> None:
        """An event for each article whose outlet is called otherwise."""
        first = next_row(connection, "event", "cursor")
        articles = connection.exec_driver_sql(self._sql(which), (name,)).all()
        kind = EventKind.RENAMED.value
        rows = [(first + i, now, kind, story, row, None, called) for i, (row, story) in enumerate(articles)]
        self._db.insert(connection, tables.event, rows)

    def outlet_counts(self) -> list[tuple[str, int]]:
        """(outlet, number of its articles), the most first."""
        with self._db.read() as connection:
            return [(row[0], row[1]) for row in connection.exec_driver_sql(_COUNTS)]


_REMEMBER = (
    "INSERT INTO renamed (article, name) SELECT row, outlet FROM article WHERE outlet = ? ON CONFLICT DO NOTHING"
)
_RENAME_BACK = "UPDATE article SET outlet = ? WHERE row IN (SELECT article FROM renamed WHERE name = ?)"
_CALLED = "SELECT row, story FROM article WHERE outlet = ? ORDER BY row"
_WERE_CALLED = "SELECT row, story FROM article WHERE row IN (SELECT article FROM renamed WHERE name = ?) ORDER BY row"
_COUNTS = "SELECT outlet, count(*) FROM article WHERE outlet IS NOT NULL GROUP BY outlet ORDER BY count(*) DESC, outlet"
