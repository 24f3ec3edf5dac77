"""The configuration that comes with the project: complete, valid, and nothing but defaults."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from pipeline import app
from pipeline.config import StorageSettings

FILE = Path(__file__).parent.parent / "config" / "pipeline.toml"
SECTIONS = {**app.sections(), "storage": StorageSettings}
UNLISTED = {("extract", "rules")}  # tables of their own


@pytest.mark.parametrize("name", SECTIONS)
def test_every_knob_stands_there_with_its_default(name: str) -> None:
    config = app.load_file(FILE)
    defaults = dataclasses.asdict(SECTIONS[name]())
    in_file = tomllib.loads(FILE.read_text("utf-8"))[name]
    assert set(in_file) | {key for section, key in UNLISTED if section == name} == set(defaults)
    loaded = config.storage if name == "storage" else config.sections[name]
    assert dataclasses.asdict(loaded) == defaults


def test_knobs_carry_their_reason() -> None:
    """A number without a word about it is a riddle; plain names of limits and switches may stand alone."""
    bare = [
        line
        for line in FILE.read_text("utf-8").splitlines()
        if re.match(r"\w+ = ", line) and "#" not in line and not re.match(r"(http2|max_tags)\b", line)
    ]
    assert bare == ['feeds_file = "feeds.toml"'] or not bare


def test_the_feeds_come_along() -> None:
    assert len(app.load_file(FILE).feeds) >= 40
