"""What every task of a run knows, and where the stages put what they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.dedup import Rules
from pipeline.dedup.index import EPOCH

BLOCK = 32 * EPOCH  # articles in a block, about: 16,384; profiles of so many web articles take 150 MB
PART = "part-0.parquet"


@dataclass(frozen=True, slots=True)
class Job:
    """One run.  Pickled to every task, so it holds values only.

    ``work``: the folder of the stages, seen under this path by every process that works; ``rules``: what
    decisions depend on; ``block``: articles in a block, a multiple of ``EPOCH``.  Articles are numbered from 1
    in the order of the archive; block ``k`` holds the rows from ``k * block`` on.
    """

    work: Path
    rules: Rules
    block: int = BLOCK

    def __post_init__(self) -> None:
        if self.block < 1 or self.block % EPOCH:
            raise ValueError(f"a block of {self.block} articles: it should be a multiple of {EPOCH}")

    def table(self, stage: str) -> Path:
        """The folder of what a stage made: Parquet files, in folders ``block=k`` where it is cut up."""
        return self.work / stage

    def part(self, stage: str, block: int) -> Path:
        """The file of one block, as a task of this project writes it."""
        return self.table(stage) / f"block={block}" / PART

    def files(self, stage: str, block: int) -> list[Path]:
        """The files of one block, whoever wrote them; none where there is nothing."""
        return sorted(self.table(stage).glob(f"block={block}/*.parquet"))

    def blocks(self, stage: str) -> list[int]:
        """The blocks that a stage made."""
        return sorted(int(path.name.partition("=")[2]) for path in self.table(stage).glob("block=*"))
