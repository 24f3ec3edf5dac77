"""``extract``: a page → its article, as JSON."""

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

NO_ARTICLE = 1


def run(args: Namespace) -> int:
    """Print the article; exit 1 with the reason on standard error where the page is none."""
    if not is_web_url(args.url):
        raise UsageError(f"--url {args.url}: should be an http:// or https:// address")
    config = app.load_config(args)
    found = extract_page(_read(args.file), args.url, content_type="text/html", settings=app.with_rules(config))
    if args.explain:
        console = show.console(stderr=True)
        for step in found.steps:
            console.print(show.text(f"{step.name:10} {step.kept}"))
    if found.article is None:
        reason = found.reason
        why = REASONS[reason] if reason else ""
        show.console(stderr=True).print(
            show.text(f"no article: {reason} ({why}){': ' * bool(found.detail)}{found.detail}")
        )
        return NO_ARTICLE
    article: dict[str, Any] = dataclasses.asdict(found.article)
    show.json_lines([article])
    return 0


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}") from None
