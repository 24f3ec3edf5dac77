"""A loopback world of feeds in a process of its own, which watches over its own pace.

    python benchmarks/poll_server.py --hosts 200 --feeds 2000

Each host is an address of 127.0.0.0/8 on one port; feeds lie at ``/f/N``.  A feed has 20 entries and gets a new
one with each generation.  Prints its port, then answers on standard input:

    next      the next generation: every feed changes by one entry
    report    what the hosts saw, as JSON, and begins anew
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

ENTRIES = 20
_ITEM = (
    "<item><title>Report {0} of feed {1}</title><link>{2}/p/{1}/{0}</link><guid isPermaLink='false'>{1}-{0}</guid>"
    "<pubDate>Mon, 02 Mar 2026 {3:02}:{4:02}:00 GMT</pubDate><description>The council of the {0}th parish met about "
    "the budget of works number {1}, and put off the decision by a week until the surveyor has come back.</description>"
    "</item>"
)


@dataclass(slots=True)
class Watched:
    """One host: requests under way, and the least time between an answer and the next request."""

    open: int = 0
    most_open: int = 0
    last_end: float = 0.0
    least_gap: float = 1e9
    answered: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class World:
    """All hosts.  ``delay`` seconds pass before each answer."""

    delay: float
    port: int = 0
    generation: int = 0
    hosts: dict[str, Watched] = field(default_factory=dict)
    bodies: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def body(self, feed: int, base: str) -> bytes:
        known = self.bodies.get((feed, self.generation))
        if known is None:
            numbers = range(self.generation + ENTRIES, self.generation, -1)
            items = "".join(_ITEM.format(n, feed, base, n // 60 % 24, n % 60) for n in numbers)
            known = f"<rss version='2.0'><channel><title>Feed {feed}</title>{items}</channel></rss>".encode()
            self.bodies[feed, self.generation] = known
        return known

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = writer.get_extra_info("sockname")[0]
        host = self.hosts.setdefault(name, Watched())
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                now = time.monotonic()
                host.open += 1
                host.most_open = max(host.most_open, host.open)
                if host.last_end:
                    host.least_gap = min(host.least_gap, now - host.last_end)
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(self.answer(name, head, host))
                host.open -= 1
                host.last_end = time.monotonic()
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def answer(self, name: str, head: str, host: Watched) -> bytes:
        path = head.split(" ", 2)[1]
        host.answered += 1
        if not path.startswith("/f/"):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        feed = int(path[3:])
        etag = f'"{self.generation}"'
        if f"if-none-match: {etag}" in head.lower():
            host.unchanged += 1
            return f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode()
        body = self.body(feed, f"http://{name}:{self.port}")
        kind = f"Content-Type: application/rss+xml\r\nETag: {etag}\r\nContent-Length: {len(body)}"
        return f"HTTP/1.1 200 OK\r\n{kind}\r\n\r\n".encode() + body

    def report(self) -> str:
        seen = list(self.hosts.values())
        said = {
            "hosts": len(seen),
            "answered": sum(h.answered for h in seen),
            "unchanged": sum(h.unchanged for h in seen),
            "most_open": max((h.most_open for h in seen), default=0),
            "least_gap": min((h.least_gap for h in seen), default=0.0),
        }
        for host in seen:  # connections that stay open hold on to them
            host.most_open, host.least_gap, host.answered, host.unchanged = host.open, 1e9, 0, 0
        return json.dumps(said)


def addresses(hosts: int) -> list[str]:
    """The hosts' addresses."""
    return [f"127.9.{n // 250}.{n % 250 + 1}" for n in range(hosts)]


async def serve(hosts: int, feeds: int, delay: float) -> None:
    """Until standard input ends."""
    world = World(delay)
    first = await asyncio.start_server(world.connected, "127.9.255.1", 0, backlog=512)
    world.port = first.sockets[0].getsockname()[1]
    more = await asyncio.start_server(world.connected, addresses(hosts), world.port, backlog=512)
    for feed in range(feeds):  # made before anybody measures
        world.body(feed, f"http://{addresses(hosts)[feed % hosts]}:{world.port}")
    print(world.port, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip() == "next":
            world.generation += 1
            world.bodies.clear()
            for feed in range(feeds):
                world.body(feed, f"http://{addresses(hosts)[feed % hosts]}:{world.port}")
            print("ready", flush=True)
        else:
            print(world.report(), flush=True)
    more.close()
    first.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    args = parser.parse_args()
    asyncio.run(serve(args.hosts, args.feeds, args.delay))


if __name__ == "__main__":
    main()
