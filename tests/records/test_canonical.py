"""Which article speaks for a story, and the rule that the record names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.dedup import outlet_hash
from pipeline.dedup.canonical import Ranks, elect, name_hash, speaks
from pipeline.dedup.profile import profile
from pipeline.model import Article, OriginKind, OriginSign
from tests.records.conftest import BRIDGE, NOW, Newsroom, article

WIRE = article("bridge", BRIDGE, "Meridian Wire", published=NOW)
EARLY = NOW - timedelta(hours=1)


def other(**more: Any) -> Article:
    made = article("bridge-shut", BRIDGE, "Ashby Post", published=EARLY)
    return replace(made, **more)


def naming(kind: OriginKind, value: str, **more: Any) -> Article:
    return other(origins=(OriginSign(kind, value),), **more)


NONE = Ranks()
PRIORITY = Ranks({outlet_hash("Meridian Wire"): 5})
BEHIND = Ranks({outlet_hash("Ashby Post"): 5})
AGENCY = Ranks(agencies={outlet_hash("Meridian Wire"): frozenset({name_hash("MW")})})


@pytest.mark.parametrize(
    ("new", "old", "ranks", "expected"),
    [
        # an explicit source comes before everything
        (WIRE, naming(OriginKind.IS_BASED_ON, WIRE.url), BEHIND, (True, "named as the source")),
        (naming(OriginKind.IS_BASED_ON, WIRE.url), WIRE, BEHIND, (False, "named as the source")),
        (WIRE, naming(OriginKind.SOURCE_ORGANIZATION, "The Meridian Wire"), NONE, (True, "named as the source")),
        (WIRE, naming(OriginKind.CANONICAL, WIRE.url), NONE, (True, "named as the source")),
        (
            WIRE,
            naming(OriginKind.SYNDICATION_SOURCE, "https://www.meridian-wire.example/x"),
            NONE,
            (True, "named as the source"),
        ),
        (WIRE, naming(OriginKind.AGENCY_CREDIT, "MW"), AGENCY, (True, "named as the source")),
        (WIRE, naming(OriginKind.AGENCY_DATELINE, "MW"), AGENCY, (True, "named as the source")),
        (WIRE, other(agencies=("MW",)), AGENCY, (True, "named as the source")),
        # a source that is nobody here says nothing
        (WIRE, naming(OriginKind.AGENCY_CREDIT, "MW"), NONE, (False, "first published")),
        (WIRE, naming(OriginKind.CANONICAL, "https://elsewhere.example/x"), NONE, (False, "first published")),
        # then priority
        (WIRE, other(), PRIORITY, (True, "priority of the outlet")),
        (WIRE, other(), BEHIND, (False, "priority of the outlet")),
        # then time
        (WIRE, other(), NONE, (False, "first published")),
        (other(), WIRE, NONE, (True, "first published")),
        (replace(WIRE, published=EARLY + timedelta(days=1)), other(), NONE, (False, "first published")),
        # a day without a time of day is earlier only than another day
        (other(published=NOW.replace(hour=0), published_day_only=True), WIRE, NONE, (False, "came first")),
        (other(published=NOW - timedelta(days=1), published_day_only=True), WIRE, NONE, (True, "first published")),
        # then length
        (other(published=None, text=BRIDGE + BRIDGE), WIRE, NONE, (True, "fullest text")),
        (other(published=None, text=BRIDGE[:200]), WIRE, NONE, (False, "fullest text")),
        (other(published=None), WIRE, NONE, (False, "came first")),
    ],
)
def test_the_rules_in_their_order(new: Article, old: Article, ranks: Ranks, expected: tuple[bool, str]) -> None:
    assert speaks(profile(new), profile(old), ranks) == expected


def test_an_outlet_does_not_name_itself() -> None:
    own = replace(WIRE, url=WIRE.url + "-2", origins=(OriginSign(OriginKind.CANONICAL, WIRE.url),), agencies=("MW",))
    assert speaks(profile(own), profile(WIRE), AGENCY)[1] == "came first"


def test_the_strongest_rule_is_named() -> None:
    copies = [WIRE, naming(OriginKind.CANONICAL, WIRE.url), article("c", BRIDGE, "Weir Gazette", published=NOW)]
    members = list(enumerate(map(profile, copies), 1))
    assert elect(members, NONE) == (1, "named as the source")
    assert elect(members[1:], NONE) == (2, "first published")
    assert elect(members[:1], NONE) == (1, "only article")


def test_the_record_says_which_rule_decided(newsroom: Newsroom) -> None:
    def told() -> tuple[str, str]:
        (story,) = newsroom.told("stories")
        return story["outlet"], story["canonical_rule"]

    newsroom.add(WIRE)
    assert told() == ("Meridian Wire", "only article")
    newsroom.add(article("bridge", BRIDGE, "Weir Gazette", published=NOW + timedelta(hours=1)))
    assert told() == ("Meridian Wire", "first published"), "also when the one that spoke keeps speaking"
    newsroom.add(other())
    assert told() == ("Ashby Post", "first published")


def test_priority_comes_from_the_configuration(newsroom: Newsroom) -> None:
    feed = '[[feeds]]\nurl = "https://feeds.example/1"\noutlet = "Meridian Wire"\npriority = 3\n'
    newsroom.configure(feed)
    newsroom.add(other(), WIRE)
    (story,) = newsroom.told("stories")
    assert (story["outlet"], story["canonical_rule"]) == ("Meridian Wire", "priority of the outlet")


def test_an_agency_is_known_by_its_short_name(newsroom: Newsroom) -> None:
    newsroom.configure('[[feeds]]\nurl = "https://feeds.example/1"\noutlet = "The Associated Press"\n')
    newsroom.add(
        other(origins=(OriginSign(OriginKind.AGENCY_DATELINE, "AP"),)),
        article("bridge", BRIDGE, "The Associated Press", published=NOW),
    )
    (story,) = newsroom.told("stories")
    assert (story["outlet"], story["canonical_rule"]) == ("The Associated Press", "named as the source")
