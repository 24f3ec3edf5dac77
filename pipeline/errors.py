"""Every error of the project, in one tree.

    StoryfoldError
    ├── UsageError            the command line cannot be carried out                 exit 2
    │   └── ConfigError       one or more mistakes in config files, all at once      exit 2
    ├── StorageError          the database cannot be used
    │   ├── SchemaError       made by a newer (or foreign) version                   exit 2
    │   ├── NotFound          no article, story or feed by that name                 exit 2
    │   ├── Overtaken         the records changed between a decision and its storing
    │   └── Deposed           somebody else has taken over the role that wanted to write
    ├── AlreadyRunning        another instance holds the lock                        exit 75
    └── Rejected              one item could not be taken; carries its counted reason
        ├── FetchRejected     an address could not be had
        ├── FeedRejected      bytes that are no usable feed
        └── PageRejected      a page that is no article

An error is written for the person who reads it: what happened, where, what to do.  Only ``Rejected``
is ever caught per item: it costs that item and is written to the journal with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Reason


class StoryfoldError(Exception):
    """Base of all errors raised on purpose by this project."""

    exit_code = 1


class UsageError(StoryfoldError):
    """The command line asks for something that cannot be done."""

    exit_code = 2


class ConfigError(UsageError):
    """All mistakes found in the configuration, each ``(file, key, what would be right)`` as one line."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        noun = "mistake" if len(self.mistakes) == 1 else "mistakes"
        lines = "\n".join(f"  {m}" for m in self.mistakes)
        super().__init__(f"{len(self.mistakes)} {noun} in the configuration:\n{lines}")


class StorageError(StoryfoldError):
    """The database cannot be read or written."""


class SchemaError(StorageError):
    """The database was written by a newer version, or is not one of ours."""

    exit_code = 2


class NotFound(StorageError):
    """No article, story or feed goes by that name."""

    exit_code = 2


class Overtaken(StorageError):
    """The records changed between a decision and its storing; nothing was stored, decide again."""


class Deposed(StorageError):
    """The lease under which this wanted to write belongs to somebody else now; nothing was written."""


class AlreadyRunning(StoryfoldError):
    """Another instance holds the lock (75 is EX_TEMPFAIL of sysexits.h)."""

    exit_code = 75


class Rejected(StoryfoldError):
    """One item could not be taken.

    ``reason`` is the counted reason; ``detail`` is a sentence for people and never holds credentials.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else str(reason))

    def __reduce__(self) -> tuple[type[Rejected], tuple[Reason, str]]:
        # Exceptions cross the process pool; the default would pickle only the joined message.
        return (type(self), (self.reason, self.detail))


class FetchRejected(Rejected):
    """An address could not be had."""


class FeedRejected(Rejected):
    """The bytes are not a usable feed."""


class PageRejected(Rejected):
    """The page is not an article."""
