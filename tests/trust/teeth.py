"""What every test of an oracle's teeth asks."""

from __future__ import annotations

from collections.abc import Sequence


def says(faults: Sequence[str], words: str) -> None:
    """The oracle sees the fault, and says so."""
    assert faults, "the oracle saw nothing"
    assert any(words in fault for fault in faults), faults
