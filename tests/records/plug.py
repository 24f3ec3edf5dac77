"""An extractor of another package: the first paragraph and nothing else."""

from __future__ import annotations

import re

from pipeline.articles.extractors import PageInput


def first_paragraph(page: PageInput) -> str:
    found = re.search(r"<p>(.*?)</p>", page.html, re.DOTALL)
    return found[1] if found else ""
