"""The oracles have teeth: each is run once over a program that was broken on purpose, in one place, and sees it.

What is broken is a few lines carried out in the process before its command, or one function replaced in this one.  What
the oracle says of it stands in ``docs/guarantees.md``.  Hostile input, addresses and text have a file of their own.
What takes more than a few seconds runs with ``pytest -m soak``: oracles change less often than programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.dedup import index
from pipeline.storage import migrate
from tests.dedup import test_index as buckets
from tests.fakeweb import FakeWeb
from tests.storage.old_databases import upgrade_faults
from tests.trust import test_other_peoples_stories as strangers
from tests.trust import test_two_at_once as at_once
from tests.trust.running import Newsroom, newsroom
from tests.trust.teeth import says
from tests.trust.test_killed_at_settling import settling_faults
from tests.trust.test_machine_faults import clock_faults, full_disk_faults
from tests.trust.warm import Warm

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


# 1. Exactly once in the record

APART = """
from pipeline.storage import journal
from pipeline.storage.queue import Queue

def settle_all(self, settled):
    with self._db.write() as connection:
        ended = self._take_off(connection, {row: None for row, _ in settled})
    with self._db.write() as connection:
        journal.append(self._db, connection, [told for row, told in settled if row in ended])
    return len(ended)

Queue.settle_all = settle_all
"""


def test_a_journal_row_in_a_transaction_of_its_own(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    faults = settling_faults(newsroom(tmp_path, web, warm), APART)
    says(faults, "lost: ")
    says(faults, "has 0 of 1 rows")


# 3. Faults of the machine

GOES_ON = """
import structlog
from pipeline.errors import StorageError
from pipeline.run.writer import Writer
from pipeline.storage import Store

stored, due, write, known, refused = Store.apply_polls, Store.due_feeds, Writer.write, {}, set()

def apply_polls(self, polls):
    known.update((poll.state.row, poll.state) for poll in polls)
    try:
        return stored(self, polls)
    except StorageError as error:
        structlog.get_logger().error("poll refused", detail=str(error))
        return [[] for _ in polls]

def once(self, drafts, now):
    if refused:
        self._store.drop_work(list(refused))
    drafts = [draft for draft in drafts if draft.entry not in refused]
    try:
        return write(self, drafts, now)
    except StorageError as error:
        refused.update(draft.entry for draft in drafts)
        structlog.get_logger().error("articles refused", detail=str(error))
        raise

Store.apply_polls, Writer.write = apply_polls, once
Store.due_feeds = lambda self, *asked: [known.get(feed.row, feed) for feed in due(self, *asked)]
"""
LOOKS = 12  # at feeds, four at each


@pytest.mark.soak
def test_a_round_that_goes_on_without_what_a_full_disk_refused(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    """A poll that cannot be stored counts as stored; an article that cannot be is not tried again."""
    asked: list[int] = []

    def looked_again(_room: Newsroom) -> bool:
        asked.append(len(web.seen("/feed")))
        return asked[-1] >= asked[0] + LOOKS

    says(full_disk_faults(tmp_path, web, warm, GOES_ON, word=" refused", until=looked_again), "has 0 of 1 rows")


@pytest.mark.soak
def test_retention_by_the_wall_clock_alone(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    unsteady = "from pipeline.run import upkeep; upkeep.is_steady = lambda *_: True"
    says(clock_faults(newsroom(tmp_path, web, warm), ("+10y",), unsteady), "has 0 of 1 rows")


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


@pytest.mark.soak
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


@pytest.mark.soak
def test_a_newer_database_that_is_not_refused(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    unjudged = "from pipeline.storage import migrate; migrate.check_version = lambda found, name: None"
    faults = at_once.newer_faults(newsroom(tmp_path, web, warm), unjudged)
    says(faults, "a round over a newer database ended with 0")
    says(faults, "the newer database was changed")


@pytest.mark.soak
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


@pytest.mark.soak
@pytest.mark.parametrize(
    ("attack", "broken"), STRANGERS.values(), ids=[attack.__name__ for attack, _ in STRANGERS.values()]
)
def test_a_program_that_lets_strangers_in(
    tmp_path: Path, web: FakeWeb, warm: Warm, attack: strangers.Attack, broken: str
) -> None:
    prelude = f"from pipeline.dedup import deciding; from pipeline.urls import identity; {broken}"
    says(strangers.attack_faults(strangers.Outlets(web, tmp_path, warm), attack, prelude), "no story is")


def test_an_index_that_takes_all_of_a_crowded_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "NEWEST", 1 << 30)
    with pytest.raises(AssertionError):
        buckets.test_a_crowded_hash_costs_a_fixed_number()
