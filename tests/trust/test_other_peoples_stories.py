"""Nobody merges, hides or takes over other people's stories: through the real command line, over a real web.

Property: adding the attacker's articles changes no story's set of other articles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from random import Random

import pytest

from pipeline.storage import open_store
from pipeline.urls import entry_identity_url
from tests.fakeweb import FakeWeb
from tests.trust.newsworld import NewsWorld
from tests.trust.warm import Warm

VICTIMS = ("Tarn Courier", "Ashby Post", "Merren Gazette")
FURNITURE = (
    "The Tarn Courier has told the people of the coast what happens since 1871, and is owned by its readers. "
    "Sign up for the letter that we send each morning before the ferries leave."
)


class Outlets:
    """Victims with stories of their own, and an attacker who reads them first."""

    def __init__(self, web: FakeWeb, folder: Path, warm: Warm) -> None:
        self.web, self.folder, self.warm = web, folder, warm
        self.reports = [report(web, number) for number in range(6)]
        self.entries: dict[str, list[tuple[str, str]]] = {}  # outlet → (address, title)
        self.config = folder / "trust.toml"

    def host(self, outlet: str) -> str:
        names = (*VICTIMS, "Attacker")
        return f"127.0.0.{2 + names.index(outlet)}"

    def publish(self, outlet: str, name: str, title: str, text: str, head: str = "", link: str = "") -> str:
        """An article; ``link`` is what the feed says where that is another address."""
        host = self.host(outlet)
        body = "".join(f"<p>{escape(line)}</p>" for line in text.split("\n"))
        page = f"<html><head><title>{escape(title)}</title>{head}</head><body><article><h1>{escape(title)}</h1>{body}"
        address = self.web.set(f"/{name}", f"{page}</article></body></html>", host=host)
        self.entries.setdefault(outlet, []).insert(0, (link or address, title))
        return address

    def victims(self) -> None:
        """Each report in two outlets, with the furniture of one of them under all that it prints."""
        for number, (title, text) in enumerate(self.reports):
            for outlet in (VICTIMS[0], VICTIMS[1 + number % 2]):
                own = f"\n{FURNITURE}" if outlet == VICTIMS[0] else ""
                self.publish(outlet, f"r{number}", title, text + own)

    def once(self) -> None:
        feeds = []
        for outlet, entries in self.entries.items():
            items = "".join(
                f"<item><title>{escape(title)}</title><link>{link}</link><description>{escape(note(link))}</description></item>"
                for link, title in entries
            )
            body = f"<rss version='2.0'><channel><title>{outlet}</title>{items}</channel></rss>"
            url = self.web.set("/feed", body, content_type="application/rss+xml", host=self.host(outlet))
            feeds.append(f'[[feeds]]\nurl = "{url}"\noutlet = "{outlet}"\n')
        self.config.write_text(
            f'[storage]\nurl = "sqlite:///{self.folder / "news.db"}"\n[run]\nworkers = 1\nattempts = 1\n'
            '[fetch]\nallow_private = ["127.0.0.0/8"]\nmin_host_interval = 0\nper_host = 8\nproxy = "none"\n'
            f"robots = false\n{''.join(feeds)}",
            "utf-8",
        )
        assert self.warm.run("--config", str(self.config), "once", "--all", seconds=250) == 0, self.warm.tail()

    def stories(self, *, outlets: tuple[str, ...] = VICTIMS) -> set[frozenset[str]]:
        """The sets of addresses of each story, of these outlets only."""
        with open_store(f"sqlite:///{self.folder / 'news.db'}") as store:
            assert store.full_check() == []
            sets = (
                frozenset(a.url for a in story.articles if a.outlet in outlets) for story in store.stories(limit=10_000)
            )
            return {members for members in sets if members}

    def wanted(self) -> set[frozenset[str]]:
        """As the world has it."""
        ports = {outlet: self.web.url("", self.host(outlet)) for outlet in VICTIMS}
        return {
            frozenset({f"{ports[VICTIMS[0]]}/r{number}", f"{ports[VICTIMS[1 + number % 2]]}/r{number}"})
            for number in range(len(self.reports))
        }


def report(web: FakeWeb, seed: int) -> tuple[str, str]:
    """Title and text, about three hundred words, of a report of its own."""
    maker = NewsWorld(web, Random(seed))
    parts = [maker._report() for _ in range(3)]
    return parts[0][0], "\n".join(text for _, text in parts)


HIJACK = "Hijack. This text was never written by the outlet whose address it claims, and says so at some length here. "


def note(link: str) -> str:
    return HIJACK * 3 if "claimed" in link else ""


def halves(text: str) -> tuple[str, str]:
    lines = text.split("\n")
    middle = (len(lines) + 1) // 2
    return "\n".join(lines[:middle]), "\n".join(lines[middle:])


def bridges(outlets: Outlets) -> None:
    """Half of one story and half of another, for every pair, under both titles."""
    for a, (title, text) in enumerate(outlets.reports):
        for b, (other, more) in enumerate(outlets.reports):
            if a != b:
                half = halves(text)[0] + "\n" + halves(more)[1]
                outlets.publish("Attacker", f"bridge{a}-{b}", f"{title} and {other}", half)


def wholes(outlets: Outlets) -> None:
    """Two whole stories in one article, and all of them in one."""
    for a in range(len(outlets.reports) - 1):
        (title, text), (_, more) = outlets.reports[a : a + 2]
        outlets.publish("Attacker", f"both{a}", title, f"{text}\n{more}")
    every = "\n".join(text for _, text in outlets.reports)
    outlets.publish("Attacker", "all", "Everything at once", every)


def furniture(outlets: Outlets) -> None:
    """The outlet's furniture copied, alone and under other words, over and over."""
    for number in range(20):
        title, text = report(outlets.web, 100 + number)
        outlets.publish(
            "Attacker", f"f{number}", title, f"{FURNITURE}\n{text[:200] if number % 2 else ''}\n{FURNITURE}"
        )


def flood(outlets: Outlets) -> None:
    """Many near copies of one sentence of a story, to fill the places in the index where it would be found."""
    for number in range(60):
        sentence = outlets.reports[number % 3][1].split(".")[0]
        title, text = report(outlets.web, 500 + number)
        outlets.publish("Attacker", f"x{number}", title, f"{sentence}.\n{text}\n{sentence} again.")


def canonical(outlets: Outlets) -> None:
    """Pages that claim the victims' addresses as their own canonical address, in every way a page can."""
    for number in range(len(outlets.reports)):
        theirs = outlets.web.url(f"/r{number}", outlets.host(VICTIMS[0]))
        title, text = report(outlets.web, 900 + number)
        head = (
            f"<link rel=canonical href='{theirs}'><meta property='og:url' content='{theirs}'>"
            f"<link rel=amphtml href='{theirs}'><base href='{theirs}'>"
            f'<script type="application/ld+json">{{"@type":"NewsArticle","url":"{theirs}","mainEntityOfPage":'
            f'"{theirs}",'
            f'"publisher":{{"name":"Tarn Courier"}},"headline":"{title}"}}</script>'
        )
        outlets.publish("Attacker", f"c{number}", title, text, head)


@pytest.fixture
def outlets(tmp_path: Path, warm: Warm) -> Iterator[Outlets]:
    with FakeWeb() as web:
        yield Outlets(web, tmp_path, warm)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("attack", [bridges, wholes, furniture, flood, canonical], ids=lambda f: f.__name__)
def test_an_attack_changes_no_story_but_its_own(outlets: Outlets, attack: Callable[[Outlets], None]) -> None:
    outlets.victims()
    outlets.once()
    before = outlets.stories()
    assert before == outlets.wanted()
    attack(outlets)
    outlets.once()
    assert outlets.stories() == before
    title, text = report(outlets.web, 77)
    for number, outlet in enumerate(VICTIMS):  # a copy that comes after the attack is recognised as one
        outlets.publish(outlet, "later", title, text)
        outlets.publish(outlet, "again", *outlets.reports[0]) if number == 2 else None
    outlets.once()
    after = outlets.stories()
    assert len(after) == len(before) + 1
    assert sorted(map(len, after)) == sorted([*map(len, before - {max(before, key=first)}), 3, 3])


def first(members: frozenset[str]) -> bool:
    return any(url.endswith("/r0") for url in members)


@pytest.mark.timeout(300)
def test_an_attack_that_comes_first_takes_nothing_over(outlets: Outlets) -> None:
    """An entry that claims a victim's address before the victim's page can be had gives way to the page."""
    title, text = outlets.reports[0]
    theirs = outlets.web.url("/claimed", outlets.host(VICTIMS[0]))  # 404 so far
    outlets.entries["Attacker"] = [(theirs, "Hijacked")]
    outlets.once()
    outlets.publish(VICTIMS[0], "claimed", title, text)
    outlets.publish(VICTIMS[1], "copy", title, text)
    outlets.once()
    with open_store(f"sqlite:///{outlets.folder / 'news.db'}") as store:
        article = store.find_article(entry_identity_url(theirs))
        assert article is not None
        assert (article.article.title, article.article.outlet) == (title, VICTIMS[0])
        assert "Hijack" not in article.article.text
    told = frozenset.union(*outlets.stories())
    assert told == {theirs, outlets.web.url("/copy", outlets.host(VICTIMS[1]))}, "both of the victims are told"
