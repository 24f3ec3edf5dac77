"""Webhooks that hear of feeds in trouble: alerts at once, a digest every day, signed as all messages are."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from pipeline.health import Silence, Trouble
from pipeline.run.healthwatch import Message as Kind
from pipeline.run.healthwatch import Note
from pipeline.run.webhooks import About, Message, Webhook, later, send, waits
from pipeline.storage import Delivery
from pipeline.urls import mask_url

if TYPE_CHECKING:
    from pipeline.run.parts import Parts

_WANTED = {Kind.ALERT: About.ALERTS, Kind.DIGEST: About.DIGEST}


class HookListener:
    """One webhook, as ``HealthWatch`` sees it.  A receiver that is away is left alone for a while that doubles."""

    def __init__(self, parts: Parts, hook: Webhook) -> None:
        self._parts = parts
        self._hook = hook
        self.key = f"{hook.key} feeds"
        self.wants = frozenset(kind for kind, about in _WANTED.items() if about in hook.about)

    async def tell(self, note: Note) -> bool:
        """Send one message; whether the receiver took it."""
        parts, now = self._parts, self._parts.clock()
        told = await parts.db(parts.store.delivery, self.key)
        if waits(told, now):
            return False
        message = as_message(note)
        failure = await send(parts, self._hook, message)
        if failure:
            structlog.get_logger().warning("webhook failed", hook=self.key, detail=failure)
            await parts.db(parts.store.save_delivery, later(told, told.upto, failure, now))
            return False
        await parts.db(parts.store.save_delivery, Delivery(self.key, told.cursor, told.upto, due=now))
        return True


def listeners(parts: Parts) -> list[HookListener]:
    """Those of the configured webhooks that want to hear of feeds."""
    made = [HookListener(parts, hook) for hook in parts.webhooks]
    return [listener for listener in made if listener.wants]


def as_message(note: Note) -> Message:
    """A note as it is sent; its id is the same as long as it says the same."""
    facts: dict[str, Any] = {
        "kind": f"feeds.{note.kind}",
        "text": note.text,
        "feeds": {
            "healthy": note.health.healthy,
            "in_trouble": len(note.health.troubles),
            "silent": len(note.health.silences),
            "retired": note.health.retired,
        },
    }
    if note.kind is Kind.ALERT:
        facts["began"] = [trouble_json(trouble) for trouble in note.changes.new]
        facts["fell_silent"] = [silence_json(silence) for silence in note.changes.fell_silent]
        facts["recovered"] = [mask_url(url) for url in note.changes.recovered]
    else:
        facts["entries"] = note.outcomes
        facts["troubles"] = [trouble_json(trouble) for trouble in note.health.troubles]
        facts["silences"] = [silence_json(silence) for silence in note.health.silences]
    said = msgspec.json.encode({name: value for name, value in facts.items() if name != "text"})  # counts minutes
    name = f"feeds_{blake2b(said, digest_size=12).hexdigest()}"
    return Message(0, name, msgspec.json.encode({"id": name, "time": note.health.time, **facts}))


def trouble_json(trouble: Trouble) -> dict[str, Any]:
    """One feed in trouble: since when, what kind, what was tried, what to do."""
    return {
        "feed": mask_url(trouble.url),
        "outlet": trouble.outlet,
        "since": trouble.since,
        "kind": trouble.kind,
        "reason": trouble.reason,
        "detail": trouble.detail,
        "tried": trouble.tried,
        "next_poll": trouble.next_poll,
        "todo": trouble.todo,
        "proposal": mask_url(trouble.proposal) if trouble.proposal else None,
    }


def silence_json(silence: Silence) -> dict[str, Any]:
    """One feed that answers and brings nothing new."""
    return {
        "feed": mask_url(silence.url),
        "outlet": silence.outlet,
        "since": silence.since,
        "longest_pause_seconds": silence.longest.total_seconds(),
    }
