"""One instance per database; the second one learns who holds the lock."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import AlreadyRunning, StorageError
from pipeline.run.lock import single_instance

NOW = datetime(2026, 1, 1, tzinfo=UTC)

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pipeline.run.lock import single_instance
with single_instance(Path(sys.argv[1]), "run", datetime(2026, 1, 1, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_instance_is_told_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "news.db.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        held = pytest.raises(AlreadyRunning, match=rf"`run`, process {holder.pid}, since 2026-01-01")
        with held, single_instance(lock, "once", NOW):
            pytest.fail("two instances at once")
        holder.kill()  # the lock goes with the process, however it ends
        holder.wait()
        with single_instance(lock, "once", NOW):
            assert "`once`" in lock.read_text()


def test_memory_needs_no_lock() -> None:
    with single_instance(None, "once", NOW):
        pass


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    refused = pytest.raises(StorageError, match="lock file cannot be opened")
    with refused, single_instance(tmp_path / "nowhere" / "x.lock", "once", NOW):
        pytest.fail("locked nowhere")
