"""Stories that were merged."""

from __future__ import annotations

from datetime import timedelta

from web_world import EEL, NOW, Writer

from pipeline.model import Action, Article, Decision, Ingest, JournalRow, Match, Outcome, Reason
from pipeline.storage import Store


def merged(store: Store) -> tuple[str, str]:
    """(id of the story that was folded, id of the one that lives)."""
    writer = Writer(store)
    at = NOW - timedelta(hours=3)
    writer.add("Northwire", "Eels are back", EEL, at)
    writer.add("Metropole", "Eels", EEL[:150], at)
    article = Article("https://uplandpost.example/eels", "Eels again", EEL, "The Upland Post", published=at)
    journal = JournalRow(NOW, None, article.url, article.outlet, article.title, Outcome.NEW, Reason.MERGED_STORIES)
    decision = Decision(Action.MERGE, 1, (Match(1, 0.9, "reprint"), Match(2, 0.8, "expanded")), folded=2)
    store.apply([Ingest(3, "a0003", article, b"\0" * 8, decision, journal, "s0001")], NOW)
    return "s0002", "s0001"
