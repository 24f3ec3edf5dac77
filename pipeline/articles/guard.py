"""The linear guard: what a parser could choke on is refused before any parser sees it.

One pass over the markup in steps that never look at a character twice, so that the guard itself cannot be
made slow.
"""

from __future__ import annotations

import re

from pipeline.articles.settings import ExtractSettings
from pipeline.errors import PageRejected
from pipeline.model import Reason

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
# Elements without content, and those that the HTML parser closes by itself (HTML standard, 13.1.2.4).
_FLAT = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th tbody thead tfoot "
    "option optgroup colgroup rp rt html head body path circle rect line polygon polyline use".split()
)
_RAW = frozenset({"script", "style", "textarea", "title", "noscript", "template", "xmp", "noembed"})
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def guarded(html: str, settings: ExtractSettings) -> str:
    """``html`` without NUL and lone surrogates; raises ``PageRejected`` (``PAGE_TOO_COMPLEX``)."""
    if len(html) > settings.max_bytes:
        raise _too_complex(f"{len(html):,} characters, allowed are {settings.max_bytes:,}")
    _check_tags(html, settings)
    return _FORBIDDEN.sub("\ufffd", html) if _FORBIDDEN.search(html) else html


def _check_tags(html: str, settings: ExtractSettings) -> None:
    count = html.count("<")
    if count > settings.max_tags:
        raise _too_complex(f"{count:,} tags, allowed are {settings.max_tags:,}")
    if html.count("<option") + html.count("<OPTION") > settings.max_options:
        raise _too_complex(f"more than {settings.max_options:,} options")
    if html.count("=") > settings.max_attributes:
        _check_attributes(html, settings.max_attributes)
    if count > settings.max_depth:
        _check_depth(html, settings.max_depth)


def _check_attributes(html: str, allowed: int) -> None:
    """No tag may hold more than ``allowed`` "=" signs."""
    start = html.find("<")
    while start != -1:
        end = html.find(">", start)
        stop = len(html) if end == -1 else end
        if stop - start > allowed and html.count("=", start, stop) > allowed:
            raise _too_complex(f"a tag with more than {allowed:,} attributes")
        if end == -1:
            return
        start = html.find("<", end)


def _check_depth(html: str, allowed: int) -> None:
    depth = position = 0
    while match := _TAG.search(html, position):
        position = match.end()
        closing, name = match.groups()
        name = name.lower()
        if name in _FLAT:
            continue
        if closing:
            depth = max(0, depth - 1)
            continue
        if name in _RAW:
            position = html.find(f"</{name}", position)  # markup inside is text
            if position == -1:
                return
            depth += 1
        else:
            depth += 1
        if depth > allowed:
            raise _too_complex(f"elements nested more than {allowed:,} deep")


def _too_complex(detail: str) -> PageRejected:
    return PageRejected(Reason.PAGE_TOO_COMPLEX, detail)
