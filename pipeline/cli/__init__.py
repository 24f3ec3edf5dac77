"""Words on a command line → calls.  Importing this costs next to nothing: commands load what they need."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from pipeline.errors import StoryfoldError
from pipeline.text import printable_lines

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done · 2 wrong usage or configuration · 3 nothing could be fetched at all · 75 another instance is
    running · 1 any other failure · 130 interrupted.
    """
    from pipeline.cli.parser import build_parser

    words = sys.argv[1:] if argv is None else argv
    # Bytes that are no UTF-8 come as lone surrogates, which no database and no output takes.
    args = build_parser().parse_args([word.encode("utf-8", "replace").decode() for word in words])
    try:
        code = import_module(f"pipeline.cli.commands.{args.module}").run(args)
        sys.stdout.flush()
    except StoryfoldError as error:
        print(f"storyfold {args.command}: {printable_lines(str(error))}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        return 130
    except BrokenPipeError:
        # The reader (head, less) has what it wanted; closing stdout again must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(code)
