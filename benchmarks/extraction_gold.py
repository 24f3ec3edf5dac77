"""Quality of extraction on saved pages with gold, beside trafilatura's default with metadata.

    python benchmarks/extraction_gold.py PAGES.jsonl [--set NAME] [--errors]

Each line names a page and what is known of it; what is left out is not counted::

    {"id": "a", "file": "a.html", "url": "https://...", "set": "unseen", "title": "...", "authors": ["..."],
     "published": "2024-05-14T09:30:00+02:00" or "2024-05-14", "text": "...", "starts": "...",
     "with": ["a sentence of the article"], "without": ["a piece of furniture"]}

``file`` is relative to the list.  Measures: body, F1 over 4-word shingles; title and authors, the same after white
space is folded (authors as a set); day, the calendar date as the page states it; time, the same moment.  Pages that
are taken for no article are counted, and scored by what was read from them.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import mean
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import trafilatura

from pipeline.articles import extract_page
from pipeline.articles.decode import decode_page
from pipeline.errors import PageRejected

Found = dict[str, Any]
NOTHING: Found = {"title": "", "text": "", "authors": [], "day": "", "time": None}


def ours(body: bytes, url: str) -> tuple[Found, str]:
    """What this project makes of the page, and the reason where it takes it for no article."""
    result = extract_page(body, url)
    verdict = f"{result.reason}: {result.detail}" if result.reason else ""
    if (article := result.article or result.refused) is None:
        return NOTHING, verdict
    at = article.published
    found = {"title": article.title, "text": article.text, "authors": list(article.authors)}
    return {
        **found,
        "day": at.date().isoformat() if at else "",
        "time": None if article.published_day_only else at,
    }, verdict


def theirs(html: str, url: str) -> Found:
    """The same by trafilatura, which knows no time of day."""
    page = trafilatura.bare_extraction(html, url=url, with_metadata=True, include_comments=False)
    if page is None:
        return NOTHING
    authors = [name for name in (page.author or "").split("; ") if name]
    return {"title": page.title, "text": page.text or "", "authors": authors, "day": page.date or "", "time": None}


def shingles(text: str, width: int = 4) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return Counter(tuple(words[i : i + width]) for i in range(max(1, len(words) - width + 1)))


def overlap(a: str, b: str) -> float:
    """F1 over 4-word shingles, 0-1."""
    one, two = shingles(a), shingles(b)
    common = sum((one & two).values())
    return 2 * common / (sum(one.values()) + sum(two.values()))


def folded(text: str | None) -> str:
    return " ".join((text or "").split())


def scores(found: Found, gold: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Each measure that the gold allows, 0-1."""
    text = folded(found["text"])
    if gold.get("text"):
        yield "body F1", overlap(found["text"], gold["text"])
    if wanted := gold.get("with"):
        yield "sentences found", mean(folded(part) in text for part in wanted)
    if unwanted := gold.get("without"):
        yield "furniture left out", mean(folded(part) not in text for part in unwanted)
    if gold.get("starts"):
        yield "beginning found", float(folded(gold["starts"])[:40] in text)
    if gold.get("title"):
        yield "title", float(folded(found["title"]) == folded(gold["title"]))
    if "authors" in gold:
        yield "authors", float(set(map(folded, found["authors"])) == set(map(folded, gold["authors"])))
    if published := gold.get("published"):
        yield "day", float(found["day"] == published[:10])
        if len(published) > 10:
            yield "date-time", float(found["time"] == datetime.fromisoformat(published))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--set", help="only pages of this set")
    parser.add_argument("--errors", action="store_true", help="name the pages and measures that are not perfect")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    table: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    refused: Counter[str] = Counter()
    slowest = (0.0, "")
    for line in args.pages.read_text("utf-8").splitlines():
        gold = json.loads(line)
        if args.set and gold.get("set") != args.set:
            continue
        body = (args.pages.parent / gold["file"]).read_bytes()
        started = time.process_time()
        mine, reason = ours(body, gold["url"])
        slowest = max(slowest, (time.process_time() - started, gold["id"]))
        if reason:
            refused[reason.partition(":")[0]] += 1
        try:
            other = theirs(decode_page(body, None).html, gold["url"])
        except PageRejected:
            other = NOTHING
        for name, found in (("storyfold", mine), ("trafilatura", other)):
            for measure, score in scores(found, gold):
                table[measure][name].append(score)
                if args.errors and score < 1 and name == "storyfold":
                    print(f"{gold['id']:40} {measure} {score:.3f} {reason}")
    print(f"{'measure':20} {'pages':>5} {'storyfold':>10} {'trafilatura':>12}")
    for measure, columns in table.items():
        both = "".join(f"{mean(columns[name]):{width}.3f}" for name, width in (("storyfold", 11), ("trafilatura", 13)))
        print(f"{measure:20} {len(columns['storyfold']):5}{both}")
    print(f"taken for no article: {dict(refused) or 'none'}; slowest {slowest[0]:.2f} s of CPU time ({slowest[1]})")


if __name__ == "__main__":
    main()
