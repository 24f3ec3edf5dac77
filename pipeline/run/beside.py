"""Processes that work beside this one for a while: how they are started, watched and ended.

They end with this process, however it ends: none is left behind with a lock or a half-read file.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import Any

from pipeline.errors import StoryfoldError

PATIENCE = 1.0  # seconds between two looks at whether a process still lives
Queue = Any  # multiprocessing.Queue, whose type cannot be named without a context


class Beside:
    """One kind of process start, its queues, and the processes that were started."""

    def __init__(self) -> None:
        self._context: Any = multiprocessing.get_context(_start_method())
        self._queues: list[Queue] = []
        self._processes: list[Any] = []

    def queue(self, size: int = 0) -> Queue:
        """A queue to hand to processes; ``size`` items may wait in it, 0 for any number."""
        made = self._context.Queue(size)
        self._queues.append(made)
        return made

    def start(self, name: str, target: Callable[..., None], *args: Any) -> None:
        """Start a process.  What ``target`` raises ends it; what it has to say goes through a queue."""
        process = self._context.Process(target=_work, args=(target, *args), name=name, daemon=True)
        process.start()
        self._processes.append(process)

    def get(self, waiting: Queue) -> Any:
        """The next item; raises what a process put there as its error, and ``StoryfoldError`` where one ended
        without a word."""
        while True:
            try:
                item = waiting.get(timeout=PATIENCE)
            except queue.Empty:
                self._check()
                continue
            if isinstance(item, BaseException):
                raise item if isinstance(item, StoryfoldError) else StoryfoldError(f"a process failed: {item!r}")
            return item

    def _check(self) -> None:
        for process in self._processes:
            if not process.is_alive() and process.exitcode:
                raise StoryfoldError(f"the process {process.name!r} ended unexpectedly (code {process.exitcode})")

    def close(self) -> None:
        """End what still runs."""
        for process in self._processes:
            if process.is_alive():
                process.terminate()
        for process in self._processes:
            process.join()
        for made in self._queues:
            made.cancel_join_thread()
            made.close()


@contextmanager
def beside() -> Iterator[Beside]:
    """Processes that are ended with the block."""
    made = Beside()
    try:
        yield made
    finally:
        made.close()


def _start_method() -> str:
    """``fork`` begins at once, and is safe while the process has one thread; else a fresh interpreter."""
    single = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    return "fork" if single else "spawn"


def _work(target: Callable[..., None], *args: Any) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=([parent.sentinel],), daemon=True).start()
    with suppress(KeyboardInterrupt):  # the process in front reports it
        target(*args)


def _end_with(sentinels: Sequence[int]) -> None:
    wait(sentinels)
    os._exit(1)
