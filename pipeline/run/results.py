"""The output of ``dedup`` and of an archive: one line for each article, in a file that is complete or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from pipeline.errors import UsageError

Match = tuple[str, float, str]  # id of the article it was verified against, score, reason
_encode = msgspec.json.Encoder().encode


def result_line(key: str, story: str, match: Match | None, *, whole: bool, canonical: bool) -> bytes:
    """One line, its end included; ``whole``: the id was a whole number in the input and is one again."""
    evidence = match and dict(zip(("article_id", "score", "reason"), match, strict=True))
    return (
        _encode({"id": int(key) if whole else key, "story_id": story, "canonical": canonical, "match": evidence})
        + b"\n"
    )


@contextmanager
def written_whole(output: Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes the place of ``output`` when the block ends well.

    Raises ``UsageError`` where it cannot be written.
    """
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"cannot write {output}: {error.strerror or error}") from error
