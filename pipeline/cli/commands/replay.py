"""``replay``: extraction and matching again under the settings of now; told first, applied on demand."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from pipeline import app
from pipeline.cli import show
from pipeline.run import replay
from pipeline.run.pool import WorkerPool
from pipeline.storage import Store, open_store
from pipeline.text import count_of

if TYPE_CHECKING:
    from argparse import Namespace

    from pipeline.config import Config


def run(args: Namespace) -> int:
    """Print what would change; with ``--apply`` change it."""
    config = app.load_config(args)
    app.configure_log(args)
    if args.apply:
        with app.locked_store(config, "replay", show.ticker()) as store:
            return _replay(args, config, store)
    with open_store(config.storage.url, read_only=True) as store:
        return _replay(args, config, store)


def _replay(args: Namespace, config: Config, store: Store) -> int:
    found = asyncio.run(_planned(args, config, store))
    told = tell(store, found)
    moved = replay.apply(store, app.matching_rules(config, store), found, app.clock()) if args.apply else 0
    if args.json:
        show.json_lines([told | {"applied": args.apply, "moved_articles": moved}])
    else:
        _print(told, applied=args.apply)
    return 0


async def _planned(args: Namespace, config: Config, store: Store) -> replay.Plan:
    own = config.sections["run"]
    pages = app.pages_of(config)
    pool = WorkerPool(own.workers or os.cpu_count() or 1, own.cpu_seconds, own.memory_mib << 20, preload=app.PRELOAD)
    try:
        async with pool:
            rules = app.matching_rules(config, store)
            return await replay.plan(store, pages, pool, app.with_rules(config), rules)
    finally:
        if pages is not None:
            pages.close()


def tell(store: Store, plan: replay.Plan) -> dict[str, Any]:
    """The stable shape of ``replay --json``: what changes, by public ids."""
    changes = plan.changes
    rows = {row for kept in changes.kept for row in kept.articles} | set(plan.texts)
    names = {row: found.article_id for row, found in store.articles(sorted(rows)).items()}
    articles = {story: row for row, story in plan.now.items()}
    stories = {story: store.story_with(articles[story]).story_id for story in _stories(plan)}
    homes = {kept.group: kept.story for kept in changes.kept}
    return {
        "pages": plan.pages,
        "texts": [names[row] for row in sorted(plan.texts)],
        "merged": [
            {"story_id": stories[story], "into": _name(stories, homes, group)} for story, group in changes.merged
        ],
        "split": [{"articles": [names[row] for row in kept.articles]} for kept in changes.split],
        "moved": [{"article_id": names[row], "from": stories[plan.now[row]]} for row in changes.moved],
    }


def _stories(plan: replay.Plan) -> set[int]:
    kept = {story.story for story in plan.changes.kept if story.story is not None}
    return kept | {plan.now[row] for row in plan.changes.moved}


def _name(stories: dict[int, str], homes: dict[int, int | None], group: int) -> str | None:
    story = homes.get(group)
    return None if story is None else stories[story]


def _print(told: dict[str, Any], *, applied: bool) -> None:
    console = show.console()
    console.print(f"{count_of(told['pages'], 'kept page')} extracted again, {len(told['texts'])} read differently.")
    for merged in told["merged"]:
        console.print(show.text(f"merged   {merged['story_id']} into {merged['into'] or 'a new story'}"))
    for split in told["split"]:
        console.print(show.text(f"split    a new story of {', '.join(split['articles'])}"))
    for moved in told["moved"]:
        console.print(show.text(f"moved    {moved['article_id']} out of {moved['from']}"))
    verb = "were" if applied else "would be"
    console.print(
        f"{count_of(len(told['merged']), 'story', 'stories')} {verb} merged, {len(told['split'])} split off, "
        f"{count_of(len(told['moved']), 'article')} moved."
    )
