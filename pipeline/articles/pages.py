"""An article that spans several pages, put together again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pipeline.model import Article


def joined(first: Article, rest: Iterable[Article]) -> Article:
    """``first`` with the text of the following pages; lines that came before (teaser, lead) are not repeated."""
    lines = first.text.split("\n")
    seen = set(lines)
    count = 1
    for article in rest:
        count += 1
        for line in article.text.split("\n"):
            if line not in seen:
                seen.add(line)
                lines.append(line)
    if count == 1:
        return first
    return replace(first, text="\n".join(lines), notes=(*first.notes, f"put together from {count} pages"))
