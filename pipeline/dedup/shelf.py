"""Profiles of stored articles at hand: a bounded cache in front of the database."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from pipeline.dedup.profile import Profile, profiles
from pipeline.dedup.source import Source


class Shelf:
    """Profiles by row, the newest kept; others are made again from the stored text.

    Profiles of one batch are views into its arrays and live and go together: news is compared with news, so
    that what is asked for is nearly always recent.
    """

    def __init__(self, source: Source, capacity: int) -> None:
        self._source = source
        self._capacity = capacity  # bytes
        self._held: dict[int, Profile] = {}
        self._groups: deque[tuple[tuple[int, ...], int]] = deque()  # rows and bytes, oldest first
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._bytes

    def put(self, own: Mapping[int, Profile]) -> None:
        """Keep the profiles of a batch; the oldest batches make room."""
        size = sum(profile.nbytes for profile in own.values())
        self._held.update(own)
        self._groups.append((tuple(own), size))
        self._bytes += size
        while self._bytes > self._capacity and len(self._groups) > 1:
            rows, size = self._groups.popleft()
            self._bytes -= size
            for row in rows:
                self._held.pop(row, None)

    def drop(self, row: int) -> None:
        """Forget a profile: the article has another text now, or is gone."""
        self._held.pop(row, None)

    def get(self, rows: Iterable[int]) -> dict[int, Profile]:
        """Profiles by row; rows that are not stored are left out."""
        held = self._held
        found = {row: held[row] for row in rows if row in held}
        missing = [row for row in rows if row not in found]
        if missing:
            stored = self._source.articles(missing)
            there = [row for row in missing if row in stored]
            made = dict(zip(there, profiles([stored[row].article for row in there]), strict=True))
            self.put(made)
            found.update(made)
        return found
