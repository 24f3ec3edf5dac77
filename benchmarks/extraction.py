"""Speed of the whole extraction step beside trafilatura, interleaved in one run; pages per second through the pool.

    python benchmarks/extraction.py [--rounds N]

The pages are the golden pages of the tests with their bodies and furniture grown to the size of real news pages.
Each page is measured with every contestant before the next page; the best of the rounds counts, in CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import logging
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import trafilatura

from pipeline.articles import ExtractSettings, extract, extract_page
from pipeline.run.pool import WorkerPool
from tests.articles import shapes_agency, shapes_frame, shapes_json_ld, shapes_plain  # noqa: F401 - they register their shapes
from tests.articles.shapes import Golden, all_golden

MENU = "".join(f'<li class="item"><a class="lnk" href="/s/{i}">Section {i}</a></li>' for i in range(150))
TEASERS = "".join(
    f'<div class="card"><a href="/t/{i}"><img src="/{i}.jpg"><h3>Teaser headline number {i} of the day</h3></a></div>'
    for i in range(60)
)
SCRIPT = f"<script>window.state={[list(range(30))] * 150}</script>"


def grown(page: Golden, rng: random.Random) -> str:
    """The page at the size of a real one: longer paragraphs, menus, teasers, scripts."""
    html = page.body.decode(page_encoding(page))
    for line in page.story.lines[1:]:
        words = line.split() if " " in line else list(line)
        more = [(" " if " " in line else "").join(rng.sample(words, len(words))) + "." for _ in range(5)]
        html = html.replace(line, " ".join([line, *more]))
    html = html.replace("<body>", f"<body>{SCRIPT}<ul class=menu>{MENU}</ul>", 1)
    return html.replace("</body>", f'<div class="teasers">{TEASERS}</div>{SCRIPT}</body>', 1)


def page_encoding(page: Golden) -> str:
    if "charset" in page.content_type:
        return "utf-8"
    return {"ja": "shift_jis", "ru": "cp1251", "zh": "gb18030"}[page.story.language]


def contestants() -> dict[str, Callable[[str, str], object]]:
    slow, fast = ExtractSettings(), ExtractSettings(fast=True)
    return {
        "trafilatura, default with metadata": lambda html, url: trafilatura.bare_extraction(
            html, url=url, with_metadata=True
        ),
        "this step": lambda html, url: extract(html, url, slow),
        "this step, fast": lambda html, url: extract(html, url, fast),
    }


def measure(pages: list[tuple[str, str]], rounds: int) -> dict[str, float]:
    """Milliseconds of CPU time a page, the best of the rounds for each page."""
    runs = contestants()
    total = dict.fromkeys(runs, 0.0)
    for html, url in pages:
        best = dict.fromkeys(runs, float("inf"))
        for _ in range(rounds):
            for name, run in runs.items():
                started = time.process_time()
                run(html, url)
                best[name] = min(best[name], time.process_time() - started)
        for name in runs:
            total[name] += best[name]
    return {name: seconds / len(pages) * 1000 for name, seconds in total.items()}


async def pages_per_second(pages: list[tuple[str, str]], workers: int) -> float:
    async with WorkerPool(workers) as pool:

        async def one(html: str, url: str) -> None:
            await pool.run(RUN_PAGE, html.encode(), url)

        await asyncio.gather(*(one(*page) for page in pages[:8]))  # workers start and load
        started = time.perf_counter()
        await asyncio.gather(*(one(*page) for page in pages * 3))
        return len(pages) * 3 / (time.perf_counter() - started)


RUN_PAGE = functools.partial(extract_page, content_type="text/html; charset=utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    logging.disable(logging.CRITICAL)
    rng = random.Random(5)
    pages = [(grown(page, rng), page.url) for page in all_golden()]
    print(f"{len(pages)} pages, {sum(len(html) for html, _ in pages) // len(pages):,} characters each on average")
    measure(pages[:3], 1)
    times = measure(pages, rounds)
    base = times["trafilatura, default with metadata"]
    for name, milliseconds in times.items():
        print(f"{name:36} {milliseconds:7.1f} ms a page  {base / milliseconds:5.2f} x")
    print(f"{asyncio.run(pages_per_second(pages, 2)):.0f} pages a second through the pool on two cores")


if __name__ == "__main__":
    main()
