"""Who an entry is, inside its feed.

A GUID may be missing, repeated, or made anew at every request; a link may change from http to https, gain
tracking parameters, or lead every entry to the home page.  So the whole document is looked at:

1. the link, where it names one page: its path or query is specific, and no entry with another title shares
   it;
2. else the GUID, where it is unique in the document and does not look like a time or an empty value;
3. else title and content.

The link comes first because it is what all later stages work on: two entries that lead to one page are one
article whatever their GUIDs say, and a page that moves under a stable GUID is recognised by its text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from pipeline.feeds.raw import RawEntry, plain
from pipeline.urls import entry_identity_url

# Values that say nothing, and times of generation: seconds, milliseconds, ISO 8601, RFC 822.
_EMPTY_GUID = frozenset(["", "0", "-1", "null", "none", "undefined", "false", "nan", "n/a", "#"])
_TIME_GUID = re.compile(
    r"1[0-9]{9}(?:[0-9]{3})?(?:\.\d+)?|\d{4}-?\d\d-?\d\d[T ]\d\d:?\d\d\S*|\w{3}, \d{1,2} \w{3} \d{4} .*"
)
_WEB = re.compile(r"https?://", re.IGNORECASE)


def entry_keys(entries: Sequence[RawEntry], links: Sequence[str | None]) -> list[str]:
    """The key of each entry of one document, in order; ``links`` are absolute, ``None`` where there is none.

    Keys are 33 characters: ``u`` (address), ``g`` (GUID) or ``t`` (text) and 128 bits in hex.  Entries that
    are copies of each other get the same key.
    """
    addresses = [_identity(link) if link and _is_specific(link) else None for link in links]
    guids = [_guid(entry.guid) for entry in entries]
    titles_of = _grouped(addresses, [entry.title.casefold() for entry in entries])
    titles_of_guid = _grouped(guids, [entry.title.casefold() for entry in entries])
    keys = []
    for entry, address, guid in zip(entries, addresses, guids, strict=True):
        if address and len(titles_of[address]) == 1:
            keys.append(_key("u", address))
        elif guid and len(titles_of_guid[guid]) == 1:
            keys.append(_key("g", guid))
        else:
            keys.append(_key("t", address or "", entry.title.casefold(), _text(entry)))
    return keys


def fingerprint(entry: RawEntry, url: str | None, changed: datetime | None = None) -> str:
    """32 hex digits that change when title, address, text or the time ``changed`` do, and not with markup or
    white space."""
    when = changed.isoformat() if changed else ""
    return _key("", entry.title, _identity(url) if url else "", _text(entry), when)


def changes_told(dates: Sequence[datetime | None]) -> bool:
    """Whether the entries' dates tell when each was changed: not where all bear one, the document's own."""
    return len(dates) < 2 or len(set(dates)) > 1


def _grouped(values: Sequence[str | None], titles: Sequence[str]) -> dict[str | None, set[str]]:
    groups: dict[str | None, set[str]] = {}
    for value, title in zip(values, titles, strict=True):
        groups.setdefault(value, set()).add(title)
    return groups


def _guid(guid: str | None) -> str | None:
    """The GUID in the form that is compared, or ``None`` where it cannot serve."""
    guid = (guid or "").strip()
    if guid.lower() in _EMPTY_GUID or _TIME_GUID.fullmatch(guid):
        return None
    return _identity(guid) if _WEB.match(guid) else guid


def _is_specific(link: str) -> bool:
    """Whether an address may name one page: not a host's front page."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.path.strip("/") != "" or parts.query != ""


def _identity(url: str) -> str:
    try:
        return entry_identity_url(url)
    except ValueError:
        return url


def _text(entry: RawEntry) -> str:
    return plain(entry.content or entry.summary)


def _key(kind: str, *parts: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "replace")
        digest.update(b"%d:" % len(data) + data)  # lengths keep "ab"+"c" apart from "a"+"bc"
    return kind + digest.hexdigest()
