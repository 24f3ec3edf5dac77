"""``dedup`` into PostgreSQL against SQLite, interleaved: articles a second by the program's own report.

    PYTHONPATH=. python benchmarks/postgres_dedup.py CORPUS.jsonl.gz [--rounds 3] [--url postgresql://…]

Without ``--url`` a server of its own is started (extra ``dev``), with PostgreSQL's default settings: every commit
waits for the disk, as SQLite's does.  Also compared: that both give the same stories.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def fold(corpus: str, url: str, output: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one run (the server's own CPU time is not in it)."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "run_pipeline.py", "dedup", corpus, "-o", str(output), "--db", url, "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def stories(output: Path) -> set[frozenset[str]]:
    """The articles of each story."""
    found: dict[str, set[str]] = {}
    for line in output.read_text("utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(row["story_id"], set()).add(row["id"])
    return {frozenset(ids) for ids in found.values()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    import pgserver

    server = pgserver.Server(careful=True)
    taken: dict[str, list[tuple[float, float]]] = {"sqlite": [], "postgres": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(arguments.rounds):
            urls = {"sqlite": f"sqlite:///{folder}/{turn}.db", "postgres": server.database()}
            for name, url in urls.items():
                taken[name].append(fold(arguments.corpus, url, Path(folder) / f"{name}.jsonl"))
        same = stories(Path(folder) / "sqlite.jsonl") == stories(Path(folder) / "postgres.jsonl")
        count = len((Path(folder) / "sqlite.jsonl").read_text("utf-8").splitlines())
    server.close()
    for name, runs in taken.items():
        walls, cpus = zip(*runs, strict=True)
        print(
            f"{name:9} {count / statistics.median(walls):7.0f} articles/s"
            f"  (wall {min(walls):.2f}-{max(walls):.2f} s, CPU of the program {statistics.median(cpus):.2f} s)"
        )
    ratios = [p[0] / s[0] for s, p in zip(taken["sqlite"], taken["postgres"], strict=True)]
    print(f"PostgreSQL takes {statistics.median(ratios):.2f} times as long ({min(ratios):.2f}-{max(ratios):.2f})")
    print(f"the same stories: {same}")


if __name__ == "__main__":
    main()
