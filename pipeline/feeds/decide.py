"""Which entries of a document are news: a function of the document and of what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.model import Entry, FeedDocument, Reason, RefusedEntry


@dataclass(frozen=True, slots=True)
class New:
    """An entry that this feed never had."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Revised:
    """A known entry whose title, link or content changed."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Seen:
    """A known entry as it was."""

    entry: Entry


Verdict = New | Revised | Seen | RefusedEntry


def decide_entries(document: FeedDocument, known: Mapping[str, str]) -> list[Verdict]:
    """A verdict for each entry, in document order, then the entries that were refused.

    ``known`` maps keys to fingerprints; it may hold more than this document's.  A refused entry that is
    known under its own key and the fingerprint ``""`` was refused before: it is left out, so that a feed
    which repeats it every hour fills no journal.  Of entries with one key the first counts; the others are
    refused as ``ENTRY_REPEATED``.
    """
    verdicts: list[Verdict] = []
    present: set[str] = set()
    for entry in document.entries:
        if entry.key in present:
            verdicts.append(_repeated(entry))
            continue
        present.add(entry.key)
        verdicts.append(_verdict(entry, known.get(entry.key)))
    for refused in document.refused:
        if refused.key not in present and refused.key not in known:
            present.add(refused.key)
            verdicts.append(refused)
    return verdicts


def _verdict(entry: Entry, fingerprint: str | None) -> Verdict:
    if fingerprint is None:
        return New(entry)
    return Seen(entry) if fingerprint == entry.fingerprint else Revised(entry)


def _repeated(entry: Entry) -> RefusedEntry:
    return RefusedEntry(entry.key, entry.url, entry.title, Reason.ENTRY_REPEATED)
