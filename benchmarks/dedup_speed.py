"""Articles per second of ``dedup`` with its database, beside rensa and datasketch, in one run.

usage: python benchmarks/dedup_speed.py [CORPUS ...] [--rounds N] [--peers rensa,datasketch]

CORPUS: a .jsonl or .jsonl.gz file of articles {id, outlet, url, title, published, text}; by default the real
corpora beside the project, where they are.  Every contender reads the file and writes a story for each
article; the peers work in memory and keep nothing, this project persists everything with synchronous=FULL.
Each runs as a process of its own, in turn, several times: a noisy machine is noisy for all of them.  What counts is
the time from the start of the process to its end, imports included.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
GOALS = {"allsides_dev": {"rensa": 1.0, "datasketch": 4.0}, "reuters_dev": {"rensa": 0.5, "datasketch": 3.0}}

# MinHash LSH as the guides of both libraries show it: word trigrams, 128 permutations, union-find.
PEER = """
import gzip, json, re, sys
name, path, out, threshold = sys.argv[3], sys.argv[1], sys.argv[2] + "/out.jsonl", 0.5
opened = gzip.open if path.endswith(".gz") else open
articles = [json.loads(line) for line in opened(path, "rt", encoding="utf8")]
def shingles(text):
    words = re.findall(r"\\w+", text.lower())
    return [" ".join(words[i:i + 3]) for i in range(max(1, len(words) - 2))]
def with_rensa():
    import rensa
    index, kept = rensa.RMinHashLSH(threshold, 128, 16), []
    for i, article in enumerate(articles):
        sketch = rensa.RMinHash(128, 42)
        sketch.update(shingles(article["text"]))
        yield from ((i, j) for j in index.query(sketch) if sketch.jaccard(kept[j]) >= threshold)
        index.insert(i, sketch)
        kept.append(sketch)
def with_datasketch():
    from datasketch import MinHash, MinHashLSH
    index = MinHashLSH(threshold=threshold, num_perm=128)
    for i, article in enumerate(articles):
        sketch = MinHash(128)
        sketch.update_batch([s.encode() for s in shingles(article["text"])])
        yield from ((i, j) for j in index.query(sketch))
        index.insert(i, sketch)
root = list(range(len(articles)))
def find(x):
    while root[x] != x:
        root[x] = root[root[x]]
        x = root[x]
    return x
for i, j in {"rensa": with_rensa, "datasketch": with_datasketch}[name]():
    root[find(i)] = find(j)
with open(out, "w", encoding="utf8") as stream:
    for i, article in enumerate(articles):
        stream.write(json.dumps({"id": article["id"], "story_id": find(i)}) + "\\n")
print(json.dumps({"articles": len(articles)}))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: articles, seconds of the whole process, and of the stages that ``dedup`` reports."""

    articles: int
    seconds: float
    stages: dict[str, float]


def measured(who: str, corpus: Path) -> Run:
    """One run of ``dedup`` or a peer."""
    with tempfile.TemporaryDirectory() as folder:
        program = ["run_pipeline.py", "dedup", str(corpus), "--output", f"{folder}/out.jsonl", "--json"]
        ours = [*program, "--db", f"sqlite:///{folder}/dedup.db"]
        command = [sys.executable, *(ours if who == "dedup" else ["-c", PEER, str(corpus), folder, who])]
        begun = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - begun
    report = json.loads(done.stdout.splitlines()[-1])
    return Run(report["articles"], seconds, report["seconds"] if who == "dedup" else {})


def main() -> int:
    """Print rates, ratios and where the time goes; the exit code says whether the goals were met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="rensa,datasketch")
    args = parser.parse_args()
    corpora = args.corpora or [SHARED / f"{name}.jsonl.gz" for name in GOALS]
    corpora = [path for path in corpora if path.is_file()]
    if not corpora:
        print("no corpus: name a file of articles")
        return 0
    met = [compare(path, args.peers.split(","), args.rounds) for path in corpora]
    return 0 if all(met) else 1


def compare(corpus: Path, peers: list[str], rounds: int) -> bool:
    """All contenders on one corpus, in turn."""
    runs: dict[str, list[float]] = {name: [] for name in ("dedup", *peers)}
    stages: list[dict[str, float]] = []
    for _ in range(rounds):
        for name in runs:
            run = measured(name, corpus)
            runs[name].append(run.articles / run.seconds)
            if run.stages:
                stages.append(run.stages)
    name = corpus.name.partition(".")[0]
    print(f"\n{name}: articles/s, median of {rounds} (lowest to highest)")
    for who, rates in runs.items():
        print(f"  {who:12s} {statistics.median(rates):8.0f}  ({min(rates):.0f} to {max(rates):.0f})")
    spent = {stage: statistics.median(s.get(stage, 0.0) for s in stages) for stage in stages[0]}
    print("  seconds: " + ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in spent.items()))
    met = True
    for peer in peers:
        ratios = [ours / theirs for ours, theirs in zip(runs["dedup"], runs[peer], strict=True)]
        goal = GOALS.get(name, {}).get(peer)
        said = "" if goal is None else f"  (goal {goal})"
        print(f"  dedup / {peer}: {statistics.median(ratios):.2f}{said}")
        met &= goal is None or statistics.median(ratios) >= goal
    return met


if __name__ == "__main__":
    sys.exit(main())
