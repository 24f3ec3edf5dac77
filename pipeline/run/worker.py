"""What a worker process does: read a call, carry it out under limits, answer.  Ends when the pipe does.

Started by ``pipeline.run.pool`` as a fresh interpreter.  Both limits are the kernel's own, so that they hold
inside C code too: ``ITIMER_PROF`` counts user and system time of this process and its signal kills;
``RLIMIT_AS`` makes allocations fail beyond the address space in use before the call plus the allowance.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from pipeline.errors import Rejected

NICE = 5  # the event loop of the parent goes first when cores are scarce (man 2 nice)
_NO_MEMORY = re.compile(
    r"memory allocation failed|out of memory|cannot allocate memory|\(Error 2\)|\Aunknown error\Z", re.IGNORECASE
)
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Serve calls until the parent closes the pipe.

    Arguments of the process: number of the pipe's file descriptor, CPU seconds and bytes for one call; the
    first message names the modules to import beforehand.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICE)
    logging.getLogger().addHandler(logging.NullHandler())  # libraries remark on hostile input at length
    descriptor, cpu_seconds, memory_bytes = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    connection = Connection(descriptor)
    try:
        for name in pickle.loads(connection.recv_bytes()):  # noqa: S301 - our own parent wrote it
            importlib.import_module(name)
        while True:
            answer = _limited(connection.recv_bytes(), cpu_seconds, memory_bytes)
            connection.send_bytes(answer)
            if answer == OUT_OF_MEMORY:
                return  # the heap of a process that ran out is nothing to go on with
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent closed its end, or is gone


OUT_OF_MEMORY = b"memory"


def _limited(message: bytes, cpu_seconds: float, memory_bytes: int) -> bytes:
    """The answer to one call: pickled ``(True, result)`` or ``(False, exception)``, or ``OUT_OF_MEMORY``."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    try:
        _allow_memory(memory_bytes, before[1])
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        function, args = pickle.loads(message)  # noqa: S301 - our own parent wrote it
        return _called(function, args, memory_bytes)
    except MemoryError:
        return OUT_OF_MEMORY
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _called(function: Callable[..., Any], args: tuple[Any, ...], memory_bytes: int) -> bytes:
    try:
        return pickle.dumps((True, function(*args)), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - every error of the call goes back to the caller
        return OUT_OF_MEMORY if is_about_memory(error) or _after_much(error, memory_bytes) else _pickled_error(error)


def is_about_memory(error: Exception) -> bool:
    """Whether a library that allocates by itself ran out of memory, in its own words.

    libxml2 says "Memory allocation failed" (xmlerror.h, XML_ERR_NO_MEMORY), or nothing where it has no memory for
    saying so, which lxml writes as "unknown error"; lexbor numbers it 2 (LXB_STATUS_ERROR_MEMORY_ALLOCATION), which
    resiliparse writes as "(Error 2)".
    """
    return not isinstance(error, Rejected) and bool(_NO_MEMORY.search(str(error)))


def _after_much(error: Exception, memory_bytes: int) -> bool:
    """Whether an error came after half of what the call may take was taken.

    Libraries that run out of memory say so in many words, and some in none; a defect on a page that takes so much is
    rarer by far.
    """
    if isinstance(error, Rejected):
        return False
    try:
        with open("/proc/self/status", "rb") as file:
            peak = next((int(line.split()[1]) << 10 for line in file if line.startswith(b"VmPeak:")), 0)
    except OSError:
        return False
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return soft != resource.RLIM_INFINITY and peak > soft - memory_bytes // 2


def _pickled_error(error: Exception) -> bytes:
    """The error as the caller will see it; one that cannot cross is replaced by its words."""
    trace = traceback.format_exc(limit=-8)
    try:
        error.add_note(f"in a worker process:\n{trace}")
        message = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(message)  # noqa: S301 - written in the line above
    except Exception:  # noqa: BLE001 - whatever a foreign exception's own pickling raises
        words = RuntimeError(f"{type(error).__name__}: {error}\nin a worker process:\n{trace}")
        return pickle.dumps((False, words), pickle.HIGHEST_PROTOCOL)
    return message


def _allow_memory(more: int, hard: int) -> None:
    """Let this process grow by ``more`` bytes of address space, where the system tells what it uses now."""
    try:
        with open("/proc/self/statm", "rb") as file:
            used = int(file.read().split()[0]) * PAGE
    except OSError:
        return  # not Linux: the limit on CPU time remains
    soft = used + more if hard == resource.RLIM_INFINITY else min(used + more, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
