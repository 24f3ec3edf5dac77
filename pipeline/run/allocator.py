"""How memory is handled while a file is worked through: kept for the next piece, and seldom searched for garbage.

Work on whole arrays takes and frees some megabytes hundreds of times a second.  glibc gives each such piece
back to the system at once and takes it again page by page, which cost a fifth of the time of ``dedup``.
"""

from __future__ import annotations

import ctypes
import gc
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # parameters of mallopt, from glibc's malloc.h
KEPT = 64 << 20  # bytes at the end of the heap that are kept
LARGEST = 32 << 20  # bytes of one piece that still comes from the heap; glibc's own limit


def keep_freed_memory() -> bool:
    """Ask for it in this process and those forked from it; False where there is no glibc to ask."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl has none
        return False
    return bool(mallopt(_TRIM_THRESHOLD, KEPT)) and bool(mallopt(_MMAP_THRESHOLD, LARGEST))


def collect_rarely() -> None:
    """Look for cycles of dead objects less often in this process and those forked from it.

    Work on a file makes many small objects and hardly a cycle: reference counts free them.  Collections that walk
    all of them every 700 allocations (CPython's default) cost some percent of the time.
    """
    gc.freeze()  # what was imported stays: it need not be walked either
    gc.set_threshold(50_000, 20, 100)
