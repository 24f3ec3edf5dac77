"""The state of all stories, told by the event stream alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class State:
    """What a consumer knows that kept nothing but events."""

    home: dict[str, str] = field(default_factory=dict)  # article → story
    speaker: dict[str, str] = field(default_factory=dict)  # story → article
    rule: dict[str, str] = field(default_factory=dict)
    onward: dict[str, str] = field(default_factory=dict)  # merged story → story
    revision: dict[str, int] = field(default_factory=dict)

    def stories(self) -> dict[str, tuple[str, frozenset[str]]]:
        living: dict[str, set[str]] = {}
        for article, story in self.home.items():
            living.setdefault(story, set()).add(article)
        return {story: (self.speaker[story], frozenset(members)) for story, members in living.items()}


def rebuilt(events: Iterable[dict[str, Any]]) -> State:
    state = State()
    for event in events:
        story, article, other = event["story_id"], event["article_id"], event["other_story_id"]
        match event["kind"]:
            case "started":
                state.home[article] = story
                state.speaker[story], state.rule[story] = article, event["detail"]
                state.revision.setdefault(article, 1)
            case "joined":
                state.home[article] = story
                state.revision.setdefault(article, 1)
                if event["detail"]:
                    state.rule[story] = event["detail"]
            case "canonical":
                state.speaker[story], state.rule[story] = article, event["detail"]
            case "merged":
                state.onward[other] = story
                for member, home in list(state.home.items()):
                    if home == other:
                        state.home[member] = story
            case "revised":
                state.revision[article] += 1
            case "left":
                state.home[article] = other
    return state


def stored(stories: Iterable[dict[str, Any]]) -> dict[str, tuple[str, frozenset[str]]]:
    """``stories --json`` in the same form."""
    return {
        story["story_id"]: (
            next(a["article_id"] for a in story["articles"] if a["canonical"]),
            frozenset(a["article_id"] for a in story["articles"]),
        )
        for story in stories
    }
