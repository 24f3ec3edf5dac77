"""The bundled feeds file: many outlets, languages and countries, each table complete and unique."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.model import FeedSource

PATH = Path(__file__).parent.parent / "config" / "feeds.toml"
FEEDS = [FeedSource(**table) for table in tomllib.loads(PATH.read_text("utf-8"))["feeds"]]


def test_forty_outlets_in_many_languages_and_countries() -> None:
    assert len({feed.outlet for feed in FEEDS}) >= 40
    assert len({feed.language for feed in FEEDS}) >= 20
    assert len({feed.country for feed in FEEDS}) >= 30


def test_each_feed_is_named_once_and_by_a_web_address() -> None:
    addresses = [feed.url for feed in FEEDS]
    assert len(set(addresses)) == len(addresses)
    for address in addresses:
        parts = urlsplit(address)
        assert parts.scheme == "https"
        assert parts.hostname
        assert not parts.fragment
        assert not parts.username


def test_languages_and_countries_are_codes() -> None:
    for feed in FEEDS:
        assert re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", feed.language or ""), feed
        assert feed.country is None or re.fullmatch(r"[A-Z]{2}", feed.country), feed
