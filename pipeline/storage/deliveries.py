"""How far each webhook was told of the events."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from . import codec, tables
from .base import Part, next_row
from .values import Delivery

_delivery = tables.delivery


class Deliveries(Part):
    """One row for each webhook."""

    def delivery(self, hook: str) -> Delivery:
        """How far ``hook`` was told; one that is new is told what happens from now on."""
        with self._db.read() as connection:
            row = connection.execute(select(_delivery).where(_delivery.c.hook == hook)).first()
            last = next_row(connection, "event", "cursor") - 1
        if row is None:
            return Delivery(hook, last)
        return Delivery(row.hook, row.cursor, row.upto, row.attempts, codec.moment(row.due), row.detail)

    def deliveries(self) -> list[Delivery]:
        """Every webhook that was ever told something."""
        with self._db.read() as connection:
            rows = connection.execute(select(_delivery).order_by(_delivery.c.hook)).all()
        return [Delivery(r.hook, r.cursor, r.upto, r.attempts, codec.moment(r.due), r.detail) for r in rows]

    def save_delivery(self, told: Delivery) -> None:
        """Remember it."""
        values = {
            "hook": told.hook,
            "cursor": told.cursor,
            "upto": told.upto,
            "attempts": told.attempts,
            "due": codec.micros(told.due or datetime.fromtimestamp(0, UTC)),
            "detail": codec.sound(told.detail),
        }
        with self._db.write() as connection:
            connection.execute(_delivery.delete().where(_delivery.c.hook == told.hook))
            connection.execute(_delivery.insert().values(**values))
