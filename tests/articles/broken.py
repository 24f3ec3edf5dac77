"""Forty kinds of broken page, each made on the spot: name → bytes, and the content type the server claims."""

from __future__ import annotations

import gzip
import json
import random
import resource
import time
from collections.abc import Callable

from pipeline.articles import extract_page
from tests.articles.shapes import document, ld, news, ps, story

Broken = Callable[[], bytes]
KINDS: dict[str, tuple[Broken, str]] = {}


def _kind(name: str, make: Broken, content_type: str = "text/html; charset=utf-8") -> None:
    KINDS[name] = (make, content_type)


def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def _page(inner: str, head: str = "") -> bytes:
    return document(f"<title>x</title>{head}", inner).encode("utf-8", "surrogatepass")


def _article() -> str:
    return f"<article><h1>{story('en').title}</h1>{ps(story('en').lines)}</article>"


_kind("empty", lambda: b"")
_kind("only white space", lambda: b" \r\n\t" * 1000)
_kind("only null bytes", lambda: b"\x00" * 10_000)
_kind("50 MB of text", lambda: b"<p>" + b"word " * 10_000_000)
_kind("one line of 10 MB", lambda: b"<html><body><p>" + b"a" * 10_000_000)
_kind("100,000 nested elements", lambda: b"<html><body>" + b"<div>" * 100_000)
_kind("3,000 nested and closed elements", lambda: _page("<div>" * 3000 + "text" + "</div>" * 3000))
_kind("nesting hidden by stray closing tags", lambda: _page("<div></x>" * 3000))
_kind("50,000 attributes", lambda: _page("<p " + " ".join(f"a{i}=1" for i in range(50_000)) + ">text</p>"))
_kind("16,000 options", lambda: _page("<select>" + "<option>x" * 16_000 + "</select>"))
_kind("100,001 tags", lambda: _page("<br>" * 100_001))
_kind("null bytes in the text", lambda: _page(_article().replace("e", "e\x00")))
_kind("lying charset", lambda: _page(_article()), "text/html; charset=utf-16")
_kind("unknown charset", lambda: _page(_article()), "text/html; charset=x-klingon")
_kind("truncated in a tag", lambda: _page(_article())[:-200] + b"<div class=")
_kind("truncated in a character", lambda: document("", "<p>" + "é" * 400).encode()[:-20])
_kind("random bytes", lambda: _noise(200_000))
_kind("PDF", lambda: b"%PDF-1.7\n" + _noise(100_000))
_kind("PNG", lambda: b"\x89PNG\r\n\x1a\n" + _noise(10_000))
_kind("JPEG", lambda: b"\xff\xd8\xff\xe0" + _noise(10_000))
_kind("ZIP", lambda: b"PK\x03\x04" + _noise(10_000))
_kind("gzip not unpacked", lambda: gzip.compress(_page(_article())))
_kind("JSON", lambda: json.dumps({"a": [1] * 1000}).encode())
_kind("a download", lambda: _noise(1000), "application/octet-stream")
_kind("an image by its type", lambda: b"GIF89a" + _noise(100), "image/gif")
_kind("script only", lambda: _page("<div id=app></div><script>" + "var a=1;" * 50_000 + "</script>"))
_kind("script never closed", lambda: _page("<script>" * 20_000))
_kind("comment never closed", lambda: _page("<!--" * 50_000))
_kind("XML bomb", lambda: _xml_bomb().encode(), "application/xhtml+xml")
_kind("huge table", lambda: _page("<table>" + "<tr><td>1<td>2<td>3<td>4" * 8_000 + "</table>"))
_kind("nested tables", lambda: _page("<table><tr><td>" * 900))
_kind("deeply nested JSON-LD", lambda: _page(_article(), _script("[" * 100_000)))
_kind("JSON-LD that nests nodes", lambda: _page(_article(), _script('{"@type":"Article","author":' * 5000)))
_kind("JSON-LD of 4 MB", lambda: _page(_article(), ld(news(story("en"), keywords=["k" * 40] * 90_000))))
_kind("JSON-LD refers to itself", lambda: _page(_article(), ld(_circle())))
_kind("20,000 meta elements", lambda: _page(_article(), '<meta name="author" content="A B">' * 20_000))
_kind("20,000 headings", lambda: _page("<h1>heading of the page</h1>" * 20_000))
_kind("20,000 time elements", lambda: _page('<time datetime="x1">now</time>' * 20_000))
_kind("title of 2 MB", lambda: document(f"<title>{'- title ' * 250_000}</title>", _article()).encode())
_kind("separators only", lambda: document(f"<title>{' | ' * 20_000}</title>", f"<p>{'- | ' * 50_000}</p>").encode())
_kind("lone surrogates", lambda: _page("<p>" + "\ud800 \udfff " * 1000 + "</p>"))
_kind("control characters", lambda: _page(_article().replace(" ", "\x01")))
_kind("entities without end", lambda: _page("&lt" * 200_000))
_kind("frameset", lambda: b"<html><frameset cols=50%,*><frame src=a><frame src=b></frameset></html>")
_kind("plain text", lambda: b"just a few words", "text/plain")
_kind("dates without end", lambda: _page("<p>" + "12.12.2012 " * 50_000 + "</p>"))
_kind("brackets without end", lambda: _page("<p>" + "(AP " * 100_000 + "</p>"))
_kind("formatting left open", lambda: _page("<b><i><u>" * 300 + "x"))


def _script(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def _circle() -> dict[str, object]:
    return news(story("en"), **{"@id": "#a", "author": {"@id": "#a"}})


def _xml_bomb() -> str:
    rows = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY e0 "ha">{rows}]><html><body><p>&e11;</p></body></html>'


def outcome_of(name: str) -> tuple[str, str, float, float]:
    """Outcome, detail, CPU seconds and growth in MB of one page; runs in a worker process."""
    make, content_type = KINDS[name]
    body = make()
    extract_page(_page(_article()), "https://good.example/a")  # libraries load before the clock runs
    before, started = _most_memory(), time.process_time()
    found = extract_page(body, "https://broken.example/news/a", content_type=content_type)
    seconds, grown = time.process_time() - started, _most_memory() - before
    return ("article" if found.article else str(found.reason)), found.detail, seconds, grown


def _most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
