"""``config check`` and ``config show``."""

from __future__ import annotations

import dataclasses
from argparse import Namespace

from pipeline import app
from pipeline.cli import show
from pipeline.text import count_of
from pipeline.urls import mask_url


def run(args: Namespace) -> int:
    """Read everything that a run would read; mistakes are raised all at once."""
    config = app.load_config(args)
    rules = app.with_rules(config).rules
    if args.action == "show" or args.json:
        shown = {name: dataclasses.asdict(section) for name, section in config.sections.items()}
        shown["extract"].pop("rules")
        shown["storage"] = {"url": mask_url(config.storage.url)}
        if args.json:
            show.json_lines([shown])
            return 0
        for name, values in shown.items():
            print(f"[{name}]")  # noqa: T201
            for key, value in values.items():
                print(f"{key} = {show.text(value)}")  # noqa: T201
        return 0
    where = config.path or "no file: built-in defaults"
    print(  # noqa: T201
        f"{where}: fine; {count_of(len(config.feeds), 'feed')}, {count_of(len(rules), 'outlet rule')}, "
        f"database {mask_url(config.storage.url)}"
    )
    return 0
