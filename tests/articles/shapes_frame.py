"""Shapes of what stands around a story: leads beside the headline, boxes of consent, teasers below, strange tags."""

# ruff: noqa: E501 - markup reads best on one line
from __future__ import annotations

from tests.articles.shapes import FOOTER, NAV, TIME, Story, document, ld, metas, news, ps, shape

AGREE = (
    "We and our 212 partners store and read cookies on your device, and process personal data such as addresses and "
    "identifiers, for tracking, measurement and personalised advertising with your consent."
)
ABOUT = (
    "We are a small house of nine people between the river and the hills, and have printed news of the valley every "
    "week for eighty years. Readers own us, and each of them has a vote. Write, call or come by on market days."
)


@shape("standfirst", "en")
def lead_named_by_its_class(s: Story) -> dict[str, object]:
    """The description is written for search engines."""
    head = (
        f"{ld(news(s, description='All about it in one place, with pictures.'))}<title>{s.title} - Standfirst</title>"
    )
    top = f'<header><h1>{s.title}</h1><div class="article__standfirst">{s.lines[0]}</div><p class="share-summary">Send this story to friends and to everyone you know today</p></header>'
    body = f'<div class="hero">{top}</div><article><div class="text">{ps(s.lines[1:])}</div></article>'
    return {"page": document(head, NAV + body + FOOTER)}


@shape("sidelayout", "de")
def lead_in_a_layout_with_a_side_bar(s: Story) -> dict[str, object]:
    head = ld(news(s, description=s.lines[0])) + f"<title>{s.title}</title>"
    top = f'<div class="grid has-sidebar"><h1>{s.title}</h1><div class="story-intro">{s.lines[0]}</div></div>'
    return {"page": document(head, f'{NAV}{top}<div class="story-text">{ps(s.lines[1:])}</div>{FOOTER}', "de")}


@shape("prettytags", "en2")
def end_tags_with_white_space(s: Story) -> dict[str, object]:
    icon = "<i><svg><use xlink:href='#share'></use></svg\n></i><svg-icon name='x'></svg-icon><style>\n.a{}</style\n>"
    head = ld(news(s)) + f"<title>{s.title}</title><!-- <script> is loaded later -->"
    story = f"<article><h1>{s.title}</h1><div class=bar>{icon}</div><div class=text>{ps(s.lines)}</div></article>"
    about = f"<div class=about>{ps((ABOUT,) * 2)}</div>"
    return {
        "page": document(
            head, f"{NAV}{story}<svg><path d='M1 1'/></svg>{about}<script>'<!--'</script>{FOOTER}<!-- end -->"
        )
    }


@shape("consentbox", "fr")
def box_of_consent_longer_than_the_story(s: Story) -> dict[str, object]:
    box = f'<div id="cookie-dialog" class="cs-content"><div><h2>Privacy</h2>{ps((AGREE,) * 12)}</div></div>'
    body = f"{NAV}{box}<div class=story><h1>{s.title}</h1>{ps(s.lines)}</div>{FOOTER}"
    return {"page": document(ld(news(s)) + f"<title>{s.title}</title>", body, "fr")}


@shape("teaserfoot", "en")
def teasers_with_blurbs_below(s: Story) -> dict[str, object]:
    teasers = (
        "<h3>Deep Dive</h3><p><a href=/science>Science</a></p>"
        "<p><a href=/x/1>The oldest apple tree of the valley has a name</a></p><p>It was planted before the first mill and still gives fruit every autumn.</p>"
        "<p><a href=/x/2>Why the ferry no longer sails at night</a></p><p>Two lamps, one captain and a letter that nobody at the harbour had read.</p>"
        "<p>Recent articles</p><ul><li><a href=https://blogs.HOST/y/1>What the river left behind after the flood</a> - 4th March 2024</li></ul>"
    )
    contact = "<p>Write to Ann Lee at ann.lee@HOST</p>"
    body = f"<article><h1>{s.title}</h1>{ps(s.lines)}{contact}{teasers}</article>"
    return {"page": document(ld(news(s)) + f"<title>{s.title}</title>", NAV + body + FOOTER)}


@shape("nametail", "de")
def writer_behind_the_headline(s: Story) -> dict[str, object]:
    head = f"<title>{s.title} | Name Tail</title>{metas(og__title=s.title, og__site_name='Name Tail', article__published_time=TIME)}"
    by = f'<br><span class="by">{s.authors[0]}</span>'
    body = f'<article><h1><span>{s.title}</span>{by}</h1><p>Von <a rel="author" href="/autor/1">{s.authors[0]}</a></p>{ps(s.lines)}</article>'
    return {"page": document(head, NAV + body + FOOTER, "de")}


@shape("gridparts", "de")
def parts_of_a_grid_and_no_container(s: Story) -> dict[str, object]:
    def part(kind: str, content: str) -> str:
        return f'<div class="{kind}"><div class="cmp-{kind}">{content}</div></div>'

    teaser = (
        '<h3><a href="/f">Flood wall will cost twice as much as planned</a></h3><p>The county pays a third of it.</p>'
    )
    parts = (
        part("title", f"<h1>{s.title}</h1>"), part("text", f"<p><b>{s.lines[0]}</b></p>"), part("text", ps(s.lines[1:3])),
        part("teaser", teaser), part("title", "<h2>Wie es weitergeht</h2>"),
        part("text", f"<p>{s.lines[3]}</p><ul><li>{s.lines[4]}</li></ul>{ps(s.lines[5:])}"),
    )  # fmt: skip
    body = f'{NAV}<div class="root"><div class="grid">{"".join(parts)}</div></div>{FOOTER}'
    lines = (*s.lines[:3], "Wie es weitergeht", s.lines[3], f"- {s.lines[4]}", *s.lines[5:])
    return {"page": document(ld(news(s)) + f"<title>{s.title}</title>", body, "de"), "lines": lines}


@shape("cardsfirst", "en")
def teasers_are_articles_and_the_story_is_none(s: Story) -> dict[str, object]:
    told = "The boat had left the harbour before dawn, and the sea was calm at that time of the day, says the captain"
    cards = "".join(
        f"<article><h3><a href=/c{i}>Ferry {i} is late again</a></h3><p>{told} {i}.</p></article>" for i in range(4)
    )
    story = f'<div class="a1"><div class="b2"><h1>{s.title}</h1><div class="c3">{ps(s.lines)}</div></div></div>'
    return {
        "page": document(ld(news(s)) + f"<title>{s.title}</title>", f"{NAV}<div class=top>{cards}</div>{story}{FOOTER}")
    }


@shape("promoted", "en")
def boxes_and_credits_between_paragraphs(s: Story) -> dict[str, object]:
    app = "<div class=x7><h3>Get our free app</h3><p>Download the Promoted app and never miss a story from your town.</p></div>"
    picture = "<p><img src=y.jpg><br><em>Volunteers in the yard. Photo: Cy Orr</em></p><p class='image-credit'>Cy Orr / Promoted</p>"
    link = "<p><i>[ </i><a href=/r1><i>Flood wall will cost twice as much as planned</i></a><i> ]</i></p>"
    end = (
        f"<p>Follow us on <a href=https://f.example>Facebook</a>.</p><p><em>{s.authors[0]} covers towns for Promoted.</em></p>"
        "<p>A version of this article appears in print on May 15, 2024, Section A, Page 4.</p>"
    )
    body = f"<article><h1>{s.title}</h1>{ps(s.lines[:2])}{app}{ps(s.lines[2:4])}{picture}{link}{ps(s.lines[4:])}{end}</article>"
    return {"page": document(ld(news(s)) + f"<title>{s.title}</title>", NAV + body + FOOTER)}


@shape("fonttable", "en3")
def table_with_date_and_writer_above_the_text(s: Story) -> dict[str, object]:
    by = f"14 May 2024, 9:30 a.m. EDT | By {' and '.join(s.authors)}"
    body = (
        "<table width=900><tr><td width=150><a href=/1>News</a><br><a href=/2>Sport</a></td><td width=600>"
        f"<font size=5><b>{s.title}</b></font><br><font size=1>{by}</font><br><br>{'<br><br>'.join(s.lines)}<br><br>"
        "<a href=print.asp>Print this page</a></td></tr></table>"
    )
    page = document(f"<title>{s.title} - Font Table</title>", body)
    return {"page": page, "published": "2024-05-14T09:30:00-04:00"}
