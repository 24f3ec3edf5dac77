"""The walls of the house: imports point down, and the outside world enters through one door each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "pipeline"

# Lower numbers are deeper.  A file may import from deeper rooms and from its own, never sideways or up.
DEPTH = {
    "errors": 0,
    "model": 0,
    "health": 1,
    "text": 1,
    "urls": 1,
    "config": 2,
    "log": 2,
    "feeds": 3,
    "fetch": 3,
    "articles": 3,
    "dedup": 3,
    "storage": 3,
    "exports": 3,
    "web": 3,
    "run": 4,
    "demo": 4,
    "archive": 5,
    "cluster": 5,
    "app": 6,
    "desk": 7,
    "daemon": 8,
    "worker": 8,
    "cli": 9,
}

# package → the only rooms that may import it
DOORS = {
    "httpx": {"fetch"},
    "httpcore": {"fetch"},
    "sqlalchemy": {"storage"},
    "sqlite3": {"storage"},
    "rapidfuzz": {"dedup"},
    "feedparser": {"feeds"},
    "trafilatura": {"articles"},
    "apscheduler": {"run"},
    "protego": {"fetch"},
    "tldextract": {"urls"},
    "rich": {"cli"},
    "prometheus_client": {"run"},
    "opentelemetry": {"run"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "duckdb": {"archive"},
    "pyspark": {"archive"},
    "pgqueuer": {"cluster"},
    "psycopg": {"storage", "cluster"},
    "pyarrow": {"archive", "exports"},
}


def files() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        top = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if top != "__init__":
            yield top, path


def imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def calls(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


FILES = list(files())


@pytest.mark.parametrize(("room", "path"), FILES, ids=lambda v: v.name if isinstance(v, Path) else v)
def test_imports_point_down(room: str, path: Path) -> None:
    for name, line in imported(path):
        parts = name.split(".")
        if parts[0] != "pipeline" or len(parts) < 2 or parts[1] == "__version__":
            continue
        other = parts[1]
        assert other in DEPTH, f"{path}:{line}: no room called {other}"
        fine = other == room or DEPTH[other] < DEPTH[room] or (DEPTH[room] == DEPTH[other] == 0)
        assert fine, f"{path}:{line}: {room} imports {other}, which is not below it"


@pytest.mark.parametrize(("room", "path"), FILES, ids=lambda v: v.name if isinstance(v, Path) else v)
def test_the_outside_enters_through_one_door(room: str, path: Path) -> None:
    for name, line in imported(path):
        allowed = DOORS.get(name.split(".")[0])
        assert allowed is None or room in allowed, f"{path}:{line}: {name} belongs to {allowed}"


@pytest.mark.parametrize(("room", "path"), FILES, ids=lambda v: v.name if isinstance(v, Path) else v)
def test_the_real_clock_is_read_by_the_composition_root_alone(room: str, path: Path) -> None:
    clocks = ("datetime.now", "datetime.utcnow", "date.today", "time.time")
    for name, line in calls(path):
        assert room in ("app", "cli") or name not in clocks, f"{path}:{line}: {name}()"


def test_every_room_stands_in_the_table() -> None:
    assert {room for room, _ in FILES} <= set(DEPTH)


def test_no_merge_was_left_half_done() -> None:
    """Marks of a conflict hide easily in files that no test parses."""
    root = Path(__file__).parent.parent
    folders = [root / name for name in ("pipeline", "config", "deploy", "docs", "tests", "benchmarks", ".ci")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    texts = {path: path.read_bytes() for path in [*files, *root.glob("*.*")] if path.is_file()}
    assert [path.name for path, text in texts.items() if b"\n<<<<<<" + b"< " in text] == []
