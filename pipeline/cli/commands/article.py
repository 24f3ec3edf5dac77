"""``article ID``: one article with its text, and what changed in it."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipeline import app
from pipeline.cli import show
from pipeline.run.correcting import find_article
from pipeline.text import count_of

if TYPE_CHECKING:
    from argparse import Namespace
    from datetime import datetime

    from rich.console import Console

    from pipeline.model import StoredArticle
    from pipeline.storage import Revision

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One later text: which, since when, and the unified diff from the text before."""

    number: int  # of the later text; 2 is the first
    time: datetime
    diff: tuple[str, ...]


def run(args: Namespace) -> int:
    """Show the article; with ``--revisions`` what changed instead of the text."""
    with app.open_reader(args) as store:
        article = find_article(store, args.id)
        story = store.story_with(article.row)
        earlier = store.revisions(article.article_id)
    changes = list(changes_of(article, earlier))
    if args.json:
        show.json_lines([as_json(article, story.story_id, changes, diffs=args.revisions)])
        return 0
    console = show.console()
    _print_head(console, article, story.story_id)
    if args.revisions:
        _print_changes(console, changes)
    else:
        for paragraph in article.article.text.split("\n"):
            console.print(show.text(paragraph))
    return 0


def changes_of(article: StoredArticle, earlier: list[Revision]) -> Iterator[Change]:
    """Each later text against the one before, oldest first."""
    texts = [(old.number, old.stored, old.title, old.text) for old in earlier]
    texts.append((article.revision, article.stored, article.article.title, article.article.text))
    for before, after in pairwise(texts):
        old, new = ([title, *text.split("\n")] for _, _, title, text in (before, after))
        names = (f"revision {before[0]}", f"revision {after[0]}")
        times = (f"{before[1]:%Y-%m-%d %H:%M:%S}", f"{after[1]:%Y-%m-%d %H:%M:%S}")
        yield Change(after[0], after[1], tuple(difflib.unified_diff(old, new, *names, *times, n=1, lineterm="")))


def as_json(article: StoredArticle, story_id: str, changes: list[Change], *, diffs: bool) -> dict[str, Any]:
    """The stable shape of ``article --json``."""
    fields = dataclasses.asdict(article.article)
    text = fields.pop("text")
    revisions = [{"number": c.number, "time": c.time} | ({"diff": "\n".join(c.diff)} if diffs else {}) for c in changes]
    return {
        "article_id": article.article_id,
        "story_id": story_id,
        "stored": article.stored,
        "revision": article.revision,
        **fields,
        "text": text,
        "revisions": revisions,
    }


def _print_head(console: Console, article: StoredArticle, story_id: str) -> None:
    own = article.article
    console.print(show.text(own.title, "bold"))
    facts = [
        own.outlet or "",
        ", ".join(own.authors),
        "/".join(own.agencies),
        show.moment(own.published),
        own.language or "",
        own.url,
        f"story {story_id}",
        f"revision {article.revision}" if article.revision > 1 else "",
    ]
    console.print(show.text(" · ".join(dict.fromkeys(filter(None, facts))), "dim"))


def _print_changes(console: Console, changes: list[Change]) -> None:
    if not changes:
        console.print("The text never changed.")
        return
    console.print(count_of(len(changes), "later text"))
    for change in changes:
        for line in change.diff:
            console.print(show.text(line, _STYLES.get(line[:1], "")))
