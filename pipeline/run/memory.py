"""What polling learned about hosts, carried from one process to the next: pace, back-off, pauses, Crawl-delay."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.fetch import HostPace

if TYPE_CHECKING:
    from pipeline.fetch import HostGate
    from pipeline.storage import Store

_NAMES = frozenset(each.name for each in fields(HostPace))


@dataclass(slots=True)
class HostMemory:
    """The paces of ``gate``, kept in ``store``.  What has not changed since it was kept is not written again."""

    gate: HostGate
    store: Store
    _kept: dict[str, HostPace] = field(default_factory=dict)
    _restored: bool = False

    def restore(self, now: datetime) -> None:
        """The first time, take up the paces as they were kept, with their pauses shorter by the time that went by.

        A clock that was set back makes no pause longer than it was.
        """
        if self._restored:
            return
        self._restored = True
        for name, (saved, facts) in self.store.hosts().items():
            pace = pace_of(facts)
            self.gate.restore({name: pace}, max(0.0, (now - saved).total_seconds()))

    def save(self, now: datetime) -> None:
        """Keep every pace that changed."""
        paces = self.gate.export()
        changed = {name: pace for name, pace in paces.items() if self._kept.get(name) != pace and pace != HostPace()}
        if changed:
            self.store.save_hosts({name: asdict(pace) for name, pace in changed.items()}, now)
        self._kept = paces


def pace_of(facts: dict[str, Any]) -> HostPace:
    """A pace from stored facts; those that another version knew are left out."""
    return HostPace(**{name: value for name, value in facts.items() if name in _NAMES})
