"""What a unit of work costs, and what more workers bring: one process against 1, 2 and 4 workers.

    PYTHONPATH=. python benchmarks/scale.py [--rounds 3] [--pages 900] [--articles 1500] [--parts LIST] [--corpus F]

Parts, interleaved in each round: ``poll`` polls feeds of a loopback world (for the first time, changed, unchanged) and
``page`` extracts pages, both in one process; ``match`` stores articles with the writer on SQLite and on PostgreSQL;
``turn`` takes and gives turns at hosts; ``job`` hands out jobs that do nothing; ``fleet`` works a loopback world of 200
hosts off with one process (SQLite, PostgreSQL) and with workers.  Processor time is that of every process of ours
and of the server's, so that a busy machine changes the wall's figures most.  PostgreSQL waits for the disk as it
would in earnest.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import psutil

from benchmarks import poll_world
from benchmarks.cluster_world import told
from pipeline.articles import extract_page
from pipeline.cluster.queue import JobQueue
from pipeline.dedup import Rules, open_matcher
from pipeline.errors import StorageError
from pipeline.model import Article
from pipeline.run.writer import Draft, Writer
from pipeline.storage import Store, open_store
from pipeline.storage.cluster import open_cluster
from pipeline.storage.turns import Asked, Given
from tests.cluster import fleet
from tests.pgserver import Server

COPIES = 3
BATCH = 256
FEEDS = 1_000
Figures = dict[str, list[float]]  # seconds of processor time for each unit, or units a second


def cpu(*roots: psutil.Process) -> float:
    """Processor seconds of processes and all their children that are alive."""
    total = 0.0
    for root in roots:
        try:
            for process in (root, *root.children(recursive=True)):
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


class Spent:
    """Processor time of this process and of the database's."""

    def __init__(self, server: Server) -> None:
        pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        self.server = psutil.Process(pid)

    @contextmanager
    def on(self, figures: Figures, name: str, units: int) -> Iterator[None]:
        ours, theirs, began = time.process_time(), cpu(self.server), time.perf_counter()
        yield
        figures.setdefault(f"{name}: worker, ms", []).append((time.process_time() - ours) / units * 1e3)
        figures.setdefault(f"{name}: server, ms", []).append((cpu(self.server) - theirs) / units * 1e3)
        figures.setdefault(f"{name}: a second", []).append(units / (time.perf_counter() - began))


def articles(count: int, corpus: Path | None = None) -> list[Article]:
    """As many articles of three copies each, as extraction would give them; or the first ones of a corpus."""
    if corpus is not None:
        with gzip.open(corpus, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in islice(lines, count)]
        return [
            Article(
                url=f"https://corpus.example/{number}", title=row["title"] or "", text=row["text"], outlet=row["outlet"]
            )
            for number, row in enumerate(rows)
        ]
    made = []
    for number in range(count):
        story = told(number // COPIES, number % COPIES)
        text = story.html.partition("</h1>")[2].replace("</p>", "\n\n").replace("<p>", "").partition("</article>")[0]
        made.append(
            Article(
                url=f"https://outlet{number % 200}.example/p/{number}",
                title=story.title,
                text=text.strip(),
                outlet=f"Outlet {number % 200}",
            )
        )
    return made


def polls(figures: Figures, feeds: int) -> None:
    """Feeds of 200 hosts, polled three times by one process with two workers."""
    with poll_world.server(feeds, 200) as world, tempfile.TemporaryDirectory() as folder:
        rows = poll_world.contend(world, [sys.executable, poll_world.__file__, "--ours"], folder)
    for phase, row in zip(poll_world.PHASES, rows, strict=True):
        figures.setdefault(f"poll, {phase}: worker, ms", []).append(row["cpu"] / feeds * 1e3)
        figures.setdefault(f"poll, {phase}: a second", []).append(feeds / row["seconds"])


def extracted(figures: Figures, spent: Spent, count: int) -> None:
    """Pages of 250 words, one after another in this process."""
    pages = [told(number // COPIES, number % COPIES).html.encode() for number in range(count + 1)]
    extract_page(pages.pop(), "https://outlet.example/p", content_type="text/html")  # what is imported only once
    with spent.on(figures, "page", count):
        for number, page in enumerate(pages):
            extract_page(page, f"https://outlet.example/p/{number}", content_type="text/html")


def match(store: Store, spent: Spent, figures: Figures, name: str, count: int, corpus: Path | None) -> None:
    """The writer alone: identity, candidates, judgement, one transaction for each batch."""
    drafts = [Draft(article, url=article.url) for article in articles(count, corpus)]
    count = len(drafts)
    writer = Writer(store, lambda: open_matcher(store, Rules()))
    writer.write(drafts[:30], datetime.now(UTC))  # what is imported and opened only once
    with spent.on(figures, f"match and store, {name}", count - 30):
        for start in range(30, count, BATCH):
            writer.write(drafts[start : start + BATCH], datetime.now(UTC))


def turns(store: Store, spent: Spent, figures: Figures, count: int) -> None:
    """Turns at hosts, as many at a time as one worker asks for together."""
    cluster = open_cluster(store)
    cluster.prepare()
    cluster.beat("bench", "here", (), 600)
    for together in (1, 16):
        with spent.on(figures, f"turn at a host, {together} at a time", count):
            for start in range(0, count, together):
                hosts = [f"{n}.example" for n in range(start, start + together)]
                cluster.take_turns([Asked(host, "bench", 0.0) for host in hosts])
                cluster.give_turns([Given(host, "bench", 0.0, 0.0, 0.0, {"average": 0.1}) for host in hosts])


async def jobs(url: str, schema: str, spent: Spent, figures: Figures, count: int) -> None:
    """Jobs that do nothing: handing out, taking, finishing."""
    done = 0
    stop = asyncio.Event()

    async def nothing(_row: int) -> None:
        nonlocal done
        done += 1
        if done == count:
            stop.set()

    async with JobQueue.opened(url, schema, "bench") as queue:
        await queue.install()
        with spent.on(figures, "job", count):
            for start in range(0, count, 200):
                await queue.put("fetch", range(start, min(count, start + 200)))
            await queue.run({"fetch": nothing}, stop, at_once=200, stale_seconds=30)


def whole(server: Server, spent: Spent, figures: Figures, pages: int, workers: int, kind: str) -> None:
    """A whole world, worked off: one process with ``once``, or workers.  Measured from a tenth of the way on."""
    stories = pages // COPIES
    with tempfile.TemporaryDirectory() as name, fleet.world(200, stories, delay=0.005) as hosts:
        folder = Path(name)
        url = f"sqlite:///{folder}/news.db" if kind == "SQLite" else server.database()
        config = fleet.configured(folder, url, hosts, pace=0.0)
        config.write_text(config.read_text().replace("lease_seconds = 2.0\nalive_seconds = 4.0\njob_seconds = 5.0", ""))
        open_store(url).close()
        with fleet.fleet(folder, config) as running, open_store(url, read_only=True) as store:
            if workers:
                processes = [running.start() for _ in range(workers)]
            else:
                command = [sys.executable, str(fleet.ROOT / "run_pipeline.py"), "once", "--config", str(config)]
                processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)]
            trees = [psutil.Process(process.pid) for process in processes]
            early = measured(store, pages // 10)
            ours, theirs, began = cpu(*trees), cpu(spent.server), time.perf_counter()
            late = measured(store, pages)
            label = f"whole way, {f'{workers} workers' if workers else 'one process'}, {kind}"
            done = late - early
            figures.setdefault(f"{label}: worker, ms", []).append((cpu(*trees) - ours) / done * 1e3)
            figures.setdefault(f"{label}: server, ms", []).append((cpu(spent.server) - theirs) / done * 1e3)
            figures.setdefault(f"{label}: a second", []).append(done / (time.perf_counter() - began))
            for process in processes:
                if process not in running.workers:
                    process.wait(60)


def measured(store: Store, articles: int) -> int:
    """Wait for so many articles; how many there are."""
    ends = time.monotonic() + 200
    while time.monotonic() < ends:
        try:
            count = store.counts().articles
        except StorageError:
            count = 0
        if count >= articles:
            return count
        time.sleep(0.02)
    raise TimeoutError(f"{store.counts()}")


def show(figures: Figures) -> None:
    """Median and range of each."""
    width = max(map(len, figures), default=0)
    for name, values in figures.items():
        print(f"{name:{width}}  {statistics.median(values):9.3f}  ({min(values):.3f}-{max(values):.3f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=900)
    parser.add_argument("--articles", type=int, default=1500)
    parser.add_argument("--corpus", type=Path, metavar="FILE.jsonl.gz", help="articles for match; default: made ones")
    parser.add_argument("--parts", default="poll,page,match,turn,job,fleet")
    args = parser.parse_args()
    parts = args.parts.split(",")
    figures: Figures = {}
    server = Server(killed=True)
    try:
        server.run("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")  # a test's server does not wait for the disk
        spent = Spent(server)
        for _ in range(args.rounds):
            for part in one_round(server, spent, figures, args):
                if part[0] in parts:
                    part[1]()
    finally:
        show(figures)  # also what was measured before Ctrl-C
        server.close()


def one_round(
    server: Server, spent: Spent, figures: Figures, args: argparse.Namespace
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each measurement once."""

    def matched(url: str, name: str) -> None:
        with open_store(url) as store:
            match(store, spent, figures, name, args.articles, args.corpus)

    def small(part: str) -> None:
        url = server.database()
        with open_store(url) as store:
            if part == "turn":
                turns(store, spent, figures, 2_000)
            else:
                schema = open_cluster(store).schema
                asyncio.run(jobs(url, schema, spent, figures, 2_000))

    yield "poll", lambda: polls(figures, FEEDS)
    yield "page", lambda: extracted(figures, spent, args.pages)
    with tempfile.TemporaryDirectory() as folder:
        yield "match", lambda: matched(f"sqlite:///{folder}/news.db", "SQLite")
        yield "match", lambda: matched(server.database(), "PostgreSQL")
    yield "turn", lambda: small("turn")
    yield "job", lambda: small("job")
    for workers, kind in ((0, "SQLite"), (1, "PostgreSQL"), (0, "PostgreSQL"), (2, "PostgreSQL"), (4, "PostgreSQL")):
        yield "fleet", lambda w=workers, k=kind: whole(server, spent, figures, args.pages, w, k)  # type: ignore[misc]


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(fleet.ROOT))
    main()
