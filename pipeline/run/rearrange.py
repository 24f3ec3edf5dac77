"""From stories as they are and as they would be to the changes between them.  Pure.

Each group of a replay keeps the story that most of its articles are in; where two groups claim one story, the
one with more of its articles keeps it (then the older), and the other gets a new id.  So an id keeps its
meaning as far as can be, and what follows a story by its id loses as little as possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """A group of articles, and the story (row) that it stays in; None for a new one."""

    group: int
    story: int | None
    articles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What would change.  Stories and articles by row, groups by their number."""

    kept: tuple[Kept, ...]  # all groups whose story changes
    merged: tuple[tuple[int, int], ...]  # (story that is left empty, group its articles went to)
    split: tuple[Kept, ...]  # new stories
    moved: tuple[int, ...]  # articles that change their story

    def __bool__(self) -> bool:
        return bool(self.kept)


def difference(now: Mapping[int, int], groups: Mapping[int, Sequence[int]]) -> Difference:
    """``now``: article → story, of the same articles that ``groups`` (group → articles) holds."""
    claims = [
        (-count, story, group)
        for group, rows in groups.items()
        for story, count in Counter(now[row] for row in rows).items()
    ]
    story_of: dict[int, int] = {}
    taken: set[int] = set()
    for _, story, group in sorted(claims):
        if group not in story_of and story not in taken:
            story_of[group] = story
            taken.add(story)
    moved = tuple(sorted(r for group, rows in groups.items() for r in rows if now[r] != story_of.get(group)))
    touched = {now[row] for row in moved}
    group_of = {row: group for group, rows in groups.items() for row in rows}
    moving = {group_of[row] for row in moved}
    kept = tuple(
        Kept(group, story_of.get(group), tuple(rows))
        for group, rows in sorted(groups.items())
        if group in moving or story_of.get(group) in touched
    )
    emptied = sorted(touched - taken)
    merged = tuple((story, _heir(story, now, group_of)) for story in emptied)
    return Difference(kept, merged, tuple(k for k in kept if k.story is None), moved)


def _heir(story: int, now: Mapping[int, int], group_of: Mapping[int, int]) -> int:
    """The group that got most of the articles of a story."""
    found = Counter(group_of[row] for row, home in now.items() if home == story)
    return min(found, key=lambda group: (-found[group], group))
