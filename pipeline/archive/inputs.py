"""Which files an archive consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError

_PARQUET = (".parquet", ".pq")
_LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json", ".json.gz")


@dataclass(frozen=True, slots=True)
class Input:
    """One file, or what one address leads to; ``size`` in bytes and ``changed`` in nanoseconds since the
    epoch, 0 where they cannot be told."""

    name: str
    kind: str  # parquet or jsonl
    size: int = 0
    changed: int = 0

    @property
    def remote(self) -> bool:
        """Whether only the engine knows where that is."""
        return "://" in self.name


def find_inputs(names: Sequence[str]) -> list[Input]:
    """The inputs in order: files as named, folders with all that is in them, by name.

    Raises ``UsageError`` for what is not there, is of no known kind, or stands twice.
    """
    found = [one for name in names for one in _found(name)]
    twice = (
        {one.name for one in found if sum(other.name == one.name for other in found) > 1} if len(found) < 1000 else ()
    )
    if twice:
        raise UsageError(f"{min(twice)} stands twice among the inputs")
    return found


def _found(name: str) -> list[Input]:
    if "://" in name:
        return [Input(name, _kind(name) or "parquet")]
    path = Path(name)
    if path.is_dir():
        files = sorted(
            p for p in path.rglob("*") if p.is_file() and _kind(p.name) and not p.name.startswith((".", "_"))
        )
        if not files:
            raise UsageError(f"{path}: there are no .parquet or .jsonl files in this folder")
        return [_local(file) for file in files]
    if not path.is_file():
        raise UsageError(f"cannot read {path}: there is no such file or folder")
    return [_local(path)]


def _local(path: Path) -> Input:
    facts = path.stat()
    return Input(str(path.resolve()), _kind(path.name) or "jsonl", facts.st_size, facts.st_mtime_ns)


def _kind(name: str) -> str:
    """By the ending; "" where it says nothing."""
    if name.endswith(_PARQUET):
        return "parquet"
    return "jsonl" if name.endswith(_LINES) else ""
