"""Golden files: a feed beside the document that is made of it (``name.xml`` → ``name.xml.expected.json``).

After a change on purpose: ``python tests/feeds/test_golden_feeds.py`` writes them anew; read the difference.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.feeds import FeedLimits, parse_feed

GOLDEN = Path(__file__).parent / "golden"
INPUTS = sorted(path for path in GOLDEN.iterdir() if not path.name.endswith(".expected.json"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value))


def rendered(path: Path) -> str:
    document = parse_feed(path.read_bytes(), "https://fetched.example/feed", None, FeedLimits(), NOW)
    return json.dumps(asdict(document), default=plain, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_the_document_is_the_expected_one(path: Path) -> None:
    assert rendered(path) == path.with_name(path.name + ".expected.json").read_text("utf-8")


if __name__ == "__main__":
    for source in INPUTS:
        source.with_name(source.name + ".expected.json").write_text(rendered(source), "utf-8")
