"""``explain A B``: everything behind same or not the same, for stored articles or files."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline import app
from pipeline.articles import extract
from pipeline.cli import show
from pipeline.cli.commands.corrections import link_json
from pipeline.dedup import open_matcher
from pipeline.dedup.explain import Explanation, explain
from pipeline.errors import UsageError
from pipeline.model import Article
from pipeline.run.correcting import find_article
from pipeline.storage import Link, LinkKind, Store, open_store
from pipeline.text import count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pipeline.config import Config


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: an article, and its row where it is stored."""

    article: Article
    row: int | None = None


def run(args: Namespace) -> int:
    """Print the case as a table, or as one JSON object."""
    config = app.load_config(args)
    files = [Path(name) for name in (args.a, args.b)]
    if all(path.is_file() for path in files):
        told = explain(_from_file(files[0]), _from_file(files[1]))
        links: list[Link] = []
    else:
        with open_store(config.storage.url, read_only=True) as store:
            told, links = _stored(store, config, args)
    if args.json:
        show.json_lines([{**told.to_json(), "links": [link_json(link) for link in links]}])
    else:
        print_explanation(show.console(), told, links)
    return 0


def _stored(store: Store, config: Config, args: Namespace) -> tuple[Explanation, list[Link]]:
    """Stored articles are explained with what the store knows of common wording, and what people said."""
    a, b = (_side(store, name) for name in (args.a, args.b))
    matcher = open_matcher(store, app.matching_rules(config, store))
    in_a, in_b = matcher.counted([a.row, b.row])
    said = [link for link in store.links() if {link.a_row, link.b_row} == {a.row, b.row}]
    return explain(a.article, b.article, matcher.counts, matcher.rules.table, (in_a, in_b)), said


def _side(store: Store, name: str) -> Side:
    if Path(name).is_file():
        return Side(_from_file(Path(name)))
    found = find_article(store, name, "article or file")
    return Side(found.article, found.row)


def _from_file(path: Path) -> Article:
    """A page, a JSON object with ``title`` and ``text``, or a plain text whose first line is the title."""
    text = path.read_text("utf-8", "replace")
    if path.suffix in (".html", ".htm"):
        return extract(text, f"https://localhost/{path.name}")
    if path.suffix == ".json":
        try:
            fields = json.loads(text)
            return msgspec.convert({"url": "", "title": "", **fields}, Article)
        except (ValueError, TypeError, msgspec.ValidationError) as error:
            raise UsageError(f"{path}: not an article as JSON: {error}") from None
    title, _, body = text.partition("\n")
    return Article("", title.strip(), body.strip())


def print_explanation(console: Console, told: Explanation, links: Sequence[Link] = ()) -> None:
    """The verdict and what people said first, then figures in the order of their weight, then shared passages."""
    console.print(show.text(f"A  {told.a}"))
    console.print(show.text(f"B  {told.b}"))
    console.print(show.text(told.summary(), "bold green" if told.same else "bold yellow"))
    for link in links:
        said = "are" if link.kind is LinkKind.MUST else "are not"
        note = f" ({link.note})" if link.note else ""
        word = f"link {link.row}: a person said that they {said} the same report{note}, and that is what counts"
        console.print(show.text(word, "bold"))
    table = show.table("figure", ">value", ">weight", ">adds", "~meaning")
    for row in told.rows():
        table.add_row(*row)
    console.print(table)
    for veto in told.vetoes:
        console.print(show.text(f"veto: {veto}", "yellow"))
    ending = "; the longest passages:" if told.passages else ""
    console.print(f"{count_of(told.shared_words, 'word')} of A stand in B{ending}")
    for passage in told.passages[:8]:
        console.print(show.text(f"  {passage.words:4} words  {passage.text}", width=console.width - 2))
