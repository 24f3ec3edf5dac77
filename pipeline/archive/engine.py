"""The seam between the stages and what carries them out: two engines, one set of rules.

An engine runs tasks side by side and answers SQL over Parquet.  The SQL of the stages keeps to what both
understand, so an engine has no part in what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from pipeline.errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")
Tables = Mapping[str, Path]  # name in the SQL -> folder of Parquet files


class Engine(Protocol):
    """Runs tasks, answers SQL."""

    name: str

    def each(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Results of ``task`` for each item as they come, in any order.

        Tasks and items are pickled, run in other processes, and may be run more than once."""
        ...

    def write(self, sql: str, tables: Tables, into: Path, *, cut: bool = False) -> None:
        """Answer ``sql`` into Parquet files in ``into``, which is there whole or not at all; with ``cut``
        into folders ``block=k`` by its last column ``block``."""
        ...

    def rows(self, sql: str, tables: Tables) -> list[tuple[Any, ...]]:
        """A small answer."""
        ...

    def bands(self, entries: int) -> int:
        """Into how many passes a join of so many rows is cut to stay within memory."""
        ...

    def fetch(self, url: str, kind: str, into: Path) -> None:
        """Copy an input of ``kind`` (``jsonl``, ``parquet``) from a file system that only the engine knows."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_engine(name: str, scratch: Path, *, master: str | None, workers: int, memory_mib: int) -> Engine:
    """The engine by that name.  Raises ``UsageError`` where it is not installed.

    ``scratch``: a folder for what does not fit into memory; ``master``: of Spark; ``workers``: processes;
    ``memory_mib``: for joins.
    """
    if name == "spark":
        from pipeline.archive.spark import SparkEngine

        return SparkEngine(scratch, master or f"local[{workers}]", workers, memory_mib)
    if master is not None:
        raise UsageError("--master belongs to Spark: leave it out, or take --engine spark")
    from pipeline.archive.duck import DuckEngine

    return DuckEngine(scratch, workers, memory_mib)
