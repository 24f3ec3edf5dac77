"""Running the front door as a user would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Done]


@pytest.fixture(scope="session")
def storyfold() -> Command:
    """Calls ``run_pipeline.py`` in a process of its own."""

    def call(*words: object, stdin: bytes = b"") -> Done:
        done = subprocess.run(
            [sys.executable, str(ROOT / "run_pipeline.py"), *map(str, words)],
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            timeout=100,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call
