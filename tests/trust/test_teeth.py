"""The oracles have teeth: each is run once over a program that was broken on purpose, in one place, and sees it.

What is broken is a few lines carried out in the process before its command, or one function replaced in this one.  What
the oracle says of it stands in ``docs/guarantees.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.storage import migrate
from tests.fakeweb import FakeWeb
from tests.storage.old_databases import upgrade_faults
from tests.trust import test_other_peoples_stories as strangers
from tests.trust import test_two_at_once as at_once
from tests.trust.running import newsroom
from tests.trust.warm import Warm

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


def says(faults: list[str], words: str) -> None:
    """The oracle sees the fault, and says so."""
    assert faults, "the oracle saw nothing"
    assert any(words in fault for fault in faults), faults


# 4. Two at once

NO_LOCK = "import fcntl; fcntl.flock = lambda *_: None"
ONE_LOOK = """
from pipeline.storage import migrate
look, seen = migrate.version_of, []

def version_of(connection, database):
    if not seen:
        seen.append(look(connection, database))
    return seen[0]

migrate.version_of = version_of
"""


def test_a_lock_that_is_not_taken(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    says(at_once.beside_faults(newsroom(tmp_path, web, warm), NO_LOCK), "a round beside the service ended with 0")


def test_a_step_that_does_not_look_at_the_version_under_its_lock(tmp_path: Path) -> None:
    says(at_once.together_faults(tmp_path, 1, ONE_LOOK), "already exists")


# 5. Upgrade

Steps = tuple[migrate.Step, ...]


def losing(steps: Steps) -> Steps:
    """The last step forgets the titles, as one does that builds a table anew and leaves out a column."""
    return (*steps[:-1], replace(steps[-1], sql=steps[-1].sql + "; UPDATE article SET title = ''"))


def skipping(steps: Steps) -> Steps:
    """A step that is noted and not carried out."""
    return tuple(replace(step, sql="") if step.version == 4 else step for step in steps)


def emptying(steps: Steps) -> Steps:
    """A step that drops what hangs on what it replaces."""
    return (*steps[:-1], replace(steps[-1], sql=steps[-1].sql + "; DELETE FROM address"))


STEPS: dict[Callable[[Steps], Steps], str] = {
    losing: "article: title 'Old title' became title ''",
    skipping: "the schema is not the newest",
    emptying: "address: identity",
}


@pytest.mark.parametrize(("broken", "words"), STEPS.items(), ids=[step.__name__ for step in STEPS])
def test_a_step_that_does_not_keep_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Steps], Steps], words: str
) -> None:
    worse = broken(migrate.steps("sqlite"))
    monkeypatch.setattr(migrate, "steps", lambda dialect="sqlite": worse)
    says(upgrade_faults(tmp_path / "db", 1), words)


def test_a_newer_database_that_is_not_refused(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    unjudged = "from pipeline.storage import migrate; migrate.check_version = lambda found, name: None"
    faults = at_once.newer_faults(newsroom(tmp_path, web, warm), unjudged)
    says(faults, "a round over a newer database ended with 0")
    says(faults, "the newer database was changed")


def test_a_damaged_sketch_that_is_not_left_out(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    taken = "from pipeline.dedup import opening; opening.is_whole = lambda blob: True"
    says(at_once.old_round_faults(at_once.old_room(tmp_path, web, warm, 1), taken), "`once` ended with")


# 7. Other people's stories

STRANGERS: dict[str, tuple[strangers.Attack, str]] = {
    "two stories become one wherever an article was verified against both": (
        strangers.bridges,
        "deciding.Deciding._are_alike = lambda *_: True",
    ),
    "what one outlet prints under two titles counts as shared wording": (
        strangers.furniture,
        "deciding.title_likeness = lambda *_: 1.0",
    ),
    "an article speaks for a story without being like the first of it": (
        strangers.drift,
        "deciding.Deciding._is_like_the_first = lambda *_: True",
    ),
    "a page may say that it is a page of another site": (strangers.canonical, "identity.same_site = lambda *_: True"),
}


@pytest.mark.parametrize(
    ("attack", "broken"), STRANGERS.values(), ids=[attack.__name__ for attack, _ in STRANGERS.values()]
)
def test_a_program_that_lets_strangers_in(
    tmp_path: Path, web: FakeWeb, warm: Warm, attack: strangers.Attack, broken: str
) -> None:
    prelude = f"from pipeline.dedup import deciding; from pipeline.urls import identity; {broken}"
    says(strangers.attack_faults(strangers.Outlets(web, tmp_path, warm), attack, prelude), "no story is")
