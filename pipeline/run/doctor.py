"""What is wrong, in words: one finding for each thing looked at, and what to do about it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.errors import Rejected, StorageError
from pipeline.fetch import Request
from pipeline.health import assess
from pipeline.storage import open_store

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.fetch import Web
    from pipeline.model import FeedSource
    from pipeline.storage import Store
    from pipeline.storage.seals import Progress

State = Literal["well", "warning", "broken"]
LITTLE_SPACE = 1 << 30  # bytes left on the disk
SKEW = timedelta(minutes=5)  # between this clock and others: more, and dates of articles cannot be trusted
ASKED = 3  # hosts asked for their time
EARLIEST = datetime.fromisoformat("2025-01-01T00:00:00+00:00")  # before this program was written


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``todo`` is a sentence for people, "" where all is well."""

    what: str
    state: State
    said: str
    todo: str = ""


def configuration(config: Config) -> Iterator[Finding]:
    """What a valid configuration may still lack."""
    yield Finding("configuration", "well", f"{config.path or 'defaults'}: valid, {len(config.feeds)} feeds")
    if not config.feeds:
        yield Finding("feeds", "warning", "no feed is configured", "`feeds add URL` adds one.")
    if not config.sections["fetch"].contact:
        todo = "Set [fetch] contact, so that site owners can reach you before they block you."
        yield Finding("contact", "warning", "requests say nothing about who sends them", todo)


def database(url: str, now: datetime, progress: Progress | None = None) -> Iterator[Finding]:
    """The database's file, read whole, telling ``progress``; what is in it that should not be."""
    path = Path(url.partition("sqlite:///")[2].partition("?")[0])
    file = url.startswith("sqlite:")
    if file and not path.exists():
        yield Finding("database", "warning", f"{path} is not there yet", "The first round makes it.")
        return
    try:
        with open_store(url, read_only=True) as store:
            faults = store.full_check(progress=progress)
            if not faults:
                counts = store.counts()
                name = path if file else f"on the server, {store.size_bytes() >> 20} MiB"
                said = f"{name}: sound, {counts.articles} articles in {counts.stories} stories"
                yield Finding("database", "well", said)
                yield from _stored(store, now)
    except (StorageError, ValueError, TypeError, OverflowError) as error:  # damaged values cannot even be read
        faults = [str(error)]
    for fault in faults:
        yield Finding("database", "broken", fault, _what_to_do(fault) if file else _SERVER)


_SERVER = "Stop the service; where rows are damaged, restore the latest dump (pg_restore) into a new database."


def _what_to_do(fault: str) -> str:
    if "temporary files" in fault:
        return "Make room where they go, or set SQLITE_TMPDIR to a folder with room."
    if any(sign in fault for sign in _DERIVED):
        return "Stop the service; `doctor --repair` builds it anew from the rows."
    todo = "Stop the service, move the file away, and `restore` the latest backup."
    if any(sign in fault for sign in _SEALS):
        todo += " Where somebody changed rows by hand and they are right: `doctor --accept`."
    return todo


# How the checks speak of what can be made again from the rows, and of rows that are not what was stored.
_DERIVED = ("search index", "missing from index", "entries in index", "non-unique entry in index", "the index ")
_SEALS = ("as they were stored", "were stored", "the seals ")


def _stored(store: Store, now: datetime) -> Iterator[Finding]:
    for trouble in assess(store.feeds(), now).troubles:
        said = f"{trouble.outlet}: {trouble.reason}, {trouble.tried} times in a row: {trouble.detail}"
        yield Finding("feed", "warning", said, trouble.todo)
    for told in store.deliveries():
        if told.attempts:
            said = f"{told.hook}: failed {told.attempts} times in a row: {told.detail}"
            yield Finding("webhook", "warning", said, "Check the receiver; events wait for it and none is lost.")
    backlog = store.search_backlog()
    if backlog > 20_000:
        yield Finding("search", "warning", f"{backlog} changes are not indexed yet", "The service does it when idle.")


def disk(url: str) -> Iterator[Finding]:
    """Room and rights where the database is; a server looks after its own."""
    if not url.startswith("sqlite:"):
        return
    path = Path(url.partition("sqlite:///")[2].partition("?")[0])
    folder = path.absolute().parent
    if not folder.is_dir():
        yield Finding("disk", "broken", f"there is no folder {folder}", "Make it, or change [storage] url.")
        return
    free = shutil.disk_usage(folder).free
    low = free < LITTLE_SPACE
    todo = "Make room, or set [retention] max_mib." if low else ""
    yield Finding("disk", "warning" if low else "well", f"{folder}: {free >> 20} MiB free", todo)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield Finding("disk", "broken", f"{folder} cannot be written: {error.strerror}", "Correct its rights.")


async def network(web: Web, feeds: Sequence[FeedSource], now: datetime) -> list[Finding]:
    """Whether feeds of different hosts answer, and how their clocks compare with this one."""
    asked: dict[str, FeedSource] = {}
    for feed in feeds:
        asked.setdefault(feed.url.partition("//")[2].partition("/")[0], feed)
    findings, skews, failures = [], [], []
    for feed in list(asked.values())[:ASKED]:
        try:
            response = await web.fetch(Request.for_feed(feed))
        except Rejected as error:
            failures.append(f"{feed.outlet}: {error}")
            continue
        try:
            skews.append(now - parsedate_to_datetime(response.headers.get("date", "")))
        except (ValueError, TypeError):
            continue
    tried = min(len(asked), ASKED)
    if failures and len(failures) == tried:
        todo = "Check DNS, firewall and proxy of this machine."
        findings.append(Finding("network", "broken", "no feed answers; " + "; ".join(failures), todo))
    elif tried:
        findings.append(Finding("network", "well", f"{tried - len(failures)} of {tried} feeds asked answer"))
    return [*findings, clock(skews, now)]


def clock(skews: Sequence[timedelta], now: datetime) -> Finding:
    """This machine's clock against those of the servers asked (the middle one of them)."""
    todo = "Set the clock; let it follow a time server (NTP)."
    if now < EARLIEST:
        return Finding("clock", "broken", f"it says {now:%Y-%m-%d}", todo)
    if not skews:
        return Finding("clock", "well", f"it says {now:%Y-%m-%d %H:%M} UTC; no server was asked")
    skew = sorted(skews)[len(skews) // 2]
    if abs(skew) > SKEW:
        way = "ahead" if skew > timedelta(0) else "behind"
        return Finding("clock", "broken", f"it is {abs(skew).total_seconds():.0f} seconds {way} of others", todo)
    return Finding("clock", "well", f"within {SKEW.total_seconds() / 60:.0f} minutes of others")
