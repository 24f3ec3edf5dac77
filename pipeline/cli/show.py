"""How things look on a terminal: one console, safe text, JSON lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.text import printable, shortened

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipeline.run.report import Tally

WIDTH = 150  # columns where the output is no terminal: a file or a pipe can be scrolled
OUTCOME_STYLE = {"new": "green", "revised": "cyan", "seen": "dim", "skipped": "yellow", "failed": "red"}


def console(*, stderr: bool = False) -> Console:
    """Colour only on a terminal (rich also honours NO_COLOR); markup in outside text stays text."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


def table(*columns: str, title: str | None = None) -> Table:
    """A plain table; ``>name`` aligns right, ``~name`` may wrap."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for column in columns:
        made.add_column(
            column.lstrip(">~"),
            justify="right" if column.startswith(">") else "left",
            no_wrap=not column.startswith("~"),
            overflow="fold" if column.startswith("~") else "ellipsis",
        )
    return made


def text(value: object, style: str = "", width: int | None = None) -> Text:
    """Text from outside, made printable; never interpreted as markup."""
    from rich.text import Text

    shown = str(value)
    return Text(shortened(shown, width) if width else printable(shown), style=style)


def two_lines(first: object, second: object) -> Text:
    """A cell with a line for people and a dim one with the address."""
    cell = text(first)
    cell.append("\n")
    return cell.append_text(text(second, "dim"))


def json_lines(rows: Iterable[Any]) -> None:
    """One JSON object a line on standard output, UTF-8, flushed line by line where somebody watches."""
    out = sys.stdout.buffer
    encode = msgspec.json.Encoder(enc_hook=str).encode
    for row in rows:
        out.write(encode(row) + b"\n")
    out.flush()


def moment(value: datetime | None) -> str:
    """``2026-01-31 08:05`` in the reader's zone; empty for none."""
    return f"{value.astimezone():%Y-%m-%d %H:%M}" if value else ""


def span(seconds: float) -> str:
    """``3 min`` rather than 187.2 seconds.

    >>> span(0.04), span(187), span(7300)
    ('40 ms', '3 min', '2.0 h')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 90:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 129600 else f"{seconds / 86400:.1f} d"


def ticker() -> Callable[[str, int, int], None]:
    """How far a long reading is, on one line of a terminal's standard error; every ten seconds elsewhere."""
    stream, shown = sys.stderr, time.monotonic()
    live = stream.isatty()
    wait = 0.2 if live else 10.0

    def tell(what: str, done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if what and now - shown < wait:
            return
        shown = now
        line = f"reading {what}: {done:,} of {total:,} rows" if what else ""
        if live or line:
            stream.write(f"\r{line:<60}\r" if live else f"{line}\n")
            stream.flush()

    return tell


@contextmanager
def progress(*, enabled: bool) -> Iterator[Callable[[Tally, int], None]]:
    """A live line of what a round does, on a terminal only; yields what ``run_round`` is to tell."""
    screen = console(stderr=True)
    if not (enabled and screen.is_terminal):
        yield lambda _tally, _in_hand: None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(),
        TextColumn("feeds {task.fields[feeds]}"),
        BarColumn(),
        TextColumn("{task.fields[line]}"),
    )
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("", total=None, feeds="", line="")

        def watch(tally: Tally, in_hand: int) -> None:
            done = sum(tally.outcomes.values())
            bar.update(
                task,
                completed=tally.feeds_polled + done,
                total=max(1, tally.feeds_due + done + in_hand),
                feeds=f"{tally.feeds_polled}/{tally.feeds_due}",
                line=" ".join(f"{n} {name}" for name, n in sorted(tally.outcomes.items())) + f" · {in_hand} in hand",
            )

        yield watch
