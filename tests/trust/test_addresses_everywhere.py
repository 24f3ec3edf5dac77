"""A hostile address is never connected to, wherever it comes from: asserted at the socket of the running service.

The service polls a world of feeds on 127.77.0.0/16, the only network it may ask.  Every form of a refused address
(``tests/fetch/test_addresses.py``) comes to it as a feed, a page, a redirect of a feed and of a page, a redirect
of a robots.txt, a lighter edition of a page, a hub and a webhook.  Two witnesses: an audit hook in the process of
the service notes every address that the operating system is asked to connect to; and a listener on every address
of this machine notes where connections arrive.  The resolver is the worst there can be: to it, every name is
this machine.
"""

from __future__ import annotations

import ast
import html
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from pipeline import app
from pipeline.fetch import refusal
from pipeline.model import Reason
from pipeline.storage import Delivery, ItemFilter, open_store
from pipeline.urls import is_web_url
from tests.fetch.test_addresses import FORMS
from tests.trust.running import Service
from tests.trust.warm import Warm

ALLOWED = ip_network("127.77.0.0/16")
ALL_FAILED = 3  # what `once` ends with where no feed could be read
TEXT = (
    "The harbour office of Tarn Mouth put berth number nine up for lease on Monday, after the last trawler that used "
    "it was sold to a yard further north. Bidders have until the third week of the season to name a rent, the harbour "
    "master said, and preference goes to boats that land their catch in town."
)
WATCHED = """
import socket, sys

def note(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        with open({path!r}, "a") as file:
            file.write(repr(args[1]) + "\\n")

sys.addaudithook(note)
real = socket.getaddrinfo

def worst(host, port, *more, **named):
    try:
        return real(host, port, *more, **{{**named, "flags": socket.AI_NUMERICHOST}})
    except OSError:
        return real("127.0.0.1", port, *more, **named)

socket.getaddrinfo = worst
"""


class Everywhere(ThreadingHTTPServer):
    """Listens on every IPv4 address of the machine and answers on the allowed network; others are only noted."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", 0), Handler)
        self.trespasses: list[str] = []
        self.paths: Counter[str] = Counter()
        self.everyone = [with_port(form, self.server_port) for form in FORMS if form.strip()]

    def get_request(self):  # type: ignore[no-untyped-def]
        connection, client = super().get_request()
        arrived = connection.getsockname()[0]
        if ip_address(arrived) not in ALLOWED:
            self.trespasses.append(arrived)
        return connection, client

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave early are nothing to tell of."""

    def url(self, path: str, host: str = "127.77.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"


def with_port(form: str, port: int) -> str:
    """The same host at the port where somebody listens."""
    return form.replace("/latest/", f":{port}/latest/") if form.endswith("/latest/") else form


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Everywhere

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is printed."""

    def do_GET(self) -> None:
        host = self.connection.getsockname()[0]
        kind, _, number = self.path.strip("/").partition("/")
        self.server.paths[kind] += 1
        if self.path == "/robots.txt" and host.startswith("127.77.1."):
            self.send(302, location=self.server.everyone[int(host.rpartition(".")[2]) - 1])
        elif kind in ("moved", "page"):
            self.send(302, location=self.server.everyone[int(number)])
        elif kind == "feed":
            self.send(200, self.feed(number), "application/rss+xml")
        elif kind == "hub":
            hub = f"<atom:link rel='hub' href='{html.escape(self.server.everyone[int(number)])}'/>"
            own = f"<atom:link rel='self' href='{self.server.url(self.path)}'/>"
            self.send(200, rss("Hub", "", hub + own), "application/rss+xml")
        elif kind == "lighter":
            form = html.escape(self.server.everyone[int(number)])
            head = f"<head><link rel=amphtml href='{form}'></head>"
            self.send(200, f"<html>{head}<body><p>Nothing here.</p></body></html>")
        elif kind == "good":
            self.send(200, f"<html><title>Berth nine</title><article><h1>Berth nine</h1><p>{TEXT}</p></article></html>")
        else:
            self.send(404, "nothing here")

    def feed(self, name: str) -> str:
        count = len(self.server.everyone)
        links = {
            "pages": self.server.everyone,
            "redirects": [self.server.url(f"/page/{n}") for n in range(count)],
            "lighter": [self.server.url(f"/lighter/{n}") for n in range(0, count, 2)],
            "robots": [self.server.url("/page-of-robots", f"127.77.1.{n}") for n in range(1, 255)],
            "good": [self.server.url("/good/1")],
        }[name]
        items = (
            f"<item><title>{name} {n}</title><link>{html.escape(escaped(link))}</link><guid>{n}</guid></item>"
            for n, link in enumerate(links)
        )
        return rss(name, "".join(items))

    def send(self, status: int, body: str = "", kind: str = "text/html", location: str = "") -> None:
        content = body.encode()
        self.send_response(status)
        if location:
            header = escaped(location).encode("utf-8").decode("latin-1")
            self.send_header("Location", header.replace("\r", "").replace("\n", ""))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def escaped(link: str) -> str:
    """What XML cannot carry at all is left out."""
    return "".join(c for c in link if c.isprintable() or c in "\t\n")


def rss(title: str, items: str, more: str = "") -> str:
    head = f"<rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>{title}</title>"
    return f"{head}{more}{items}</channel></rss>"


@pytest.fixture
def everywhere() -> Iterator[Everywhere]:
    with Everywhere() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def configuration(server: Everywhere, database: Path) -> str:
    named = [server.url(f"/feed/{name}") for name in ("pages", "redirects", "lighter", "robots", "good")]
    moved = [server.url(f"/moved/{n}") for n in range(len(server.everyone))]
    hubs = [server.url(f"/hub/{n}") for n in range(0, len(server.everyone), 2)]
    direct = list(dict.fromkeys(form for form in server.everyone if is_web_url(form)))
    feeds = "".join(f"[[feeds]]\nurl = {toml(url)}\noutlet = 'Outlet'\n" for url in [*named, *moved, *hubs, *direct])
    hooks = "".join(f"[[webhooks]]\nurl = {toml(url)}\nsecret = 'a secret that both know'\n" for url in direct)
    return (
        f'[storage]\nurl = "sqlite:///{database}"\n'
        '[fetch]\nallow_private = ["127.77.0.0/16"]\nmin_host_interval = 0\nper_host = 8\nproxy = "none"\n'
        "deadline_seconds = 60\npause_seconds = 0.01\n"
        "[run]\nworkers = 1\nattempts = 1\ntick_seconds = 0.5\n"
        '[web]\nport = 0\n[websub]\ncallback = "https://news.example/websub"\n'
        f"{hooks}{feeds}"
    )


def toml(text: str) -> str:
    return '"' + "".join(c if c.isalnum() or c in ":/.[]@?#=%-_ " else f"\\U{ord(c):08x}" for c in text) + '"'


@pytest.mark.timeout(300)
def test_no_socket_is_opened_to_a_refused_address(tmp_path: Path, warm: Warm, everywhere: Everywhere) -> None:
    assert len(set(everywhere.everyone)) >= 150
    config, noted, database = tmp_path / "trust.toml", tmp_path / "connects", tmp_path / "news.db"
    config.write_text(configuration(everywhere, database), "utf-8")
    with open_store(f"sqlite:///{database}") as store:  # the hooks are told from the first event on
        for hook in app.load_file(config).lists["webhooks"]:
            store.save_delivery(Delivery(hook.key, 0))
    prelude = WATCHED.format(path=str(noted))
    pid = warm.start("--config", str(config), "run", "--log", "json", prelude=prelude)
    service = Service(warm.said, lambda: warm.running(pid))
    count = len(everywhere.everyone)

    def everything_was_met() -> bool:
        time.sleep(1)
        with open_store(f"sqlite:///{database}", read_only=True) as store:
            polled = sum(bool(feed.polls) for feed in store.feeds())
            told = sum(bool(delivery.attempts) for delivery in store.deliveries())
            return polled == len(store.feeds()) and not store.waiting()[0] and told > 100

    service.wait(everything_was_met, "every form in every place", 250)
    warm.stop(pid)
    check(everywhere, noted)
    check_words(database, service, count)


def check(everywhere: Everywhere, noted: Path) -> None:
    """Neither witness saw anything outside the allowed network."""
    assert len(connects(noted)) > 100, "the audit hook sees connections"
    assert trespasses(everywhere, noted) == []
    for kind in ("moved", "page", "lighter", "hub", "robots.txt"):
        assert everywhere.paths[kind] > 100, kind


def connects(noted: Path) -> list[str]:
    """The addresses that the operating system was asked to connect to."""
    found = [ast.literal_eval(line) for line in noted.read_text().splitlines()] if noted.exists() else []
    return [address[0] for address in found if isinstance(address, tuple)]


def trespasses(everywhere: Everywhere, noted: Path) -> list[str]:
    """What either witness saw outside the allowed network."""
    asked = [f"asked for a connection to {ip}" for ip in connects(noted) if ip_address(ip) not in ALLOWED]
    return asked + [f"a connection arrived at {ip}" for ip in everywhere.trespasses]


def check_words(database: Path, service: Service, count: int) -> None:
    """Each was refused for what it is, and said so where people look."""
    with open_store(f"sqlite:///{database}", read_only=True) as store:
        refused = store.items(ItemFilter(reason=Reason.ADDRESS_REFUSED), limit=10_000)
        assert len(refused) > count, "feeds, pages and redirects are told in the journal"
        hooks = [delivery.detail for delivery in store.deliveries() if delivery.attempts]
        assert sum("address_refused" in detail for detail in hooks) > 100
        assert store.counts().articles == 1, "the one good page is the one article"
    hubs = [line for line in service.lines() if line["event"] == "hub refused"]
    assert sum(line["reason"] == "address_refused" for line in hubs) > 50


def round_of(warm: Warm, folder: Path, feed: str, prelude: str = "", allowed: str = str(ALLOWED)) -> Path:
    """A round over one feed; returns where the audit hook noted the connections."""
    noted, config = folder / "connects", folder / "trust.toml"
    config.write_text(
        f'[storage]\nurl = "sqlite:///{folder / "news.db"}"\n'
        f'[fetch]\nallow_private = ["{allowed}"]\nproxy = "none"\n'
        f'[[feeds]]\nurl = "{feed}"\noutlet = "Outlet"\n'
    )
    code = warm.run("--config", str(config), "once", prelude=WATCHED.format(path=str(noted)) + prelude)
    assert code in (0, ALL_FAILED), warm.tail()
    return noted


def test_the_witnesses_see_what_they_should(tmp_path: Path, warm: Warm, everywhere: Everywhere) -> None:
    """The same service allowed to go to 127.0.0.1 is seen going there, by both."""
    assert refusal(ip_address("127.0.0.1")) == "loopback"
    noted = round_of(warm, tmp_path, everywhere.url("/feed/good", "127.0.0.1"), allowed="127.0.0.0/8")
    assert "127.0.0.1" in everywhere.trespasses
    assert "127.0.0.1" in connects(noted)
