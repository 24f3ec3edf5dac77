"""An outlet that republishes agency text: date, code, title, lead, title, body, initials, short link, form.

The shape in seven ways of markup, with the parts written in the ways that such outlets write them.
"""

# ruff: noqa: E501 - markup reads best on one line
from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from pipeline.articles import extract
from tests.articles.shapes import FOOTER, NAV, document, ps, story

URL = "https://www.rep.example/vdcgt79x3ak9nt4.html"
DATES = (
    "Publish Date: Tuesday 14 May 2024 - 09:30", "Tue 14 May 2024 - 09:30", "Date: 14 May 2024 - 9:30", "Tuesday 14 May 2024",
    "Published: 2024/05/14 09:30", "Publish Date: May 14, 2024 9:30 AM", "14/05/2024 09:30",
)  # fmt: skip
CODES = ("Story Code: 379421", "Story Code : 379421", "News ID: 379421", "379421", "ID: 379421", "News-ID: 8379421")
INITIALS = ("MNR/PT", "MNR", "(MNR)", "AH/PH/MR", "mr/kb", "MNR-PT", "/129", "End/ MNR")
LINKS = (
    "https://rep.example/x3fk", "Short Link: https://rep.example/x3fk", "Short Link : rep.example/x3fk", "www.rep.example/vdc.html",
    "Short URL: https://rep.example/?p=1",
)  # fmt: skip
LABELS = (
    ("Your Name", "Your Email Address", "Security Code"),
    ("Your Name :", "Your Email Address :", "Your Comment :", "Security Code :"),
    ("* Your Name", "* Your Email Address", "* Security Code"),
    ("Post a comment", "Your Name", "Your Email Address", "Enter Security Code"),
)
Layout = Callable[[str, tuple[str, ...], str, str, str, str, tuple[str, ...]], str]


def tags(title: str, lines: tuple[str, ...], date: str, code: str, who: str, link: str, form: tuple[str, ...]) -> str:
    fields = "".join(f"<label>{label}</label><input>" for label in form)
    return (
        f"{NAV}<main><article><p><span>{date}</span> <span>{code}</span></p><h1>{title}</h1><p class=lead>{lines[0]}</p><h2>{title}</h2>"
        f"{ps(lines[1:])}<p>{who}</p><p>{link}</p></article><form>{fields}<button>Send</button></form></main>{FOOTER}"
    )


def sections(
    title: str, lines: tuple[str, ...], date: str, code: str, who: str, link: str, form: tuple[str, ...]
) -> str:
    fields = "".join(f"<p><label>{label}</label><input></p>" for label in form)
    return (
        f"{NAV}<section><header><time>{date}</time><div class=code>{code}</div><h1>{title}</h1></header><div class=lead><p>{lines[0]}</p></div>"
        f"<div class=body><h3>{title}</h3>{ps(lines[1:])}<p><strong>{who}</strong></p><p><a href='{link.split()[-1]}'>{link}</a></p></div>"
        f"<section class=comments><h4>Comments</h4><form>{fields}</form></section></section>{FOOTER}"
    )


def breaks(title: str, lines: tuple[str, ...], date: str, code: str, who: str, link: str, form: tuple[str, ...]) -> str:
    return (
        f"<div id=menu><a href=/>Home</a></div><div id=news><div>{date}<br>{code}</div><div>{title}</div><div>{lines[0]}<br><br>{title}<br><br>"
        f"{'<br><br>'.join(lines[1:])}<br><br>{who}<br>{link}<br></div><div>{'<br><input><br>'.join(form)}</div></div>"
    )


def divisions(
    title: str, lines: tuple[str, ...], date: str, code: str, who: str, link: str, form: tuple[str, ...]
) -> str:
    return (
        f"<div><div>{date}</div><div>{code}</div><div><b>{title}</b></div><div>{lines[0]}</div><div><b>{title}</b><br>"
        f"{'<br>'.join(lines[1:])}<br>{who}<br></div><div>{link}</div><div>{'<br>'.join(form)}<br><input></div></div>"
    )


def nested_tables(
    title: str, lines: tuple[str, ...], date: str, code: str, who: str, link: str, form: tuple[str, ...]
) -> str:
    return (
        f"<table><tr><td><table><tr><td><a href=/>Home</a></td></tr></table></td><td><table><tr><td>{date}</td><td>{code}</td></tr>"
        f"<tr><td colspan=2><b>{title}</b></td></tr><tr><td colspan=2>{lines[0]}</td></tr><tr><td colspan=2><b>{title}</b>{ps(lines[1:])}</td></tr>"
        f"<tr><td colspan=2>{who}<br>{link}<form>{' <input><br>'.join(form)}</form></td></tr></table></td></tr></table>"
    )


def paragraph_and_loose_text(
    title: str, lines: tuple[str, ...], date: str, code: str, who: str, link: str, form: tuple[str, ...]
) -> str:
    return (
        f"<table><tr><td><table><tr><td>{date} {code}</td></tr><tr><td><h1>{title}</h1></td></tr><tr><td>{lines[0]}</td></tr>"
        f"<tr><td><p>{title}</p>{'<br><br>'.join(lines[1:])}</td></tr><tr><td>{who} {link} "
        f"<table><tr><td>{'</td><td><input></td></tr><tr><td>'.join(form)}</td></tr></table></td></tr></table></td></tr></table>"
    )


def body_cell_with_a_class(
    title: str, lines: tuple[str, ...], date: str, code: str, who: str, link: str, form: tuple[str, ...]
) -> str:
    fields = "".join(f"<tr><td>{label}</td><td><input></td></tr>" for label in form)
    return (
        f"<table><tr><td><table><tr><td>{date}</td></tr><tr><td>{code}</td></tr><tr><td class=title>{title}</td></tr><tr><td class=lead>{lines[0]}</td></tr>"
        f"<tr><td class=text><b>{title}</b><br>{'<br>'.join(lines[1:])}</td></tr><tr><td><div>{who}</div><div>{link}</div><form><table>{fields}</table></form>"
        "</td></tr></table></td></tr></table>"
    )


LAYOUTS: tuple[Layout, ...] = (
    tags, sections, breaks, divisions, nested_tables, paragraph_and_loose_text, body_cell_with_a_class,
)  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_lead_and_body_only(layout: Layout, seed: int) -> None:
    rng = random.Random(seed)
    told = story(rng.choice(("en", "en2", "en3")))
    date, code, who, link = (rng.choice(choices) for choices in (DATES, CODES, INITIALS, LINKS))
    body = layout(told.title, told.lines, date, code, who, link, rng.choice(LABELS))
    article = extract(document(f"<title>{told.title} - Republisher Agency</title>", body), URL)
    assert article.text.split("\n") == list(told.lines)
    assert (article.title, article.authors) == (told.title, ())
    assert article.published is not None
    assert f"{article.published:%Y-%m-%d}" == "2024-05-14"
