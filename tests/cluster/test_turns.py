"""One request to a host at a time and none too soon, whoever asks."""

from __future__ import annotations

import time

import pytest

from pipeline.storage.cluster import Cluster
from pipeline.storage.turns import Asked, Given


def ask(cluster: Cluster, holder: str, *hosts: str, floor: float = 0.0) -> list[tuple[bool, bool]]:
    return [(t.granted, t.busy) for t in cluster.take_turns([Asked(host, holder, floor) for host in hosts])]


def give(cluster: Cluster, holder: str, host: str, *, due: float = 0.0, paused: float = 0.0, gap: float = 0.0) -> None:
    cluster.give_turns([Given(host, holder, due, paused, gap, {"average": 0.5})])


@pytest.fixture(autouse=True)
def workers(cluster: Cluster) -> None:
    for name in ("a", "b"):
        cluster.beat(name, "here", (), 60)


def test_a_host_is_one_workers_at_a_time(cluster: Cluster) -> None:
    assert ask(cluster, "a", "x", "y") == [(True, False), (True, False)]
    assert ask(cluster, "b", "y", "z") == [(False, True), (True, False)]
    give(cluster, "a", "y")
    assert ask(cluster, "b", "y") == [(True, False)]


def test_the_next_turn_is_due_after_the_interval(cluster: Cluster) -> None:
    assert ask(cluster, "a", "x") == [(True, False)]
    give(cluster, "a", "x", due=0.2)
    (turn,) = cluster.take_turns([Asked("x", "b", 0.0)])
    assert not turn.granted
    assert not turn.busy
    assert 0.1 < turn.due <= 0.2
    assert turn.facts == {"average": 0.5}
    time.sleep(turn.due)
    assert ask(cluster, "b", "x") == [(True, False)]


def test_a_paused_host_says_for_how_long(cluster: Cluster) -> None:
    ask(cluster, "a", "x")
    give(cluster, "a", "x", paused=30)
    (turn,) = cluster.take_turns([Asked("x", "b", 0.0)])
    assert (turn.granted, round(turn.paused)) == (False, 30)


def test_what_a_host_wishes_outlasts_a_turn_that_began_before(cluster: Cluster) -> None:
    ask(cluster, "a", "x")
    cluster.wish("x", 20.0)
    give(cluster, "a", "x", due=0.0)
    (turn,) = cluster.take_turns([Asked("x", "b", 0.0)])
    assert (turn.granted, turn.wish, round(turn.due)) == (False, 20.0, 20)


def test_turns_of_a_dead_worker_come_back_and_the_interval_begins_anew(cluster: Cluster) -> None:
    cluster.beat("dead", "there", (), 0.05)
    ask(cluster, "dead", "x", floor=0.3)
    time.sleep(0.1)
    assert ask(cluster, "b", "x") == [(False, True)], "nobody has noticed yet"
    cluster.beat("b", "here", (), 60)
    (turn,) = cluster.take_turns([Asked("x", "b", 0.0)])
    assert not turn.busy
    assert 0.2 < turn.due <= 0.3


def test_a_turn_that_was_taken_away_cannot_be_given_back(cluster: Cluster) -> None:
    ask(cluster, "a", "x")
    cluster.leave("a")
    assert ask(cluster, "b", "x") == [(True, False)]
    give(cluster, "a", "x")
    assert ask(cluster, "a", "x") == [(False, True)]


def test_a_worker_that_never_heard_the_answer_gets_its_turn_again(cluster: Cluster) -> None:
    assert ask(cluster, "a", "x") == [(True, False)]
    assert ask(cluster, "a", "x") == [(True, False)]


def test_robots_answers_are_known_while_they_hold(cluster: Cluster) -> None:
    assert cluster.robots("https://x") is None
    cluster.keep_robots("https://x", b"answer", 60)
    found = cluster.robots("https://x")
    assert found is not None
    assert (found[0], round(found[1])) == (b"answer", 60)
    cluster.keep_robots("https://x", b"newer", 0.0)
    assert cluster.robots("https://x") is None
