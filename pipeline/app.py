"""The composition root: the only place where rooms are wired together and the real clock is read."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import config as configuration
from pipeline.errors import ConfigError, StoryfoldError

if TYPE_CHECKING:
    from pipeline.articles import ExtractSettings
    from pipeline.config import Config
    from pipeline.dedup import DedupSettings, Rules
    from pipeline.dedup.canonical import Ranks
    from pipeline.dedup.judge import Table
    from pipeline.fetch.shared import Shelf, Turns
    from pipeline.run.healthwatch import HealthWatch
    from pipeline.run.metrics import Metrics
    from pipeline.run.parts import Parts
    from pipeline.run.report import RoundReport
    from pipeline.run.round import Watch
    from pipeline.storage import Store
    from pipeline.storage.pages import Pages
    from pipeline.storage.seals import Progress

# What a worker process imports before its first call: trafilatura takes most of a second.
PRELOAD = ("pipeline.articles.page", "pipeline.feeds.parse", "trafilatura")


def clock() -> datetime:
    """The time now, aware UTC."""
    return datetime.now(UTC)


def sections() -> dict[str, type]:
    """Each section of the configuration file and the settings it fills."""
    from pipeline.articles.settings import ExtractSettings
    from pipeline.cluster.settings import ClusterSettings
    from pipeline.dedup.settings import DedupSettings
    from pipeline.feeds.settings import FeedLimits, PollSettings, WebSubSettings
    from pipeline.fetch.settings import FetchSettings
    from pipeline.run.keeping import PageSettings, RetentionSettings, RevisionSettings
    from pipeline.run.service_settings import ServiceSettings
    from pipeline.run.settings import RunSettings
    from pipeline.run.tracing import TracingSettings
    from pipeline.web.settings import WebSettings

    return {
        "fetch": FetchSettings,
        "polling": PollSettings,
        "websub": WebSubSettings,
        "parse": FeedLimits,
        "extract": ExtractSettings,
        "dedup": DedupSettings,
        "run": RunSettings,
        "service": ServiceSettings,
        "web": WebSettings,
        "revisions": RevisionSettings,
        "pages": PageSettings,
        "retention": RetentionSettings,
        "tracing": TracingSettings,
        "cluster": ClusterSettings,
    }


def lists() -> dict[str, type]:
    """Each list of tables in the configuration file and what one table fills."""
    from pipeline.run.filters import FilterRule
    from pipeline.run.webhooks import Webhook

    return {"filters": FilterRule, "webhooks": Webhook}


def load_config(args: Namespace) -> Config:
    """The configuration that a command line asks for; raises ``ConfigError``."""
    return configuration.load(args.config, sections(), lists=lists(), db=args.db)


def load_file(path: Path) -> Config:
    """The configuration of one file; raises ``ConfigError``."""
    return configuration.load(path, sections(), lists=lists())


def configure_log(args: Namespace, default: str = "off") -> None:
    """Log lines as the command line asks for them."""
    from pipeline import log

    kind = args.log or default
    log.configure(json=kind == "json", level="critical" if kind == "off" else args.log_level)


@contextmanager
def open_reader(args: Namespace) -> Iterator[Store]:
    """The database for reading."""
    from pipeline.storage import open_store

    with open_store(load_config(args).storage.url, read_only=True) as store:
        yield store


@contextmanager
def locked_store(config: Config, command: str, progress: Progress | None = None) -> Iterator[Store]:
    """The database for writing, by this process alone; an upgrade tells ``progress``.

    Raises ``AlreadyRunning``.
    """
    from pipeline.run.lock import single_instance
    from pipeline.storage import open_store

    with (
        single_instance(lock_path(config.storage.url), command, clock()),
        open_store(config.storage.url, progress=progress or logged()) as store,
        store.alone(command),
    ):
        yield store


def logged() -> Progress:
    """Progress of long work as a log line every ten seconds, for where nobody watches a terminal."""
    import structlog

    told = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal told
        if what and time.monotonic() - told > 10:
            told = time.monotonic()
            structlog.get_logger().info("reading", table=what, rows=done, of=total)

    return tell


def lock_path(url: str) -> Path | None:
    """The lock file of a database; None for one in memory."""
    name = url.partition("sqlite:///")[2].partition("?")[0]
    return Path(name + ".lock") if name else None


def on_a_server(url: str) -> bool:
    """Whether a database is one of a server, and no file."""
    return not url.startswith("sqlite:")


def matching_rules(config: Config, store: Store | None = None) -> Rules:
    """All that decisions depend on: the configuration, and what people said about stored articles."""
    from pipeline.dedup import Links, Rules
    from pipeline.storage import LinkKind

    settings: DedupSettings = config.sections["dedup"]
    pairs: dict[LinkKind, set[tuple[int, int]]] = {kind: set() for kind in LinkKind}
    for link in store.links() if store else ():
        pairs[link.kind].add((link.a_row, link.b_row))
    return Rules(
        settings=settings,
        table=weights(Path(settings.weights)) if settings.weights else None,
        ranks=outlet_ranks(config, store.aliases() if store else {}),
        links=Links(frozenset(pairs[LinkKind.MUST]), frozenset(pairs[LinkKind.CANNOT])),
    )


def outlet_ranks(config: Config, aliases: Mapping[str, str]) -> Ranks:
    """What the canonical choice knows of outlets: priorities, and the agencies and names they go by."""
    from pipeline.articles.agencies import agency_of
    from pipeline.dedup import outlet_hash
    from pipeline.dedup.canonical import Ranks, name_hash

    known: dict[int, set[int]] = {}
    priorities: dict[int, int] = {}
    for feed in config.feeds:
        outlet = aliases.get(feed.outlet, feed.outlet)
        if feed.priority:
            priorities[outlet_hash(outlet)] = feed.priority
        names = (feed.outlet, agency_of(feed.outlet), agency_of(outlet))
        known.setdefault(outlet_hash(outlet), set()).update(name_hash(name) for name in names if name)
    for name, outlet in aliases.items():
        known.setdefault(outlet_hash(outlet), set()).add(name_hash(name))
    return Ranks(priorities, {outlet: frozenset(names) for outlet, names in known.items()})


def weights(path: Path) -> Table:
    """A table of weights of the user's own; raises ``ConfigError``."""
    import tomllib

    from pipeline.dedup.judge import read_table

    try:
        return read_table(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, KeyError, StoryfoldError) as error:
        raise ConfigError([f"[dedup] weights = {str(path)!r}: is no file written by `tune`: {error}"]) from None


@asynccontextmanager
async def assembled(
    config: Config,
    store: Store,
    metrics: Metrics | None = None,
    *,
    hubs: bool = False,
    hosts: tuple[Turns, Shelf] | None = None,
) -> AsyncIterator[Parts]:
    """All parts of a round, opened and closed again; what they do is counted in ``metrics``.

    ``hubs``: somebody answers them at ``[websub] callback``.  ``hosts``: where turns at hosts and their robots.txt
    are shared with other processes; else this one alone asks them, and keeps what it learned in the store.
    """
    from random import Random

    from pipeline.dedup import open_matcher
    from pipeline.feeds.settings import WebSubSettings
    from pipeline.fetch import Web
    from pipeline.run.filters import Filters
    from pipeline.run.memory import HostMemory
    from pipeline.run.parts import DatabaseThread, Parts
    from pipeline.run.pool import WorkerPool
    from pipeline.run.tracing import tracing
    from pipeline.run.writer import Writer

    own = config.sections["run"]
    random = Random()  # noqa: S311 - spreads polls over time; nothing secret hangs on it
    database = DatabaseThread()
    pages = pages_of(config)
    pool = WorkerPool(own.workers or os.cpu_count() or 1, own.cpu_seconds, own.memory_mib << 20, preload=PRELOAD)
    counted = metrics.observe_fetch if metrics else None
    turns, shelf = hosts or (None, None)
    made = Web(config.sections["fetch"], now=clock, random=random, exchanged=counted, turns=turns, shelf=shelf)
    try:
        async with made as web, pool:
            with tracing(config.sections["tracing"], clock) as tracer:
                yield Parts(
                    store=store,
                    web=web,
                    pool=pool,
                    writer=Writer(
                        store,
                        lambda: open_matcher(store, matching_rules(config, store)),
                        metrics.observe_written if metrics else None,
                    ),
                    settings=own,
                    polling=config.sections["polling"],
                    limits=config.sections["parse"],
                    extract=with_rules(config),
                    clock=clock,
                    random=random,
                    revisions=config.sections["revisions"],
                    retention=config.sections["retention"],
                    page_settings=config.sections["pages"],
                    pages=pages,
                    filters=Filters(config.lists["filters"]),
                    webhooks=config.lists["webhooks"],
                    metrics=metrics,
                    tracer=tracer,
                    db=database,
                    memory=None if hosts else HostMemory(web.gate, store),
                    websub=config.sections["websub"] if hubs else WebSubSettings(),
                )
    finally:
        database.close()
        if pages is not None:
            pages.close()


def pages_of(config: Config) -> Pages | None:
    """The kept pages, in a file beside the database (or named after it); None where none are kept."""
    from pipeline.storage.pages import open_pages

    url = config.storage.url
    name = url.partition("sqlite:///")[2].partition("?")[0]
    if on_a_server(url):  # each machine keeps the pages it fetched, in its working folder
        name = url.partition("?")[0].rpartition("/")[2] or "storyfold"
    return open_pages(f"{name}.pages") if name and config.sections["pages"].keep_days else None


def with_rules(config: Config) -> ExtractSettings:
    """The extraction's settings with the per-outlet rules read; raises ``ConfigError``."""
    from dataclasses import replace

    from pipeline.articles.rules import load_rules

    settings: ExtractSettings = config.sections["extract"]
    folder = Path(settings.outlets)
    if config.path is not None and not folder.is_absolute() and not folder.exists():
        folder = config.path.parent / folder.name
    return replace(settings, rules=(*settings.rules, *load_rules(folder)))


async def one_round(
    config: Config, *, everything: bool, watch: Watch, command: str = "once", progress: Progress | None = None
) -> RoundReport:
    """A single round, alone on the database; SIGTERM and Ctrl-C end it early and cleanly."""
    from pipeline.run.clockguard import mend_feeds
    from pipeline.run.round import run_round

    with locked_store(config, command, progress) as store:
        store.sync_feeds(config.feeds, clock())
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with assembled(config, store) as parts:
            await mend_feeds(parts)
            report = await run_round(parts, stop, everything=everything, watch=watch)
            await health_watch(config, parts).look(stop)
            return report


def health_watch(config: Config, parts: Parts) -> HealthWatch:
    """Who looks after the feeds, and tells the log and the webhooks."""
    from pipeline.run.healthwatch import HealthWatch, Listener, LogListener
    from pipeline.run.hooklistener import listeners

    hour = config.sections["service"].digest_hour
    told: list[Listener] = [LogListener(), *listeners(parts)]
    return HealthWatch(parts.store, parts.db, parts.clock, told, digest_hour=hour, metrics=parts.metrics)


def meaning_of(reason: str) -> str:
    """A reason in a sentence."""
    from pipeline.model import REASONS, Reason

    return REASONS[Reason(reason)]
