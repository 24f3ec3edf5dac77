"""A server that is away for a moment: wait for it, then do the call again.

Each call of the store is at most one transaction, and a transaction that is reported as lost did not happen
(``Vanished``), so doing the call again is safe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial, wraps
from inspect import getattr_static, isgeneratorfunction
from typing import Any, TypeVar

import structlog

from pipeline.errors import StorageError

from .database import Vanished

PATIENCE = 60.0  # seconds that a server may be away: a restart with recovery takes a few
FIRST, LONGEST = 0.1, 5.0  # seconds between two tries; each pause is twice the one before
TIMES = 5  # that one call is done again, each after a wait of its own

Result = TypeVar("Result")


def pauses() -> Iterator[float]:
    """Seconds to wait before each further try, ``PATIENCE`` in all."""
    pause, left = FIRST, PATIENCE
    while left > 0:
        yield min(pause, left)
        left -= pause
        pause = min(2 * pause, LONGEST)


def patiently(call: Callable[[], Result], answers: Callable[[], bool], name: str) -> Result:
    """What ``call`` returns, done again whenever the server comes back (``answers``) after it was lost.

    Raises ``StorageError`` once the server stays away.
    """
    for _ in range(TIMES):
        try:
            return call()
        except Vanished as error:
            await_return(answers, name, error)
    return call()


def await_return(answers: Callable[[], bool], name: str, error: StorageError) -> None:
    """Wait until the server answers; raises ``StorageError`` once it stays away."""
    log = structlog.get_logger("storage")
    begun = time.monotonic()
    log.warning("database lost", database=name, said=str(error), waiting_at_most_s=PATIENCE)
    for tried, pause in enumerate(pauses(), 1):
        time.sleep(pause)
        if answers():
            away = round(time.monotonic() - begun, 1)
            log.warning("database back", database=name, tries=tried, away_s=away)
            return
    raise StorageError(f"the server of {name} did not come back within {PATIENCE:.0f} s: {error}") from error


def patient(store: type[Any]) -> type[Any]:
    """A kind of ``store`` whose every call waits for a server that is away.

    Calls that give rows one by one are left as they are: each of their portions is a call of its own.
    """

    def waiting(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(self: Any, *args: Any, **more: Any) -> Any:
            return self._db.patiently(partial(method, self, *args, **more))

        return call

    calls = {}
    for name in dir(store):
        found = getattr_static(store, name)
        if not name.startswith("_") and name not in ("close", "alone") and callable(found):
            calls[name] = found if isgeneratorfunction(found) else waiting(found)
    return type(f"Patient{store.__name__}", (store,), calls)
