"""The README's commands and examples, run as a newcomer would: over live bundled outlets, in an empty folder.

The two lines that set everything up are run by ``.ci/run`` as they stand; here is what comes behind them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.demo import DemoWeb

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
USE = [line.split("  #")[0].strip() for line in LINES if line.startswith(".venv/bin/python run_pipeline.py")]
ENDLESS = ("run", "--follow")

# A command begun in the background, as tests may be, inherits that Ctrl-C is ignored; at a terminal it would not.
HEEDING = (
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])",
)


@dataclass
class Newcomer:
    """A folder with a configuration for the bundled outlets."""

    folder: Path

    def words(self, line: str) -> list[str]:
        words = [str(ROOT / "run_pipeline.py") if word == "run_pipeline.py" else word for word in shlex.split(line)]
        rows = self.articles() if {"ID", "A", "B"} & set(words) else []
        for name, row in zip(("A", "B"), rows, strict=False):
            words = [row["article_id"] if word == name else word for word in words]
        return [sys.executable, *(rows[0]["story_id"] if word == "ID" else word for word in words[1:])]

    def articles(self) -> list[dict[str, str]]:
        done = self.run(".venv/bin/python run_pipeline.py items --json --outcome new")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(line), cwd=self.folder, env=self.env(), capture_output=True, text=True, timeout=90, check=False
        )

    def watch(self, line: str) -> tuple[int, str]:
        """Start an endless command, stop it politely after a while."""
        out = self.folder / "watched"
        with (
            out.open("wb") as sink,
            subprocess.Popen(
                [*HEEDING, *self.words(line)], cwd=self.folder, env=self.env(), stdout=sink, stderr=sink
            ) as process,
        ):
            until = time.monotonic() + 30  # a busy machine starts slowly: it is stopped once it has said something
            while out.stat().st_size == 0 and time.monotonic() < until and process.poll() is None:
                time.sleep(0.2)
            time.sleep(2)
            process.send_signal(signal.SIGINT if "--follow" in line else signal.SIGTERM)
            code = process.wait(30)
        return code, out.read_text("utf-8")

    def env(self) -> dict[str, str]:
        return {**os.environ, "STORYFOLD_CONFIG": "news.toml", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    folder = tmp_path_factory.mktemp("newcomer")
    with DemoWeb(datetime.now(UTC)) as web:
        feeds = "".join(f'[[feeds]]\nurl = "{feed.url}"\noutlet = "{feed.outlet}"\n' for feed in web.feeds)
        (folder / "news.toml").write_text(
            '[storage]\nurl = "sqlite:///news.db"\n'
            f'[fetch]\nallow_private = ["127.0.0.0/8"]\nmin_host_interval = 0\n{feeds}'
        )
        article = {"id": "1", "outlet": "One", "title": "Harbour", "published": None, "text": "Boats left. " * 40}
        (folder / "articles.jsonl.gz").write_text(json.dumps(article) + "\n")
        newcomer = Newcomer(folder)
        first = newcomer.run(".venv/bin/python run_pipeline.py once")  # what the others look at
        assert first.returncode == 0, first.stderr
        yield newcomer


@pytest.mark.parametrize("line", USE)
def test_the_command_works(newcomer: Newcomer, line: str) -> None:
    if any(word in line.split() for word in ENDLESS):
        code, said = newcomer.watch(line)
        assert code == 0, said
        assert "Traceback" not in said
        return
    done = newcomer.run(line)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_both_set_up_lines_are_there_and_ci_runs_the_second() -> None:
    set_up = [line for line in LINES if line.startswith("python3 -m venv")]
    assert [line.rpartition("&& ")[2] for line in set_up] == [
        ".venv/bin/python run_pipeline.py demo",
        ".venv/bin/python -m pytest",
    ]
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "README.md" in ci
    assert len(USE) >= 7
