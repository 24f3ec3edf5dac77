"""``extract``: a page → its article, as JSON, with the verdict where it is none."""

from __future__ import annotations

import dataclasses
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from pipeline import app
from pipeline.articles import extract_page
from pipeline.cli import show
from pipeline.errors import UsageError
from pipeline.model import REASONS
from pipeline.urls import is_web_url

UNREADABLE = 1


def run(args: Namespace) -> int:
    """Print what the page says; where it is no article the reason goes with it, and to standard error.

    Exit 1 where nothing could be read.
    """
    if not is_web_url(args.url):
        raise UsageError(f"--url {args.url}: should be an http:// or https:// address")
    config = app.load_config(args)
    found = extract_page(_read(args.file), args.url, content_type="text/html", settings=app.with_rules(config))
    if args.explain:
        console = show.console(stderr=True)
        for step in found.steps:
            console.print(show.text(f"{step.name:10} {step.kept}"))
    if found.article is None:
        why = REASONS[found.reason] if found.reason else ""
        show.console(stderr=True).print(
            show.text(f"no article: {found.reason} ({why}){': ' * bool(found.detail)}{found.detail}")
        )
        if found.refused is None:
            return UNREADABLE
    article: dict[str, Any] = dataclasses.asdict(found.judged())
    show.json_lines([article])
    return 0


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from None
