"""The linear guard: what a parser could choke on is refused before any parser sees it.

One pass over the markup in steps that never look at a character twice, so that the guard itself cannot be
made slow.
"""

from __future__ import annotations

import heapq
import re

from pipeline.articles.settings import ExtractSettings
from pipeline.errors import PageRejected
from pipeline.model import Reason

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
# Elements without content, and those that the HTML parser closes by itself (HTML standard, 13.1.2.4).
_FLAT = frozenset([
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "optgroup",
    "colgroup", "rp", "rt", "html", "head", "body", "path", "circle", "rect", "line", "polygon", "polyline",
    "use",
])  # fmt: skip
_PLAINLY_FLAT = (
    "<p>", "<p ", "<li>", "<li ", "<img ", "<br>", "<br ", "<br/", "<meta ", "<link ", "<input ", "<td>", "<td ",
)  # fmt: skip
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def guarded(html: str, settings: ExtractSettings) -> tuple[str, str]:
    """``html`` without NUL and lone surrogates, and the same without its dead parts.

    Raises ``PageRejected`` (``PAGE_TOO_COMPLEX``).
    """
    if len(html) > settings.max_bytes:
        raise _too_complex(f"{len(html):,} characters, allowed are {settings.max_bytes:,}")
    if "\x00" in html or _has_surrogates(html):
        html = _FORBIDDEN.sub("\ufffd", html)
    _check_counts(html, settings)
    lean = without_dead_parts(html)
    if _may_be_deep(lean, settings.max_depth):
        _check_depth(lean, settings.max_depth)
    return html, lean


def _has_surrogates(html: str) -> bool:
    """Encoding finds them many times faster than a pattern."""
    try:
        html.encode()
    except UnicodeEncodeError:
        return True
    return False


def _check_counts(html: str, settings: ExtractSettings) -> None:
    count = html.count("<")
    if count > settings.max_tags:
        raise _too_complex(f"{count:,} tags, allowed are {settings.max_tags:,}")
    if html.count("<option") + html.count("<OPTION") > settings.max_options:
        raise _too_complex(f"more than {settings.max_options:,} options")
    if html.count("=") > settings.max_attributes:
        _check_attributes(html, settings.max_attributes)


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


def _may_be_deep(html: str, allowed: int) -> bool:
    """Whether more than ``allowed`` opening tags are such as can nest: cheap, and enough to clear most pages."""
    nesting = html.count("<") - html.count("</")
    for mark in _PLAINLY_FLAT:
        if nesting <= allowed:
            return False
        nesting -= html.count(mark)
    return nesting > allowed


def _check_depth(html: str, allowed: int) -> None:
    """Open elements that were never closed by their own name count as open: that is the parser's worst case."""
    depth = 0
    counts: dict[str, int] = {}
    for closing, name in _TAG.findall(html):
        if name in _FLAT:
            continue
        count = counts.get(name, 0)
        if not closing:
            counts[name] = count + 1
            depth += 1
            if depth > allowed:
                raise _too_complex(f"elements nested more than {allowed:,} deep")
        elif count:
            counts[name] = count - 1
            depth -= 1


_DEAD = ("<script", "<style", "<svg", "<!--")
_COMMENT = "<!--"
_NAME_GOES_ON = re.compile(r"[\w-]")  # as in <svg-icon>


def without_dead_parts(html: str) -> str:
    """The page without scripts, styles, drawings and comments: half of its bytes, and nothing of its text.

    Tree libraries copy the page several times, so every node less counts.  What is never closed stays.  The parts are
    taken from left to right, so that a tag named in a comment or a comment begun in a script opens nothing.
    """
    kept: list[str] = []
    position = 0
    ahead = [(start, mark) for mark in _DEAD if (start := html.find(mark)) != -1]
    heapq.heapify(ahead)
    while ahead:
        start, mark = ahead[0]
        end = _end_of(mark, html, start) if start >= position else 0
        if end > 0:
            kept.append(html[position:start])
            position = end
        following = html.find(mark, max(position, start + len(mark))) if end != -1 else -1
        if following == -1:
            heapq.heappop(ahead)
        else:
            heapq.heapreplace(ahead, (following, mark))
    return "".join([*kept, html[position:]])


def _end_of(mark: str, html: str, start: int) -> int:
    """Behind the end of the part, -1 where it has none, 0 where none begins; end tags may hold white space."""
    if mark == _COMMENT:
        end = html.find("-->", start + 2)
        return end + 3 if end != -1 else -1
    if _NAME_GOES_ON.match(html, start + len(mark)):
        return 0
    tag = html.find(f"</{mark[1:]}", start)
    end = html.find(">", tag) if tag != -1 else -1
    return end + 1 if end != -1 else -1


def _too_complex(detail: str) -> PageRejected:
    return PageRejected(Reason.PAGE_TOO_COMPLEX, detail)
