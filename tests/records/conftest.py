"""A small newsroom on disk: articles go through the real writer, commands through the real front door."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import app
from pipeline.cli import main
from pipeline.dedup import open_matcher
from pipeline.model import Article, JournalRow
from pipeline.run.writer import Draft, Writer
from pipeline.storage import Store, open_store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

BRIDGE = (
    "The council of Tarn Mouth closed the iron bridge over the Ashby on Monday after divers found that the river "
    "had washed out the gravel under its second pier. Engineers will drive sheet piles around the pier before the "
    "spring floods, the surveyor said, and the work is to take eleven weeks. Lorries are sent over the weir road, "
    "and a ferry carries people on foot every twenty minutes between six in the morning and ten at night. The "
    "bridge was last repaired in 1974, when the roadway was raised by half a metre."
)
GLASS = (
    "Forty workers of the glass furnace at Oldhaven went back to their benches on Thursday after the owners took "
    "back a plan to move the melting to the mainland. The new agreement keeps the furnace lit until 2031 and pays "
    "for a second kiln that burns straw pellets. Union and owners had talked for nine days in the customs house, "
    "with the harbour master as the only witness, and both sides said afterwards that neither had won."
)
SWANS = (
    "Ornithologists counted 312 whooper swans on the lakes of the Merren plateau this winter, twice as many as in "
    "the year before and the most since counting began. Mild weeks in December kept the water open, and farmers "
    "left the maize stubble standing under a scheme that pays them by the hectare. The birds are expected to fly "
    "north in the second week of April."
)


@dataclass
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.split("\n") if line]


def run(*words: object) -> Done:
    """One command, in this process."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape") for _ in range(2))
    try:
        try:
            code = main([str(word) for word in words])
        except SystemExit as ended:  # argparse
            code = int(ended.code or 0)
        found = []
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            found.append(stream.buffer.getvalue().decode("utf-8", "replace"))  # type: ignore[attr-defined]
    finally:
        sys.stdout, sys.stderr = streams
    return Done(code, *found)


class Newsroom:
    """A configuration, a database, and ways to fill and ask it."""

    def __init__(self, folder: Path, more: str = "", url: str = "") -> None:
        self.folder = folder
        self.config = folder / "pipeline.toml"
        self.database = folder / "news.db"
        self.url = url or f"sqlite:///{self.database}"
        self.now = NOW
        self.configure(more)
        with self.store():
            pass

    def configure(self, more: str) -> None:
        head = f'[storage]\nurl = "{self.url}"\n'
        fetch = '[fetch]\nallow_private = ["127.0.0.0/8"]\nmin_host_interval = 0\ndeadline_seconds = 5\n'
        self.config.write_text(head + fetch + more, "utf-8")

    def store(self) -> Store:
        return open_store(self.url)

    def writer(self, store: Store) -> Writer:
        config = app.load_file(self.config)
        return Writer(store, lambda: open_matcher(store, app.matching_rules(config, store)))

    def add(self, *articles: Article, again: bool = False, writer: Writer | None = None) -> list[JournalRow]:
        """Articles in order, each in a batch of its own, a minute apart."""
        rows = []
        with self.store() as store:
            own = writer or self.writer(store)
            for article in articles:
                self.now += timedelta(minutes=1)
                rows += own.write([Draft(article, looked_again=again)], self.now)
        return rows

    def run(self, *words: object) -> Done:
        return run("--config", self.config, *words)

    def told_anyhow(self, *words: object) -> list[dict[str, Any]]:
        return self.run("--json", *words).rows

    def told(self, *words: object) -> list[dict[str, Any]]:
        done = self.run("--json", *words)
        assert done.code == 0, done.err
        return done.rows


def article(name: str, text: str, outlet: str = "Tarn Courier", **more: Any) -> Article:
    """An article of ``outlet``; ``name`` makes its address and title."""
    host = outlet.lower().replace(" ", "-")
    fields = {
        "url": f"https://www.{host}.example/{name}",
        "title": f"{name.replace('-', ' ').capitalize()}",
        "published": NOW - timedelta(hours=2),
        "language": "en",
    }
    return Article(text=text, outlet=outlet, **{**fields, **more})


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """The database's URL, "" for a file; ``on_both`` has a module's tests run with either."""
    kind = getattr(request, "param", "sqlite")
    return request.getfixturevalue("postgres").emptied() if kind == "postgres" else ""


@pytest.fixture
def newsroom(tmp_path: Path, backend: str) -> Newsroom:
    return Newsroom(tmp_path, url=backend)


@pytest.fixture
def make_newsroom(tmp_path: Path, backend: str) -> Callable[[str], Newsroom]:
    return lambda more: Newsroom(tmp_path, more, backend)
