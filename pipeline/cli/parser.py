"""The command line's grammar.  Only argparse is imported here, so that ``--help`` is instant."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from pipeline import __version__
from pipeline.cli.when import When, parse_when
from pipeline.model import Outcome, Reason
from pipeline.text import printable_lines

EXIT_CODES = """\
exit codes: 0 done (failed feeds are in the report) · 2 wrong usage or configuration ·
3 nothing could be fetched at all · 75 another instance is running on this database"""


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)


class _Parser(argparse.ArgumentParser):
    """Its messages repeat what was written, which may have been copied from a hostile page."""

    def error(self, message: str) -> NoReturn:
        super().error(printable_lines(message))


SEARCH_HELP = """\
words, all of them · "a phrase" · begin* · -without · outlet:"The Gazette" · lang:de · story:ID ·
since:2026-01-31 · since:7d · until:12h; put -- before a query that begins with a dash"""


ARCHIVE_HELP = """\
DIR/articles and DIR/stories hold the result as Parquet; DIR/work holds the stages, with which a run that was ended
goes on and --into can be given later. Needs an extra: storyfold[duckdb] or storyfold[spark]."""


ROLES = ("poll", "fetch", "extract", "match")
WORKER_HELP = """\
roles: poll asks feeds; fetch and extract are one, for a page is taken apart where it was fetched; match compares and
stores, one worker at a time, with the others standing by. Needs the extra storyfold[postgres]."""


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar; ``args.module`` names the module of ``pipeline.cli.commands`` that carries it out."""
    parser: argparse.ArgumentParser = _Parser(
        prog="storyfold",
        description="Polls news feeds, recognises the same report across outlets, keeps one record per story.",
        epilog=EXIT_CODES,
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"storyfold {__version__}")
    parser.set_defaults(config=None, db=None, json=False, log=None, log_level="info")
    _common(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (_running, _reading, _dedup, _feeds, _care, _tools):
        add(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse names this type nowhere else


def _command(
    commands: _Commands[argparse.ArgumentParser], name: str, module: str, text: str
) -> argparse.ArgumentParser:
    """A subcommand with the options that every command has."""
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", formatter_class=_Help)
    parser.set_defaults(module=module)
    _common(parser.add_argument_group("on every command"))
    return parser


def _common(group: argparse._ActionsContainer) -> None:
    """Options taken before and after the command's name; the defaults stand on the top parser alone,
    or a subcommand's default would overwrite what was given before its name."""
    for flags, options in _COMMON.items():
        group.add_argument(*flags, default=argparse.SUPPRESS, **options)


_COMMON: dict[tuple[str, ...], dict[str, Any]] = {
    ("--config",): {"type": Path, "metavar": "FILE", "help": "configuration (default: config/pipeline.toml)"},
    ("--db",): {"metavar": "URL", "help": "sqlite:///news.db or postgresql://user@host/name (overrides [storage] url)"},
    ("--json",): {"action": "store_true", "help": "machine-readable output, one JSON object a line"},
    ("--log",): {"choices": ["console", "json", "off"], "help": "log lines on standard error"},
    ("--log-level",): {"choices": ["debug", "info", "warning", "error"]},
}


def _running(commands: _Commands[argparse.ArgumentParser]) -> None:
    demo = _command(commands, "demo", "demo", "run the whole pipeline over bundled outlets, offline")
    demo.add_argument("--keep", type=Path, metavar="DIR", help="keep the database and configuration in DIR")
    demo.add_argument("--serve", action="store_true", help="leave the outlets up afterwards, until Ctrl-C")
    once = _command(commands, "once", "once", "poll every feed that is due, work the queue to the end, report, exit")
    once.add_argument("--all", action="store_true", help="poll every feed now, due or not")
    _command(commands, "run", "run", "the service: rounds on a schedule until SIGTERM")
    worker = _command(commands, "worker", "worker", "one of many on one PostgreSQL database, until SIGTERM")
    worker.epilog = WORKER_HELP
    worker.add_argument("--roles", type=_roles, default=",".join(ROLES), metavar="LIST", help="default: %(default)s")


def _reading(commands: _Commands[argparse.ArgumentParser]) -> None:
    _command(commands, "overview", "overview", "the state of the whole: throughput, delay, copies, feeds, storage")
    items = _command(commands, "items", "items", "list what came in: the journal, newest first")
    items.add_argument("--limit", type=_positive, default=50, metavar="N")
    items.add_argument("--since", type=parse_when, metavar="TIME", help="2026-01-31, 2026-01-31T08:00Z, 90m, 6h, 2d")
    items.add_argument("--until", type=parse_when, metavar="TIME")
    items.add_argument("--outlet", metavar="NAME")
    items.add_argument("--feed", metavar="URL")
    items.add_argument("--outcome", choices=[o.value for o in Outcome])
    items.add_argument("--reason", choices=[r.value for r in Reason], metavar="REASON")
    items.add_argument("--story", metavar="ID")
    items.add_argument("--url", metavar="URL")
    items.add_argument("--follow", "-f", action="store_true", help="keep on printing what comes in")
    stories = _command(commands, "stories", "stories", "list stories, newest first")
    stories.add_argument("--limit", type=_positive, metavar="N", help="default: 50, or 1000 changes")
    stories.add_argument("--since", type=_cursor_or_when, metavar="TIME|CURSOR", help="last seen at or after")
    stories.add_argument("--changes", action="store_true", help="what happened to stories, behind --since CURSOR")
    stories.add_argument("--outlet", metavar="NAME", help="carried by this outlet")
    stories.add_argument("--copies", type=_positive, default=1, metavar="N", help="with at least N articles")
    story = _command(commands, "story", "story", "show one story with every copy and why it matched, or correct it")
    story.usage = "storyfold story ID | merge A B | split ARTICLE | pin ARTICLE | unpin STORY | undo [LINK] | links"
    story.add_argument("what", metavar="ID|ACTION", help="story id, article id or article URL; or an action")
    story.add_argument("names", nargs="*", metavar="NAME", help="what the action is about: ids or URLs")
    story.add_argument("--note", default="", help="kept with a merge or a split")
    article = _command(commands, "article", "article", "show one article with its text")
    article.add_argument("id", metavar="ID", help="article id or URL")
    article.add_argument("--revisions", action="store_true", help="what changed in it, and when, as a diff")
    search = _command(commands, "search", "search", "find articles by what they say")
    search.epilog = SEARCH_HELP
    search.add_argument("query", nargs="+", metavar="QUERY")
    search.add_argument("--limit", type=_positive, default=20, metavar="N")
    search.add_argument("--before", type=int, metavar="PLACE", help="older than the last hit of the page before")
    export = _command(commands, "export", "export", "take stories or articles away as a file")
    export.add_argument("what", choices=["stories", "articles"])
    export.add_argument("--format", required=True, choices=["jsonl", "csv", "parquet", "atom", "jsonfeed"])
    export.add_argument("--output", "-o", default="-", metavar="FILE", help="default: standard output")
    export.add_argument("--since", type=parse_when, metavar="TIME", help="stories last seen, or articles stored, since")
    outlet = commands.add_parser("outlet", help="outlets and the names they go by", formatter_class=_Help)
    actions = outlet.add_subparsers(dest="action", metavar="ACTION", required=True)
    _command(actions, "list", "outlet", "list outlets with their articles, feeds and other names")
    alias = _command(actions, "alias", "outlet", "let a name mean an outlet, in what is stored and what comes")
    alias.add_argument("name")
    alias.add_argument("canonical", metavar="OUTLET")
    unalias = _command(actions, "unalias", "outlet", "take an alias back; stored articles get their old name again")
    unalias.add_argument("name")


def _dedup(commands: _Commands[argparse.ArgumentParser]) -> None:
    dedup = _command(commands, "dedup", "dedup", "fold the articles of a JSON Lines file into stories")
    dedup.add_argument("input", metavar="IN.jsonl[.gz]", help="one {id, url, outlet, title, published, text} a line")
    dedup.add_argument("--output", "-o", required=True, metavar="OUT.jsonl", help="one line per article")
    archive = _command(commands, "archive", "archive", "fold a whole archive into stories, on DuckDB or Spark")
    archive.epilog = ARCHIVE_HELP
    archive.add_argument("inputs", nargs="+", metavar="IN", help="Parquet or JSON Lines: files, folders, Spark's URLs")
    archive.add_argument("--output", "-o", required=True, metavar="DIR", help="result and stages; run again to go on")
    archive.add_argument("--engine", choices=["duckdb", "spark"], help="default: duckdb; spark with --master")
    archive.add_argument("--master", metavar="URL", help="of Spark, e.g. spark://host:7077 (default: this machine)")
    archive.add_argument("--workers", type=_positive, metavar="N", help="processes (default: one for each core)")
    archive.add_argument("--memory", type=_positive, default=1024, metavar="MIB", help="for joins (default: 1024)")
    archive.add_argument("--jsonl", metavar="FILE", help="also write what `dedup` would write")
    archive.add_argument("--into", metavar="URL", help="load the result into this database, e.g. sqlite:///news.db")
    archive.add_argument("--fresh", action="store_true", help="throw away what DIR holds of an earlier run")
    extract = _command(commands, "extract", "extract", "page → article, as JSON")
    extract.add_argument("file", metavar="FILE|-", help="an HTML page; - for standard input")
    extract.add_argument("--url", required=True, help="the page's address")
    extract.add_argument("--explain", action="store_true", help="what each step kept, and why")
    explain = _command(commands, "explain", "explain", "every figure, threshold and rule behind same or not the same")
    explain.add_argument("a", metavar="A", help="article id, URL, or a text, HTML or JSON file")
    explain.add_argument("b", metavar="B")
    evaluate = _command(commands, "evaluate", "evaluate", "score the judge on labelled pairs")
    evaluate.add_argument(
        "pairs", metavar="PAIRS.jsonl", help="one {a, b, label, weight?} a line; ids of stored articles"
    )
    evaluate.add_argument("--plot", type=Path, metavar="FILE.html", help="write curves to look at")
    evaluate.add_argument("--worst", type=_positive, default=10, metavar="N", help="show the N worst errors")
    tune = _command(commands, "tune", "tune", "fit weights to your own labelled pairs")
    tune.add_argument("pairs", metavar="PAIRS.jsonl")
    tune.add_argument("--output", "-o", type=Path, required=True, metavar="WEIGHTS.toml")


def _feeds(commands: _Commands[argparse.ArgumentParser]) -> None:
    feeds = commands.add_parser(
        "feeds", help="list, add, remove, check, move back, import and export feeds", formatter_class=_Help
    )
    actions = feeds.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = _command(actions, "list", "feeds", "list feeds with their health and next poll")
    listing.add_argument("--failing", action="store_true", help="only those in trouble")
    add = _command(actions, "add", "feeds", "add a feed, or the feeds a page announces")
    add.add_argument("url")
    add.add_argument("--outlet", metavar="NAME", help="default: the feed's own title")
    add.add_argument("--interval", type=float, metavar="MINUTES", help="fixed interval instead of a learned one")
    remove = _command(actions, "remove", "feeds", "take feeds out of the configuration; records stay")
    remove.add_argument("url", nargs="+")
    check = _command(actions, "check", "feeds", "fetch feeds now and say what came, without storing anything")
    check.add_argument("url", nargs="*", help="default: all configured feeds")
    undo = _command(actions, "undo-move", "feeds", "poll feeds that a redirect moved at their configured address again")
    undo.add_argument("url", nargs="+")
    imported = _command(actions, "import", "feeds", "add the feeds of an OPML file")
    imported.add_argument("file", metavar="FILE.opml")
    exported = _command(actions, "export", "feeds", "write the configured feeds as OPML")
    exported.add_argument("file", nargs="?", default="-", metavar="FILE.opml")


def _care(commands: _Commands[argparse.ArgumentParser]) -> None:
    replay = _command(commands, "replay", "replay", "extract and match again under the settings of now")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("--dry-run", action="store_true", help="print what would change")
    which.add_argument("--apply", action="store_true", help="change it")
    backup = _command(commands, "backup", "care", "copy the database while it is in use, and read the copy back")
    backup.add_argument("file", type=Path, metavar="FILE")
    restore = _command(commands, "restore", "care", "make the database from a backup that was checked first")
    restore.add_argument("file", type=Path, metavar="FILE")
    doctor = _command(
        commands, "doctor", "doctor", "say what is wrong with configuration, database, clock, disk or network"
    )
    first = doctor.add_mutually_exclusive_group()
    first.add_argument("--repair", action="store_true", help="build the indexes anew from the rows, then look")
    first.add_argument("--accept", action="store_true", help="take rows changed by hand for right, then look")
    databases = commands.add_parser("db", help="move to another kind of database", formatter_class=_Help)
    actions = databases.add_subparsers(dest="action", metavar="ACTION", required=True)
    copy = _command(actions, "copy", "db", "copy a SQLite database into an empty PostgreSQL one, and compare")
    copy.add_argument("source", metavar="SQLITE_URL", help="sqlite:///news.db; nobody may write to it meanwhile")
    copy.add_argument("target", metavar="POSTGRES_URL", help="postgresql://user@host/name, made by `createdb`")
    _command(commands, "tidy", "care", "forget what is past its time, by [retention] and [pages]")


def _tools(commands: _Commands[argparse.ArgumentParser]) -> None:
    config = _command(commands, "config", "config", "check the configuration and show what is in force")
    config.add_argument("action", choices=["check", "show"], nargs="?", default="check")
    completion = _command(commands, "completion", "completion", "print a shell completion script")
    completion.add_argument("shell", choices=["bash", "zsh", "tcsh"])


def _cursor_or_when(text: str) -> int | When:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else parse_when(text)


def _roles(text: str) -> tuple[str, ...]:
    chosen = tuple(filter(None, (word.strip() for word in text.split(","))))
    unknown = [word for word in chosen if word not in ROLES]
    if unknown or not chosen:
        raise argparse.ArgumentTypeError(f"should be one or more of {', '.join(ROLES)}, with commas between them")
    return chosen


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("should be 1 or more")
    return value
