"""One instance per database: an advisory lock on a file beside it, with the holder's name inside.

The kernel drops the lock with the process, however it ends, so a stale file never keeps anybody out.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pipeline.errors import AlreadyRunning, StorageError


@contextmanager
def single_instance(path: Path | None, command: str, now: datetime) -> Iterator[None]:
    """Hold the lock ``path`` while the block runs; ``None`` (a database in memory) needs no lock.

    Raises ``AlreadyRunning`` that names the holder.
    """
    if path is None:
        yield
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError(f"{path}: the lock file cannot be opened: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
            raise AlreadyRunning(
                f"another instance works on this database ({holder or 'just starting'}); nothing was done"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"`{command}`, process {os.getpid()}, since {now:%Y-%m-%d %H:%M:%S} UTC".encode(), 0)
        yield
    finally:
        os.close(handle)
