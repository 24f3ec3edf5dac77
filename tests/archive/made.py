"""A made-up archive in files, and the same folded by the stream."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.archive.archive import ArchiveReport, Order, fold_archive
from pipeline.dedup import Rules
from pipeline.run.bulk import dedup_file
from pipeline.storage import open_store
from tests.dedup.memory_store import stream

NOW = datetime(2025, 6, 1, tzinfo=UTC)
PROMPT = "Sign up for our free newsletter and never miss a story that matters to you and your neighbours again. "


def lines(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """News with copies, with furniture of one outlet, with briefs of a line, a few without a date."""
    rng = random.Random(seed)
    made: list[dict[str, Any]] = []
    for number, article in enumerate(stream(count, seed)):
        text = (PROMPT if article.outlet == "Ledger" else "") + article.text
        if rng.random() < 0.03:
            text = "Ferry delayed again."
        made.append(
            {
                "id": number if number % 2 else f"n{number}",
                "url": article.url,
                "outlet": article.outlet,
                "title": article.title,
                "published": None if rng.random() < 0.03 or not article.published else article.published.isoformat(),
                "text": text,
            }
        )
    return made


def save_lines(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def fold(
    inputs: Sequence[Path], output: Path, *, engine: str = "duckdb", block: int = 512, **more: Any
) -> tuple[ArchiveReport, list[dict[str, Any]]]:
    """Run an archive; the report and the lines."""
    pytest.importorskip("duckdb", reason="needs the extra storyfold[duckdb]")
    told = output.parent / f"{output.name}.jsonl"
    words = {key: more.pop(key) for key in ("workers", "fresh", "master") if key in more}
    order = Order([str(path) for path in inputs], output, engine, block=block, **{"workers": 1, **words})
    report = fold_archive(order, Rules(), lines=told, now=NOW, **more)
    return report, [json.loads(line) for line in told.read_text("utf-8").splitlines()]


def streamed(source: Path, folder: Path) -> list[dict[str, Any]]:
    """What ``dedup`` makes of a file."""
    output = folder / "streamed.jsonl"
    with open_store(f"sqlite:///{folder}/streamed.db") as store:
        dedup_file(source, output, store, Rules(), None, NOW)
    return [json.loads(line) for line in output.read_text("utf-8").splitlines()]


def stories(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    return {str(row["id"]): row["story_id"] for row in rows}
