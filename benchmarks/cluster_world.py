"""A loopback world of outlets in a process of its own; each host watches over how it is asked.

    python benchmarks/cluster_world.py --hosts 200 --stories 100 --copies 3

Each host is one address with a feed at ``/feed`` and a page at ``/p/N`` for each story it carries.  A story is told
by ``copies`` hosts in nearly the same words; the words of one story have nothing to do with another's.  Prints its
port, then answers each line on standard input with what the hosts saw, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

SYLLABLES = tuple(
    "ba de fi go hu ka le mi no pu ra se ti vo zu bren dol fen gar hol lin mor nal pel rin sol tor vel".split()  # noqa: SIM905
)


def words(random: Random, count: int) -> list[str]:
    return ["".join(random.choices(SYLLABLES, k=random.randint(2, 4))) for _ in range(count)]


def sentences(random: Random, count: int) -> list[str]:
    return [" ".join(words(random, random.randint(9, 16))).capitalize() + "." for _ in range(count)]


@dataclass(frozen=True, slots=True)
class Told:
    """One story as one outlet tells it."""

    title: str
    html: str


def told(story: int, copy: int) -> Told:
    """The ``copy``-th telling: the same report, with a sentence left out and a line of the outlet's own."""
    random = Random(story)
    title = " ".join(words(random, 6)).capitalize()
    lines = sentences(random, 18)
    if copy:
        del lines[4 + copy % 10]
    groups = [" ".join(lines[n : n + 3]) for n in range(0, len(lines), 3)]
    body = "".join(f"<p>{group}</p>" for group in groups)
    return Told(
        title, f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{body}</article></body></html>"
    )


@dataclass(slots=True)
class Watched:
    """One host: requests under way, and the least time between an answer and the next request."""

    open: int = 0
    most_open: int = 0
    last_end: float = 0.0
    least_gap: float = 1e9
    asked: Counter[str] = field(default_factory=Counter)


class World:
    """All hosts."""

    def __init__(self, base: str, hosts: int, stories: int, copies: int, delay: float, crawl_delay: float) -> None:
        self.addresses = [f"{base}.{n // 250}.{n % 250 + 1}" for n in range(hosts)]
        self.carries: dict[str, list[tuple[int, int]]] = {address: [] for address in self.addresses}
        for story in range(stories):
            for copy in range(copies):
                self.carries[self.addresses[(story * copies + copy * 7) % hosts]].append((story, copy))
        self.delay = delay
        self.crawl_delay = crawl_delay
        self.port = 0
        self.watched = {address: Watched() for address in self.addresses}

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = writer.get_extra_info("sockname")[0]
        host = self.watched.setdefault(name, Watched())
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                now = time.monotonic()
                host.open += 1
                host.most_open = max(host.most_open, host.open)
                if host.last_end:
                    host.least_gap = min(host.least_gap, now - host.last_end)
                try:
                    path = head.split(" ", 2)[1]
                    host.asked[path] += 1
                    await asyncio.sleep(self.delay)
                    answer = self.answer(name, path)
                finally:
                    host.open -= 1
                    host.last_end = time.monotonic()  # before it is sent: a busy machine stops us right behind it
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def answer(self, name: str, path: str) -> bytes:
        carried = self.carries.get(name, [])
        kind, body = "text/html; charset=utf-8", ""
        if path == "/robots.txt":
            kind = "text/plain"
            body = "User-agent: *\nDisallow: /private\n"
            body += f"Crawl-delay: {self.crawl_delay}\n" if self.crawl_delay else ""
        elif path == "/feed":
            kind = "application/rss+xml"
            items = "".join(
                f"<item><title>{told(s, c).title}</title><link>http://{name}:{self.port}/p/{s}</link></item>"
                for s, c in carried
            )
            body = f"<rss version='2.0'><channel><title>Outlet {name}</title>{items}</channel></rss>"
        elif path.startswith("/p/"):
            copies = [copy for story, copy in carried if story == int(path[3:])]
            body = told(int(path[3:]), copies[0]).html if copies else ""
        if not body:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        content = body.encode()
        return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content

    def report(self) -> str:
        seen = [host for host in self.watched.values() if host.asked]
        pages = Counter(count for host in seen for path, count in host.asked.items() if path.startswith("/p/"))
        return json.dumps(
            {
                "hosts": len(seen),
                "answered": sum(host.asked.total() for host in seen),
                "robots": max((host.asked["/robots.txt"] for host in seen), default=0),
                "pages_by_times_asked": pages,
                "most_open": max((host.most_open for host in seen), default=0),
                "least_gap": min((host.least_gap for host in seen), default=0.0),
            }
        )


async def serve(world: World, first: str) -> None:
    one = await asyncio.start_server(world.connected, first, 0, backlog=512)
    world.port = one.sockets[0].getsockname()[1]
    more = await asyncio.start_server(world.connected, world.addresses, world.port, backlog=512)
    print(world.port, flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(world.report(), flush=True)
    more.close()
    one.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="127.9", help="first two bytes of the hosts' addresses")
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--stories", type=int, default=100)
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--crawl-delay", type=float, default=0.0)
    args = parser.parse_args()
    world = World(args.base, args.hosts, args.stories, args.copies, args.delay, args.crawl_delay)
    asyncio.run(serve(world, f"{args.base}.255.1"))


if __name__ == "__main__":
    main()
