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
from pathlib import Path

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
LONGEST = {"pages": 20_000, "feeds": 20_000}  # bytes of an input; 2,000 elsewhere
MEMORY_MIB = 1_024  # of the fuzzing process
SLOWEST = 5.0  # seconds of CPU time for one input: the limit of a worker ([run] cpu_seconds)
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


def fuzz(name: str, seconds: int, found: Path) -> tuple[bool, str]:
    """Whether it held, and what libFuzzer said at the end."""
    with tempfile.TemporaryDirectory() as work:
        command = [
            *(sys.executable, "-c", _CHILD, name, str(SLOWEST), work, str(CORPUS / name)),
            *(
                f"-max_total_time={seconds}",
                f"-max_len={LONGEST.get(name, 2_000)}",
                "-timeout=86400",  # never: 0 would be an alarm each second, a starved process is not a slow one
            ),
            *(f"-rss_limit_mb={MEMORY_MIB}", f"-artifact_prefix={found}/{name}-", "-print_final_stats=1"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    ended = f"\nended with {done.returncode}\n"  # below zero: by that signal
    return done.returncode == 0, done.stderr + ended


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
        held, said = fuzz(name, args.seconds, args.found)
        runs = re.findall(r"number_of_executed_units:\s*(\d+)", said)
        took = time.monotonic() - began
        spent = processor_time() - before
        verdict = "held" if held else "BROKE"
        sys.stdout.write(
            f"{name}: {verdict}, {runs[-1] if runs else '?'} inputs in {took:.0f} s, {spent:.0f} s of CPU time\n"
        )
        if not held:
            broken += 1
            sys.stdout.write(said[-3000:] + "\n")
        sys.stdout.flush()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
