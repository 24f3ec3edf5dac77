"""What a user may set about matching: the ``[dedup]`` section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class DedupSettings:
    """The defaults were measured on labelled pairs of three corpora; see ``benchmarks``."""

    window_days: Annotated[float, Meta(gt=0)] = 30.0  # two articles of one story lie no further apart
    verified: Annotated[int, Meta(ge=1, le=64)] = 8  # stored articles a new one is compared with, at most
    least_overlap: Annotated[float, Meta(ge=0, le=1)] = 0.10  # estimated, common wording counting less
    cache_mib: Annotated[int, Meta(ge=1)] = 64  # memory for profiles of stored articles
    weights: str = ""  # a file written by `tune`; empty: the weights of the package
