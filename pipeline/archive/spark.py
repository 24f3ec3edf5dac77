"""Many machines: Apache Spark answers the SQL and runs the tasks, on its own threads or on a cluster."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.archive.engine import Item, Result, Tables
from pipeline.errors import StoryfoldError, UsageError

_HERE = Path(__file__).resolve().parents[2]  # where the package lies, so that workers on this machine find it
_COLUMNS = ("id", "text", "url", "outlet", "title", "published")


class SparkEngine:
    """Raises ``UsageError`` where Spark or Java is not installed, or no session can be had from ``master``."""

    name = "spark"

    def __init__(self, scratch: Path, master: str, workers: int, memory_mib: int) -> None:
        self._session = _session(scratch, master, workers, memory_mib)
        self._context = self._session.sparkContext

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.stop()

    def each(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """See ``Engine.each``: a job for each item, so that they are told as they end; Spark repeats what a lost
        executor had in hand."""

        def one(item: Item) -> Result:
            found: list[Result] = self._context.parallelize([item], 1).map(task).collect()
            return found[0]

        with ThreadPoolExecutor(max(1, self._context.defaultParallelism)) as threads:
            jobs = [threads.submit(one, item) for item in items]
            try:
                for done in as_completed(jobs):
                    yield done.result()
            except BaseException as error:
                for job in jobs:
                    job.cancel()
                if _is_sparks(error):
                    raise StoryfoldError(f"a task failed on Spark: {_last_line(error)}") from error
                raise

    def write(self, sql: str, tables: Tables, into: Path, *, cut: bool = False) -> None:
        """See ``Engine.write``."""
        draft = into.with_name(f".{into.name}")
        shutil.rmtree(draft, ignore_errors=True)
        frame = self._answer(sql, tables)
        writer = (frame.repartition("block") if cut else frame).write.option("compression", "zstd")
        self._did(lambda: (writer.partitionBy("block") if cut else writer).parquet(_address(draft)))
        shutil.rmtree(into, ignore_errors=True)
        draft.replace(into)

    def rows(self, sql: str, tables: Tables) -> list[tuple[Any, ...]]:
        """See ``Engine.rows``."""
        return [tuple(row) for row in self._did(self._answer(sql, tables).collect)]

    def bands(self, entries: int) -> int:
        """One: Spark cuts joins up by itself."""
        return 1

    def fetch(self, url: str, kind: str, into: Path) -> None:
        """See ``Engine.fetch``."""
        draft = into.with_name(f".{into.name}")
        shutil.rmtree(draft, ignore_errors=True)
        where = _address(draft)

        def copied() -> None:
            if kind == "jsonl":
                self._session.read.text(url).write.text(where)
                return
            frame = self._session.read.parquet(url)
            frame.select([name for name in _COLUMNS if name in frame.columns]).write.parquet(where)

        self._did(copied)
        draft.replace(into)

    def _answer(self, sql: str, tables: Tables) -> Any:
        def answer() -> Any:
            for name, folder in tables.items():
                self._session.read.parquet(_address(folder)).createOrReplaceTempView(name)
            return self._session.sql(sql)

        return self._did(answer)

    def _did(self, what: Callable[[], Any]) -> Any:
        try:
            return what()
        except Exception as error:
            if _is_sparks(error):
                raise StoryfoldError(f"Spark could not do its part: {_last_line(error)}") from error
            raise


def _session(scratch: Path, master: str, workers: int, memory_mib: int) -> Any:
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError("this engine needs the extra: pip install 'storyfold[spark]'") from None
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise UsageError("Spark runs on Java, which is not here: install version 17, or set JAVA_HOME")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    paths = os.pathsep.join(filter(None, (str(_HERE), os.environ.get("PYTHONPATH"))))
    settings: dict[str, Any] = {
        "spark.executorEnv.PYTHONPATH": paths,
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    if master.startswith("local"):  # a cluster has an administrator, whose settings hold
        scratch.mkdir(parents=True, exist_ok=True)
        settings |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": f"{memory_mib}m",
            "spark.local.dir": str(scratch.resolve()),
            "spark.sql.shuffle.partitions": 4 * workers,  # few and large: each costs a fixed time
            "spark.sql.warehouse.dir": str((scratch / "warehouse").resolve()),
            "spark.ui.enabled": "false",
        }
    builder = SparkSession.builder.master(master).appName("storyfold archive")
    for key, value in settings.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError) as error:
        raise UsageError(f"no Spark session from {master}: {error}") from error


def _address(folder: Path) -> str:
    """A folder as Spark names it: not percent-encoded, and not on the cluster's default file system."""
    return f"file://{folder.resolve()}"


def _is_sparks(error: BaseException) -> bool:
    """Whether an error is one that Spark or its bridge to Java told."""
    return type(error).__module__.partition(".")[0] in ("pyspark", "py4j")


def _last_line(error: BaseException) -> str:
    """What a person can use of an error that carries whole traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "Error" in line and not line.startswith(("at ", "File ", "org.", "Caused"))]
    return (told or lines or [repr(error)])[-1][:500]
