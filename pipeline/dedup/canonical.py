"""Which of two articles speaks for a story, and by which rule.

The rules, in order: the one that the other names as its source (markup, canonical link, agency credit or
dateline); the higher priority of the outlet; the earlier publication; the fuller text; and where nothing tells
them apart, the one that came first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.dedup.profile import Profile
from pipeline.dedup.voice import domain_hash, name_hash

FULLER = 1.2  # times as many words: less is no reason to change
DAY = 86_400.0

ONLY = "only article"
SOURCE = "named as the source"
PRIORITY = "priority of the outlet"
FIRST = "first published"
FULLEST = "fullest text"
CAME_FIRST = "came first"


@dataclass(frozen=True, slots=True)
class Ranks:
    """What is known of outlets, by ``profile.outlet_hash`` of their names.

    ``priorities``: higher speaks first, 0 where not named; ``agencies``: ``voice.name_hash`` of the other names
    an outlet goes by, such as the short name of an agency.
    """

    priorities: Mapping[int, int] = field(default_factory=dict)
    agencies: Mapping[int, frozenset[int]] = field(default_factory=dict)


def speaks(new: Profile, old: Profile, ranks: Ranks) -> tuple[bool, str]:
    """Whether ``new`` speaks instead of ``old``, and the rule that said so."""
    source = _named(new, old, ranks) - _named(old, new, ranks)
    if source:
        return source > 0, SOURCE
    rank = ranks.priorities.get(new.outlet, 0) - ranks.priorities.get(old.outlet, 0)
    if rank:
        return rank > 0, PRIORITY
    later = _later(new, old)
    if later:
        return later < 0, FIRST
    if new.n_tokens > FULLER * old.n_tokens:
        return True, FULLEST
    if old.n_tokens > FULLER * new.n_tokens:
        return False, FULLEST
    return False, CAME_FIRST


def elect(members: Sequence[tuple[int, Profile]], ranks: Ranks) -> tuple[int, str]:
    """Row of the one among ``members`` (at least one, in order of arrival) that speaks, and by which rule.

    The rule is the strongest by which it speaks rather than another.
    """
    row, speaker = members[0]
    for challenger, profile in members[1:]:
        if speaks(profile, speaker, ranks)[0]:
            row, speaker = challenger, profile
    rules = {speaks(profile, speaker, ranks)[1] for other, profile in members if other != row}
    order = (SOURCE, PRIORITY, FIRST, FULLEST, CAME_FIRST)
    return row, next((rule for rule in order if rule in rules), ONLY)


def _named(one: Profile, other: Profile, ranks: Ranks) -> int:
    """1 if ``other`` names the outlet of ``one``, or its site, as its source, and is another outlet."""
    if not other.sources or other.outlet == one.outlet:
        return 0
    names = {one.name, *ranks.agencies.get(one.outlet, ())} - {0}
    domain = domain_hash(one.site) if one.site else 0
    if domain and domain != domain_hash(other.site):
        names.add(domain)
    return int(not names.isdisjoint(other.sources))


def _later(new: Profile, old: Profile) -> float:
    """Seconds by which ``new`` was published later; 0 where that cannot be told."""
    if new.time != new.time or old.time != old.time:
        return 0.0
    if new.day_only or old.day_only:
        return (new.time // DAY) - (old.time // DAY)
    return new.time - old.time


__all__ = ["ONLY", "Ranks", "elect", "name_hash", "speaks"]
