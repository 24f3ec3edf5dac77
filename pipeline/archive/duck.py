"""One machine: DuckDB answers the SQL, a pool of processes runs the tasks."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.archive.engine import Item, Result, Tables
from pipeline.errors import StoryfoldError, UsageError

BAND = 4_000_000  # rows joined in one pass: about 600 MB while it lasts
FLUSH = 8192  # rows a partitioned write holds back: those with texts take about 50 MB


class DuckEngine:
    """Raises ``UsageError`` where DuckDB is not installed."""

    name = "duckdb"

    def __init__(self, scratch: Path, workers: int, memory_mib: int) -> None:
        try:
            import duckdb
        except ImportError:
            raise UsageError("this engine needs the extra: pip install 'storyfold[duckdb]'") from None
        scratch.mkdir(parents=True, exist_ok=True)
        self._workers = workers
        self._error = duckdb.Error
        self._base = duckdb.connect(
            config={
                "threads": workers,
                "memory_limit": f"{memory_mib}MiB",
                "temp_directory": str(scratch),
                "preserve_insertion_order": False,
            }
        )
        self._base.execute(f"SET partitioned_write_flush_threshold = {FLUSH}")
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._base.close()

    def each(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """See ``Engine.each``; with one worker the tasks run here."""
        if self._workers == 1 or len(items) < 2:
            yield from map(task, items)
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"))
        try:
            for done in as_completed([self._pool.submit(task, item) for item in items]):
                yield done.result()
        except BrokenProcessPool:
            raise StoryfoldError(
                "a worker process was ended, most likely for want of memory: run again with fewer --workers; "
                "what is finished is kept"
            ) from None

    def write(self, sql: str, tables: Tables, into: Path, *, cut: bool = False) -> None:
        """See ``Engine.write``."""
        draft = into.with_name(f".{into.name}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        where, how = (draft, ", PARTITION_BY (block)") if cut else (draft / "part-0.parquet", "")
        self._run(f"COPY ({sql}) TO '{_quoted(where)}' (FORMAT parquet, COMPRESSION zstd{how})", tables)
        shutil.rmtree(into, ignore_errors=True)
        draft.replace(into)

    def rows(self, sql: str, tables: Tables) -> list[tuple[Any, ...]]:
        """See ``Engine.rows``."""
        found: list[tuple[Any, ...]] = self._run(sql, tables).fetchall()
        return found

    def bands(self, entries: int) -> int:
        """See ``Engine.bands``."""
        return entries // BAND + 1

    def fetch(self, url: str, kind: str, into: Path) -> None:
        """Only Spark brings file systems of its own."""
        raise UsageError(f"{url}: only files can be read with --engine duckdb; --engine spark reads such addresses")

    def _run(self, sql: str, tables: Tables) -> Any:
        try:
            for name, folder in tables.items():
                pattern = _quoted(folder / "**" / "*.parquet")
                self._base.execute(
                    f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM "  # noqa: S608 - our own names
                    f"read_parquet('{pattern}', hive_partitioning = true, hive_types_autocast = true)"
                )
            return self._base.execute(sql)
        except self._error as error:
            raise StoryfoldError(f"DuckDB could not do its part: {error}") from error


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
