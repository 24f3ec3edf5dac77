"""One story's life: started, joined, corrected by a person, replayed under new weights, exported, restored; and
at every step the event stream alone tells the same state."""

from __future__ import annotations

import json
import re
from importlib.resources import files

from tests.records.conftest import BRIDGE, GLASS, SWANS, Newsroom, article, run
from tests.records.rebuild import rebuilt, stored

BRIDGE_AT, COPY_AT = article("bridge", "").url, article("bridge-shut", "", "Ashby Post").url
SWANS_AT = article("swans", "", "Merren Times").url


def the_stream_tells_the_same(room: Newsroom) -> None:
    state = rebuilt(room.told("stories", "--changes", "--since", "0"))
    told = room.told("stories", "--limit", "1000")
    assert state.stories() == stored(told)
    for old, new in state.onward.items():
        while new in state.onward:
            new = state.onward[new]
        assert room.told("story", old)[0]["story_id"] == new
    for story in told:
        for member in story["articles"]:
            assert state.revision[member["article_id"]] == member["revision"]


def stricter_weights(room: Newsroom) -> str:
    """Weights under which nothing is the same report."""
    text = (files("pipeline.dedup") / "weights.toml").read_text("utf-8")
    path = room.folder / "weights.toml"
    path.write_text(re.sub(r"(?m)^bias = .*$", "bias = -60.0", text), "utf-8")
    return f'[dedup]\nweights = "{path}"\n'


def test_the_life_of_a_story(newsroom: Newsroom) -> None:
    room = newsroom
    room.add(article("bridge", BRIDGE))
    home = room.told("story", BRIDGE_AT)[0]["story_id"]
    the_stream_tells_the_same(room)

    room.add(article("bridge-shut", BRIDGE, "Ashby Post"), article("bridge-a", f"{BRIDGE} More soon.", "Weir Gazette"))
    room.add(article("swans", SWANS, "Merren Times"), article("glass", GLASS, "Oldhaven Herald"))
    assert len(room.told("story", home)[0]["articles"]) == 3
    the_stream_tells_the_same(room)

    room.add(article("bridge-shut", BRIDGE.replace("Monday", "Tuesday"), "Ashby Post"), again=True)
    assert room.told("article", COPY_AT)[0]["revision"] == 2
    the_stream_tells_the_same(room)

    swans = room.told("story", SWANS_AT)[0]["story_id"]
    room.told("story", "merge", home, swans)
    room.told("story", "split", COPY_AT)
    room.told("story", "pin", article("bridge-a", "", "Weir Gazette").url)
    the_stream_tells_the_same(room)

    plain = room.config.read_text()
    room.configure(stricter_weights(room))
    (told,) = room.told("replay", "--dry-run")
    assert told["split"]
    room.told("replay", "--apply")
    the_stream_tells_the_same(room)
    together = room.told("story", swans)[0]
    assert {a["url"] for a in together["articles"]} >= {SWANS_AT}, "what a person put together stays together"
    room.config.write_text(plain)
    room.told("replay", "--apply")
    the_stream_tells_the_same(room)
    assert room.told("story", BRIDGE_AT)[0]["story_id"] == home
    assert room.told("story", COPY_AT)[0]["story_id"] != home, "what a person parted stays apart"

    exported = room.run("export", "stories", "--format", "jsonl").out
    assert {json.loads(line)["story_id"] for line in exported.splitlines()} == set(stored(room.told("stories")))

    backup, other = room.folder / "kept.db", room.folder / "other.db"
    assert room.run("backup", backup).code == 0
    assert run("--db", f"sqlite:///{other}", "restore", backup).code == 0
    assert run("--db", f"sqlite:///{other}", "export", "stories", "--format", "jsonl").out == exported
    room.database.unlink()
    other.rename(room.database)
    the_stream_tells_the_same(room)
    assert {row["what"]: row["state"] for row in room.told("doctor")}["database"] == "well"
