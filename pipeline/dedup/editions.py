"""Marks that wire desks put before or behind a headline: they tell the edition, not the news.

``UPDATE 1 - Bank raises rates`` and ``Bank raises rates (CORRECTED)`` are headlines of one report.  The words
are those of agency style: update, wrap-up, correction, refile, repeat, lead, take, urgent.
"""

from __future__ import annotations

import re

_WORDS = (
    r"(?:(?:1st|2nd|3rd|\dth)\s+)?(?:updated?|wrap-?up|correct(?:ed|ion|ing)?|refiled?|rpt|repeat(?:ing)?|recast|lead|ld|"
    r"take|adds?|urgent|breaking(?:\s+news)?|alert|exclusive|bulletin|developing|aktualisiert|korr(?:igiert|ektur)?|"
    r"eil|zusammenfassung|actualizaci[oó]n|correcci[oó]n|urgente|mise\s+[àa]\s+jour|correctif|aggiornamento)"
)
_MARK = rf"{_WORDS}(?:\s*(?:no\.?\s*)?\d{{1,2}})?"
_BEFORE = re.compile(rf"^\s*(?:[\[(]{_MARK}[\])]\s*[-:–—]?|{_MARK}\s*(?:[-:–—]+\s|:|-(?=[A-Z])))\s*", re.IGNORECASE)
_BEHIND = re.compile(rf"\s*[\[(]{_MARK}[\])]\s*$", re.IGNORECASE)


def without_edition(title: str) -> str:
    """``title`` without its edition marks; as it is where nothing else would be left.

    >>> without_edition("UPDATE 2-WRAPUP 1-Bank raises rates")
    'Bank raises rates'
    """
    left = title
    for _ in range(3):  # they stack
        shorter = _BEHIND.sub("", _BEFORE.sub("", left, count=1))
        if shorter == left:
            break
        left = shorter
    return left if left.strip() else title
