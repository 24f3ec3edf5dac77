"""File systems of their own for tests: a disk image on a loop device, a small disk in memory."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _done(*words: object) -> bool:
    return subprocess.run([str(w) for w in words], capture_output=True, check=False).returncode == 0


@contextmanager
def mounted(where: Path, *words: object) -> Iterator[Path]:
    """``mount WORDS where``; skips the test where this machine does not let us."""
    where.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        pytest.skip("mounting a file system takes root")
    if not _done("mount", *words, where):
        pytest.skip(f"this machine does not let us mount: {' '.join(map(str, words))}")
    try:
        yield where
    finally:
        if not _done("umount", where):
            _done("umount", "--lazy", where)


@contextmanager
def small_disk(where: Path, mebibytes: int) -> Iterator[Path]:
    """A disk in memory that is soon full."""
    with mounted(where, "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs") as folder:
        yield folder


def image(path: Path, mebibytes: int) -> Path:
    """An empty ext4 file system in a file."""
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("mkfs.ext4 is not here (Debian's e2fsprogs)")
    with path.open("wb") as file:
        file.truncate(mebibytes << 20)
    assert _done("mkfs.ext4", "-q", "-F", path)
    return path


@contextmanager
def loop(path: Path, where: Path) -> Iterator[Path]:
    """The file system in ``path``, mounted; what is not synced is not in ``path``."""
    with mounted(where, "-o", "loop", path) as folder:
        yield folder
