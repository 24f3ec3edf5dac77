"""Per-outlet rules: CSS selectors that override the general way for stubborn sites.

One file per outlet in ``config/outlets/``, named as one likes::

    hosts = ["example.org"]            # and their subdomains
    body = ["article .story > p"]      # all matches in document order are the text
    remove = [".promo", "aside"]       # taken out of the page before anything else
    title = "h1.headline"
    authors = ".byline a"
    published = "time.published"       # its datetime or content attribute, else its text
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.config.read import fill, read_toml
from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class OutletRule:
    """What one outlet's pages need.  Empty parts leave the general way in force."""

    hosts: tuple[str, ...]
    body: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    title: str = ""
    authors: str = ""
    published: str = ""
    name: str = ""  # the outlet's name where pages do not give it

    def __post_init__(self) -> None:
        if not self.hosts:
            raise ValueError("hosts should name at least one host")

    def parts(self) -> tuple[str, ...]:
        """Names of the parts that the rule sets."""
        named = ("body", "remove", "title", "authors", "published", "name")
        return tuple(name for name in named if getattr(self, name))


def load_rules(directory: Path) -> tuple[OutletRule, ...]:
    """All rules of ``directory``, in order of file names; a missing directory has none.

    Raises ``ConfigError`` with every mistake of every file.
    """
    mistakes: list[str] = []
    rules = []
    for path in sorted(directory.glob("*.toml")):
        try:
            table = read_toml(path)
        except ConfigError as error:
            mistakes += error.mistakes
            continue
        rule = fill(OutletRule, table, f"{path}:", mistakes)
        if rule is not None:
            mistakes += [f"{path}: {problem}" for problem in _selector_problems(rule)]
            rules.append(rule)
    if mistakes:
        raise ConfigError(mistakes)
    return tuple(rules)


def rule_for(url: str, rules: Iterable[OutletRule]) -> OutletRule | None:
    """The first rule that names the address's host or a parent domain of it."""
    host = (urlsplit(url).hostname or "").lower()
    for rule in rules:
        if any(host == name or host.endswith(f".{name}") for name in rule.hosts):
            return rule
    return None


def without_parts(html: str, selectors: Iterable[str]) -> str:
    """The page without the elements that the selectors match."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    for node in tree.css(", ".join(selectors)):
        node.decompose()
    return tree.html or html


def _selector_problems(rule: OutletRule) -> list[str]:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    empty = LexborHTMLParser("<p></p>")
    problems = []
    for selector in (*rule.body, *rule.remove, rule.title, rule.authors, rule.published):
        try:
            if selector:
                empty.css(selector)
        except (SelectolaxError, ValueError):
            problems.append(f"{selector!r} is not a CSS selector")
    return problems
