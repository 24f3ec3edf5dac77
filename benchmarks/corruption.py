"""What becomes of a database with 16 random bytes overwritten, anywhere in its file.

    python benchmarks/corruption.py [--databases N] [--articles N] [--seed N]

A database is filled with something in every table and closed; a backup of it is taken.  Then N copies get 16 random
bytes each.  A copy is *harmed* where anything that can be read from it is another: a row of a table, an entry of an
index, a word of the search index with its document and place (read one by one, without the checks of ``doctor``).
It is *found* where ``doctor`` calls it broken.  What is neither was overwritten in space that belongs to no row.
N copies of the backup are damaged in the same way: each must be refused or restored whole.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from benchmarks.search import NOW, Language, ingest
from pipeline.errors import StorageError
from pipeline.model import Action, Decision, Entry, FeedSource, Match
from pipeline.run import doctor
from pipeline.storage import Delivery, LinkKind, Store, open_store, restore

BYTES = 16


@dataclass
class Outcome:
    """Counts over all copies; ``missed`` names the places of those that were harmed and not found."""

    databases: int = 0
    found: int = 0
    harmed: int = 0
    missed: list[int] = field(default_factory=list)
    backups_refused: int = 0
    backups_restored: int = 0
    backups_wrong: list[int] = field(default_factory=list)

    @property
    def untouched(self) -> int:
        """Copies in which every row, index entry and word reads as before, and nothing was found."""
        return self.databases - self.found - len(self.missed)


def fill(store: Store, articles: int, chance: random.Random) -> None:
    """Something in every table."""
    language = Language(chance)
    store.sync_feeds([FeedSource(f"https://feeds.example/{n}.xml", f"Outlet {n}") for n in range(20)], NOW)
    for feed in store.feeds():
        store.apply_poll(feed, [(entry(f"{feed.row}-{n}"), False) for n in range(20)], [], NOW)
    store.apply([ingest(row, language) for row in range(1, articles + 1)], NOW)
    for row in range(2, articles // 4):  # copies that join the stories of others, later texts
        first = ingest(articles + row, language)
        match = (Match(row, 0.9, "reprint", {"containment": 0.75, "jaccard": 0.5}),)
        store.apply([with_decision(first, Decision(Action.JOIN, row, match, None, None, "first published"))], NOW)
    for row in range(2, articles // 10):
        later = with_decision(ingest(row, language), Decision(Action.REVISE, row, (), None, None, ""))
        store.apply([later], NOW + timedelta(hours=1))
    ids = [f"a{n}" for n in range(1, 30)]
    for a, b in zip(ids[::2], ids[1::2], strict=False):
        store.add_link(LinkKind.CANNOT, a, b, NOW)
    store.add_alias("Outlet 3", "The Outlet", NOW)
    store.save_hosts({f"news{n}.example": {"average": 0.5} for n in range(50)}, NOW)
    store.save_delivery(Delivery("hook", 5))
    store.save_checkpoint("counts", 3, chance.randbytes(20_000))
    while store.index_for_search():
        pass


def with_decision(made: object, decision: Decision) -> object:
    from dataclasses import replace

    return replace(made, decision=decision)


def entry(key: str) -> Entry:
    return Entry(key, f"https://news.example/{key}", None, key, f"Title of {key}", "", "", (), NOW, None, "f1")


def reading(path: Path) -> bytes | None:
    """A digest of all that can be read from a database; None where reading fails."""
    digest = blake2b()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            for statement in statements(connection):
                for row in connection.execute(statement):
                    digest.update(repr(row).encode())
    except (sqlite3.Error, UnicodeDecodeError, OverflowError):
        return None
    return digest.digest()


def statements(connection: sqlite3.Connection) -> Iterator[str]:
    """Every table by itself, every index by itself, every word."""
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'search_words%'"
    for (table,) in connection.execute(f"{tables} ORDER BY name").fetchall():
        yield f'SELECT * FROM "{table}" NOT INDEXED'
        for _, index, *_ in connection.execute(f'PRAGMA index_list("{table}")').fetchall():
            columns = [row[2] for row in connection.execute(f'PRAGMA index_info("{index}")').fetchall()]
            found = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (index,)).fetchone()
            where = (found[0] or "").partition(" WHERE ")[2] if found else ""
            if found:  # else it is the table itself
                yield f'SELECT {", ".join(columns)} FROM "{table}" INDEXED BY "{index}" WHERE {where or 1}'
    connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, search_words, instance)")
    yield "SELECT term, doc, col, offset FROM temp.words"
    yield "SELECT id, sz FROM search_words_docsize"


def damaged(content: bytes, chance: random.Random, path: Path) -> int:
    """Write ``content`` with random bytes at a random place, which is returned."""
    place = chance.randrange(len(content) - BYTES)
    path.write_bytes(content[:place] + chance.randbytes(BYTES) + content[place + BYTES :])
    return place


def run(folder: Path, databases: int, articles: int, seed: int) -> Outcome:
    """The whole of it, in ``folder``."""
    chance = random.Random(seed)
    store_file, backup = folder / "store.db", folder / "backup.db"
    with open_store(f"sqlite:///{store_file}") as store:
        fill(store, articles, chance)
        store.backup(backup)
    whole = reading(store_file)
    assert whole is not None
    assert not broken(store_file)
    contents = store_file.read_bytes(), backup.read_bytes()
    outcome = Outcome()
    for number in range(databases):
        copy, made = folder / f"copy{number}.db", folder / "made.db"
        place = damaged(contents[0], chance, copy)
        found, harmed = broken(copy), reading(copy) != whole
        outcome.databases += 1
        outcome.found += found
        outcome.harmed += harmed
        if harmed and not found:
            outcome.missed.append(place)
        place = damaged(contents[1], chance, copy)
        try:
            restore(copy, made)
        except StorageError:
            outcome.backups_refused += 1
        else:
            outcome.backups_restored += 1
            if reading(made) != whole or broken(made):
                outcome.backups_wrong.append(place)
        for path in (copy, made):
            with suppress(FileNotFoundError):
                path.unlink()
    return outcome


def broken(path: Path) -> bool:
    """What ``doctor`` says."""
    return any(finding.state == "broken" for finding in doctor.database(f"sqlite:///{path}", NOW))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=100)
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--seed", type=int, default=6)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    began = time.monotonic()
    try:
        outcome = run(folder, args.databases, args.articles, args.seed)
    finally:
        shutil.rmtree(folder)
    print(f"{outcome.databases} databases with {BYTES} random bytes overwritten, {time.monotonic() - began:.0f} s")
    print(f"  found by doctor                {outcome.found:5}")
    print(f"  nothing readable was changed   {outcome.untouched:5}")
    print(f"  harmed and not found           {len(outcome.missed):5}   (harmed in all: {outcome.harmed})")
    print(f"{outcome.databases} backups with {BYTES} random bytes overwritten")
    print(f"  refused                        {outcome.backups_refused:5}")
    print(f"  restored whole                 {outcome.backups_restored - len(outcome.backups_wrong):5}")
    print(f"  restored otherwise             {len(outcome.backups_wrong):5}")


if __name__ == "__main__":
    main()
