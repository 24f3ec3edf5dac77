"""Structured log lines on standard error: readable for people, JSON for machines.

Every value passes two filters: credentials in URLs are masked, and characters that could steer a terminal
or forge a line are escaped, because titles and URLs come from strangers.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

from pipeline.text import printable
from pipeline.urls import mask_url

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

_URL = re.compile(r"https?://[^\s'\"<>]+", re.IGNORECASE)
LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


def safe(value: object) -> object:
    """``value`` with URLs masked and control characters escaped, recursively; numbers stay numbers."""
    if isinstance(value, str):
        return printable(_URL.sub(lambda m: mask_url(m.group()), value))
    if isinstance(value, dict):
        return {str(safe(str(k))): safe(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [safe(v) for v in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return safe(str(value))


def _safe_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if key != "exc_info":
            event[key] = safe(value)
    return event


def _safe_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Tracebacks keep their lines; each line is made safe on its own."""
    trace = event.get("exception")
    if isinstance(trace, str):
        event["exception"] = "\n".join(
            line[: len(line) - len(line.lstrip())] + str(safe(line)) for line in trace.splitlines()
        )
    return event


def configure(*, json: bool, level: str = "info", stream: TextIO | None = None) -> None:
    """Send log lines to ``stream`` (standard error).  Called once, by the composition root."""
    import structlog

    out = stream or sys.stderr
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=out.isatty(), pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _safe_event,
            structlog.processors.format_exc_info,
            _safe_traceback,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    # Libraries that speak through the standard logger must not leak URLs or fill the log.
    for name in ("httpx", "httpcore", "hpack", "apscheduler", "trafilatura", "htmldate", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
