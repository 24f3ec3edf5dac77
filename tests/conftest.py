"""What every test leaves behind for the next one: nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Commands run inside a test configure the log; the next test finds it untouched."""
    yield
    structlog.reset_defaults()
