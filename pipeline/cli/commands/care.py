"""``backup``, ``restore`` and ``tidy``: the care of the database."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.errors import UsageError
from pipeline.run.lock import single_instance
from pipeline.run.upkeep import forget
from pipeline.storage import restore
from pipeline.storage.care import NOT_HERE
from pipeline.text import count_of

if TYPE_CHECKING:
    from argparse import Namespace

    from pipeline.config import Config


def run(args: Namespace) -> int:
    """Carry out one of them."""
    return {"backup": _backup, "restore": _restore, "tidy": _tidy}[args.command](args, app.load_config(args))


def _backup(args: Namespace, config: Config) -> int:
    with app.open_reader(args) as store:
        sums = store.backup(args.file)
    _tell(args, f"{args.file} holds", {name: rows for name, (rows, _) in sums.items()})
    return 0


def _restore(args: Namespace, config: Config) -> int:
    lock = app.lock_path(config.storage.url)
    if app.on_a_server(config.storage.url):
        raise UsageError(NOT_HERE)
    if lock is None:
        raise UsageError("a backup is restored into a file: name it in [storage] url, or with --db")
    target = Path(str(lock).removesuffix(".lock"))
    with single_instance(lock, "restore", app.clock()):
        sums = restore(args.file, target)
    _tell(args, f"{target} is made and holds", {name: rows for name, (rows, _) in sums.items()})
    return 0


def _tell(args: Namespace, what: str, rows: dict[str, int]) -> None:
    if args.json:
        show.json_lines([{"file": str(args.file), "rows": rows}])
        return
    counted = f"{count_of(rows['article'], 'article')} in {count_of(rows['story'], 'story', 'stories')}"
    show.console().print(show.text(f"{what} {counted}, merged ones included; every row checked against its digest."))


def _tidy(args: Namespace, config: Config) -> int:
    settings, own = config.sections["retention"], config.sections["pages"]
    dropped = 0
    with app.locked_store(config, "tidy", show.ticker()) as store:
        while forgotten := forget(store, settings, app.clock()):
            dropped += len(forgotten)
    pages = app.pages_of(config)
    gone = 0
    if pages is not None:
        gone = pages.prune(app.clock() - timedelta(days=own.keep_days), own.max_mib << 20)
        pages.close()
    if args.json:
        show.json_lines([{"forgotten": dropped, "pages": gone}])
    else:
        said = f"Forgotten: {count_of(dropped, 'text or journal row', 'texts and journal rows')}, "
        show.console().print(said + f"{count_of(gone, 'kept page')}.")
    return 0
