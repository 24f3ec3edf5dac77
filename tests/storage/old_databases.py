"""Databases as earlier versions left them, and everything that must be in them after an upgrade."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import StorageError
from pipeline.storage import Store, open_store, parse_query
from pipeline.storage.migrate import newest

GOLDEN = Path(__file__).parent / "schemas"
VERSIONS = sorted(int(path.stem) for path in GOLDEN.glob("????.sql"))
URL = "https://news.example/old"  # of the one article that each of them holds
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWN = "name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_words_%'"
LEDGER = "storyfold_schema"

Rows = list[dict[str, object]]


def old_database(path: Path, version: int) -> Path:
    """A database as that version left it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((GOLDEN / f"{version:04}.sql").read_text())
        for number in range(1, version + 1):
            connection.execute(f"INSERT INTO {LEDGER} (version, name) VALUES (?, ?)", (number, "kept"))
        connection.executescript((GOLDEN / f"{version:04}_content.sql").read_text())
        connection.commit()
    return path


def schema(path: Path) -> str:
    """All that was created, as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND {OWN}")
        return "".join(f"{row[0]};\n" for row in rows)


def content(path: Path) -> dict[str, Rows]:
    """All rows of all tables, but for the words of the index, which only a search can read."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = connection.execute(f"SELECT name FROM sqlite_schema WHERE type = 'table' AND {OWN}").fetchall()
        tables = [name for (name,) in names if name not in ("search_words", LEDGER)]
        return {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in tables}


def content_faults(before: dict[str, Rows], after: dict[str, Rows], *, more: bool = False) -> list[str]:
    """What was there ``before`` and is not so now; ``more``: other rows may have come since."""
    found = []
    for table, rows in before.items():
        columns = list(rows[0]) if rows else []
        old = Counter(_kept(rows, columns))
        new = Counter(_kept(after.get(table, []), columns))
        missing, other = list((old - new).elements()), list((new - old).elements())
        if len(missing) == len(other):
            pairs = [pair for rows in zip(missing, other, strict=True) for pair in zip(*rows, strict=True)]
            found += [f"{table}: {was} became {now}" for was, now in pairs if was != now]
        else:
            found += [f"{table}: {', '.join(row)} is gone" for row in missing]
            found += [f"{table}: {', '.join(row)} was invented" for row in other if columns and not more]
    return found


def _kept(rows: Rows, columns: list[str]) -> Iterator[tuple[str, ...]]:
    """Each row in words, of the columns that were there before; a column that is gone is ``None``."""
    return (tuple(f"{name} {row.get(name)!r}" for name in columns) for row in rows)


def _reading_faults(store: Store) -> Iterator[str]:
    """What the program makes of the content."""
    facts = {
        "article of the story": (store.story("s-old").articles[0].article_id, "a-old"),
        "text": (store.articles([1])[1].article.text, "An old text."),
        "journal": (store.items()[0].row.article_id, "a-old"),
        "next rows": (store.next_rows(), (2, 2)),
        "search": ([hit.article_id for hit in store.search(parse_query("old text", NOW))], ["a-old"]),
    }
    return (f"{what}: {found!r} instead of {wanted!r}" for what, (found, wanted) in facts.items() if found != wanted)


def upgrade_faults(path: Path, version: int) -> list[str]:
    """What opening a database of that version loses, changes or leaves undone; ``path`` is made."""
    old_database(path, version)
    before = content(path)
    try:
        with open_store(f"sqlite:///{path}") as store:
            found = list(_reading_faults(store))
    except StorageError as error:
        return [f"cannot be opened: {error}"]
    if schema(path) != (GOLDEN / f"{newest():04}.sql").read_text():
        found.append("the schema is not the newest")
    return found + content_faults(before, content(path))
