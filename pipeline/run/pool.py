"""Worker processes for parsing and extraction: bad input costs its own item, never the program.

A worker is a fresh interpreter (``pipeline.run.worker``), never a fork: this process has threads.  It gets
one call at a time over a socket of its own.  When it overruns its limits or dies it is replaced, and only the
call it was working on fails.  It leaves by itself when the socket closes, so also when this process is killed.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from pipeline.errors import Rejected
from pipeline.model import Reason
from pipeline.run.worker import OUT_OF_MEMORY, PAGE

P = ParamSpec("P")
T = TypeVar("T")
Call = tuple[Callable[..., Any], tuple[Any, ...]]

WALL_FACTOR = 12.0  # CPU seconds → seconds on the clock: a busy machine may give a worker a twelfth of a core
# The worker imports what this process can import, from wherever it was started.
_START = "import sys; sys.path[:] = sys.argv[4:]; from pipeline.run.worker import main; main()"
LOOK = 100  # calls between two looks at a worker's memory
CLOSE_SECONDS = 2.0  # for a worker to leave by itself before it is killed


class WorkerPool:
    """Carries out calls of module-level functions in at most ``workers`` processes, started when needed.

    ``cpu_seconds`` and ``memory_bytes`` bound one call; ``wall_seconds`` (default: twelve times the CPU
    seconds) ends a call that waits instead of working: that is the machine's fault, not the input's.
    What libraries leak stays bounded: a worker is replaced once it holds more than ``recycle_bytes``
    (looked at every ``LOOK`` calls), or after ``recycle_after`` calls; not sooner, since to begin anew
    costs as much as hundreds of calls.  ``preload`` names modules that a worker imports before its
    first call, at nobody's expense.
    """

    def __init__(
        self,
        workers: int,
        cpu_seconds: float = 5.0,
        memory_bytes: int = 1 << 30,
        *,
        wall_seconds: float | None = None,
        recycle_after: int = 20_000,
        recycle_bytes: int = 400 << 20,
        preload: tuple[str, ...] = (),
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers = {workers}: at least one is needed")
        self._cpu = cpu_seconds
        self._memory = memory_bytes
        self._wall = wall_seconds or cpu_seconds * WALL_FACTOR
        self._recycle_after = recycle_after
        self._recycle_bytes = recycle_bytes
        self._preload = preload
        self._places = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._threads = ThreadPoolExecutor(workers, "pool")  # each waits for one worker; starts on demand
        self._closed = False

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``function(*args)`` in a worker process.

        Raises what the function raised; ``Rejected`` with ``OVERRUN_CPU``, ``OVERRUN_MEMORY`` or
        ``WORKER_DIED`` when the worker had to go; ``RuntimeError`` after ``close``.  Cancelling kills the
        worker at once.
        """
        if kwargs:
            raise TypeError("a call in a worker process takes positional arguments only")
        async with self._places:
            if self._closed:
                raise RuntimeError("the worker pool is closed")
            worker = self._taken()
            try:
                answer = await self._exchanged(worker, (function, args))
            finally:
                self._busy.discard(worker)
                await self._put_back(worker)
        done, value = answer
        if done:
            return value  # type: ignore[no-any-return]
        raise value

    async def close(self) -> None:
        """End every worker; calls in hand fail with ``WORKER_DIED``.  May be called more than once."""
        self._closed = True
        for worker in self._busy:
            worker.kill()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(asyncio.to_thread(worker.close) for worker in idle))
        await asyncio.to_thread(self._threads.shutdown)

    async def __aenter__(self) -> WorkerPool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _taken(self) -> _Worker:
        """The worker used last (its memory is warm), or a new one; it starts with its first call."""
        while self._idle:
            worker = self._idle.pop()
            if worker.alive():
                break
            worker.kill()
            worker.reap()
        else:
            worker = _Worker(self._cpu, self._memory, self._preload)
        self._busy.add(worker)
        return worker

    async def _exchanged(self, worker: _Worker, call: Call) -> tuple[bool, Any]:
        loop = asyncio.get_running_loop()
        answering = loop.run_in_executor(self._threads, worker.exchange, call)
        watchdog = loop.call_later(self._wall, worker.kill_for_silence)
        try:
            return await asyncio.shield(answering)
        except asyncio.CancelledError:
            worker.kill()
            await asyncio.wait([answering])
            if not answering.cancelled():
                answering.exception()  # it ended by our hand: nothing to report
            raise
        finally:
            watchdog.cancel()

    async def _put_back(self, worker: _Worker) -> None:
        if worker.alive() and not self._worn(worker) and not self._closed:
            self._idle.append(worker)
        else:
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, worker.close))

    def _worn(self, worker: _Worker) -> bool:
        if worker.calls >= self._recycle_after:
            return True
        return worker.calls % LOOK == 0 and worker.resident() > self._recycle_bytes


class _Worker:
    """One worker process and our end of its socket.  ``exchange`` blocks; others may ``kill`` meanwhile."""

    def __init__(self, cpu_seconds: float, memory_bytes: int, preload: tuple[str, ...]) -> None:
        self._limits = (cpu_seconds, memory_bytes)
        self._preload = preload
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._silent = False  # killed because it gave no answer
        self._ended = False
        self.calls = 0

    def alive(self) -> bool:
        return not self._ended and self._process is not None and self._process.poll() is None

    def resident(self) -> int:
        """Bytes of memory it holds; 0 where the system does not tell."""
        try:
            with open(f"/proc/{self._process.pid if self._process else 0}/statm", "rb") as file:
                return int(file.read().split()[1]) * PAGE
        except OSError:
            return 0

    def exchange(self, call: Call) -> tuple[bool, Any]:
        """Send one call and wait for its answer; raises ``Rejected`` when the worker does not survive it."""
        message = pickle.dumps(call, pickle.HIGHEST_PROTOCOL)
        try:
            connection = self._connection or self._started()
            self.calls += 1
            connection.send_bytes(message)
            answer = connection.recv_bytes()
        except (EOFError, OSError):
            raise self._cause() from None
        if answer == OUT_OF_MEMORY:
            self.kill()
            raise Rejected(Reason.OVERRUN_MEMORY, f"more than {self._limits[1] >> 20} MiB were needed")
        done, value = pickle.loads(answer)  # noqa: S301 - written by pipeline.run.worker
        return done, value

    def kill(self) -> None:
        self._ended = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def kill_for_silence(self) -> None:
        self._silent = True
        self.kill()

    def close(self) -> None:
        """Let the process leave, or make it; then nothing of it remains."""
        self._ended = True
        if self._connection is not None:
            self._connection.close()
        self.reap()

    def reap(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            try:
                self._process.wait(CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _started(self) -> Connection:
        if self._ended:
            raise EOFError  # killed before it began
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
                [sys.executable, "-c", _START, str(theirs.fileno()), *map(str, self._limits), *sys.path],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C in the terminal is for the parent to handle
            )
        self._connection = Connection(ours.detach())
        if self._ended:
            self._process.kill()
        self._connection.send_bytes(pickle.dumps(self._preload))
        return self._connection

    def _cause(self) -> Rejected:
        """Why the worker is gone, from what we did to it or how it ended."""
        code = self._process.wait() if self._process is not None else 0
        self._ended = True
        if code == -signal.SIGPROF:
            return Rejected(Reason.OVERRUN_CPU, f"more than {self._limits[0]:g} s of CPU time were needed")
        if self._silent:
            return Rejected(Reason.WORKER_DIED, "no answer within the time on the clock: it was kept from working")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Rejected(Reason.WORKER_DIED, f"the worker process ended with {how}")
