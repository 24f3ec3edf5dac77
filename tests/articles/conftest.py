"""The golden pages are shown as a table at the end of the test output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.articles.shapes import Golden

_ROWS = pytest.StashKey[list[tuple["Golden", dict[str, object]]]]()


@pytest.fixture
def golden_table(request: pytest.FixtureRequest) -> list[tuple[Golden, dict[str, object]]]:
    """Rows of the table: a golden page and what came out of it."""
    return request.config.stash.setdefault(_ROWS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(_ROWS, [])
    if not rows:
        return
    terminalreporter.section(f"golden pages ({len(rows)})")
    terminalreporter.write_line(f"{'outlet':20} {'lang':4} {'text':>5} title authors time lang canonical origins")
    for page, result in sorted(rows, key=lambda row: row[0].name):
        marks = [
            result["title"] == page.title, result["authors"] == page.authors, result["published"] == page.published,
            result["language"] == page.story.language, result["canonical"] == page.canonical,
            result["origins"] == page.origins,
        ]  # fmt: skip
        cells = "".join(f"{'ok' if mark else 'WRONG':^8}" for mark in marks)
        text = "same" if result["text"] == page.text else "WRONG"
        terminalreporter.write_line(f"{page.name:20} {page.story.language:4} {text:>5} {cells}")
