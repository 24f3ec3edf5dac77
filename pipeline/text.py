"""Making text from outside safe to show: feed text is data, wherever it is printed.

Titles and URLs come from strangers.  A terminal obeys escape sequences, a log file line breaks, and a
reader is misled by invisible direction marks; so whatever is shown passes through here.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

# C0 and C1 controls, line and paragraph separators, bidirectional controls (Unicode TR 36, section 2.5.2;
# "Trojan Source", CVE-2021-42574), zero-width and byte-order marks, tag characters, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"[ \t\r\n\f\v\x1c-\x1e\x85\u00a0\u2028\u2029]+")  # with all that `str.splitlines` parts at


def one_line(text: str) -> str:
    """``text`` with every run of white space as one blank, trimmed."""
    return _SPACES.sub(" ", text).strip()


def printable(text: str) -> str:
    """``text`` on one line, each character that could steer a terminal or mislead a reader as ``\\u….``.

    >>> printable("Red\\x1b[31m alert")
    'Red\\\\x1b[31m alert'
    """
    return _UNSAFE.sub(_escaped, one_line(text))


def printable_lines(text: str) -> str:
    """``text`` with its own lines and indentation, each line made ``printable``."""
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + printable(line) for line in text.split("\n"))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shortened(text: str, width: int) -> str:
    """``text`` made printable and cut to at most ``width`` columns, wide characters counting two."""
    clean = printable(text)
    used = 0
    for i, char in enumerate(clean):
        used += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if used > width:
            return clean[: max(0, i - 1)].rstrip() + "…"
    return clean


def count_of(number: int, noun: str, plural: str = "") -> str:
    """``1 story``, ``2 stories``.

    >>> count_of(2, "story", "stories")
    '2 stories'
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def span(time: timedelta) -> str:
    """A length of time for people, in its two largest parts at most.

    >>> span(timedelta(days=3, hours=4)), span(timedelta(minutes=25))
    ('3 days 4 h', '25 min')
    """
    minutes = int(time.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return count_of(days, "day") + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{minutes} min"
