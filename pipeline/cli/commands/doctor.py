"""``doctor``: what is wrong with configuration, database, clock, disk or network, in words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.errors import ConfigError
from pipeline.fetch import Web
from pipeline.run import doctor

if TYPE_CHECKING:
    from argparse import Namespace

    from pipeline.config import Config

_STYLES = {"well": "green", "warning": "yellow", "broken": "red"}


def run(args: Namespace) -> int:
    """Look at everything, after what was to be done about it; exit 1 where something is broken."""
    app.configure_log(args)
    _change(args)
    findings = list(_findings(args))
    if args.json:
        show.json_lines(findings)
    else:
        table = show.table("", "what", "~what was found, and what to do")
        for found in findings:
            said = f"{found.said}. {found.todo}" if found.todo else found.said
            table.add_row(show.text(found.state, _STYLES[found.state]), found.what, show.text(said))
        show.console().print(table)
    return int(any(found.state == "broken" for found in findings))


def _change(args: Namespace) -> None:
    """Carry out ``--repair`` or ``--accept`` before looking."""
    if not (args.repair or args.accept):
        return
    with app.locked_store(app.load_config(args), "doctor", show.ticker()) as store:
        if args.accept:
            store.accept(show.ticker())
            return
        store.repair()
        while store.index_for_search():
            pass


def _findings(args: Namespace) -> list[doctor.Finding]:
    try:
        config = app.load_config(args)
    except ConfigError as error:
        todo = "Correct it; `config check` shows the same."
        return [doctor.Finding("configuration", "broken", mistake, todo) for mistake in error.mistakes]
    found = [*doctor.configuration(config), *doctor.disk(config.storage.url)]
    found += doctor.database(config.storage.url, app.clock(), show.ticker())
    return found + asyncio.run(_asked(config))


async def _asked(config: Config) -> list[doctor.Finding]:
    async with Web(config.sections["fetch"], now=app.clock) as web:
        return await doctor.network(web, config.feeds, app.clock())
