"""The limits of the network code, one dataclass: section ``[fetch]`` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network

from pipeline import __version__

MIB = 1024 * 1024


@dataclass(frozen=True)
class FetchSettings:
    """Raises ``ValueError`` where a value makes no sense; the message is for the person who set it."""

    contact: str = ""  # address of a page (or mailto:) that tells site owners who is asking; part of User-Agent
    user_agent: str = ""  # replaces the whole User-Agent; "" is Storyfold/VERSION (+contact)
    deadline_seconds: float = 30.0  # for one whole exchange with its redirects, without waiting for its turn
    connect_seconds: float = 10.0  # for one connection with TLS, inside the deadline
    max_body_bytes: int = 15 * MIB  # after decompression
    max_expansion: float = 200.0  # decompressed to compressed size, once a body is past 1 MiB
    max_redirects: int = 5
    min_host_interval: float = 5.0  # seconds between requests to one host; 0 for tests
    per_host: int = 1  # requests to one host at the same time
    concurrency: int = 32  # requests in all at the same time
    pause_seconds: float = 600.0  # a host that could not be connected to is left alone so long
    patience_seconds: float = 10.0  # shorter pauses are waited out; during longer ones requests are refused
    robots: bool = True  # ask robots.txt before pages
    robots_bytes: int = 500 * 1024  # of robots.txt are read (RFC 9309 section 2.5)
    robots_hours: float = 24.0  # robots.txt is kept so long (RFC 9309 section 2.4)
    allow_private: tuple[str, ...] = ()  # networks that may be asked although private, e.g. "127.0.0.0/8"
    proxy: str = "environment"  # "environment" (HTTP_PROXY …), "none", or http://host:port
    http2: bool = True

    def __post_init__(self) -> None:
        for name in (
            "deadline_seconds",
            "connect_seconds",
            "max_body_bytes",
            "max_expansion",
            "robots_bytes",
        ):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} should be more than 0")
        for name in ("per_host", "concurrency"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} should be at least 1")
        for name in (
            "max_redirects",
            "min_host_interval",
            "pause_seconds",
            "patience_seconds",
            "robots_hours",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} should not be less than 0")
        if any(c in self.user_agent + self.contact for c in "\r\n\0"):
            raise ValueError("user_agent and contact should be one line")
        if self.proxy not in ("environment", "none") and not self.proxy.startswith(("http://", "https://")):
            raise ValueError('proxy should be "environment", "none" or an http:// or https:// address')
        self.networks  # noqa: B018 - read once here, so that a mistake is found at the start

    @cached_property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """``allow_private`` as networks."""
        try:
            return tuple(ip_network(text, strict=False) for text in self.allow_private)
        except ValueError as error:
            raise ValueError(f"allow_private: {error}") from None

    @property
    def agent(self) -> str:
        """The User-Agent that is sent."""
        return self.user_agent or f"Storyfold/{__version__}" + (f" (+{self.contact})" if self.contact else "")

    @property
    def robots_agent(self) -> str:
        """The product token that rules in robots.txt are looked up by (RFC 9309 section 2.2.1)."""
        return self.agent.partition("/")[0].partition(" ")[0]
