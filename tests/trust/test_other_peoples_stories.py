"""Nobody merges, hides or takes over other people's stories: through the real command line, over a real web.

Property: adding the attacker's articles changes no story's set of other articles, neither of those that were there
before nor of those that come after, and all of these are found in the round in which they come.
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
HEADER = (
    "Home News Sport Weather Obituaries Letters Ferries Harbour Council Markets and the tides of the coming week",
    "You are reading this because readers pay for it, from four marks a month, and may leave at any time they like.",
)
FOOTER = (
    "The Tarn Courier has told the people of the coast what happens since 1871, and is owned by its readers. "
    "Sign up for the letter that we send each morning before the ferries leave.",
    "Our reporters wrote about the harbour, the ferries and the council in the last seven days, and will go on.",
    "Write to the desk at Quay Street nine, or call before noon. Mistakes are put right on page two of each edition.",
    "Who we are, how we work, whom we thank, what our letters mean and where our money comes from is told each year.",
)


def furnished(text: str) -> str:
    """As the first victim prints it: about a hundred words of its own around each report."""
    return "\n".join((*HEADER, text, *FOOTER))


class Outlets:
    """Victims with stories of their own, and an attacker who reads them first."""

    def __init__(self, web: FakeWeb, folder: Path, warm: Warm) -> None:
        self.web, self.folder, self.warm = web, folder, warm
        self.reports = [report(web, number) for number in range(6)]
        self.entries: dict[str, list[tuple[str, str]]] = {}  # outlet → (address, title)
        self.config = folder / "trust.toml"
        self.prelude = ""  # carried out before each command

    def host(self, outlet: str) -> str:
        names = (*VICTIMS, "Attacker")
        return f"127.0.0.{2 + names.index(outlet)}"

    def publish(self, outlet: str, name: str, title: str, text: str, head: str = "") -> str:
        """An article; what the first victim prints has its furniture around it."""
        host = self.host(outlet)
        printed = furnished(text) if outlet == VICTIMS[0] else text
        body = "".join(f"<p>{escape(line)}</p>" for line in printed.split("\n"))
        page = f"<html><head><title>{escape(title)}</title>{head}</head><body><article><h1>{escape(title)}</h1>{body}"
        address = self.web.set(f"/{name}", f"{page}</article></body></html>", host=host)
        self.entries.setdefault(outlet, []).insert(0, (address, title))
        return address

    def victims(self) -> set[frozenset[str]]:
        """Each report in two outlets; returns the addresses of each story."""
        return {
            frozenset(self.publish(outlet, f"r{number}", *report) for outlet in (VICTIMS[0], VICTIMS[1 + number % 2]))
            for number, report in enumerate(self.reports)
        }

    def once(self, prelude: str = "") -> None:
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
        words = ("--config", str(self.config), "once", "--all")
        assert self.warm.run(*words, seconds=250, prelude=prelude) == 0, self.warm.tail()

    def stories(self, *, outlets: tuple[str, ...] = VICTIMS) -> set[frozenset[str]]:
        """The sets of addresses of each story, of these outlets only."""
        with open_store(f"sqlite:///{self.folder / 'news.db'}") as store:
            assert store.full_check() == []
            sets = (
                frozenset(a.url for a in story.articles if a.outlet in outlets) for story in store.stories(limit=10_000)
            )
            return {members for members in sets if members}


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
    """The furniture of an outlet around no, few or some words, under titles of its reports and under others."""
    for number in range(40):
        title, text = report(outlets.web, 100 + number)
        title = outlets.reports[number % 6][0] if number % 2 else title
        outlets.publish("Attacker", f"f{number}", title, furnished(text[: (0, 60, 200, 600)[number % 4]]))


def drift(outlets: Outlets) -> None:
    """A report with as much again around it; then that, twice as much around it, and the report left out."""
    title, text = outlets.reports[0]
    around = [report(outlets.web, 2000 + number)[1] for number in range(3)]
    outlets.publish("Attacker", "d1", title, "\n".join((text, around[0])))
    outlets.once(outlets.prelude)
    outlets.publish("Attacker", "d2", title, "\n".join(around))


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


Attack = Callable[[Outlets], None]
ATTACKS: tuple[Attack, ...] = (bridges, wholes, furniture, drift, flood, canonical)


@pytest.fixture
def outlets(tmp_path: Path, warm: Warm) -> Iterator[Outlets]:
    with FakeWeb() as web:
        yield Outlets(web, tmp_path, warm)


def attack_faults(outlets: Outlets, attack: Attack, prelude: str = "") -> list[str]:
    """What an attack does to the stories of the others: to those told before, and to those that come after."""
    outlets.prelude = prelude
    wanted = outlets.victims()
    outlets.once(prelude)
    assert outlets.stories() == wanted, "nobody has attacked yet"
    attack(outlets)
    outlets.once(prelude)
    if found := differences(outlets.stories(), wanted):
        return found
    later = frozenset(outlets.publish(outlet, "later", *report(outlets.web, 77)) for outlet in VICTIMS)
    again = outlets.publish(VICTIMS[2], "again", *outlets.reports[0])
    (old,) = (members for members in wanted if any(address.endswith("/r0") for address in members))
    outlets.once(prelude)
    return differences(outlets.stories(), wanted - {old} | {old | {again}, later})


def differences(found: set[frozenset[str]], wanted: set[frozenset[str]]) -> list[str]:
    missing = [f"no story is {sorted(members)}" for members in wanted - found]
    return missing + [f"a story is {sorted(members)}" for members in found - wanted]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_changes_no_story_but_its_own(outlets: Outlets, attack: Attack) -> None:
    assert attack_faults(outlets, attack) == []


@pytest.mark.timeout(300)
def test_an_attack_that_comes_first_takes_nothing_over(outlets: Outlets) -> None:
    """An entry that claims a victim's address before the victim's page can be had gives way to the page."""
    title, text = outlets.reports[0]
    theirs = outlets.web.url("/claimed", outlets.host(VICTIMS[0]))  # 404 so far
    outlets.entries["Attacker"] = [(theirs, "Hijacked")]
    outlets.once()
    outlets.publish(VICTIMS[0], "claimed", title, text)
    outlets.once()
    outlets.publish(VICTIMS[1], "copy", title, text)
    outlets.once()
    with open_store(f"sqlite:///{outlets.folder / 'news.db'}") as store:
        article = store.find_article(entry_identity_url(theirs))
        assert article is not None
        assert (article.article.title, article.article.outlet) == (title, VICTIMS[0])
        assert "Hijack" not in article.article.text
    assert outlets.stories() == {frozenset({theirs, outlets.web.url("/copy", outlets.host(VICTIMS[1]))})}
