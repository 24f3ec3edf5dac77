"""An archive → stories: the door to this room."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.archive.engine import open_engine
from pipeline.archive.inputs import Input, find_inputs
from pipeline.archive.job import BLOCK, Job
from pipeline.archive.loading import Loaded, load_store
from pipeline.archive.manifest import Manifest, fingerprint_of, open_manifest
from pipeline.archive.publishing import write_lines
from pipeline.archive.stages import STAGES, Progress, Run, bad_lines, run_stages
from pipeline.dedup import Rules

if TYPE_CHECKING:
    from pipeline.storage import Store

BAD_KEPT = 1000  # lines left out that the report names one by one; all are counted


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    ``inputs``: files, folders, or addresses that Spark can read; ``output``: a folder, which every process that
    works sees under this path; ``memory_mib``: for joins (DuckDB) or the driver (Spark); ``fresh``: throw away
    what is there.
    """

    inputs: Sequence[str]
    output: Path
    engine: str = "duckdb"
    master: str | None = None
    workers: int = 2
    memory_mib: int = 1024
    block: int = BLOCK
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Capped:
    """What limits left out; all of it holds in the stream as well.

    ``crowded_hashes``: hashes of sketches with more than sixteen carriers, of which each article meets the last
    sixteen before it; ``most_carried``: carriers of the most common one; ``meetings_left_out``: pairs that were
    not made; ``not_compared``: candidates beyond the best eight of an article.
    """

    crowded_hashes: int
    most_carried: int
    meetings_left_out: int
    not_compared: int


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What came of it.  ``repeated``: lines whose id came again later; ``seconds``: of each stage, when it ran."""

    engine: str
    lines: int
    articles: int
    undated: int
    repeated: int
    stories: int
    with_copies: int
    largest: int
    compared: int
    same: int
    capped: Capped
    bad_count: int
    bad: tuple[tuple[str, int, str], ...]  # input, line, reason; the first ``BAD_KEPT``
    seconds: dict[str, float]
    went_on: tuple[str, ...]  # stages that an earlier run had finished
    loaded: Loaded | None = None


def fold_archive(
    order: Order,
    rules: Rules,
    progress: Progress | None = None,
    *,
    lines: Path | None = None,
    into: Store | None = None,
    now: datetime | None = None,
) -> ArchiveReport:
    """Fold an archive into stories; what an earlier run of the same order finished is not done again.

    ``lines``: also write the result there, in the shape of ``dedup``; ``into``: load it into this store, at the
    time ``now``.  Raises ``UsageError`` for inputs and folders that cannot be used and engines that are not
    installed, ``StoryfoldError`` for engines that fail, ``StorageError`` for a store that cannot be written.
    """
    inputs = find_inputs(order.inputs)
    job = Job(order.output / "work", rules, order.block)
    manifest = open_manifest(order.output, fingerprint_of(inputs, job), fresh=order.fresh)
    before = tuple(stage.name for stage in STAGES if stage.name in manifest.stages)
    scratch = order.output / "scratch"
    if len(before) < len(STAGES):
        engine = open_engine(
            order.engine, scratch, master=order.master, workers=order.workers, memory_mib=order.memory_mib
        )
        with engine:
            run_stages(Run(job, engine, manifest, inputs, order.output), progress)
        shutil.rmtree(scratch, ignore_errors=True)
    blocks = job.blocks("articles")
    if lines is not None:
        write_lines(job, blocks, lines)
    loaded = None
    if into is not None and now is not None:
        loaded = load_store(job, blocks, into, now, progress)
    return _report(order, inputs, job, manifest, before, loaded)


def _report(
    order: Order, inputs: Sequence[Input], job: Job, manifest: Manifest, before: tuple[str, ...], loaded: Loaded | None
) -> ArchiveReport:
    told = manifest.stages
    read, met, verified, placed = (told[name] for name in ("read", "meet", "verify", "place"))
    articles = told["arrange"]["articles"]
    return ArchiveReport(
        engine=order.engine,
        lines=read["lines"],
        articles=articles,
        undated=read["undated"],
        repeated=read["usable"] - articles,
        stories=placed["stories"],
        with_copies=placed["with_copies"],
        largest=placed["largest"],
        compared=sum(told[name]["compared"] for name in ("try", "verify", "decide")),
        same=verified["same"],
        capped=Capped(
            met["crowded_hashes"],
            met["most_carried"],
            met["meetings_left_out"],
            told["rank"]["candidates"] - told["try"]["compared"],
        ),
        bad_count=read["bad"],
        bad=tuple((inputs[file].name, line, reason) for file, line, reason in bad_lines(job, BAD_KEPT)),
        seconds={stage.name: told[stage.name]["seconds"] for stage in STAGES},
        went_on=before,
        loaded=loaded,
    )
