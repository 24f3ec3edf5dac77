"""Feeds per second over a loopback world of 2,000 feeds on 200 hosts, beside `reader` and a feedparser loop.

    python benchmarks/poll_world.py [--runs 3] [--rounds 20]

The peers come with the ``bench`` extra.  All contenders poll
the same server (``poll_server.py``, a process of its own that shares the two cores), in turn, each run in fresh
processes with fresh databases.  Three phases: *first* (20 new entries a feed), *changed* (one new entry a feed),
*unchanged* (answers of 304).  `reader` polls with 20 threads; the loop is one after the other and stores nothing.

Then this project alone polls ``--rounds`` rounds of changed feeds, and its promises are checked: no host sees two
requests at once or one sooner than its pace (the hosts themselves say so), the 99th percentile of the event loop's
delay stays below 50 ms, memory within 10 % from the fifth round on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from poll_server import addresses  # noqa: E402

PACE = 0.02  # seconds between two requests to one host
PHASES = ("first", "changed", "unchanged")
P99_MS = 50.0
FLAT = 0.10  # of memory, up or down
SETTLED = 5  # rounds until memory is compared

READER = """
import json, sys, time
from reader import make_reader
urls, db = json.load(open(sys.argv[1])), sys.argv[2] + "/reader.db"
reader = make_reader(db)
for url in urls:
    reader.add_feed(url)
for line in sys.stdin:
    begun = time.perf_counter()
    reader.update_feeds(workers=20, scheduled=False)
    print(json.dumps({"seconds": time.perf_counter() - begun, "entries": reader.get_entry_counts().total}), flush=True)
"""
LOOP = """
import json, sys, time
import feedparser, requests
urls = json.load(open(sys.argv[1]))
session, tags = requests.Session(), {}
for line in sys.stdin:
    begun, entries = time.perf_counter(), 0
    for url in urls:
        answer = session.get(url, headers={"If-None-Match": tags[url]} if url in tags else {}, timeout=30)
        if answer.status_code == 200:
            tags[url] = answer.headers.get("ETag", "")
            entries += len(feedparser.parse(answer.content).entries)
    print(json.dumps({"seconds": time.perf_counter() - begun, "entries": entries}), flush=True)
"""


@dataclass(slots=True)
class Server:
    """The world, and the addresses of its feeds."""

    process: subprocess.Popen[str]
    urls: list[str]

    def ask(self, word: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def next(self) -> None:
        """Every feed gets a new entry."""
        assert self.ask("next") == "ready"

    def report(self) -> dict[str, Any]:
        """What the hosts saw since the last report."""
        found: dict[str, Any] = json.loads(self.ask("report"))
        return found


@contextmanager
def server(feeds: int, hosts: int, delay: float = 0.0) -> Iterator[Server]:
    """A world while the block runs."""
    command = [sys.executable, str(ROOT / "benchmarks" / "poll_server.py")]
    options = ["--feeds", str(feeds), "--hosts", str(hosts), "--delay", str(delay)]
    with subprocess.Popen([*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        names = addresses(hosts)
        yield Server(process, [f"http://{names[n % hosts]}:{port}/f/{n}" for n in range(feeds)])
        assert process.stdin
        process.stdin.close()


def contend(world: Server, command: Sequence[str], folder: str, phases: int = 3) -> list[dict[str, Any]]:
    """Run one contender through its phases; the server moves on before the second."""
    urls = Path(folder, "urls.json")
    urls.write_text(json.dumps(world.urls))
    told = []
    with subprocess.Popen(
        [*command, str(urls), folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin
        assert process.stdout
        for phase in range(phases):
            if phase == 1 or phases > len(PHASES):
                world.next()
            before = cpu_seconds(process.pid)
            process.stdin.write("go\n")
            process.stdin.flush()
            row = json.loads(process.stdout.readline())
            told.append(row | {"hosts": world.report(), "cpu": cpu_seconds(process.pid) - before})
        process.stdin.close()
    return told


def cpu_seconds(root: int) -> float:
    """CPU time of a process and its children that live; what a child spent is kept when it ends (man 5 proc)."""
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            for thread in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
        except OSError:
            continue  # it ended meanwhile
        total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


async def ours(urls: list[str], folder: str) -> None:
    """This project's polls, as a round makes them, without the pages behind the entries."""
    import structlog

    from pipeline.feeds import PollSettings
    from pipeline.fetch import FetchSettings
    from pipeline.model import FeedSource
    from pipeline.run.poll import poll_feed
    from pipeline.run.report import Tally
    from pipeline.run.settings import RunSettings
    from pipeline.run.together import PollKeeper, at_once
    from tests.run.polling_world import all_parts

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    fetch = FetchSettings(
        allow_private=("127.0.0.0/8",), proxy="none", min_host_interval=PACE, patience_seconds=600, concurrency=64
    )
    feeds = [FeedSource(url, f"Outlet {n}") for n, url in enumerate(urls)]
    polling = PollSettings(unconditional_share=0.0)
    async with all_parts(
        Path(folder), feeds, fetch=fetch, polling=polling, run=RunSettings(workers=2), preload=("pipeline.feeds.parse",)
    ) as parts:
        lags: list[float] = []
        own: list[float] = []
        lag = asyncio.create_task(watch_loop(lags, own))
        await asyncio.gather(*(parts.pool.run(sum, [1]) for _ in range(2)))
        while await asyncio.to_thread(sys.stdin.readline):
            lags.clear()
            own.clear()
            begun = time.perf_counter()
            tally, keeper = Tally(parts.clock()), PollKeeper(parts.db, parts.store)
            due = await parts.db(parts.store.feeds)
            await at_once(poll_feed(parts, feed, tally, keeper) for feed in due)
            spent = time.perf_counter() - begun
            waiting, _ = await parts.db(parts.store.waiting)
            said = {
                "seconds": spent,
                "entries": waiting,
                "failed": len(tally.failed),
                "p99_ms": p99(lags),
                "own_ms": p99(own),
            }
            print(json.dumps(said | {"mib": own_mib()}), flush=True)
        lag.cancel()


async def watch_loop(lags: list[float], own: list[float]) -> None:
    """How late the event loop wakes a sleeper, 200 times a second; and how much of that this process worked itself.

    Where others keep the cores busy a process is late without having done anything: ``own`` leaves that out.
    """
    while True:
        begun, worked = time.perf_counter(), time.process_time()
        await asyncio.sleep(0.005)
        lags.append(time.perf_counter() - begun - 0.005)
        own.append(min(lags[-1], time.process_time() - worked))


def p99(lags: Sequence[float]) -> float:
    """In milliseconds."""
    return round(1000 * sorted(lags)[int(len(lags) * 0.99)], 1) if lags else 0.0


def own_mib() -> float:
    """Resident memory of this process and its workers."""
    from tests.run.polling_world import tree_bytes

    return round(tree_bytes(os.getpid()) / 2**20, 1)


def compare(args: argparse.Namespace) -> None:
    contenders = {
        "storyfold": [sys.executable, __file__, "--ours"],
        "reader": [args.peers, "-c", READER],
        "feedparser loop": [args.peers, "-c", LOOP],
    }
    speeds: dict[tuple[str, str], list[float]] = {}
    costs: dict[tuple[str, str], list[float]] = {}
    for _ in range(args.runs):
        for name, command in contenders.items():
            with server(args.feeds, args.hosts) as world, tempfile.TemporaryDirectory() as folder:
                for phase, told in zip(PHASES, contend(world, command, folder), strict=True):
                    speeds.setdefault((name, phase), []).append(args.feeds / told["seconds"])
                    costs.setdefault((name, phase), []).append(1000 * told["cpu"] / args.feeds)
                    assert not told.get("failed"), told
                    speed, cost = speeds[name, phase][-1], costs[name, phase][-1]
                    print(f"    {name}, {phase}: {speed:.0f} feeds/s, {cost:.2f} ms of CPU a feed", file=sys.stderr)
    print(f"{args.feeds} feeds on {args.hosts} hosts, median (least-most) of {args.runs} runs")
    for name in contenders:
        for phase in PHASES:
            speed, cost = speeds[name, phase], costs[name, phase]
            ratio = statistics.median(a / b for a, b in zip(speeds["storyfold", phase], speed, strict=True))
            print(
                f"  {name:16}{phase:10} {spread(speed, 0)} feeds/s   {spread(cost, 2)} ms of CPU a feed"
                f"   storyfold is {ratio:.2f}x as fast",
                flush=True,
            )


def spread(values: Sequence[float], digits: int) -> str:
    """Median (least-most)."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:7.{digits}f} ({least:.{digits}f}-{most:.{digits}f})"


def endure(args: argparse.Namespace) -> None:
    with server(args.feeds, args.hosts, args.delay) as world, tempfile.TemporaryDirectory() as folder:
        told = contend(world, [sys.executable, __file__, "--ours"], folder, max(args.rounds, 4))
    settled = [row["mib"] for row in told[SETTLED:]] or [row["mib"] for row in told[1:]]
    middle = statistics.median(settled)
    most_open = max(row["hosts"]["most_open"] for row in told)
    gap = min(row["hosts"]["least_gap"] for row in told)
    late, own = max(row["p99_ms"] for row in told), max(row["own_ms"] for row in told)
    swing = max(abs(mib / middle - 1) for mib in settled)
    speed = statistics.median(args.feeds / row["seconds"] for row in told)
    print(
        f"{len(told)} rounds of changed feeds: {speed:.0f} feeds/s; at most {most_open} request at once to a host, "
        f"least gap {gap * 1000:.1f} ms (pace {PACE * 1000:.0f}); loop delay p99 {late} ms in the worst round, "
        f"{own} ms of it by this process; "
        f"memory {min(settled):.0f}-{max(settled):.0f} MiB (± {swing:.1%})"
    )
    assert all(row["failed"] == 0 for row in told)
    assert most_open == 1
    assert gap >= PACE
    assert own < P99_MS
    assert late < P99_MS or load() > 1.5 * (os.cpu_count() or 1), late
    assert swing <= FLAT


def load() -> float:
    """Processes that want a core: with more of them than cores, delays say nothing about this one."""
    return os.getloadavg()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer, in the long run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--peers",
        metavar="PYTHON",
        default=sys.executable,
        help="interpreter with the `bench` extra (default: this one)",
    )
    parser.add_argument("--ours", nargs=2, metavar=("URLS", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.ours:
        asyncio.run(ours(json.loads(Path(args.ours[0]).read_text()), args.ours[1]))
        return
    if args.runs:
        compare(args)
    if args.rounds:
        endure(args)


if __name__ == "__main__":
    main()
