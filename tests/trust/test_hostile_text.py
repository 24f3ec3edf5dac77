"""Hostile text comes in by the front door, as feeds, pages, headers and addresses, and goes out as text only.

What single rooms do with such texts is tested beside them (``tests/records/test_naughty.py``, ``tests/web``); here
the running program takes them from a real web, and everything that it says while and afterwards is looked at.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

import pytest

from tests.fakeweb import Answer, FakeWeb
from tests.records.conftest import run
from tests.records.naughty import naughty
from tests.trust.warm import Warm

BODY = "Divers found that the river had washed out the gravel under the second pier of the iron bridge of Tarn Mouth. "
FAMILIES = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",  # colours, the window's title
    "\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\",  # a link that says something else
    "\x9b31m one byte CSI \x90q\x9c",
    "over\rwritten \x08\x08\x08back",
    "\u202egnp.exe\u202c \u2066isolated\u2069 \u200fmark",  # Trojan Source
    "zero\u200bwidth \ufeffmark \u00adhyphen \U000e0041tag",
    'new\nline {"level": "info", "event": "forged"}',
    "2026-01-01T00:00:00Z [info ] forged\u2028line\u2029paragraph\x85next",
    '=HYPERLINK("http://evil.example";"click")',
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "'\"--></style></script><svg onload=alert(1)>",
    "{{7*7}} ${7*7} <%= 7*7 %> {% raw %}",
    "%s %n %(asctime)s {0.__class__}",
    "'; DROP TABLE article; --",
    'title:"x" OR (NEAR(a b)) * ^ - AND NOT',
    "\ud800 lone \udfff".encode("utf-8", "replace").decode(),
    "http://user:secret@evil.example/ password",
)
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)

TABLES = (("items", "--limit", "1000"), ("stories", "--limit", "1000"))


@pytest.fixture(scope="module")
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


def texts() -> list[str]:
    usual = list(naughty())
    return [text.encode("utf-8", "replace").decode() for text in (*FAMILIES, *usual[:: len(usual) // 30])]


def in_xml(text: str) -> str:
    """As an XML document can carry it: what it cannot goes in as HTML inside, the way feeds do."""
    numbered = "".join(f"&#{ord(c)};" if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 else c for c in escape(text))
    return f"<![CDATA[{numbered.replace(']]>', ']]&gt;')}]]>"


def serve(web: FakeWeb, chosen: Sequence[str]) -> None:
    """One feed of hostile entries with hostile pages; feeds that fail with hostile words."""
    items = []
    for number, text in enumerate(chosen):
        page = web.set(
            f"/page/{number}",
            f"<html><head><title>{escape(text)}</title><meta name=author content='{escape(text)}'></head><body>"
            f"<article><h1>{escape(text)}</h1><p>{escape(text)} {number} {BODY * 3}</p></article></body></html>",
        )
        items.append(
            f"<item><title>{in_xml(text)}</title><link>{page}</link><guid>{number}</guid>"
            f"<author>{in_xml(text)}</author><description>{in_xml(text)}</description></item>"
        )
        items.append(f"<item><title>{in_xml(text)} gone</title><link>{web.url(f'/gone/{number}')}</link></item>")
        items.append(f"<item><title>{in_xml(text)} odd</title><link>javascript:{escape(text)}</link></item>")
    feed = f"<rss version='2.0'><channel><title>{in_xml(FAMILIES[0])}</title>{''.join(items)}</channel></rss>"
    web.set("/feed", feed, content_type="application/rss+xml")
    web.set("/moves", redirect="http://evil.example/\x1b[31m\u202e".encode().decode("latin-1"), status=301)
    web.set("/odd-type", "<p>", content_type="text/html; charset=\x1b[31m")
    web.handle("/odd-body", lambda _asked: Answer(FAMILIES[4] + FAMILIES[0], content_type="text/plain"))


def configuration(web: FakeWeb, folder: Path) -> Path:
    feeds = "".join(
        f'[[feeds]]\nurl = "{web.url(path)}"\noutlet = "Outlet {path}"\n'
        for path in ("/feed", "/moves", "/odd-type", "/odd-body")
    )
    path = folder / "trust.toml"
    path.write_text(
        f'[storage]\nurl = "sqlite:///{folder / "news.db"}"\n'
        '[fetch]\nallow_private = ["127.0.0.0/8"]\nmin_host_interval = 0\nper_host = 8\nproxy = "none"\n'
        f"[run]\nworkers = 1\nattempts = 1\n{feeds}",
        "utf-8",
    )
    return path


def unsafe(said: str) -> list[str]:
    """The places where something stands that is not plain text."""
    return [said[max(0, m.start() - 30) : m.end() + 10] for m in UNSAFE.finditer(said)]


@pytest.mark.timeout(300)
def test_nothing_that_is_said_is_anything_but_text(tmp_path: Path, web: FakeWeb, warm: Warm) -> None:
    serve(web, texts())
    config = configuration(web, tmp_path)
    assert warm.run("--config", str(config), "once", "--log", "json") == 0, warm.tail()
    lines = [line for line in warm.said.read_text("utf-8").split("\n") if line.startswith("{")]
    told = [json.loads(line) for line in lines]
    assert len(told) > 2 * len(texts()), "each entry has its line"
    assert not [line for line in told if line["event"] == "forged"]
    assert unsafe(warm.said.read_text("utf-8")) == []
    warm.said.write_text("")
    for number in range(len(texts())):
        web.remove(f"/page/{number}")
    assert warm.run("--config", str(config), "once", "--all", "--log", "console", "--log-level", "debug") == 0
    assert unsafe(warm.said.read_text("utf-8")) == []
    assert command_faults(config, every_command(config)) == []
    assert export_faults(config, tmp_path) == []


def every_command(config: Path) -> list[tuple[str, ...]]:
    """Commands that print what came from outside, or repeat what was typed."""
    rows = run("--config", config, "--json", "items", "--limit", "1000").rows
    assert len(rows) > 2 * len(texts())
    articles = [row["article_id"] for row in rows if row["article_id"]]
    assert len(articles) > len(texts()) / 2
    return [
        *TABLES,
        ("stories", "--changes", "--since", "0"),
        ("feeds", "list"),
        ("outlet", "list"),
        ("doctor",),
        ("search", "bridge"),
        ("explain", articles[0], articles[1]),
        *(("article", article) for article in articles[:40]),
        *(("story", row["story_id"]) for row in rows[:60] if row["story_id"]),
        *(("search", "--", text) for text in FAMILIES),
        *(("items", f"--text={text}") for text in FAMILIES),
    ]


def command_faults(config: Path, commands: Iterable[tuple[str, ...]]) -> list[str]:
    """What they say that is not plain text, and what they stumble over."""
    found = []
    for words in commands:
        done = run("--config", config, *words)
        found += [f"{words} prints {place!r}" for place in unsafe(done.out + done.err)]
        if done.code not in (0, 1, 2) or "Traceback" in done.err:
            found.append(f"{words} ended with {done.code}: {done.err}")
    return found


def export_faults(config: Path, folder: Path) -> list[str]:
    """What a spreadsheet would carry out of the exports, and a reader of feeds take for markup."""
    found = []
    for form in ("jsonl", "csv", "atom", "jsonfeed"):
        what = "articles" if form in ("jsonl", "csv") else "stories"
        done = run("--config", config, "export", what, "--format", form, "-o", folder / f"out.{form}")
        if done.code:
            found.append(f"{form}: {done.err}")
    cells = csv.DictReader(io.StringIO((folder / "out.csv").read_bytes().decode("utf-8-sig"), newline=""))
    values = [value for row in cells for value in row.values()]
    formula = ("=", "+", "-", "@", "\t", "\r")
    found += [f"a formula: {value}" for value in values if value.lstrip(" \u200b\ufeff\u00a0").startswith(formula)]
    if b"<script>alert" in (folder / "out.atom").read_bytes():
        found.append("atom: <script>alert stands there as markup")
    return found
