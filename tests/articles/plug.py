"""An extractor of another package, for the test of the plug."""

from __future__ import annotations

from pipeline.articles.extractors import PageInput


def shout(page: PageInput) -> str:
    return "\n".join(["PLUGGED IN TEXT WITH ENOUGH WORDS"] * 9)
