"""What a job does: the same poll and the same way of an entry as in a round, up to the draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import NotFound
from pipeline.model import Article
from pipeline.run.poll import poll_feed
from pipeline.run.report import Tally
from pipeline.run.round import told, worked_out
from pipeline.run.together import PollKeeper, Together
from pipeline.run.writer import Draft

if TYPE_CHECKING:
    from pipeline.run.parts import Parts
    from pipeline.storage.cluster import Cluster


class Jobs:
    """Polls feeds and works on entries, one row at a time, as often as they are handed out."""

    def __init__(self, parts: Parts, cluster: Cluster) -> None:
        self._parts = parts
        self._cluster = cluster
        self._keeper = PollKeeper(parts.db, parts.store)
        self._hand_over = Together(parts.db, cluster.hand_over)

    async def poll(self, row: int) -> None:
        """Poll the feed in ``row``, unless somebody did so since it was handed out."""
        parts = self._parts
        try:
            feed = await parts.db(parts.store.feed, row)
        except NotFound:
            return
        now = parts.clock()
        if not feed.retired and feed.next_poll <= now:
            await poll_feed(parts, feed, Tally(now), self._keeper)

    async def fetch(self, row: int) -> None:
        """Work on the entry whose work is ``row``, unless it is settled or its article on its way already."""
        parts = self._parts
        item = await parts.db(parts.store.work_item, row)
        if item is None or await parts.db(self._cluster.handed_over, row):
            return
        step = await worked_out(parts, item)
        if isinstance(step, Draft):
            await self._hand_over((row, packed(step)))
            step.trace.end("handed over")
        elif step is not None:
            told(parts, step)


class _Packed(msgspec.Struct, omit_defaults=True, frozen=True):
    """A draft on its way from one process to another; its trace stays behind."""

    article: Article
    entry: int | None = None
    feed: str | None = None
    url: str | None = None
    looked_again: bool = False
    look: int = 0
    timings: dict[str, float] = {}
    trail: tuple[str, ...] = ()


_NAMES = _Packed.__struct_fields__
_decoder = msgspec.msgpack.Decoder(_Packed)


def packed(draft: Draft) -> bytes:
    """``draft`` as bytes; a text that is no Unicode is made so."""
    content = _Packed(**{name: getattr(draft, name) for name in _NAMES})
    try:
        return msgspec.msgpack.encode(content)
    except UnicodeEncodeError:
        from pipeline.storage.codec import sound

        return msgspec.msgpack.encode(_Packed(**{name: sound(getattr(draft, name)) for name in _NAMES}))


def unpacked(content: bytes) -> Draft:
    """The draft in ``content``."""
    found = _decoder.decode(content)
    return Draft(**{name: getattr(found, name) for name in _NAMES})
