"""What the documents say is what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pipeline.cli.parser import build_parser
from pipeline.cli.reference import reference

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"```(?:sh|bash|console)\n(.*?)```", re.DOTALL)
_CALL = re.compile(r"^\s*(?:\S*/)?(?:storyfold|python3? (?:\S*/)?run_pipeline\.py)\s+(.*)")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def commands(page: Path) -> list[str]:
    """Every call of the program in the page's shell blocks, without comments and what it is piped into."""
    found = []
    for block in _BLOCK.findall(page.read_text("utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            call = _CALL.search(line)
            if call:
                found.append(re.split(r"\s(?:#|\||>|<|&&|;)", " " + call[1])[0].strip())
    return found


CALLS = [(page.name, call) for page in PAGES for call in commands(page)]


def test_the_reference_is_the_programs_own() -> None:
    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == reference()


@pytest.mark.parametrize(("page", "call"), CALLS)
def test_every_example_is_a_real_command(page: str, call: str) -> None:
    build_parser().parse_args(shlex.split(call))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert not missing


def test_there_are_examples() -> None:
    assert len(CALLS) > 10
