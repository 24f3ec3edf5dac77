"""Shapes of pages that carry agency text, and of one kind of republisher in three layouts."""

# ruff: noqa: E501 - markup reads best on one line
from __future__ import annotations

from tests.articles.shapes import (
    FOOTER,
    NAV,
    RELATED,
    TIME,
    Story,
    document,
    ld,
    metas,
    news,
    ps,
    shape,
)  # fmt: skip


def wire(s: Story, first: str, last: str = "", *, lang: str = "en", head: str = "", **more: object) -> str:
    """A page whose first paragraph begins with ``first`` and whose text ends with ``last``."""
    lines = wired(s, first, last)
    return document(
        f"<title>{s.title}</title>{ld(news(s, **more))}{head}",
        NAV + f'<article><h1>{s.title}</h1><div class="body">{ps(lines)}</div></article>' + RELATED + FOOTER, lang,
    )  # fmt: skip


def wired(s: Story, first: str, last: str = "") -> tuple[str, ...]:
    return (f"{first}{s.lines[0]}", *s.lines[1:], *((last,) if last else ()))


@shape("coastaldaily", "en2")
def dateline_and_foreign_canonical(s: Story) -> dict[str, object]:
    first, where = "CAPITAL CITY (AP) — ", "https://wire-original.example/night-trains"
    return {
        "page": wire(s, first, head=f'<link rel="canonical" href="{where}">', author="AP"),
        "lines": wired(s, first), "authors": (), "canonical": where,
        "origins": (("canonical", where), ("agency_byline", "AP"), ("agency_dateline", "AP")),
    }  # fmt: skip


@shape("closingline", "en")
def closing_line(s: Story) -> dict[str, object]:
    last = "(Reporting by Nora Fielding; Editing by Tom Ashby)"
    first = "PORT ELLERY, May 14 (Reuters) - "
    return {
        "page": wire(s, first, last), "lines": wired(s, first, last),
        "origins": (("agency_dateline", "Reuters"), ("agency_credit", "Reuters")),
    }  # fmt: skip


@shape("hohenauer", "de")
def german_dateline(s: Story) -> dict[str, object]:
    first = "Hohenau (dpa/lby) - "
    return {
        "page": wire(s, first, lang="de", author={"@type": "Organization", "name": "dpa"}), "lines": wired(s, first),
        "authors": (), "origins": (("agency_byline", "dpa"), ("agency_dateline", "dpa")),
    }  # fmt: skip


@shape("villageois", "fr")
def french_byline(s: Story) -> dict[str, object]:
    return {
        "page": wire(s, "", lang="fr", author=[{"@type": "Person", "name": "Le Villageois avec AFP"}],
                     publisher={"@type": "Organization", "name": "Le Villageois"}),
        "authors": (), "origins": (("agency_byline", "AFP"),),
    }  # fmt: skip


@shape("puertonoticias", "es")
def spanish_dateline(s: Story) -> dict[str, object]:
    first = "Punta Clara, 14 may (EFE).- "
    return {"page": wire(s, first, lang="es"), "lines": wired(s, first), "origins": (("agency_dateline", "EFE"),)}


@shape("borgonotizie", "it")
def italian_dateline(s: Story) -> dict[str, object]:
    first, last = "(ANSA) - BORGO NUOVO, 14 MAG - ", "RIPRODUZIONE RISERVATA © Copyright ANSA"
    return {
        "page": wire(s, first, last, lang="it"), "lines": wired(s, first, last),
        "origins": (("agency_dateline", "ANSA"), ("agency_credit", "ANSA")),
    }  # fmt: skip


@shape("poselok", "ru")
def russian_dateline(s: Story) -> dict[str, object]:
    first = "АРХАНГЕЛЬСК, 14 мая. /ТАСС/. "
    return {"page": wire(s, first, lang="ru"), "lines": wired(s, first), "origins": (("agency_dateline", "TASS"),)}


@shape("muchuan", "zh")
def chinese_dateline(s: Story) -> dict[str, object]:
    first = "新华社成都5月14日电（记者陈晓岚）"
    return {"page": wire(s, first, lang="zh"), "lines": wired(s, first), "origins": (("agency_dateline", "Xinhua"),)}


@shape("margem", "pt")
def portuguese_credit(s: Story) -> dict[str, object]:
    last = "Com informações da Agência Brasil."
    return {
        "page": wire(s, "", last, lang="pt"), "lines": wired(s, "", last),
        "origins": (("agency_credit", "Agência Brasil"),),
    }  # fmt: skip


@shape("oosterkoerier", "nl")
def dutch_dateline(s: Story) -> dict[str, object]:
    first = "OOSTERVEEN (ANP) - "
    return {"page": wire(s, first, lang="nl"), "lines": wired(s, first), "origins": (("agency_dateline", "ANP"),)}


@shape("zalesie", "pl")
def polish_credit(s: Story) -> dict[str, object]:
    lines = (*s.lines[:-1], f"{s.lines[-1]} (PAP)")
    page = wire(s, "", lang="pl").replace(s.lines[-1], lines[-1])
    return {"page": page, "lines": lines, "origins": (("agency_credit", "PAP"),)}


@shape("chiikitsushin", "ja")
def japanese_dateline(s: Story) -> dict[str, object]:
    first = "［町 14日 ロイター］ - "
    return {"page": wire(s, first, lang="ja"), "lines": wired(s, first), "origins": (("agency_dateline", "Reuters"),)}


@shape("jabal", "ar")
def arabic_dateline(s: Story) -> dict[str, object]:
    first = "القرية (رويترز) - "
    return {"page": wire(s, first, lang="ar"), "lines": wired(s, first), "origins": (("agency_dateline", "Reuters"),)}


@shape("basedon", "en3")
def based_on_another_page(s: Story) -> dict[str, object]:
    where = "https://mill-gazette.example/rye"
    more = {"isBasedOn": where, "sourceOrganization": {"@type": "Organization", "name": "Mill Gazette"}}
    return {
        "page": wire(s, "", head=f'<meta name="syndication-source" content="{where}">', **more),
        "origins": (("is_based_on", where), ("source_organization", "Mill Gazette"), ("syndication_source", where)),
    }  # fmt: skip


@shape("rerun", "en3")
def first_appeared_elsewhere(s: Story) -> dict[str, object]:
    last = "This article first appeared on Mill Gazette."
    return {
        "page": wire(s, "", last), "lines": wired(s, "", last), "origins": (("first_appeared", "Mill Gazette"),),
    }  # fmt: skip


LABELS = ("Your Name", "Your Email Address", "Security Code")
CODE = "Story Code: 379421"
DATE = "Publish Date: Tuesday 14 May 2024 - 09:30"
LINK = "https://rep.example/x3fk"
REPUBLISHED = {"authors": (), "published": "2024-05-14T09:30:00+00:00"}


@shape("republisher-tags", "en2")
def republisher_with_semantic_tags(s: Story) -> dict[str, object]:
    form = "".join(f"<label>{label}</label><input>" for label in LABELS)
    body = (
        f"<main><article><p><span>{DATE}</span> <span>{CODE}</span></p><h1>{s.title}</h1><p class=lead>{s.lines[0]}</p>"
        f"<h2>{s.title}</h2>{ps(s.lines[1:])}<p>MNR/PT</p><p>Short Link: <a href={LINK}>{LINK}</a></p></article>"
        f"<form>{form}<button>Send</button></form></main>"
    )
    return {"page": document(f"<title>{s.title} - Republisher Agency</title>", NAV + body + FOOTER), **REPUBLISHED}


@shape("republisher-breaks", "en")
def republisher_with_breaks(s: Story) -> dict[str, object]:
    body = (
        f"<div id=menu><a href=/>Home</a></div><div id=news><div>{DATE}<br>{CODE}</div><div>{s.title}</div><div>{s.lines[0]}<br><br>"
        f"{s.title}<br><br>{'<br><br>'.join(s.lines[1:])}<br><br>MNR/PT<br>{LINK}<br></div><div>{'<br><input><br>'.join(LABELS)}</div></div>"
    )
    return {"page": document(f"<title>{s.title} - Republisher Agency</title>", body), **REPUBLISHED}


@shape("republisher-tables", "en3")
def republisher_with_tables(s: Story) -> dict[str, object]:
    body = (
        "<table width=100%><tr><td><table><tr><td><a href=/>Home</a></td></tr></table></td><td><table>"
        f"<tr><td>{DATE}</td><td>{CODE}</td></tr><tr><td colspan=2><b>{s.title}</b></td></tr><tr><td colspan=2>{s.lines[0]}</td></tr>"
        f"<tr><td colspan=2><b>{s.title}</b>{ps(s.lines[1:])}</td></tr>"
        f"<tr><td colspan=2>MNR/PT<br>{LINK}<form>{' <input><br>'.join(LABELS)}</form></td></tr></table></td></tr></table>"
    )
    return {"page": document(f"<title>{s.title} - Republisher Agency</title>", body), **REPUBLISHED}


@shape("metasource", "fr")
def original_source_meta(s: Story) -> dict[str, object]:
    where = "https://autre-journal.example/librairie"
    page = document(
        f"<title>{s.title}</title><meta name='original-source' content='{where}'>{metas(article__published_time=TIME, author=s.authors[0])}",
        NAV + f"<article><h1>{s.title}</h1>{ps(s.lines)}</article>" + FOOTER, "fr",
    )  # fmt: skip
    return {"page": page, "origins": (("original_source", where),)}
