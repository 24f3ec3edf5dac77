"""The worker pool: whatever a call does, it costs that call and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pool_tasks as tasks
import pytest

from pipeline.errors import FeedRejected, Rejected
from pipeline.model import Reason
from pipeline.run.pool import LOOK, WorkerPool
from pipeline.run.worker import is_about_memory

HERE = Path(__file__).parent
MEMORY = 300 << 20


def with_pool(work: Callable[[WorkerPool], Awaitable[Any]], workers: int = 1, **options: Any) -> Any:
    async def main() -> Any:
        settings = {"cpu_seconds": 0.3, "memory_bytes": MEMORY, **options}
        async with WorkerPool(workers, **settings) as pool:
            return await work(pool)

    return asyncio.run(main())


def children() -> set[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, check=False)
    return {int(pid) for pid in listed.stdout.split()}


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether no process (not even a zombie of ours) has this id within some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No test leaves a process or a file descriptor behind."""
    files = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc") else set()
    yield
    assert len(set(os.listdir("/proc/self/fd")) - files) <= 1 if files else True  # the listing itself


def test_a_call_returns_its_result() -> None:
    assert with_pool(lambda pool: pool.run(tasks.double, 21)) == 42


def test_calls_share_one_worker_one_after_the_other() -> None:
    async def work(pool: WorkerPool) -> list[int]:
        return [await pool.run(tasks.process_id) for _ in range(3)]

    assert len(set(with_pool(work))) == 1


def test_nothing_starts_before_the_first_call() -> None:
    async def work(pool: WorkerPool) -> set[int]:
        return children()

    before = children()
    assert len(with_pool(work) - before) <= 1  # ps


def test_calls_run_side_by_side_in_as_many_workers_as_allowed() -> None:
    async def work(pool: WorkerPool) -> list[int]:
        return await asyncio.gather(*(pool.run(tasks.process_id, 0.05) for _ in range(12)))

    assert 2 <= len(set(with_pool(work, workers=3))) <= 3


def test_large_arguments_and_results_cross() -> None:
    data = os.urandom(1 << 20) * 16
    assert with_pool(lambda pool: pool.run(tasks.echo, data)) == data


@pytest.mark.parametrize(
    ("call", "reason", "words"),
    [
        ((tasks.burn_python,), Reason.OVERRUN_CPU, "0.3 s of CPU"),
        ((tasks.burn_c,), Reason.OVERRUN_CPU, "0.3 s of CPU"),
        ((tasks.sleep, 30.0), Reason.WORKER_DIED, "on the clock"),
        ((tasks.hog, 400), Reason.OVERRUN_MEMORY, "300 MiB"),
        ((tasks.hog_slowly,), Reason.OVERRUN_MEMORY, "300 MiB"),
        ((tasks.hog_then_fail, 250), Reason.OVERRUN_MEMORY, "300 MiB"),
        ((tasks.die, signal.SIGKILL), Reason.WORKER_DIED, "SIGKILL"),
        ((tasks.die, signal.SIGABRT), Reason.WORKER_DIED, "SIGABRT"),
        ((tasks.crash,), Reason.WORKER_DIED, "SIGSEGV"),
        ((tasks.leave, 3), Reason.WORKER_DIED, "exit code 3"),
    ],
    ids=lambda v: v[0].__name__ if isinstance(v, tuple) else str(v),
)
def test_a_worker_that_overruns_or_dies_costs_its_call_alone(call: tuple[Any, ...], reason: Reason, words: str) -> None:
    async def work(pool: WorkerPool) -> tuple[Rejected, int, float]:
        await pool.run(tasks.double, 1)
        start = time.monotonic()
        with pytest.raises(Rejected) as caught:
            await pool.run(*call)
        took = time.monotonic() - start
        return caught.value, await pool.run(tasks.double, 4), took

    silent = call[0] is tasks.sleep
    error, after, took = with_pool(work, wall_seconds=1.5 if silent else 60.0)  # others may have to wait for a core
    assert (error.reason, after) == (reason, 8)
    assert words in error.detail
    assert took < (25.0 if silent else 60.0), "long before the call's own end"


def test_neighbours_go_on_while_a_worker_is_killed() -> None:
    async def work(pool: WorkerPool) -> list[Any]:
        calls = [pool.run(tasks.die, signal.SIGKILL), *(pool.run(tasks.double, n) for n in range(20))]
        return await asyncio.gather(*calls, return_exceptions=True)

    died, *others = with_pool(work, workers=2)
    assert died.reason is Reason.WORKER_DIED
    assert others == [2 * n for n in range(20)]


def test_a_worker_killed_while_idle_harms_no_call() -> None:
    async def work(pool: WorkerPool) -> int:
        pid = await pool.run(tasks.process_id)
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.1)
        return await pool.run(tasks.double, 3)

    assert with_pool(work) == 6


def test_a_rejection_keeps_its_class_reason_and_detail() -> None:
    async def work(pool: WorkerPool) -> tuple[FeedRejected, bool]:
        before = await pool.run(tasks.process_id)
        with pytest.raises(FeedRejected) as caught:
            await pool.run(tasks.reject)
        return caught.value, await pool.run(tasks.process_id) == before

    error, same_worker = with_pool(work)
    assert (error.reason, error.detail) == (Reason.FEED_IS_HTML, "the page links to no feed")
    assert same_worker


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (tasks.fail, LookupError, "nothing there"),
        (tasks.fail_oddly, RuntimeError, "UnpicklableError: two arguments"),
        (tasks.recurse, RecursionError, "recursion"),
        (tasks.unpicklable_result, Exception, "pickle"),
    ],
)
def test_other_errors_come_back_as_they_are_or_in_words(
    function: Callable[[], object], kind: type[Exception], words: str
) -> None:
    async def work(pool: WorkerPool) -> tuple[BaseException, int]:
        with pytest.raises(kind) as caught:
            await pool.run(function)
        return caught.value, await pool.run(tasks.double, 1)

    error, after = with_pool(work)
    assert words in str(error)
    assert after == 2


def test_workers_ignore_the_signals_that_the_parent_handles() -> None:
    assert with_pool(lambda pool: pool.run(tasks.survive_signals)) == "still here"


def test_printing_in_a_worker_does_not_disturb_the_answer(capfd: pytest.CaptureFixture[str]) -> None:
    assert with_pool(lambda pool: pool.run(tasks.chatter)) == "done"
    capfd.readouterr()


def test_the_memory_limit_counts_from_before_the_call_and_not_from_zero() -> None:
    async def work(pool: WorkerPool) -> list[int]:
        return [await pool.run(tasks.hog, 200) for _ in range(5)]

    assert with_pool(work) == [200 << 20] * 5


def test_cancelling_ends_the_worker_at_once() -> None:
    async def work(pool: WorkerPool) -> tuple[bool, float, int]:
        pid = await pool.run(tasks.process_id)
        call = asyncio.create_task(pool.run(tasks.sleep, 30.0))
        await asyncio.sleep(0.1)
        start = time.monotonic()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return gone(pid), time.monotonic() - start, await pool.run(tasks.double, 5)

    left, took, after = with_pool(work)
    assert left
    assert took < 2.0
    assert after == 10


def test_a_call_cancelled_while_it_waits_for_a_place_leaves_the_others_alone() -> None:
    async def work(pool: WorkerPool) -> tuple[str, int]:
        first = asyncio.create_task(pool.run(tasks.sleep, 0.3))
        waiting = asyncio.create_task(pool.run(tasks.double, 1))
        await asyncio.sleep(0.05)
        waiting.cancel()
        return await first, await pool.run(tasks.double, 2)

    assert with_pool(work) == ("slept", 4)


def test_a_worker_is_replaced_after_so_many_calls() -> None:
    async def work(pool: WorkerPool) -> list[int]:
        return [await pool.run(tasks.process_id) for _ in range(5)]

    pids = with_pool(work, recycle_after=2)
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
    assert all(gone(pid) for pid in pids)


@pytest.mark.parametrize(("most", "replaced"), [(1, True), (1 << 40, False)])
def test_a_worker_that_grew_is_replaced(most: int, replaced: bool) -> None:
    async def work(pool: WorkerPool) -> set[int]:
        return {await pool.run(tasks.process_id) for _ in range(LOOK + 1)}

    assert (len(with_pool(work, recycle_bytes=most)) > 1) == replaced


def test_closing_ends_idle_and_busy_workers() -> None:
    async def main() -> tuple[int, Any]:
        pool = WorkerPool(2, cpu_seconds=1.0, memory_bytes=MEMORY)
        pid = await pool.run(tasks.process_id)
        call = asyncio.create_task(pool.run(tasks.sleep, 30.0))
        await asyncio.sleep(0.1)
        await pool.close()
        await pool.close()
        with pytest.raises(RuntimeError, match="closed"):
            await pool.run(tasks.double, 1)
        return pid, (await asyncio.gather(call, return_exceptions=True))[0]

    pid, error = asyncio.run(main())
    assert gone(pid)
    assert error.reason is Reason.WORKER_DIED


def test_preloaded_modules_are_there_before_the_first_call() -> None:
    assert with_pool(lambda pool: pool.run(tasks.double, 1), preload=("json", "pipeline.model")) == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_leave_when_the_parent_is_killed(number: signal.Signals, tmp_path: Path) -> None:
    """An idle worker leaves when its socket closes; a busy one with its answer, or at its CPU limit."""
    script = (
        "import asyncio, sys; sys.path[:0] = sys.argv[1:3]\n"
        "import pool_tasks\nfrom pipeline.run.pool import WorkerPool\n"
        "async def main():\n"
        "    pool = WorkerPool(1)\n"
        "    print(await pool.run(pool_tasks.process_id), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", script, str(HERE.parent.parent), str(HERE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.send_signal(number)
        parent.wait()
    assert gone(worker)


@pytest.mark.parametrize("workers", [0, -1])
def test_a_pool_without_workers_is_refused(workers: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        WorkerPool(workers)


def test_a_call_starts_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert with_pool(lambda pool: pool.run(tasks.double, 2)) == 4


def test_an_error_after_little_memory_is_the_calls_own() -> None:
    with pytest.raises(ValueError, match="odd after 50 MiB"):
        with_pool(lambda pool: pool.run(tasks.hog_then_fail, 50))


@pytest.mark.parametrize(
    ("words", "about_memory"),
    [
        ("Memory allocation failed", True),  # libxml2
        ("unknown error", True),  # lxml, where libxml2 had no memory for its words
        ("Parser error: (Error 2)", True),  # lexbor through resiliparse
        ("an unknown error happened to a reporter", False),
        ("no such file", False),
    ],
)
def test_what_libraries_say_when_they_run_out_of_memory(words: str, about_memory: bool) -> None:
    assert is_about_memory(RuntimeError(words)) is about_memory
