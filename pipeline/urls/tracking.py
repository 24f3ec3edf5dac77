"""Which query parameters say how a reader came, and which hosts only pass readers on: ``tracking.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from pipeline.urls.hosts import registrable_domain


@dataclass(frozen=True, slots=True)
class Tracking:
    """The readable list, in a form that answers fast."""

    names: frozenset[str]
    prefixes: re.Pattern[str]
    sites: dict[str, tuple[str, ...]]  # registrable domain → names (prefixes where they end in "_")
    redirector_hosts: frozenset[str]
    redirector_paths: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def tracking() -> Tracking:
    """The list in the package, read once."""
    import tomllib
    from importlib.resources import files

    table = tomllib.loads((files("pipeline.urls") / "tracking.toml").read_text("utf-8"))
    return Tracking(
        names=frozenset(table["names"]),
        prefixes=re.compile("|".join(re.escape(p) for p in table["prefixes"])),
        sites={site: tuple(names) for site, names in table["sites"].items()},
        redirector_hosts=frozenset(table["redirectors"]["hosts"]),
        redirector_paths={h: tuple(p) for h, p in table["redirectors"]["paths"].items()},
    )


def is_tracking(name: str, value: str, host: str, feed_host: str | None = None) -> bool:
    """Whether the parameter ``name`` (as in the URL) of a page on ``host`` only tells how a reader came.

    ``ref`` counts only where its value is the page's own host or ``feed_host``: else it may select content.
    """
    known = tracking()
    name = unquote(name).lower()
    if name in known.names or known.prefixes.match(name):
        return True
    if name == "ref":
        return _bare(unquote(value)) in {_bare(host), _bare(feed_host or host)}
    local = known.sites.get(registrable_domain(host))
    return local is not None and any(name == n or (n[-1] == "_" and name.startswith(n)) for n in local)


def _bare(host: str) -> str:
    """A host without what people leave out: scheme, slash, ``www.``, case."""
    host = host.lower().partition("//")[2] or host.lower()
    return host.partition("/")[0].removeprefix("www.")
