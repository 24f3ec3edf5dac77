"""`archive` on archives of growing size: CPU time, wall time, memory.

usage: python benchmarks/archive.py [--sizes 100000,300000,1000000] [--engine duckdb|spark] [--folder DIR]
                                    [--minutes M] [CORPUS ...]

Articles are made from the corpora by mixing their sentences (``dedup_growth``), so that wording is real and no two
are the same; they are as long as those of the first corpus, and one in ten repeats a recent one.  Each size runs as a
command of its own; CPU time and memory are those of all its processes together, read from /proc.  Where a run is
ended after ``--minutes``, the same call goes on with it, and what it had used before is added.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup_growth import POOL, SHARED, Maker

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
CORPORA = ("reuters", "allsides", "polbias")
PART = 10_000  # articles made at once


class Wire(Maker):
    """Articles of the sentences of all corpora, as long as those of the first one."""

    def __init__(self, corpora: list[Path]) -> None:
        super().__init__(corpora)
        self._lengths = self._lengths[:POOL]


def make(path: Path, size: int, corpora: list[Path]) -> None:
    """An archive of made articles as one Parquet file."""
    maker = Wire(corpora)
    names = ("id", "url", "outlet", "title", "published", "text")
    draft = path.with_suffix(".draft")
    writer = None
    for begin in range(0, size, PART):
        made = [maker.article(i) for i in range(begin, min(begin + PART, size))]
        rows = [(begin + i, a.url, a.outlet, a.title, a.published, a.text) for i, a in enumerate(made)]
        table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
        writer = writer or pq.ParquetWriter(draft, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()
    draft.replace(path)


def tree(root: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(name))
    found, queue = [], [root]
    while queue:
        found.append(queue.pop())
        queue.extend(parents.get(found[-1], []))
    return found


def watch(process: subprocess.Popen[bytes], end: float) -> tuple[float, float]:
    """CPU seconds and peak MB of a process and all below it, until it ends or ``end`` (monotonic) has come."""
    spent: dict[int, float] = {}
    peak = 0
    while process.poll() is None:
        memory = 0
        for pid in tree(process.pid):
            try:
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            spent[pid] = (int(stat[11]) + int(stat[12])) / TICKS
            memory += int(stat[21]) * PAGE
        peak = max(peak, memory)
        if time.monotonic() > end:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.3)
    return sum(spent.values()), peak / 1e6


def run(source: Path, folder: Path, engine: str, end: float) -> dict[str, object]:
    """One go; its figures are added to those of earlier goes."""
    log = folder.with_suffix(".json")
    out_file = folder.with_suffix(".out")
    past = json.loads(log.read_text()) if log.exists() else {"cpu": 0.0, "wall": 0.0, "peak": 0.0, "goes": 0}
    words = [sys.executable, str(ROOT / "run_pipeline.py"), "archive", str(source), "-o", str(folder), "--json"]
    if past.get("code") == 0:
        return {**past, "report": json.loads(out_file.read_text())}
    begun = time.monotonic()
    with out_file.open("wb") as out:
        process = subprocess.Popen([*words, "--engine", engine], stdout=out, start_new_session=True)
        cpu, peak = watch(process, end)
    past["cpu"] += cpu
    past["wall"] += time.monotonic() - begun
    past["peak"] = max(past["peak"], peak)
    past["goes"] += 1
    past["code"] = process.returncode
    log.write_text(json.dumps(past))
    if process.returncode == 0:
        past["report"] = json.loads(out_file.read_text())
    return past


def main() -> None:
    """Print one line for each size, and the stages of the largest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", type=Path, help="default: the three labelled ones")
    parser.add_argument("--sizes", default="100000,300000,1000000")
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/archive-benchmark"))
    parser.add_argument("--minutes", type=float, default=60.0, help="end after that time, all sizes together")
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    corpora = [path for path in args.corpora or [SHARED / f"{name}_dev.jsonl.gz" for name in CORPORA] if path.is_file()]
    if not corpora:
        print("no corpus: name a file of articles")
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    print(
        f"{'articles':>10} {'stories':>9} {'CPU s':>8} {'µs/article':>11} {'wall s':>8} {'peak MB':>8} {'goes':>5}",
        flush=True,
    )
    for size in map(int, args.sizes.split(",")):
        source = args.folder / f"{size}.parquet"
        if not source.exists():
            make(source, size, corpora)
        told = run(source, args.folder / f"{size}-{args.engine}", args.engine, end)
        report = told.get("report")
        if not isinstance(report, dict):
            print(f"{size:10,} not finished, code {told['code']}: call again to go on", flush=True)
            continue
        cpu = float(str(told["cpu"]))
        print(
            f"{size:10,} {report['stories']:9,} {cpu:8.0f} {cpu / size * 1e6:11.0f} {told['wall']:8.0f} "
            f"{told['peak']:8.0f} {told['goes']:5}",
            flush=True,
        )
        print("   wall by stage: " + ", ".join(f"{name} {spent:.1f}" for name, spent in report["seconds"].items()))


if __name__ == "__main__":
    main()
