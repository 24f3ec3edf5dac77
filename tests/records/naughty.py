"""Texts that break programs, made by rule: each family is a way in which text was once taken for something else."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise, product

WORD = "harbour"
QUOTES = ("'", '"', "`", "''", '""', "\\'", '\\"', "«", "“", "’", "‚", "「")
FORMATS = (
    "%s",
    "%n",
    "%d%d",
    "{0}",
    "{}",
    "{x.__class__}",
    "${x}",
    "#{x}",
    "{{7*7}}",
    "<%= x %>",
    "$(x)",
    "`x`",
    "%(x)s",
)
MARKUP = (
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<script>x</script>",
    "<img src=x onerror=x>",
    "&amp;",
    "&#0;",
    "&#x110000;",
    "&x;",
    "<?xml?>",
    "<svg/onload=x>",
    "javascript:x",
    "data:text/html,x",
    "[bold]",
    "[/]",
    "[link=x]",
)
SEARCH = (
    "AND",
    "OR",
    "NOT",
    "NEAR",
    "NEAR(",
    "NEAR/2",
    "*",
    "^",
    "-",
    "--",
    ":",
    "title:",
    "outlet:",
    "since:x",
    "lang:",
    "story:'",
    "(",
    ")",
    "()",
    "+",
    "{title}:",
    "a*b",
    "-*",
    '"*',
    "until:99999999d",
    "since:2026-13-01",
    "-outlet:x",
)
SQL = (
    "; --",
    "' OR 1=1 --",
    "\\",
    "\\\\",
    "%",
    "_",
    "/*",
    "*/",
    "0x00",
    "NULL",
    "1); x",
    "' || x || '",
    "?",
    ":x",
    "@x",
    "$1",
)
PATHS = (
    "../",
    "..\\",
    "/dev/null",
    "C:\\",
    "CON",
    "~",
    "file:///x",
    "//x",
    ".",
    "..",
    "-",
    "--help",
    "-rf",
    "|",
    ">",
    "&&",
)
NUMBERS = (
    "0",
    "-0",
    "1e309",
    "NaN",
    "inf",
    "0x1F",
    "1_000",
    "1,5",
    "½",
    "٣",
    "〇",
    "९",
    "1" * 400,
    "-1",
    "true",
    "None",
    "null",
)
FORMULAS = tuple(sign + rest for sign in "=+-@\t\r" for rest in ("1+1", "cmd|x", "SUM(A1)"))
SPACES = "\u00a0\u1680\u2000\u2003\u2009\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\u180e\u00ad"
DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c"
SCRIPTS = (
    "ÅÄÖ",
    "ß",
    "ı",
    "İ",
    "ﬁ",
    "Ω",
    "Ω",
    "Å",
    "Å",
    "ǆ",
    "ﷺ",
    "𝒳",
    "Ａ",
    "中文",
    "日本語テスト",
    "한국어",
    "العربية",
    "עברית",
    "ไทย",
    "हिन्दी",
    "Ελληνικά",
    "русский",
    "ქართული",
    "አማርኛ",
    "ᚠᚢᚦ",
    "🦢",
    "👩‍👩‍👧",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "🇸🇪",
    "❤️",
    "﷽",
)
SIZES = (
    "",
    " ",
    "\n",
    "\t\t",
    "a" * 5_000,
    "ä" * 3_000,
    "a\u0301" * 400,
    "e" + "\u0300\u0301\u0302" * 60,
    "<" * 900,
    '"' * 999,
)


def naughty() -> Iterator[str]:
    """More than five hundred texts, each once, always in the same order."""
    yield from dict.fromkeys(_all())


def _all() -> Iterator[str]:
    families = (QUOTES, FORMATS, MARKUP, SEARCH, SQL, PATHS, NUMBERS, FORMULAS, SCRIPTS, SIZES)
    yield from (text for family in families for text in family)
    for char in (*map(chr, (*range(0x20), *range(0x7F, 0xA0))), *SPACES, *DIRECTIONS, "\ufffe", "\uffff", "\U0010ffff"):
        yield char
        yield f"{WORD}{char}{WORD}"
    for code in (0xD800, 0xDBFF, 0xDC00, 0xDFFF):
        yield chr(code)
        yield f"{WORD}{chr(code)}"
    yield "\ud83d\ude00"  # a pair that was never joined
    for quote, inner in product(QUOTES[:8], (*SEARCH[:10], *SQL[:6])):
        yield f"{quote}{WORD} {inner}{quote}"
    for scripts in pairwise(SCRIPTS):
        yield unicodedata.normalize("NFD", " ".join(scripts))
