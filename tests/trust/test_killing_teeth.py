"""The kill loop is no proof unless it fails where the program is wrong: here it is made wrong, one piece at a time.

Each piece is a transaction that is cut in two, or a place that is kept too early, in every command of the loop.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pgserver import Server
from tests.trust.killing import portion

KILLS = 200  # in which each fault has to be seen; the loop ends with the first
CUT = """
def halfway(database, connection):
    seals = getattr(database, "seals", None)
    if seals is not None:
        seals.end(connection.connection.driver_connection)
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("BEGIN")
    if seals is not None:
        seals.begin()
"""
FEED_BEFORE_ENTRIES = """
from pipeline.storage.feeds import Feeds
take = Feeds._take
def broken_take(self, connection, polls):
    halfway(self._db, connection)
    return take(self, connection, polls)
Feeds._take = broken_take
"""
WORK_BEFORE_ARTICLE = """
from pipeline.storage.matching import Matching
store = Matching._write
def broken_store(self, connection, plan):
    self._take_off(connection, dict(plan.settled))
    halfway(self._db, connection)
    return store(self, connection, plan)
Matching._write = broken_store
"""
WORK_BEFORE_JOURNAL = """
from pipeline.storage import journal
append = journal.append
def broken_append(database, connection, rows):
    halfway(database, connection)
    return append(database, connection, rows)
journal.append = broken_append
"""
TOLD_BEFORE_SENT = """
import asyncio
from pipeline.run import webhooks
send = webhooks.send
async def broken_send(parts, hook, message):
    await parts.db(parts.store.save_delivery, webhooks.Delivery(hook.key, message.upto, due=parts.clock()))
    await asyncio.sleep(0.5)
    return await send(parts, hook, message)
webhooks.send = broken_send
"""
BROKEN = {
    "a feed's state is stored before its entries": (FEED_BEFORE_ENTRIES, "lost: "),
    "work is taken off the queue before its article is stored": (WORK_BEFORE_ARTICLE, "lost: "),
    "work is taken off the queue before its journal row is written": (WORK_BEFORE_JOURNAL, "lost: "),
    "a webhook's place is stored before the message is sent": (TOLD_BEFORE_SENT, "told"),
}


def seen(folder: Path, what: str, server: Server | None = None) -> None:
    prelude, words = BROKEN[what]
    loop = portion(folder, 1, KILLS, server, prelude=CUT + prelude, check_every=5)
    assert any(words in fault for fault in loop.faults), loop.report()


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_seen(tmp_path: Path, what: str) -> None:
    seen(tmp_path, what)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_seen_on_postgresql(tmp_path: Path, killable: Server, what: str) -> None:
    seen(tmp_path, what, killable)
