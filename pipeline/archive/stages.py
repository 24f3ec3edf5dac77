"""The whole way on one page.

``read → arrange → profile → meet → rank → guess → count → invite → try → begin → recount → verify → piece → decide
→ place → publish``

Each stage reads what earlier ones made and makes Parquet of its own; a finished stage is never run again, and in an
unfinished one the finished files stay.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.archive import arranging, counting, meeting, pieces, publishing, verifying
from pipeline.archive.counting import FIRST, SECOND, Pass
from pipeline.archive.engine import Engine
from pipeline.archive.inputs import Input
from pipeline.archive.job import Job
from pipeline.archive.manifest import Manifest
from pipeline.archive.meeting import Rank
from pipeline.archive.parts import Told
from pipeline.archive.profiling import Mark
from pipeline.archive.publishing import Publish
from pipeline.archive.reading import Read
from pipeline.archive.stars import Decide
from pipeline.archive.verifying import Verify
from pipeline.errors import UsageError

Progress = Callable[[str, int, int], None]  # stage, parts done, parts in all


@dataclass(frozen=True, slots=True)
class Stage:
    """A step, what it does in words, and how: it yields ``(parts done, parts in all, what to tell)``.

    ``spent``: tables that no stage behind it reads, nor the loading into a store."""

    name: str
    meaning: str
    run: Callable[[Run], Iterator[tuple[int, int, Told]]]
    spent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an archive: the job, who carries it out, and what is finished."""

    job: Job
    engine: Engine
    manifest: Manifest
    inputs: Sequence[Input]
    output: Path

    @property
    def blocks(self) -> list[int]:
        """All blocks of articles."""
        return self.job.blocks("articles")

    def told(self, stage: str, name: str) -> int:
        """A number that a finished stage told."""
        return int(self.manifest.stages[stage][name])


def run_stages(run: Run, progress: Progress | None = None) -> None:
    """Run what is not finished.  Raises ``StoryfoldError`` where that cannot be done."""
    for stage in STAGES:
        if stage.name not in run.manifest.stages:
            _run_stage(run, stage, progress)
        for table in stage.spent:  # also where a run was ended right before this
            shutil.rmtree(run.job.table(table), ignore_errors=True)


def _run_stage(run: Run, stage: Stage, progress: Progress | None) -> None:
    begun = time.perf_counter()
    total: Counter[str] = Counter()
    if progress is not None:
        progress(stage.name, 0, 1)
    for done, parts, told in stage.run(run):
        total.update(told)
        if progress is not None:
            progress(stage.name, done, parts)
    told_all: dict[str, Any] = dict(total)
    run.manifest.finish(stage.name, {**told_all, "seconds": round(time.perf_counter() - begun, 3)})


def _each(run: Run, task: Callable[[Any], Told], items: Sequence[Any]) -> Iterator[tuple[int, int, Told]]:
    for done, told in enumerate(run.engine.each(task, items), 1):
        yield done, len(items), told


def _once(told: Told | None = None) -> Iterator[tuple[int, int, Told]]:
    yield 1, 1, told or {}


def _read(run: Run) -> Iterator[tuple[int, int, Told]]:
    for number, source in enumerate(run.inputs):
        into = run.job.table("fetched") / str(number)
        if source.remote and not into.exists():
            run.engine.fetch(source.name, source.kind, into)
    yield from _each(run, Read(run.job), list(enumerate(run.inputs)))


def _arrange(run: Run) -> Iterator[tuple[int, int, Told]]:
    if not run.told("read", "usable"):
        raise UsageError("there is no usable article in the input" + _first_bad(run))
    yield from _once({"articles": arranging.arrange(run.job, run.engine)})


def _first_bad(run: Run) -> str:
    bad = bad_lines(run.job, 1)
    return f": line {bad[0][1]} of {run.inputs[bad[0][0]].name}: {bad[0][2]}" if bad else ""


def bad_lines(job: Job, most: int) -> list[tuple[int, int, str]]:
    """The first lines left out: number of the input, line, reason."""
    from pipeline.archive.parts import load
    from pipeline.archive.reading import BAD

    found: list[tuple[int, int, str]] = []
    for number in job.blocks("bad"):
        if len(found) < most:
            rows = load(job.files("bad", number), BAD).to_pylist()
            found.extend((row["file"], row["line"], row["reason"]) for row in rows[: most - len(found)])
    return found


def _meet(run: Run) -> Iterator[tuple[int, int, Told]]:
    yield from _once(meeting.meet(run.job, run.engine, run.told("profile", "keys")))


def _after(step: Callable[[Job, Engine], None]) -> Callable[[Run], Iterator[tuple[int, int, Told]]]:
    """A stage that is one answer of the engine and tells nothing."""

    def run_it(run: Run) -> Iterator[tuple[int, int, Told]]:
        step(run.job, run.engine)
        yield from _once()

    return run_it


def _count(run: Run, one: Pass) -> Iterator[tuple[int, int, Told]]:
    blocks = run.blocks
    for done, _ in enumerate(counting.count(run.job, one, blocks), 1):
        yield done, len(blocks), {}


STAGES: tuple[Stage, ...] = (
    Stage("read", "lines of the inputs become articles", _read),
    Stage("arrange", "articles in order of publication, cut into blocks", _arrange, ("lines", "places", "fetched")),
    Stage("profile", "shingles, facts and sketch of each article", lambda r: _each(r, Mark(r.job), r.blocks)),
    Stage("meet", "articles that share a hash of their sketches", _meet, ("keys",)),
    Stage("rank", "the few candidates worth comparing", lambda r: _each(r, Rank(r.job), r.blocks), ("hits",)),
    Stage("guess", "which articles bring new wording, by their sketches", _after(counting.guess)),
    Stage("count", "how common each wording was before each block", lambda r: _count(r, FIRST)),
    Stage("invite", "candidates brought to the blocks that need them", _after(verifying.invite)),
    Stage(
        "try",
        "the judge on each pair",
        lambda r: _each(r, Verify(r.job, FIRST), r.blocks),
        (FIRST.counts, FIRST.guests),
    ),
    Stage("begin", "which articles bring new wording, by verdict", _after(counting.begin)),
    Stage("recount", "how common each wording was, once more", lambda r: _count(r, SECOND)),
    Stage(
        "verify",
        "the judge on what was in doubt",
        lambda r: _each(r, Verify(r.job, SECOND, FIRST), r.blocks),
        ("visitors", FIRST.verdicts),
    ),
    Stage("piece", "independent pieces of verified pairs", lambda r: _once(pieces.cut(r.job, r.engine))),
    Stage("decide", "stories around canonical articles", lambda r: _each(r, Decide(r.job), r.blocks)),
    Stage("place", "the story of each article", lambda r: _once(publishing.place(r.job, r.engine))),
    Stage("publish", "the result", lambda r: _each(r, Publish(r.job, r.output), r.blocks)),
)
