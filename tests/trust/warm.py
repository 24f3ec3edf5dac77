"""Commands in processes of their own, started from one that has imported everything already.

A start then takes milliseconds instead of most of a second, so that a loop of kills fits into a test run.  Each
command is a forked process that calls the program's own front door, in a process group of its own:

    with Warm(folder / "said.log") as warm:
        pid = warm.start("--config", "x.toml", "once", "--all")
        os.kill(pid, signal.SIGKILL)
        warm.ended(pid)  # -9
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
_SERVER = """
import ctypes, json, os, signal, sys, threading
import pipeline.app, pipeline.daemon, pipeline.dedup, pipeline.fetch, pipeline.run.pool, pipeline.run.round
import pipeline.storage, pipeline.storage.pages, pipeline.cli.parser
import pipeline.cli.commands.once, pipeline.cli.commands.run
from pipeline.cli import main

def tell(pid, code):  # in one piece, for several threads tell
    os.write(1, json.dumps([pid, code]).encode() + b"\\n")

def reap(pid):
    _, status = os.waitpid(pid, 0)
    tell(pid, os.waitstatus_to_exitcode(status))

for line in sys.stdin:
    out, words, prelude = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no command outlives the one who started it
        log = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0), os.dup2(log, 1), os.dup2(log, 2)
        code = 1
        try:
            exec(prelude, {})
            code = main(words)
        except BaseException:
            import traceback
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    tell(pid, None)
    threading.Thread(target=reap, args=(pid,), daemon=True).start()
"""


class Warm:
    """The starter.  What the commands say goes to the file ``said``."""

    def __init__(self, said: Path) -> None:
        self.said = said
        self._codes: dict[int, int] = {}
        self._pids: list[int] = []
        self._news = threading.Condition()

    def __enter__(self) -> Self:
        environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
            cwd=ROOT,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in self._pids:
            if pid not in self._codes:
                os.kill(pid, signal.SIGKILL)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._listener.join(10)
        self._process.stdout.close()

    def start(self, *words: str, prelude: str = "") -> int:
        """The process that carries out a command, after the Python text ``prelude``."""
        assert self._process.stdin is not None
        with self._news:
            before = len(self._pids)
            self._process.stdin.write(json.dumps([str(self.said), words, prelude]) + "\n")
            self._process.stdin.flush()
            assert self._news.wait_for(lambda: len(self._pids) > before, 60), "the starter does not answer"
            return self._pids[-1]

    def ended(self, pid: int, seconds: float = 300) -> int:
        """Its exit code (negative: the signal); raises ``TimeoutError``."""
        with self._news:
            if not self._news.wait_for(lambda: pid in self._codes, seconds):
                raise TimeoutError(f"process {pid} did not end within {seconds} s: {self.tail()}")
            return self._codes[pid]

    def stop(self, pid: int) -> int:
        """SIGTERM, and its exit code."""
        if self.running(pid):
            os.kill(pid, signal.SIGTERM)
        return self.ended(pid)

    def running(self, pid: int) -> bool:
        return pid not in self._codes

    def run(self, *words: str, seconds: float = 300, prelude: str = "") -> int:
        """A command to its end; its exit code."""
        return self.ended(self.start(*words, prelude=prelude), seconds)

    def tail(self, characters: int | None = 3000) -> str:
        """The last words of the commands; all of them for ``None``."""
        return self.said.read_text("utf-8", "replace")[-(characters or 0) :] if self.said.exists() else ""

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            pid, code = json.loads(line)
            with self._news:
                if code is None:
                    self._pids.append(pid)
                else:
                    self._codes[pid] = code
                self._news.notify_all()


def children(pid: int) -> list[int]:
    """The processes that ``pid`` started and that run."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [
            int(word)
            for task in Path(f"/proc/{pid}/task").iterdir()
            if task.name != str(pid)
            for word in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def gone(pid: int, seconds: float = 200) -> bool:
    """Whether the process ended by itself within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False
