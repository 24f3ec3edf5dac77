"""Processes beside this one: errors come through, and none outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import StorageError, StoryfoldError
from pipeline.run.beside import Queue, beside

ROOT = Path(__file__).resolve().parents[2]


def _say(out: Queue, word: str) -> None:
    out.put(word)


def _fail(out: Queue) -> None:
    out.put(StorageError("the disk is full"))


def _break(out: Queue) -> None:
    out.put(KeyError("unheard of"))


def _die(out: Queue) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_process_says_arrives_in_order() -> None:
    with beside() as processes:
        heard = processes.queue()
        processes.start("talker", _say, heard, "one")
        assert processes.get(heard) == "one"


def test_an_error_of_ours_is_raised_as_it_is() -> None:
    with beside() as processes:
        heard = processes.queue()
        processes.start("writer", _fail, heard)
        with pytest.raises(StorageError, match="disk is full"):
            processes.get(heard)


def test_any_other_error_is_named() -> None:
    with beside() as processes:
        heard = processes.queue()
        processes.start("writer", _break, heard)
        with pytest.raises(StoryfoldError, match="unheard of"):
            processes.get(heard)


def test_a_process_that_died_is_noticed() -> None:
    with beside() as processes:
        heard = processes.queue()
        processes.start("mortal", _die, heard)
        with pytest.raises(StoryfoldError, match=r"'mortal' ended unexpectedly \(code -9\)"):
            processes.get(heard)


_PARENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pipeline.run.beside import beside
def wait_for_ever():
    time.sleep(600)
if __name__ == "__main__":
    with beside() as processes:
        for name in ("first", "second", "third"):
            processes.start(name, wait_for_ever)
        print(*(process.pid for process in processes._processes), flush=True)
        time.sleep(600)
"""


def test_no_process_outlives_one_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    with subprocess.Popen([sys.executable, str(script), str(ROOT)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 3
        parent.kill()
    ends = time.monotonic() + 30
    while any(map(_runs, children)):
        assert time.monotonic() < ends, "a process was left behind"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
