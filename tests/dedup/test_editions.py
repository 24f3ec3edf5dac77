"""Edition marks are dropped from headlines, words of the news are not."""

from __future__ import annotations

import pytest

from pipeline.dedup.editions import without_edition


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("UPDATE 1 - Bank raises rates", "Bank raises rates"),
        ("UPDATE 2-WRAPUP 1-Bank raises rates", "Bank raises rates"),
        ("CORRECTED - Bank raises rates by 0.5 percent", "Bank raises rates by 0.5 percent"),
        ("Bank raises rates (CORRECTED)", "Bank raises rates"),
        ("BANK RAISES RATES (UPDATE 3)", "BANK RAISES RATES"),
        ("(LEAD) Bank raises rates", "Bank raises rates"),
        ("Breaking: Bank raises rates", "Bank raises rates"),
        ("2nd LD: Bank raises rates", "Bank raises rates"),
        ("Korrektur: Bank erhöht Zinsen", "Bank erhöht Zinsen"),
        ("Bank raises rates", "Bank raises rates"),
        ("Update on the bank's rates", "Update on the bank's rates"),
        ("Lead levels fall in water", "Lead levels fall in water"),
        ("Repeat offenders: the data", "Repeat offenders: the data"),
        ("Breaking bad habits - a guide", "Breaking bad habits - a guide"),
        ("CORRECTED -", "CORRECTED -"),
        ("", ""),
    ],
)
def test_without_edition(title: str, left: str) -> None:
    assert without_edition(title) == left
