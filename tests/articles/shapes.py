"""Pages in the shape of many outlets, built from the stories beside this file.

A shape takes a story and gives a page as its kind of publisher would serve it: where the metadata stands,
how the body is marked up, what stands around it.  What must come out is known from the story.
"""

from __future__ import annotations

import html
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

STORIES = tomllib.loads(Path(__file__).with_name("stories.toml").read_text("utf-8"))
TIME = "2024-05-14T09:30:00+02:00"


@dataclass(frozen=True)
class Story:
    """Facts of one page; ``lines`` are the paragraphs that must come out."""

    language: str
    title: str
    section: str
    authors: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Golden:
    """A page and what must come out of it.  ``published`` ends in "day" where only the day is known."""

    name: str
    body: bytes
    url: str
    story: Story
    title: str
    authors: tuple[str, ...]
    published: str | None
    canonical: str | None
    origins: tuple[tuple[str, str], ...] = ()
    content_type: str = "text/html; charset=utf-8"
    text: str = ""
    extra: dict[str, object] = field(default_factory=dict)


Shape = Callable[[Story], dict[str, object]]
SHAPES: list[tuple[str, str, Shape]] = []


def shape(name: str, key: str) -> Callable[[Shape], Shape]:
    """Register a shape under a made-up outlet's name, with the key of the story it is shown with."""

    def register(function: Shape) -> Shape:
        SHAPES.append((name, key, function))
        return function

    return register


def story(key: str) -> Story:
    row = STORIES[key]
    return Story(key[:2], row["title"], row["section"], tuple(row["authors"]), tuple(row["lines"]))


def golden(name: str, key: str, function: Shape) -> Golden:
    told = story(key)
    given = function(told)
    host = f"www.{name}.example"
    url = str(given.get("url", f"https://{host}/{told.section.lower()}/article-4711.html"))
    encoding = str(given.get("encoding", "utf-8"))
    lines = given.get("lines", told.lines)
    assert isinstance(lines, tuple)
    return Golden(
        name, str(given["page"]).replace("HOST", host).encode(encoding), url, told,
        str(given.get("title", told.title)),
        tuple(given.get("authors", told.authors)),  # type: ignore[call-overload]
        given.get("published", TIME),  # type: ignore[arg-type]
        given.get("canonical", None) and str(given["canonical"]).replace("HOST", host),
        tuple(given.get("origins", ())),  # type: ignore[call-overload]
        str(given.get("content_type", "text/html; charset=utf-8")),
        "\n".join(lines),
    )  # fmt: skip


def all_golden() -> list[Golden]:
    return [golden(*row) for row in SHAPES]


# --- building blocks -------------------------------------------------------------------------------------------


def document(head: str, body: str, lang: str = "en") -> str:
    return f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'


def ps(lines: tuple[str, ...], tag: str = "p", attributes: str = "") -> str:
    return "\n".join(f"<{tag}{attributes}>{html.escape(line, quote=False)}</{tag}>" for line in lines)


def ld(value: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(value, ensure_ascii=False)}</script>'


def news(told: Story, **more: object) -> dict[str, object]:
    node: dict[str, object] = {
        "@context": "https://schema.org", "@type": "NewsArticle", "headline": told.title, "datePublished": TIME,
        "dateModified": "2024-05-14T11:00:00+02:00",
        "author": [{"@type": "Person", "name": name} for name in told.authors],
    }  # fmt: skip
    node.update(more)
    return {key: value for key, value in node.items() if value is not None}


def metas(**pairs: str) -> str:
    return "".join(
        f'<meta {"property" if ":" in name else "name"}="{name}" content="{html.escape(value)}">'
        for name, value in ((key.replace("__", ":").replace("_0_", "-"), value) for key, value in pairs.items())
    )


def navigation(*names: str) -> str:
    items = "".join(f'<li><a href="/{name.lower()}">{name}</a></li>' for name in names)
    return f'<header><a class="logo" href="/">Logo</a><nav><ul>{items}</ul></nav></header>'


NAV = navigation("Home", "World", "Business", "Sport", "Opinion", "Weather")
FOOTER = '<footer><a href="/imprint">Imprint</a> <a href="/privacy">Privacy</a><p>All rights reserved</p></footer>'
RELATED = (
    '<aside class="related"><h2>Related</h2><ul><li><a href="/a">Mayor opens new playground near the station</a></li>'
    '<li><a href="/b">Road over the pass closed until Friday</a></li></ul></aside>'
)
NEWSLETTER = (
    '<div class="newsletter-signup"><h3>Sign up for our newsletter</h3><p>The best of the week in your inbox.</p>'
    '<form action="/nl"><input type="email" name="mail"><button>Sign up</button></form></div>'
)
COMMENTS = (
    '<section id="comments" class="comments"><h3>Comments</h3><div class="comment"><p>About time, says a reader.</p>'
    "</div><form><label>Your Name</label><input><label>Your Email Address</label><input></form></section>"
)
