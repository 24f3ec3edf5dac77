"""Telling the service manager how we are: the protocol of sd_notify(3), which is a datagram on a socket.

Without ``NOTIFY_SOCKET`` in the environment every call does nothing, so that the same code runs anywhere.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping

import structlog

MICROSECONDS = 1_000_000


class Notifier:
    """Speaks to the manager named in ``environ`` (``NOTIFY_SOCKET``, ``WATCHDOG_USEC``, ``WATCHDOG_PID``)."""

    def __init__(self, environ: Mapping[str, str], monotonic: Callable[[], float]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._monotonic = monotonic
        self._pinged = float("-inf")
        self._complained = False
        self.watchdog_seconds = _watchdog(environ)  # None: nobody waits for pings

    def ready(self, status: str) -> None:
        """Start (or a reload) is complete; ``status`` is a line for people."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """The configuration is read again; ``ready`` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(self._monotonic() * MICROSECONDS)}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1", "STATUS=finishing the work in hand")

    def status(self, status: str) -> None:
        """A line for people, as ``systemctl status`` shows it."""
        self._send(f"STATUS={status}")

    def alive(self) -> None:
        """Ping the watchdog, at most four times in its interval; call as often as convenient."""
        now = self._monotonic()
        if self.watchdog_seconds is not None and now - self._pinged >= self.watchdog_seconds / 4:
            self._pinged = now
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        message = "\n".join(line.replace("\n", " ") for line in lines).encode("utf-8", "replace")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(message, self._address)
        except OSError as error:
            if not self._complained:
                structlog.get_logger().warning("service manager cannot be told", error=str(error))
            self._complained = True


def _address(name: str) -> str | None:
    """The socket's address: a path, or ``@name`` in the abstract namespace (unix(7)); ``None`` for others."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else None


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """Seconds within which a ping is expected of this process (sd_watchdog_enabled(3))."""
    try:
        usec = int(environ.get("WATCHDOG_USEC", "0"))
        process = int(environ.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return usec / MICROSECONDS if usec > 0 and process == os.getpid() else None
