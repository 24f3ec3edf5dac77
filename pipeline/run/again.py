"""Further looks at recent articles, on a fading schedule: how silent corrections come to light.

A look is work in the same queue as everything else.  The journal hears of it only when the text changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.run.writer import Draft
    from pipeline.storage import Store


def next_look(draft: Draft, hours: Sequence[float], now: datetime) -> tuple[int, datetime] | None:
    """Number and time of the look that follows ``draft``; None where there is none.

    ``hours`` count from the first fetch, which was ``hours[look - 1]`` before the look in hand.  What was
    published before the whole schedule is old news: it is not looked at again.
    """
    if draft.entry is None or draft.look >= len(hours) or (draft.looked_again and not draft.look):
        return None
    published = draft.article.published
    if not draft.look and published is not None and now - published > timedelta(hours=hours[-1]):
        return None
    gone = hours[draft.look - 1] if draft.look else 0.0
    return draft.look + 1, now + timedelta(hours=hours[draft.look] - gone)


def plan_looks(store: Store, drafts: Sequence[Draft], hours: Sequence[float], now: datetime) -> None:
    """Put the looks that follow ``drafts`` into the queue; before the drafts are stored, which ends their work."""
    for draft in drafts:
        planned = next_look(draft, hours, now)
        if planned is not None and draft.entry is not None:
            store.look_again(draft.entry, *planned)
