"""What the matcher keeps in memory of every stored article and story: a few bytes each.

All of it is derived from the database.  Rows are those of the database, which begin at 1 and rise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Column:
    """An array that grows as rows come; unset places hold ``empty``."""

    def __init__(self, dtype: str, empty: float = 0) -> None:
        self._empty = empty
        self.values: NDArray[np.generic] = np.full(1024, empty, dtype)

    def reach(self, row: int) -> NDArray[np.generic]:
        """The array, long enough to hold ``row``."""
        if row >= len(self.values):
            size = max(row + 1, len(self.values) + len(self.values) // 2)
            grown = np.full(size, self._empty, self.values.dtype)
            grown[: len(self.values)] = self.values
            self.values = grown
        return self.values


class Ledger:
    """Article row -> story, length, time; story row -> the article that speaks for it."""

    def __init__(self) -> None:
        self._story = Column("uint32")
        self._size = Column("uint32")
        self._time = Column("float32", float("nan"))
        self._started = Column("bool")
        self._canonical = Column("uint32")  # by story; 0 where it is not known yet
        self._into = Column("uint32")  # by story: merged into, 0 where it is not

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        columns = (self._story, self._size, self._time, self._started, self._canonical, self._into)
        return sum(c.values.nbytes for c in columns)

    def enter(self, row: int, story: int, size: int, time: float, *, started: bool) -> None:
        """An article and the story it is in; ``started`` when it began the story."""
        self._story.reach(row)[row] = story
        self._size.reach(row)[row] = size
        self._time.reach(row)[row] = time
        self._started.reach(row)[row] = started

    def expect(self, rows: Rows, sizes: Rows, times: NDArray[np.float64]) -> None:
        """Articles that are being decided about: they can be candidates before they have a story."""
        last = int(rows.max())
        self._story.reach(last)[rows] = 0
        self._size.reach(last)[rows] = sizes
        self._time.reach(last)[rows] = times

    def resize(self, row: int, size: int, time: float) -> None:
        """The article has another text."""
        self._size.reach(row)[row] = size
        self._time.reach(row)[row] = time

    def enter_many(self, rows: Rows, stories: Rows, sizes: Rows, times: NDArray[np.float64]) -> None:
        """Stored articles in row order; the first of each story counts as the one that began it."""
        last = int(rows.max())
        fresh = np.zeros(len(rows), np.bool_)
        fresh[np.unique(stories, return_index=True)[1]] = True
        known = self._into.reach(int(stories.max()))  # one slot per story, used as a mark while loading
        fresh &= known[stories] == 0
        known[stories] = 1
        self._story.reach(last)[rows] = stories
        self._size.reach(last)[rows] = sizes
        self._time.reach(last)[rows] = times
        self._started.reach(last)[rows] = fresh

    def loaded(self) -> None:
        """End of ``enter_many``: the database names living stories only."""
        self._into.values[:] = 0

    def sizes(self, rows: Rows) -> Rows:
        """Usable shingles of articles."""
        return self._size.values[rows].astype(np.int64)

    def times(self, rows: Rows) -> NDArray[np.float64]:
        """Seconds since the epoch, nan where unknown."""
        return self._time.values[rows].astype(np.float64)

    def started(self, row: int) -> bool:
        """Whether the article began a story (and so is counted)."""
        return row < len(self._started.values) and bool(self._started.values[row])

    def story(self, row: int) -> int:
        """The living story of an article; 0 for an article that is not there."""
        return self.living(int(self._story.values[row])) if row < len(self._story.values) else 0

    def living(self, story: int) -> int:
        """``story``, or the one it was merged into."""
        merged = self._into.values
        while story < len(merged) and merged[story]:
            story = int(merged[story])
        return story

    def canonical(self, story: int) -> int:
        """Row of the article that speaks for a story; 0 where it must be asked for."""
        return int(self._canonical.values[story]) if story < len(self._canonical.values) else 0

    def speak(self, story: int, row: int) -> None:
        """From now on ``row`` speaks for ``story``."""
        self._canonical.reach(story)[story] = row

    def merge(self, folded: int, into: int) -> None:
        """Every article of ``folded`` is in ``into`` from now on."""
        self._into.reach(max(folded, into))[folded] = into

    def remove(self, row: int) -> None:
        """The article is gone: it is no candidate any more."""
        if row < len(self._story.values):
            self._story.values[row] = 0
