"""A connection for questions and one for notifications, so that no question waits for a notification.

psycopg's ``notifies`` keeps its connection to itself until one comes or its second is over (psycopg 3.3,
``AsyncConnection.notifies``), and PgQueuer listens all the time.  With one connection for both, each look for jobs of
a worker whose queue was quiet took up to a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgqueuer.db import PsycopgDriver

if TYPE_CHECKING:
    from pgqueuer.ports.driver import Driver
    from psycopg import AsyncConnection


class ListeningApart(PsycopgDriver):
    """Listens on ``connection``, which does nothing else; asks through ``asking``."""

    def __init__(self, connection: AsyncConnection, asking: Driver) -> None:
        super().__init__(connection)
        self._asking = asking

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """As ``asking`` does."""
        return await self._asking.fetch(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """As ``asking`` does; ``notify`` too comes here."""
        return await self._asking.execute(query, *args)
