"""Bytes of a feed → ``FeedDocument``.

    bytes → text (decode) → look over it (guard) → one of three readers → entries with links, dates and keys

Meant to run in a worker process: the guard makes the known expensive inputs cheap, the worker's limits hold
for those that are not known.
"""

from __future__ import annotations

import html
import re
from datetime import datetime

from pipeline.errors import FeedRejected
from pipeline.feeds.dates import ReadDate, read_date
from pipeline.feeds.decode import decoded
from pipeline.feeds.discover import feed_links
from pipeline.feeds.guard import Guarded, guarded
from pipeline.feeds.identity import changes_told, entry_keys, fingerprint
from pipeline.feeds.jsonfeed import read_json_feed
from pipeline.feeds.raw import RawEntry, RawFeed, title_of
from pipeline.feeds.settings import FeedLimits
from pipeline.feeds.sitemap import read_sitemap
from pipeline.feeds.xmlfeed import read_xml_feed
from pipeline.model import Entry, FeedDocument, Reason, RefusedEntry
from pipeline.text import printable
from pipeline.urls import canonical_url, split_url

_HTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}\?>\s*|<!--.{0,5000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_LINK = re.compile(r"<(?:\w+:)?(?:link|guid|loc)\b[^<>]*>\s*(?:<!\[CDATA\[)?\s*(https?://[^\s<>\]]+)", re.I)
_HREF = re.compile(r"<(?:\w+:)?link\b[^<>]*href\s*=\s*[\"'](https?://[^\"'<>\s]+)", re.I)
_TITLE = re.compile(r"<(?:\w+:)?title\b[^<>]*>\s*(?:<!\[CDATA\[)?([^<\]]*)", re.I)
# First bytes of what is certainly no feed, and its name.
_FOREIGN = {
    b"%PDF-": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
}


def parse_feed(
    body: bytes, url: str, content_type: str | None, limits: FeedLimits, now: datetime | None = None
) -> FeedDocument:
    """The feed in ``body``, fetched from ``url``.

    ``now`` lets dates more than a day ahead be ignored.  Raises ``FeedRejected`` with ``FEED_EMPTY``,
    ``FEED_IS_HTML`` (the detail names feeds that the page links to), ``FEED_NOT_A_FEED``, or
    ``FEED_TRUNCATED`` where it breaks off before the first entry is complete.
    """
    if not body.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise FeedRejected(Reason.FEED_EMPTY, f"{len(body)} bytes, all blank" if body else "")
    for start, name in _FOREIGN.items():
        if body.startswith(start):
            raise FeedRejected(Reason.FEED_NOT_A_FEED, name)
    text = decoded(body, content_type)
    refused: list[RefusedEntry] = []
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        raw = read_json_feed(text.lstrip("\ufeff"), limits.max_entries)
    else:
        guard = _looked_over(text, url, limits)
        refused += [_large(head, limits) for head in guard.large]
        raw = _read(guard)
    return _document(raw, url, limits, now, refused)


def _looked_over(text: str, url: str, limits: FeedLimits) -> Guarded:
    if _HTML.match(text.lstrip("\ufeff")):
        raise _is_html(text, url)
    guard = guarded(text, limits.max_entries, limits.max_entry)
    if guard is None:
        if "\0" in text[:1000]:
            raise FeedRejected(Reason.FEED_NOT_A_FEED, "binary data")
        if re.search(r"<(?:html|body|div|p|script)\b", text[:20_000], re.I):
            raise _is_html(text, url)
        raise FeedRejected(Reason.FEED_NOT_A_FEED, f"begins with {printable(text[:200])[:60]!r}")
    if guard.crowded:
        raise FeedRejected(Reason.FEED_NOT_A_FEED, "hundreds of XML namespaces")
    if guard.truncated and not guard.entries and not guard.large:
        raise FeedRejected(Reason.FEED_TRUNCATED, "it breaks off before the first entry is complete")
    return guard


def _read(guard: Guarded) -> RawFeed:
    if guard.root in ("urlset", "sitemapindex"):
        raw = read_sitemap(guard.text)
    else:
        raw = read_xml_feed(guard.text)
        if guard.entries and not raw.entries:
            raise FeedRejected(Reason.FEED_NOT_A_FEED, "no entry can be read")
    return RawFeed(raw.title, raw.site, raw.language, raw.entries, raw.hints, guard.left, guard.truncated)


def _is_html(text: str, url: str) -> FeedRejected:
    found = [link.url for link in feed_links(text, url)]
    if not found:
        return FeedRejected(Reason.FEED_IS_HTML, "the page links to no feed")
    return FeedRejected(Reason.FEED_IS_HTML, "the page links to " + ", ".join(found[:5]))


def _document(
    raw: RawFeed, url: str, limits: FeedLimits, now: datetime | None, refused: list[RefusedEntry]
) -> FeedDocument:
    raws = raw.entries[: limits.max_entries]
    left = raw.left + len(raw.entries) - len(raws)
    links = [_canonical(entry.link, url) for entry in raws]
    dates = [(read_date(entry.published, now), read_date(entry.updated, now)) for entry in raws]
    told = changes_told([updated.time or published.time for published, updated in dates])
    entries = []
    for entry, link, key, dated in zip(raws, links, entry_keys(raws, links), dates, strict=True):
        reason = _problem(entry, link, limits)
        if reason is None:
            entries.append(_entry(entry, link, key, raw.language, dated, told))
        else:
            refused.append(RefusedEntry(key, link, entry.title, reason, entry.link or ""))
    if left:
        words = f"{left:,} entries after the first {limits.max_entries:,}"
        refused.append(RefusedEntry("left", None, "", Reason.FEED_TOO_MANY_ENTRIES, words))
    notes = [Reason.FEED_TRUNCATED] * raw.truncated + [Reason.FEED_TOO_MANY_ENTRIES] * bool(left)
    site = _canonical(raw.site, url)
    return FeedDocument(raw.title, site, tuple(entries), tuple(refused), raw.hints, tuple(notes))


def _problem(entry: RawEntry, link: str | None, limits: FeedLimits) -> Reason | None:
    """Why the entry cannot be taken, if so."""
    if entry.size > limits.max_entry:
        return Reason.ENTRY_TOO_LARGE
    if link is None and not (entry.content or entry.summary):
        return Reason.BAD_URL if entry.link else Reason.ENTRY_WITHOUT_LINK
    return None


def _entry(
    entry: RawEntry, link: str | None, key: str, language: str | None, dates: tuple[ReadDate, ReadDate], told: bool
) -> Entry:
    published, updated = dates
    changed = updated.time or published.time
    notes = [note for note in (published.note, updated.note) if note]
    if entry.link and link is None:
        notes.append(f"link {printable(entry.link)[:100]!r} is not a web address")
    return Entry(
        key=key,
        url=link,
        link=entry.link,
        guid=entry.guid,
        title=entry.title,
        summary=entry.summary,
        content=entry.content,
        authors=entry.authors,
        published=published.time or updated.time,  # RDF and sitemaps know one date, read as the later one
        updated=updated.time,
        fingerprint=fingerprint(entry, link, changed if told else None),
        language=entry.language or language,
        notes=tuple(notes),
    )


def _canonical(link: str | None, base: str) -> str | None:
    """``link`` as a canonical web address, or ``None`` where it is none."""
    if not link or not link.strip():
        return None
    try:
        return canonical_url("".join(link.split()), base, feed_host=split_url(base).host).url
    except ValueError:
        return None


def _large(head: str, limits: FeedLimits) -> RefusedEntry:
    """What the beginning of an entry says about itself."""
    title = _TITLE.search(head)
    written = _LINK.search(head) or _HREF.search(head)
    link = _canonical(html.unescape(written[1]), written[1]) if written else None
    raw = RawEntry(title=title_of(title[1], markup=True) if title else "")
    key = entry_keys([raw], [link])[0]
    return RefusedEntry(key, link, raw.title, Reason.ENTRY_TOO_LARGE, f"more than {limits.max_entry:,} bytes")
