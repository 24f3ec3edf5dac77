"""Keep and drop rules.  The first rule that matches decides; what matches none is kept.

A rule is looked at before the page is fetched where the entry says enough, else once the article is there.
Words and globs are matched here; a regular expression is somebody's program, so it runs in a worker process
under its limit of CPU time, and one that overran it is not asked again.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import structlog

from pipeline.errors import Rejected

if TYPE_CHECKING:
    from pipeline.model import Article
    from pipeline.storage import WorkItem

Field = Literal["title", "url", "author", "summary", "text", "section", "language"]
MOST = 200_000  # characters of a field that are looked at
Run = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class FilterRule:
    """One ``[[filters]]`` table; exactly one of ``words``, ``glob`` and ``regex`` says what matches."""

    name: str
    action: Literal["keep", "drop"]
    field: Field = "title"
    words: tuple[str, ...] = ()  # any of these words or phrases, letter case ignored
    glob: str = ""  # the whole field, with * and ?, letter case ignored
    regex: str = ""  # found anywhere in the field, letter case ignored
    outlet: str | None = None  # only entries of this outlet
    feed: str | None = None  # only entries of the feed with this URL

    def __post_init__(self) -> None:
        given = [name for name in ("words", "glob", "regex") if getattr(self, name)]
        if not self.name.strip():
            raise ValueError("name: the journal names the rule by it")
        if len(given) != 1:
            raise ValueError("give exactly one of words, glob and regex")
        if self.regex:
            try:
                re.compile(self.regex)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"regex is no regular expression: {error}") from None


@dataclass(frozen=True, slots=True)
class Subject:
    """What rules are asked about: fields known so far; several values of one field are tried each."""

    feed: str
    outlet: str
    fields: dict[str, tuple[str, ...]]


def of_entry(item: WorkItem) -> Subject:
    """What the entry says before anything is fetched."""
    entry = item.entry
    fields = {
        "title": (entry.title,),
        "url": tuple(url for url in (entry.url, entry.link) if url),
        "author": entry.authors,
        "summary": (entry.summary,),
    }
    return Subject(item.feed_url, item.source.outlet, fields)


def of_article(item: WorkItem, article: Article) -> Subject:
    """What is known once the article is there: its own title and address beside those of the entry."""
    known = of_entry(item).fields
    fields = known | {
        "title": (article.title, *known["title"]),
        "url": (article.url, *known["url"]),
        "author": (*article.authors, *known["author"]),
        "text": (article.text,),
        "section": (article.section or "",),
        "language": (article.language or "",),
    }
    return Subject(item.feed_url, item.source.outlet, fields)


class Filters:
    """All rules of the configuration, in order."""

    def __init__(self, rules: Sequence[FilterRule] = ()) -> None:
        self._rules = tuple(rules)
        self._struck: set[FilterRule] = set()  # overran their time

    async def verdict(self, subject: Subject, run: Run) -> str:
        """Why an entry is dropped, naming the rule; "" where it is kept, or where a rule needs the article.

        ``run`` calls a function in a worker process under a limit of CPU time.
        """
        for rule in self._rules:
            if rule.outlet not in (None, subject.outlet) or rule.feed not in (None, subject.feed):
                continue
            if rule.field not in subject.fields:
                return ""  # asked again once the article is there
            if await self._matches(rule, subject.fields[rule.field], run):
                return _told(rule) if rule.action == "drop" else ""
        return ""

    async def _matches(self, rule: FilterRule, values: tuple[str, ...], run: Run) -> bool:
        texts = tuple(value[:MOST] for value in values)
        if not rule.regex:
            pattern = _pattern(rule)
            return any(pattern.search(text) for text in texts)
        if rule in self._struck:
            return False
        try:
            return bool(await run(found, rule.regex, texts))
        except Rejected as error:
            self._struck.add(rule)
            structlog.get_logger().warning("filter rule switched off", rule=rule.name, reason=error.reason)
            return False


def found(regex: str, texts: tuple[str, ...]) -> bool:
    """Whether ``regex`` is found in one of ``texts``; may take for ever, so it is called in a worker process."""
    pattern = re.compile(regex, re.IGNORECASE)
    return any(pattern.search(text) for text in texts)


@lru_cache(maxsize=1_000)
def _pattern(rule: FilterRule) -> re.Pattern[str]:
    """Words at word bounds, or the glob: neither ever takes more than one pass."""
    if rule.glob:
        return re.compile(r"\A" + fnmatch.translate(rule.glob), re.IGNORECASE)
    words = "|".join(r"\s+".join(map(re.escape, word.split())) for word in rule.words)
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


def _told(rule: FilterRule) -> str:
    what = rule.glob or rule.regex or ", ".join(rule.words)
    return f"rule {rule.name!r}: {rule.field} matches {what[:100]!r}"
