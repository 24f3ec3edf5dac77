"""What the matcher keeps in memory of every stored article and story: a few bytes each.

All of it is derived from the database.  Rows are those of the database, which begin at 1 and rise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Column:
    """An array that grows as rows come; unset places hold ``empty``."""

    def __init__(self, dtype: str, empty: float = 0) -> None:
        self._empty = empty
        self.values: NDArray[Any] = np.full(1024, empty, dtype)

    def __setitem__(self, rows: Rows | int, values: Any) -> None:
        last = rows if isinstance(rows, int) else int(rows.max(initial=0))
        if last >= len(self.values):
            size = max(last + 1, len(self.values) + len(self.values) // 2)
            grown = np.full(size, self._empty, self.values.dtype)
            grown[: len(self.values)] = self.values
            self.values = grown
        self.values[rows] = values

    def __getitem__(self, rows: Rows) -> NDArray[Any]:
        """Values at ``rows``; those never set are empty."""
        if not len(rows) or int(rows.max()) < len(self.values):
            return self.values[rows]
        known = rows < len(self.values)
        return np.where(known, self.values[np.where(known, rows, 0)], self._empty)


class Ledger:
    """Article row -> story, length, time; story row -> the article that speaks for it."""

    def __init__(self) -> None:
        self._story = Column("uint32")  # by article; 0: not stored
        self._size = Column("uint32")
        self._time = Column("float32", float("nan"))
        self._started = Column("bool")
        self._canonical = Column("uint32")  # by story; 0: to be asked for
        self._first = Column("uint32")  # by story: the article that began it, or the oldest left in it
        self._into: dict[int, int] = {}  # stories merged since the start

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        columns = (self._story, self._size, self._time, self._started, self._canonical, self._first)
        return sum(c.values.nbytes for c in columns)

    def load(self, rows: Rows, stories: Rows, sizes: Rows, times: NDArray[np.float64]) -> None:
        """Stored articles in row order; the first of each story counts as the one that began it."""
        begins = np.zeros(len(rows), np.bool_)
        begins[np.unique(stories, return_index=True)[1]] = True
        begins &= self._canonical[stories] == 0
        self._canonical[stories] = 1  # marks the stories met until ``loaded``
        self.expect(rows, sizes, times)
        self.enter(rows, stories, begins)
        self._first[stories[begins]] = rows[begins]

    def begin(self, story: int, row: int) -> None:
        """An article begins a story."""
        self._first[story] = row

    def first(self, story: int) -> int:
        """The article that began a story, though it may have left it; 0 where that is not known."""
        return int(self._first[np.array([story])][0])

    def loaded(self) -> None:
        """End of loading: who speaks for a story is asked for when it is needed."""
        self._canonical.values[:] = 0

    def expect(self, rows: Rows, sizes: Rows, times: NDArray[np.float64]) -> None:
        """Length (usable shingles) and time (seconds since the epoch or nan) of articles."""
        self._size[rows] = sizes
        self._time[rows] = times

    def enter(self, rows: Rows, stories: Rows, started: NDArray[np.bool_]) -> None:
        """Articles, the stories they are in, and whether they began them."""
        self._story[rows] = stories
        self._started[rows] = started

    def speak(self, speakers: Mapping[int, int]) -> None:
        """Story -> the article that speaks for it from now on."""
        if speakers:
            rows = np.fromiter(speakers, np.int64, len(speakers))
            self._canonical[rows] = np.fromiter(speakers.values(), np.int64, len(speakers))

    def merge(self, folded: int, into: int) -> None:
        """Every article of ``folded`` is in ``into`` from now on."""
        self._into[folded] = into

    def remove(self, row: int) -> None:
        """The article is gone: it is no candidate any more."""
        self._story[row] = 0
        self._size[row] = 0

    def sizes(self, rows: Rows) -> Rows:
        """Usable shingles of articles."""
        return self._size[rows].astype(np.int64)

    def times(self, rows: Rows) -> NDArray[np.float64]:
        """Seconds since the epoch, nan where unknown."""
        return self._time[rows].astype(np.float64)

    def started(self, rows: Rows) -> NDArray[np.bool_]:
        """Whether articles began a story (and so are counted)."""
        return self._started[rows].astype(np.bool_)

    def stories(self, rows: Rows) -> list[int]:
        """The living stories of articles; 0 for those that have none yet."""
        found: list[int] = self._story[rows].tolist()
        return [self.living(story) for story in found] if self._into else found

    def story(self, row: int) -> int:
        """The living story of one article; 0 where it has none."""
        return self.stories(np.array([row]))[0]

    def members(self, story: int) -> list[int]:
        """Rows of the articles in a living story, in order; walks all articles."""
        names = [story, *(folded for folded in self._into if self.living(folded) == story)]
        found: list[int] = np.flatnonzero(np.isin(self._story.values, names)).tolist()
        return found

    def canonicals(self, stories: list[int]) -> list[int]:
        """Rows of the articles that speak for stories; 0 where they must be asked for."""
        found: list[int] = self._canonical[np.array(stories, np.int64)].tolist()
        return found

    def living(self, story: int) -> int:
        """``story``, or the one it was merged into."""
        while story in self._into:
            story = self._into[story]
        return story
