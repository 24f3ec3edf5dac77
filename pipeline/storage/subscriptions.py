"""WebSub subscriptions: one for each feed that a hub sends."""

from __future__ import annotations

from sqlalchemy import select

from . import tables
from .base import Part

_subscription = tables.subscription
_SAVE = (
    "INSERT INTO subscription (feed, token, state) VALUES (?, ?, ?)"
    " ON CONFLICT (feed) DO UPDATE SET token = excluded.token, state = excluded.state"
)


class Subscriptions(Part):
    """Subscriptions as text: what it says is the protocol's matter."""

    def save_subscription(self, feed_row: int, token: str, state: str) -> None:
        """Keep the subscription of a feed in place of an earlier one."""
        with self._db.write() as connection:
            connection.exec_driver_sql(self._sql(_SAVE), (feed_row, token, state))

    def subscription(self, feed_row: int) -> str | None:
        """The subscription of a feed, if it ever had one."""
        query = select(_subscription.c.state).where(_subscription.c.feed == feed_row)
        with self._db.read() as connection:
            return connection.execute(query).scalar()

    def subscription_by_token(self, token: str) -> tuple[int, str] | None:
        """Feed row and subscription of a callback address; None where it is nobody's."""
        query = select(_subscription).where(_subscription.c.token == token)
        with self._db.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.feed, row.state)
