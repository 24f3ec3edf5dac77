"""Which addresses mean the same page.  These are for comparing, not for fetching."""

from __future__ import annotations

from pipeline.urls.canonical import canonical_parts, canonical_url
from pipeline.urls.hosts import same_site
from pipeline.urls.parts import split_url
from pipeline.urls.tracking import tracking


def entry_identity_url(url: str) -> str:
    """What an address is compared by: canonical, with ``https``, without ``www.`` and trailing slash.

    The result names the page and need not work as an address.  Idempotent.  Raises ``ValueError`` for
    anything that is not an http or https address.

    >>> entry_identity_url("http://www.example.com/news/7/?utm_medium=rss")
    'https://example.com/news/7'
    """
    parts = canonical_parts(url)
    host = parts.host
    while host.startswith("www.") and host.count(".") > 1:
        host = host[4:]
    port = None if parts.port in (80, 443) else parts.port
    path = parts.path.rstrip("/") or "/"
    return parts._replace(scheme="https", host=host, port=port, path=path).text


def fold_alternates(
    page_url: str, *, canonical: str | None = None, og_url: str | None = None, amphtml: str | None = None
) -> str:
    """The canonical address of a page that names others for itself.

    ``canonical`` (rel=canonical) is believed before ``og_url``; each may be relative, and counts only within
    the page's own registrable domain, so that no page can claim another outlet's address, and only where
    it does not lead to the home page (a common mistake of templates).  ``amphtml`` names the page's AMP
    edition; where it is the same as ``canonical`` or ``og_url``, that one names the edition and not the page.
    Raises ``ValueError`` where ``page_url`` is not an http or https address.
    """
    page = canonical_url(page_url).url
    amp = _within(page, amphtml)
    for claim in (canonical, og_url):
        folded = _within(page, claim)
        if folded is not None and (folded != amp or folded == page):
            return folded
    return page


def _within(page: str, claim: str | None) -> str | None:
    """``claim`` in canonical spelling, where the page may speak for it."""
    if not claim or not claim.strip():
        return None
    try:
        url = canonical_url(claim, page).url
        parts = split_url(url)
    except ValueError:
        return None
    home = parts.path == "/" and parts.query is None and split_url(page).target != "/"
    return url if same_site(url, page) and not home else None


def is_redirector(url: str) -> bool:
    """Whether ``url`` only passes readers on (FeedBurner, t.co, Google News) and names no page itself."""
    try:
        parts = split_url(url)
    except ValueError:
        return False
    known = tracking()
    host = parts.host
    if host in known.redirector_hosts or host.removeprefix("www.") in known.redirector_hosts:
        # A FeedBurner feed is a feed; only its "~r" addresses lead to pages.
        return host != "feeds.feedburner.com" or "/~r/" in parts.path
    return any(parts.path.startswith(p) for p in known.redirector_paths.get(host, ()))
