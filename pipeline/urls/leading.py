"""Addresses that carry the address they lead to, and pages that lead on without a redirect of HTTP."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from binascii import Error
from html import unescape
from urllib.parse import parse_qs, urljoin

from pipeline.urls.hosts import same_site
from pipeline.urls.parts import WebURL, is_web_url, split_url

MOST_TOKEN = 4_000  # characters of a token that are read
MOST_FIELDS = 50  # of a query
MOST_PAGE = 20_000  # characters of a page in which a refresh is looked for
_GOOGLE_NEWS = re.compile(r"/(?:rss/|__i/rss/rd/)?(?:articles|read)/([\w-]+)")
_QUERY = {"www.google.com": ("url", "q"), "www.bing.com": ("url",), "l.facebook.com": ("u",)}
_YAHOO = re.compile(r"/\*(https?:?/.{1,2000})")
_ADDRESS = re.compile(rb"https?://[\x21-\x7e]{4,2000}")
_REFRESH = re.compile(
    r"<meta\s[^>]{0,200}?http-equiv\s*=\s*[\"']?refresh[\"']?[^>]{0,50}?content\s*=\s*[\"']?\s*\d*\s*[;,]\s*"
    r"url\s*=\s*[\"']?([^\"'<>\s]{1,2000})",
    re.IGNORECASE,
)


def named_target(url: str) -> str | None:
    """The page that a redirector's address names in itself; ``None`` where only the redirector knows it.

    Google News tokens issued until 2024 are a base64 message that holds the address; later ones are opaque.

    >>> named_target("https://www.google.com/url?q=https://example.com/news/7&sa=U")
    'https://example.com/news/7'
    """
    try:
        parts = split_url(url)
    except ValueError:
        return None
    if parts.host == "news.google.com":
        return _inside_token(parts)
    if parts.host.endswith("news.yahoo.com") and (found := _YAHOO.search(parts.path)):
        return _web(found[1])
    names = _QUERY.get(parts.host, ())
    query = parts.query or ""
    if not names or len(query) >= MOST_TOKEN or query.count("&") >= MOST_FIELDS:
        return None
    values = parse_qs(query)
    return next((value for name in names for value in map(_web, values.get(name, ())) if value), None)


def refresh_target(page: str, url: str) -> str | None:
    """Where the page at ``url`` sends its reader at once by ``<meta http-equiv=refresh>``; read without a tree."""
    found = _REFRESH.search(page[:MOST_PAGE])
    if found is None:
        return None
    try:
        target = urljoin(url, unescape(found[1]))
    except ValueError:
        return None
    return target if is_web_url(target) and target != url else None


def led_away(asked: str, final: str) -> bool:
    """Whether redirects from the page ``asked`` ended at something else than a page: at a front page.

    Sites send readers of deleted articles, and owners of expired domains send everybody, to a front page.  A
    language edition (``/en/``) is one too, on the same site.
    """
    try:
        one, other = split_url(asked), split_url(final)
    except ValueError:
        return False
    if _front(one) or other.query is not None:
        return False
    edition = re.fullmatch(r"/[a-z]{2}(?:-[a-z]{2})?/?", other.path, re.IGNORECASE) is not None
    return _front(other) or (edition and same_site(asked, final) and other.path.rstrip("/") != one.path.rstrip("/"))


def _front(url: WebURL) -> bool:
    return url.query is None and url.path.lower() in ("", "/", "/index.html", "/index.htm", "/index.php", "/home")


def _inside_token(parts: WebURL) -> str | None:
    token = _GOOGLE_NEWS.match(parts.path)
    if token is None or len(token[1]) > MOST_TOKEN:
        return None
    try:
        message = urlsafe_b64decode(token[1] + "=" * (-len(token[1]) % 4))
    except (Error, ValueError):
        return None
    found = _ADDRESS.search(message)
    return _web(_field(message, found.start(), found[0]).decode("ascii")) if found else None


def _field(message: bytes, start: int, found: bytes) -> bytes:
    """``found`` cut to the length (a protobuf varint) that stands before it, where that fits."""
    low = message[start - 1] if start else 0
    length = low if low < 0x80 else 0
    if start >= 2 and message[start - 2] >= 0x80:
        length = (message[start - 2] & 0x7F) | low << 7
    return found[:length] if 0 < length <= len(found) else found


def _web(text: str) -> str | None:
    return text if is_web_url(text) else None
