"""``completion SHELL``: a completion script made from the grammar itself."""

from __future__ import annotations

from argparse import Namespace

from pipeline.cli.parser import build_parser
from pipeline.errors import UsageError


def run(args: Namespace) -> int:
    """Print the script, to be kept where the shell looks for completions."""
    try:
        import shtab
    except ModuleNotFoundError:
        raise UsageError("completion scripts need the package shtab: pip install shtab") from None
    print(shtab.complete(build_parser(), shell=args.shell))  # noqa: T201
    return 0
