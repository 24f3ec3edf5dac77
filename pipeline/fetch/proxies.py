"""Which proxy an address is asked through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from pipeline.urls import WebURL


@dataclass(frozen=True, slots=True)
class Proxies:
    """``by_scheme``: "http", "https" or "all" → the proxy's address, never shown; ``bypass``: as NO_PROXY."""

    by_scheme: Mapping[str, str] = field(default_factory=dict, repr=False)
    bypass: tuple[str, ...] = ()

    @classmethod
    def of(cls, setting: str) -> Proxies:
        """From the setting: "environment", "none", or an address."""
        if setting == "none":
            return cls()
        if setting != "environment":
            return cls({"all": setting})
        from urllib.request import getproxies_environment

        found = {k: v for k, v in getproxies_environment().items() if v}
        hosts = tuple(h.strip().lower().lstrip(".") for h in found.pop("no", "").split(",") if h.strip())
        # Only what this program can speak to; a SOCKS proxy in the environment is for others.
        usable = {k: _with_scheme(v) for k, v in found.items() if k in ("http", "https", "all")}
        return cls({k: v for k, v in usable.items() if v.startswith(("http://", "https://"))}, hosts)

    def for_url(self, url: WebURL) -> str | None:
        """The proxy for ``url``; ``None`` is direct.  Loopback and link-local addresses are always direct."""
        proxy = self.by_scheme.get(url.scheme) or self.by_scheme.get("all")
        if proxy is None or "*" in self.bypass or _is_here(url.host):
            return None
        names = {url.host, url.netloc}
        if any(h in names or url.host.endswith("." + h) for h in self.bypass):
            return None
        return proxy


def _with_scheme(address: str) -> str:
    return address if "://" in address else f"http://{address}"


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip = ip_address(host.strip("[]"))
    except ValueError:
        return False
    return ip.is_loopback or ip.is_link_local
