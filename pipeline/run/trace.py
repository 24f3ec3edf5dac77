"""The way of one item, told stage by stage to whoever follows it; by default nobody does.

Only the words stand here.  ``pipeline.run.tracing`` makes OpenTelemetry spans of them, where that is wanted
and installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pipeline.model import FeedState
    from pipeline.storage import WorkItem

Fact = str | int | float | bool


class Trace(Protocol):
    """One try of an entry, or one poll, while it is under way.  May be called from several threads."""

    def stage(self, name: str, began: float, ended: float | None = None, /, **facts: Fact | None) -> None:
        """A stage is over; times are those of the monotonic clock, ``ended`` is now where it is left out.

        A fact ``failed`` is the reason why the stage came to nothing.
        """

    def event(self, name: str, /, **facts: Fact | None) -> None:
        """Something happened in a moment."""

    def end(self, result: str, /, **facts: Fact | None) -> None:
        """The try is over; a fact ``failed`` is the reason why it came to nothing."""


class Tracer(Protocol):
    """Begins traces."""

    def item(self, item: WorkItem) -> Trace:
        """An entry was taken in hand."""

    def poll(self, feed: FeedState) -> Trace:
        """A feed is asked."""


class _Nobody:
    """Follows nothing."""

    def item(self, item: WorkItem) -> Trace:
        return self

    def poll(self, feed: FeedState) -> Trace:
        return self

    def stage(self, name: str, began: float, ended: float | None = None, /, **facts: Fact | None) -> None:
        return

    def event(self, name: str, /, **facts: Fact | None) -> None:
        return

    def end(self, result: str, /, **facts: Fact | None) -> None:
        return


_nobody = _Nobody()
UNTRACED: Trace = _nobody
NO_TRACER: Tracer = _nobody
