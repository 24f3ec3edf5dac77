"""Configuration: everything wrong is said at once, with file, key and what would be right."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from pipeline.config import load
from pipeline.config.edit import add_feeds, remove_feeds
from pipeline.errors import ConfigError
from pipeline.model import FeedSource


@dataclass(frozen=True, slots=True)
class Fetch:
    allow_private: tuple[str, ...] = ()
    min_host_interval: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    contact: str = "here"
    robots: bool = True

    def __post_init__(self) -> None:
        for text in self.allow_private:
            ip_network(text)


def written(folder: Path, text: str) -> Path:
    path = folder / "pipeline.toml"
    path.write_text(text, "utf-8")
    return path


def test_one_file_may_hold_everything(tmp_path: Path) -> None:
    config = load(
        written(
            tmp_path,
            """
            [storage]
            url = "sqlite:///x.db"
            [fetch]
            allow_private = ["127.0.0.0/8", "::1/128"]
            min_host_interval = 0
            [[feeds]]
            url = "http://127.0.0.1:1/rss"
            outlet = "One"
            interval_minutes = 5
            headers = { X-Key = "abc" }
            """,
        ),
        {"fetch": Fetch},
    )
    assert config.storage.url == "sqlite:///x.db"
    assert config.sections["fetch"] == Fetch(("127.0.0.0/8", "::1/128"), 0.0)
    assert config.feeds == (
        FeedSource("http://127.0.0.1:1/rss", "One", interval_minutes=5, headers=(("X-Key", "abc"),)),
    )


def test_ten_mistakes_are_ten_lines(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text('[[feeds]]\nurl = "https://a.example/rss"\n', "utf-8")
    path = written(
        tmp_path,
        """
        feeds_file = "feeds.toml"
        [storage]
        uri = "sqlite:///x.db"
        [fetch]
        allow_private = ["127.0.0.0/99"]
        min_host_interval = -1
        contact = 5
        robots = "yes"
        [fetsh]
        [[feeds]]
        url = "ftp://a.example/rss"
        outlet = ""
        [[feeds]]
        url = "https://b.example/rss"
        outlet = "B"
        interval_minutes = 1e9
        [[feeds]]
        url = "https://b.example/rss"
        outlet = "B again"
        """,
    )
    with pytest.raises(ConfigError) as caught:
        load(path, {"fetch": Fetch})
    said = "\n".join(caught.value.mistakes)
    for part in (
        "[storage] uri: no such setting; did you mean url?",
        "[fetch] allow_private",
        "[fetch] min_host_interval = -1: should be a number >= 0.0",
        "[fetch] contact = 5: should be a text in quotes, got a whole number",
        "[fetch] robots = 'yes': should be true or false, got a text in quotes",
        "fetsh: no such section; did you mean fetch?",
        "number 1 url = 'ftp://a.example/rss': should be an http:// or https:// address",
        "number 1 outlet",
        "number 2 interval_minutes",
        "number 3 url = 'https://b.example/rss': the same feed as",
        "feeds.toml: [[feeds]] number 1 outlet: is missing",
    ):
        assert part in said, said
    assert len(caught.value.mistakes) == 11
    assert all(str(tmp_path) in line for line in caught.value.mistakes)


@pytest.mark.parametrize(
    ("text", "said"),
    [("[storage", "not valid TOML"), ("feeds = 3", "should be a list"), ("storage = 3", "should be a table")],
)
def test_broken_files(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(written(tmp_path, text), {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "nowhere.toml", {})


def test_editing_keeps_comments(tmp_path: Path) -> None:
    path = tmp_path / "feeds.toml"
    path.write_text('# mine\n[[feeds]]\nurl = "https://a.example/rss"  # first\noutlet = "A"\n', "utf-8")
    new = FeedSource("https://b.example/rss", "B", language="de", headers=(("X", "y"),))
    assert add_feeds(path, [new, new, FeedSource("https://a.example/rss", "A")]) == [new]
    assert "# mine" in path.read_text("utf-8")
    assert "# first" in path.read_text("utf-8")
    assert load(written(tmp_path, 'feeds_file = "feeds.toml"'), {}).feeds[1] == new
    assert remove_feeds(path, {"https://a.example/rss", "https://nowhere.example/"}) == ["https://a.example/rss"]
    assert [f.url for f in load(written(tmp_path, 'feeds_file = "feeds.toml"'), {}).feeds] == [new.url]
