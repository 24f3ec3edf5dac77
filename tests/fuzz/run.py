"""Fuzz every parser of our own, each for so many seconds, guided by coverage (atheris, the extra ``fuzz``).

    python -m tests.fuzz.run --seconds 60            all of them
    python -m tests.fuzz.run --seconds 3600 urls     one

What breaks a parser is written to ``crash-…`` in the folder ``--found`` and told; the exit code is then 1.  Inputs
that are worth keeping go to ``tests/fuzz/corpus/NAME`` by hand, where the ordinary tests run them every time.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
LONGEST = {"pages": 20_000, "feeds": 20_000}  # bytes of an input; 2,000 elsewhere
PORTION = 150_000  # inputs of one process
MEMORY_MIB = 1_024  # of the fuzzing process
SLOWEST = 5.0  # seconds of CPU time for one input: the limit of a worker ([run] cpu_seconds)
_INPUTS = re.compile(r"number_of_executed_units:\s*(\d+)")
_CHILD = """
import sys, time
import atheris
with atheris.instrument_imports(include=["pipeline"]):
    from tests.fuzz.targets import TARGETS
name = sys.argv.pop(1)
slowest = float(sys.argv.pop(1))

def timed(data):
    began = time.process_time()
    TARGETS[name](data)
    assert time.process_time() - began < slowest, "too slow"

atheris.Setup(sys.argv, timed)
atheris.Fuzz()
"""


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What became of one parser."""

    held: bool
    inputs: int
    said: str  # by libFuzzer, the end of it


def fuzz(name: str, seconds: int, found: Path) -> Fuzzed:
    """Feed a parser for so long, in one process after another that go on with the same inputs.

    The instrumentation keeps about 4 kB an input where much is compared, so no process takes more than ``PORTION``.
    """
    inputs, end = 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as work:
        while True:
            left = max(1, round(end - time.monotonic()))
            done = subprocess.run(
                _command(name, left, work, found), capture_output=True, text=True, errors="replace", check=False
            )
            inputs += int((_INPUTS.findall(done.stderr) or ["0"])[-1])
            if done.returncode or time.monotonic() >= end:
                said = f"{done.stderr[-3000:]}\nended with {done.returncode}\n"  # below zero: by that signal
                return Fuzzed(done.returncode == 0, inputs, said)


def _command(name: str, seconds: int, work: str, found: Path) -> list[str]:
    return [
        *(sys.executable, "-c", _CHILD, name, str(SLOWEST), work, str(CORPUS / name)),
        *(f"-max_total_time={seconds}", f"-runs={PORTION}", f"-max_len={LONGEST.get(name, 2_000)}"),
        "-timeout=86400",  # never: 0 would be an alarm each second, and a starved process is not a slow one
        *(f"-rss_limit_mb={MEMORY_MIB}", f"-artifact_prefix={found}/{name}-", "-print_final_stats=1"),
    ]


def processor_time() -> float:
    """Seconds that the fuzzing processes that ended took so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *TARGETS], metavar="NAME", help="; ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each (default 60)")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"), help="where inputs that break are put")
    args = parser.parse_args()
    args.found.mkdir(exist_ok=True)
    broken = 0
    for name in args.names or TARGETS:
        began, before = time.monotonic(), processor_time()
        result = fuzz(name, args.seconds, args.found)
        took = time.monotonic() - began
        spent = processor_time() - before
        verdict = "held" if result.held else "BROKE"
        sys.stdout.write(f"{name}: {verdict}, {result.inputs:,} inputs in {took:.0f} s, {spent:.0f} s of CPU time\n")
        if not result.held:
            broken += 1
            sys.stdout.write(result.said + "\n")
        sys.stdout.flush()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
