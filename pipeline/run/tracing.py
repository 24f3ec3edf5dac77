"""OpenTelemetry spans for the way of every item (optional: ``pip install "storyfold[tracing]"``).

    item               one try of one entry; its tries, also of other rounds and processes, share one trace
    ├─ seen            from the poll that brought the entry to the moment it was taken in hand
    ├─ fetch           the page, with its turn at the host and robots.txt; one for each page
    ├─ extract         the text, in a worker process
    ├─ compare         candidates, verified matches, decision; shared by the batch it was in
    └─ store           the transaction that made it part of the record
    poll               one poll of a feed
    ├─ fetch, parse

The decision is the event ``decided`` of ``item``.  A trace is named by a hash of the entry, so that it can be
found from the entry alone, and all tries of one entry are sampled or none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from pipeline import __version__
from pipeline.errors import ConfigError
from pipeline.run.trace import NO_TRACER, Fact, Trace, Tracer
from pipeline.urls import is_web_url, mask_url

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span
    from opentelemetry.trace import Tracer as Maker

    from pipeline.model import FeedState
    from pipeline.storage import WorkItem

Facts = Mapping[str, Fact | None]
SERVICE = "storyfold"
NANO = 1_000_000_000
SEND_SECONDS = 3  # for the last spans at the end: SIGTERM leaves 20 s for everything


@dataclass(frozen=True, slots=True)
class TracingSettings:
    """The ``[tracing]`` section."""

    endpoint: str = ""  # OTLP over HTTP, e.g. "http://127.0.0.1:4318/v1/traces"; "" makes no traces
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0  # of the entries and feeds that are traced

    def __post_init__(self) -> None:
        if self.endpoint and not is_web_url(self.endpoint):
            raise ValueError("endpoint should be an http:// or https:// address")


@contextmanager
def tracing(settings: TracingSettings, clock: Callable[[], datetime]) -> Iterator[Tracer]:
    """A tracer that sends to the collector of ``settings``, or one that follows nothing.

    What is not sent yet is sent at the end.  Raises ``ConfigError`` where the libraries are not installed.
    """
    if not settings.endpoint:
        yield NO_TRACER
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise ConfigError(
            ['[tracing] endpoint: needs further libraries: pip install "storyfold[tracing]", or leave it empty']
        ) from None
    with exporting(OTLPSpanExporter(settings.endpoint, timeout=SEND_SECONDS), clock, settings.share) as tracer:
        yield tracer


@contextmanager
def exporting(
    exporter: SpanExporter, clock: Callable[[], datetime], share: float = 1.0, *, at_once: bool = False
) -> Iterator[Tracer]:
    """A tracer over an exporter.  Spans are sent by a thread of their own, or ``at_once`` as they end."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    names: Any = _Names(RandomIdGenerator())
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create({"service.name": SERVICE, "service.version": __version__}),
        id_generator=names,
        shutdown_on_exit=False,
    )
    provider.add_span_processor((SimpleSpanProcessor if at_once else BatchSpanProcessor)(exporter))
    try:
        yield OpenTelemetry(provider.get_tracer(SERVICE, __version__), clock)
    finally:
        provider.shutdown()


_named: ContextVar[int] = ContextVar("trace", default=0)  # name of the trace that is about to begin


class _Names:
    """Traces are named by what they are about, spans at random."""

    def __init__(self, random: Any) -> None:
        self._random = random
        self.generate_span_id: Callable[[], int] = random.generate_span_id

    def generate_trace_id(self) -> int:
        return _named.get() or int(self._random.generate_trace_id())

    def is_trace_id_random(self) -> bool:
        return True  # a hash serves a sampler as well


def trace_id(*names: str) -> int:
    """The 128 bits by which a trace goes; never 0, which the standard keeps for "none"."""
    return int.from_bytes(blake2b("\n".join(names).encode("utf-8", "replace"), digest_size=16).digest()) or 1


def trace_of(item: WorkItem) -> int:
    """The trace of an entry in the version that waits: the same for all its tries."""
    return trace_id(item.feed_url, item.entry.key, item.entry.fingerprint, str(item.look))


class OpenTelemetry:
    """Traces as OpenTelemetry spans."""

    def __init__(self, maker: Maker, clock: Callable[[], datetime]) -> None:
        self._maker = maker
        self._clock = clock

    def item(self, item: WorkItem) -> Trace:
        """One try of an entry; its first begins when the entry was seen."""
        from opentelemetry.trace import SpanKind

        now = self._clock()
        seen = item.seen if item.seen is not None and not item.attempts and not item.look else None
        first = min(seen, now) if seen is not None else now
        facts: Facts = {
            "storyfold.feed": mask_url(item.feed_url),
            "storyfold.outlet": item.source.outlet,
            "storyfold.title": item.entry.title,
            "storyfold.try": item.attempts + 1,
            "storyfold.look": item.look,
            "url.full": mask_url(item.entry.url) if item.entry.url else None,
        }
        made = self._begun("item", trace_of(item), first, now, facts, SpanKind.CONSUMER)
        if first < now:
            made.span("seen", nanoseconds(first), nanoseconds(now), {})
        return made

    def poll(self, feed: FeedState) -> Trace:
        """One poll, a trace of its own."""
        from opentelemetry.trace import SpanKind

        now = self._clock()
        facts = {"storyfold.feed": mask_url(feed.source.url), "storyfold.outlet": feed.source.outlet}
        name = trace_id("poll", feed.source.url, now.isoformat())
        return self._begun("poll", name, now, now, facts, SpanKind.PRODUCER)

    def _begun(self, name: str, trace: int, start: datetime, now: datetime, facts: Facts, kind: Any) -> _Spans:
        token = _named.set(trace)
        try:
            root = self._maker.start_span(
                name,
                attributes=_given(facts),
                start_time=nanoseconds(start),
                kind=kind,
            )
        finally:
            _named.reset(token)
        return _Spans(self._maker, root, nanoseconds(now), time.monotonic())


class _Spans:
    """A root span and its stages.

    The wall clock is read once, at the start: whatever it does later, the spans of one try stand to each other
    as the monotonic clock says.
    """

    def __init__(self, maker: Maker, root: Span, wall: int, monotonic: float) -> None:
        from opentelemetry.trace import set_span_in_context

        self._maker = maker
        self._root = root
        self._inside = set_span_in_context(root)
        self._wall = wall
        self._monotonic = monotonic

    def stage(self, name: str, began: float, ended: float | None = None, /, **facts: Fact | None) -> None:
        """See ``Trace``."""
        if self._root.is_recording():
            self.span(name, self._at(began), self._at(time.monotonic() if ended is None else ended), facts)

    def event(self, name: str, /, **facts: Fact | None) -> None:
        """See ``Trace``."""
        self._root.add_event(name, _named_facts(facts), timestamp=self._at(time.monotonic()))

    def end(self, result: str, /, **facts: Fact | None) -> None:
        """See ``Trace``."""
        self._root.set_attribute("storyfold.result", result)
        _finish(self._root, self._at(time.monotonic()), facts)

    def span(self, name: str, start: int, end: int, facts: Facts) -> None:
        """One child from ``start`` to ``end``, nanoseconds since the epoch."""
        _finish(self._maker.start_span(name, self._inside, start_time=start), max(start, end), facts)

    def _at(self, monotonic: float) -> int:
        return self._wall + round((monotonic - self._monotonic) * NANO)


def _finish(span: Span, end: int, facts: Facts) -> None:
    from opentelemetry.trace import Status, StatusCode

    failed = facts.get("failed")
    span.set_attributes(_named_facts({name: value for name, value in facts.items() if name != "failed"}))
    if failed is not None:
        span.set_attribute("error.type", str(failed))
        span.set_status(Status(StatusCode.ERROR, str(failed)))
    span.end(end)


# Facts that OpenTelemetry's conventions have a name for (semantic conventions 1.30, "http" and "url").
_CONVENTIONS = {
    "url": "url.full",
    "status": "http.response.status_code",
    "bytes": "http.response.body.size",
}


def _named_facts(facts: Facts) -> dict[str, Fact]:
    return _given({_CONVENTIONS.get(name, f"storyfold.{name}"): value for name, value in facts.items()})


def _given(facts: Facts) -> dict[str, Fact]:
    return {name: value for name, value in facts.items() if value is not None}


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since the epoch, exact to the microsecond that ``moment`` holds."""
    return round(moment.timestamp() * 1_000_000) * 1000
