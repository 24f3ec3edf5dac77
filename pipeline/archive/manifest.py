"""Which stages are finished, and for what: so that a run that was ended goes on, and another one does not mix in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.archive.inputs import Input
from pipeline.archive.job import Job
from pipeline.errors import UsageError

OWN = ("work", "scratch", "articles", "stories")  # what a run makes beside the manifest
FORMAT = 1  # of the stages: raised when a stage makes something else


@dataclass(slots=True)
class Manifest:
    """The file beside the stages; ``stages``: what each finished one told, in order."""

    path: Path
    fingerprint: str
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def finish(self, stage: str, told: dict[str, Any]) -> None:
        """A stage is finished."""
        self.stages[stage] = told
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps({"fingerprint": self.fingerprint, "stages": self.stages}, indent=1), "utf-8")
        draft.replace(self.path)


def open_manifest(folder: Path, fingerprint: str, *, fresh: bool) -> Manifest:
    """What is finished in ``folder``; with ``fresh`` nothing is.

    Raises ``UsageError`` where it holds the work of other inputs or settings.
    """
    path = folder / "manifest.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty, and no run of `archive` began it: choose another folder")
    if fresh:
        for name in OWN:  # and nothing else that somebody may have put beside it
            shutil.rmtree(folder / name, ignore_errors=True)
        path.unlink(missing_ok=True)
    if not path.exists():
        manifest = Manifest(path, fingerprint)
        manifest.finish("begun", {})
        return manifest
    try:
        stored = json.loads(path.read_text("utf-8"))
        manifest = Manifest(path, stored["fingerprint"], stored["stages"])
    except (ValueError, KeyError, OSError) as error:
        raise UsageError(f"{path} cannot be read ({error}): --fresh begins anew") from error
    if manifest.fingerprint != fingerprint:
        raise UsageError(
            f"{folder} holds the work of other inputs, settings or another version: choose another folder, or --fresh "
            "to throw that away"
        )
    return manifest


def fingerprint_of(inputs: Sequence[Input], job: Job) -> str:
    """A name for the inputs and all that results depend on; the engine is no part of it.

    Files go in by path, size and time of change, not by content.
    """
    rules = job.rules
    facts = {
        "format": FORMAT,
        "version": __version__,
        "inputs": [asdict(one) for one in inputs],
        "block": job.block,
        "settings": asdict(rules.settings),
        "weights": None if rules.table is None else [rules.table.bias, *rules.table.weights.tolist()],
        "priorities": sorted(rules.ranks.priorities.items()),
        "agencies": sorted((outlet, sorted(names)) for outlet, names in rules.ranks.agencies.items()),
    }
    return blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()
