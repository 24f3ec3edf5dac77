"""Which of two articles speaks for a story, and by which rule.

The rules, in order: the outlet that the other one credits as its agency; the higher priority of the outlet;
the earlier publication; the fuller text where a time is missing.  The one that speaks already keeps its place
unless a rule says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.dedup.profile import Profile

FULLER = 1.2  # times as many words: less is no reason to change

ONLY = "only article"


def speaks(new: Profile, old: Profile, priorities: Mapping[int, int]) -> str:
    """The rule by which ``new`` speaks instead of ``old``; "" where it does not.

    ``priorities``: outlet hash -> priority, higher first, 0 where not named.
    """
    source = _credited(new, old) - _credited(old, new)
    if source:
        return "credited as the source" if source > 0 else ""
    rank = priorities.get(new.outlet, 0) - priorities.get(old.outlet, 0)
    if rank:
        return "priority of the outlet" if rank > 0 else ""
    if new.time != old.time and new.time == new.time and old.time == old.time:
        return "first published" if new.time < old.time else ""
    if new.time == old.time:
        return ""
    return "fullest text" if new.n_tokens > FULLER * old.n_tokens else ""


def _credited(one: Profile, other: Profile) -> int:
    """1 if ``other`` credits the outlet of ``one``, and is another outlet."""
    return int(bool(one.outlet) and other.agency == one.outlet and other.outlet != one.outlet)
