"""Profiles of stored articles at hand: a bounded cache in front of the database."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from pipeline.dedup.profile import Profile, profiles
from pipeline.dedup.source import Source


class Shelf:
    """Profiles by row, the last used ones kept; others are made again from the stored text."""

    def __init__(self, source: Source, capacity: int) -> None:
        self._source = source
        self._capacity = capacity  # bytes
        self._held: OrderedDict[int, Profile] = OrderedDict()
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._bytes

    def put(self, row: int, profile: Profile) -> None:
        """Keep a profile; the least recently used ones make room."""
        self.drop(row)
        kept = profile.detached()
        self._held[row] = kept
        self._bytes += kept.nbytes
        while self._bytes > self._capacity and len(self._held) > 1:
            _, old = self._held.popitem(last=False)
            self._bytes -= old.nbytes

    def drop(self, row: int) -> None:
        """Forget a profile: the article has another text now, or is gone."""
        old = self._held.pop(row, None)
        if old is not None:
            self._bytes -= old.nbytes

    def get(self, rows: Iterable[int]) -> dict[int, Profile]:
        """Profiles by row; rows that are not stored are left out."""
        found: dict[int, Profile] = {}
        missing = []
        for row in rows:
            held = self._held.get(row)
            if held is None:
                missing.append(row)
            else:
                self._held.move_to_end(row)
                found[row] = held
        if missing:
            stored = self._source.articles(missing)
            made = profiles([stored[row].article for row in missing if row in stored])
            for row, profile in zip((r for r in missing if r in stored), made, strict=True):
                self.put(row, profile)
                found[row] = profile
        return found
