"""One spelling for each address, without what only tells how a reader came."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.urls.hosts import normal_host
from pipeline.urls.parts import MAX_URL, WebURL, split_url
from pipeline.urls.tracking import is_tracking

# Most addresses are canonical already; this finds them at once.  No query, port, escape, double dot or
# upper-case host; the last label has a letter, so that it is no IP address.
_CLEAN = re.compile(
    r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*)(?:/[A-Za-z0-9\-_~]+(?:\.[A-Za-z0-9\-_~]+)*)*/?\Z"
)


@dataclass(frozen=True, slots=True)
class CanonicalURL:
    """``url`` is the canonical spelling, ``original`` what was given, ``trace`` a line for each change."""

    url: str
    original: str
    trace: tuple[str, ...] = ()


def canonical_url(url: str, base: str | None = None, *, feed_host: str | None = None) -> CanonicalURL:
    """The canonical spelling of ``url`` (resolved against ``base`` where it is relative).

    Scheme and host in lower case, IDNA, default port, dot segments, percent-encoding and fragment by
    RFC 3986 section 6.2; tracking parameters removed by the list in ``tracking.toml``; the query in order of
    names where that is safe.  Credentials are removed: they are no part of what a page is.  ``feed_host``
    is the host of the feed the address came from (see ``ref`` in ``tracking.is_tracking``).

    Idempotent.  Raises ``ValueError`` for anything that is not an http or https address.

    >>> canonical_url("HTTP://Example.COM:80/a/../b?utm_source=rss&id=7#top").url
    'http://example.com/b?id=7'
    """
    clean = _CLEAN.match(url)
    # An address of the clean form has no spelling to change, so the only checks left are its lengths.
    if clean and len(url) <= MAX_URL and normal_host(clean.group(1)) and "/." not in url:
        return CanonicalURL(url if url.count("/") > 2 else url + "/", url, () if url.count("/") > 2 else (_SPELT,))
    parts = split_url(url, base)
    query, removed = _clean_query(parts, feed_host)
    result = parts._replace(userinfo=None, query=query).text
    return CanonicalURL(result, url, tuple(_trace(url, result, parts, removed)))


def canonical_parts(url: str) -> WebURL:
    """The parts of ``canonical_url(url)``; raises ``ValueError`` as it does."""
    parts = split_url(url)
    return parts._replace(userinfo=None, query=_clean_query(parts, None)[0])


_SPELT = "spelt in the normal way"


def _clean_query(parts: WebURL, feed_host: str | None) -> tuple[str | None, list[str]]:
    """The query without tracking parameters, in order of names where safe; and the names removed."""
    if not parts.query:
        return None, []
    kept: list[str] = []
    removed: list[str] = []
    for pair in parts.query.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        if is_tracking(name, value, parts.host, feed_host):
            removed.append(name)
        else:
            kept.append(pair)
    return "&".join(_sorted(kept)) or None, removed


def _sorted(pairs: list[str]) -> list[str]:
    """In order of names; left alone where order may mean something: bare words, or a name given twice."""
    names = [pair.partition("=")[0] for pair in pairs]
    if len(set(names)) < len(names) or not all("=" in pair for pair in pairs):
        return pairs
    return sorted(pairs)


def _trace(original: str, result: str, parts: WebURL, removed: list[str]) -> list[str]:
    lines = []
    if parts.userinfo is not None:
        lines.append("credentials removed")
    if "#" in original:
        lines.append("fragment removed")
    lines += [f"{name} removed: it tells how a reader came" for name in removed]
    stripped = original.partition("#")[0]
    if result != stripped and (not removed or parts._replace(userinfo=None).text != stripped):
        lines.append(_SPELT)
    return lines
