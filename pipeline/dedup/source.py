"""What the matcher needs of a database, and how it is set up from one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from pipeline.model import StoredArticle


class Source(Protocol):
    """The reading side of a store."""

    def next_rows(self) -> tuple[int, int]:
        """Rows that the next article and the next story get."""
        ...

    def sketches(self, after_row: int = 0) -> Iterator[tuple[int, int, int | None, bytes]]:
        """(article row, story row, seconds since the epoch or None, sketch), in row order."""
        ...

    def articles(self, rows: Sequence[int]) -> Mapping[int, StoredArticle]:
        """Whole articles by row; rows that are not there are left out."""
        ...

    def story_of(self, rows: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        """Article row -> (story row, row of the article that speaks for it)."""
        ...

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        """What was learned from the articles up to a row."""
        ...


class Keeper(Protocol):
    """Where checkpoints are kept."""

    def save_checkpoint(self, name: str, upto_row: int, blob: bytes) -> None:
        """Keep what was learned from the articles up to ``upto_row``."""
        ...
