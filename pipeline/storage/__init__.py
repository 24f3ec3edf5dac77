"""Storage: the only SQL of the project.

The classes are loaded on first use, so that importing the room costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .care import check_backup, restore
    from .codec import text_hash
    from .query import SearchQuery, parse_query
    from .store import Store, open_store
    from .values import (
        BestMatch,
        Counts,
        Delivery,
        EventKind,
        Hit,
        ItemFilter,
        ItemRow,
        Link,
        LinkKind,
        Member,
        Poll,
        Revision,
        StoryEvent,
        StoryFilter,
        StoryRecord,
        WorkItem,
    )

__all__ = [
    "BestMatch",
    "Counts",
    "Delivery",
    "EventKind",
    "Hit",
    "ItemFilter",
    "ItemRow",
    "Link",
    "LinkKind",
    "Member",
    "Poll",
    "Revision",
    "SearchQuery",
    "Store",
    "StoryEvent",
    "StoryFilter",
    "StoryRecord",
    "WorkItem",
    "check_backup",
    "open_store",
    "parse_query",
    "restore",
    "text_hash",
]

_HOMES = {
    "check_backup": "care",
    "restore": "care",
    "SearchQuery": "query",
    "parse_query": "query",
    "Store": "store",
    "open_store": "store",
    "text_hash": "codec",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'values')}"), name)
