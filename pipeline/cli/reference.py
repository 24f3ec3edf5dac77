"""``docs/reference.md`` from the program itself, so that the two cannot drift apart.

``python -m pipeline.cli.reference > docs/reference.md`` writes it; a test holds the file to it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pipeline.cli.parser import build_parser
from pipeline.model import REASONS, Outcome

OUTCOMES = {
    Outcome.NEW: "an article that was not known",
    Outcome.REVISED: "later text of a known article, kept as a revision",
    Outcome.SEEN: "leads to an article that is known and unchanged",
    Outcome.SKIPPED: "left out on purpose",
    Outcome.FAILED: "could not be had",
}
EXITS = {
    0: "done; failed feeds are in the report",
    1: "another failure; `extract`: the page could not be read",
    2: "wrong usage, a mistake in the configuration, or nothing goes by that name",
    3: "nothing could be fetched at all",
    75: "another instance works on this database (EX_TEMPFAIL)",
    130: "interrupted",
}
SHAPES = """\
One JSON object a line, UTF-8, times in ISO 8601 with zone, similarities 0-1. Keys may be added; those listed stay.
Objects are those of the JSON API (`/api/v1/openapi.json` of the page describes them), so that what one says the other
says too.

| command | keys |
|---|---|
| `items --json` | `time, feed, url, outlet, title, outcome, reason, detail, article_id, story_id, timings, \
trail, cursor` |
| `stories --json`, `story ID --json` | `story_id, title, url, outlet, published, first_seen, last_seen, outlets[], \
canonical_rule, articles[{article_id, url, outlet, title, published, canonical, score, reason, revision}]`; `story` \
adds `related[{story_id, title, similarity, story}]` |
| `search --json` | `place, article_id, story_id, title, url, outlet, published, excerpt` |
| `feeds list --json` | `feed_id, url, outlet, title, health, note, todo, trouble, language, country, \
interval_minutes, polled_at, hub, retired, configured, next_poll, why_next, last_poll, last_success, \
failing_since, failures, last_reason, last_detail, polls, missed, moved_to, proposal, \
days[{day, items, outcomes}]` |
| `outlet list --json` | `outlet, feeds, items, new, copies, failed, days[], articles, priority, aliases[]` |
| `overview --json` | `time, articles, stories, waiting, database_bytes, feeds, late_seconds, items_24h, \
copies_share_24h, delay_seconds, hours[{start, outcomes, copies}], days[]` |
| `dedup --output` | input: `{id, url, outlet, title, published, text}`; output, in the order of the input: \
`{id, story_id, canonical, match: {article_id, score, reason} or null}` |
| `archive --json` | `engine, lines, articles, undated, repeated, stories, with_copies, largest, compared, same, \
capped{crowded_hashes, most_carried, meetings_left_out, not_compared}, bad_count, bad[], seconds{}, went_on[], \
loaded{articles, stories, known} or null`; `archive --jsonl` writes lines as `dedup` does, in the order of the archive |
| `extract` | the page as read: `url, title, text, outlet, published, published_day_only, modified, authors, agencies, \
language, canonical_url, section, keywords, image, free, origins, source, notes, reason, \
detail`; `reason` is null for an article, else why it is none |
| `explain --json` | `a, b, score, same, kind, why, threshold, bias, lines[{feature, value, weight, contribution, \
meaning}], vetoes[], passages[{words, text}], shared_words` |
| `once --json` | `started, ended, feeds_due, feeds_polled, feeds_unchanged, failed_feeds[], outcomes, reasons, \
waiting` |
"""


def reference() -> str:
    """The whole page as Markdown."""
    parts = [
        "# Reference",
        "This page is made from the program: `python -m pipeline.cli.reference > docs/reference.md`.",
        "Settings stand in [`config/pipeline.toml`](../config/pipeline.toml), each with its unit and reason.",
        "## Commands",
        "`storyfold COMMAND` and `run_pipeline.py COMMAND` are the same. On every command: `--config FILE`, "
        "`--db URL`, `--json`, `--log console|json|off`, `--log-level LEVEL`, before or after its name.",
        *_commands(build_parser(), "storyfold"),
        "## Exit codes",
        "\n".join(["| code | meaning |", "|---|---|", *(f"| {code} | {text} |" for code, text in EXITS.items())]),
        "## Output",
        SHAPES.rstrip(),
        "## Outcomes",
        "\n".join(["| outcome | meaning |", "|---|---|", *(f"| `{o}` | {text} |" for o, text in OUTCOMES.items())]),
        "## Reasons",
        "\n".join(["| reason | meaning |", "|---|---|", *(f"| `{r}` | {text} |" for r, text in REASONS.items())]),
    ]
    return "\n\n".join(parts) + "\n"


def _commands(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other way to its subcommands
        if not isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            continue
        for word, sub in action.choices.items():
            deeper = list(_commands(sub, f"{name} {word}"))
            if deeper:
                yield from deeper
            else:
                yield _command(sub, f"{name} {word}")


def _command(parser: argparse.ArgumentParser, name: str) -> str:
    own = [a for group in parser._action_groups[:2] for a in group._group_actions if a.dest != "help"]  # noqa: SLF001
    lines = [f"### `{name}`", "", (parser.description or "").strip()]
    if own:
        lines += ["", "| argument | meaning |", "|---|---|"]
        lines += [f"| `{_spelled(a)}` | {(a.help or '').replace('|', '/')} |" for a in own]
    return "\n".join(lines)


def _spelled(action: argparse.Action) -> str:
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices is not None and not action.metavar:
        value = ", ".join(map(str, action.choices))
    names = ", ".join(action.option_strings)
    return f"{names} {value}".strip().replace("|", "/")


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201
