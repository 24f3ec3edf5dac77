"""Deduplication: the same report recognised wherever it appears.

Articles → profiles → sketch → candidates → verified matches → decisions.  Everything here is pure but for
``Source``, from which stored articles are read.  Loaded on first use, so that importing the room costs
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .deciding import Decided
    from .matcher import Incoming, Links, Matcher, Rules
    from .opening import keep, open_matcher
    from .profile import Profile, outlet_hash, profile, profiles
    from .settings import DedupSettings
    from .source import Keeper, Source

__all__ = [
    "Decided",
    "DedupSettings",
    "Incoming",
    "Keeper",
    "Links",
    "Matcher",
    "Profile",
    "Rules",
    "Source",
    "keep",
    "open_matcher",
    "outlet_hash",
    "profile",
    "profiles",
]

_HOMES = {
    "Decided": "deciding",
    "DedupSettings": "settings",
    "Incoming": "matcher",
    "Keeper": "source",
    "Links": "matcher",
    "Matcher": "matcher",
    "Profile": "profile",
    "Rules": "matcher",
    "Source": "source",
    "keep": "opening",
    "open_matcher": "opening",
    "outlet_hash": "profile",
    "profile": "profile",
    "profiles": "profile",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
