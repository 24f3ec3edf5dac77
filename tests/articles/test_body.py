"""What must stay in a body and what must go: true text is never dropped for looking a little like residue."""

# ruff: noqa: E501 - cases read best on one line
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.articles import ExtractSettings, extract, extract_page
from pipeline.articles.facts import site_links
from pipeline.articles.head import Head, read_head
from pipeline.articles.residue import without_residue
from pipeline.articles.wording import folded, wording
from tests.articles.shapes import document, ld, metas, news, ps, story

URL = "https://www.paper.example/news/a"
LINES = story("en").lines


@pytest.mark.parametrize(
    "line",
    [
        "The first walks",  # a subheading
        "What you need: bread, salt, a warm coat",  # a list item
        "To hear the earlier talks, go here: https://paper.example/talks",
        "The whole list is at https://paper.example/list",
        "Please write to us and do not forget your name.",
        "He said that he would send the comments to a friend",
        "“Read more,” she said.",
        "Related work: three studies of oak in salt water came to the same result.",
        "NASA and ESA",
        "Follow us, she said, and the whole class went down to the river",
        "Sign up for the walk at the town hall before Friday",
        "Download the app from the store and open it.",
        "Subscribe to a YouTube plan before you begin.",
        "Suivez le canal jusqu'à la vieille écluse.",
        "The photo: one house, two trees and a boat",
        "Watch: the only thing that his father left him.",
        "Ann Lee is a name that many here remember",
        "2024",
        "Monday",
    ],
)
def test_true_lines_stay(line: str) -> None:
    middle = "\n".join((*LINES[:3], line, *LINES[3:]))
    assert without_residue(middle, ["The title of it all"]).text == middle
    if line[-1].isalpha() and len(line.split()) > 3:
        end = "\n".join((*LINES, line))
        assert without_residue(end, ["The title of it all"]).text == end


@pytest.mark.parametrize(
    "line",
    [
        "© 2024 The Paper. All rights reserved.",
        "Copyright 2024 The Associated Press. All rights reserved. This material may not be published, rewritten or redistributed.",
        "（编辑：王小明 李华）",
        "【责任编辑:王小明】",
        "Share on Facebook",
        "Facebook | Twitter | WhatsApp",
        "Sign up for our weekly newsletter",
        "Follow us on Twitter",
        "READ MORE: Ten walks by the sea",
        "Lesen Sie auch: Zehn Wege am Meer",
        "Our Standards: The Thomson Reuters Trust Principles.",
        "© Thomson Reuters 2024",
        "Related Videos",
        "You might also like",
        "Topics: harbour, old ferries, Wattenburg",
        "Follow us on Facebook and Twitter.",
        "Sign up for our newsletter to get the best stories every morning.",
        "Abonnieren Sie unseren Kanal bei WhatsApp!",
        "WATCH: The ferry turns for the last time",
        "Auch interessant: Zehn Wege am Meer",
        "Photo: Cy Orr/Paper",
        "Volunteers clean the yard of the mill. Foto: Cy Orr",
        "The yard of the mill (Photo by Cy Orr)",
        "A version of this article appears in print on May 15, 2024, Section A, Page 4.",
        "Log in to post comments",
        "|  |",
        "Contact the writer at ann.lee@paper.example.",
        "Short URL: https://s.example/1",
        "Your Name * Your Email Address *",
    ],
)
def test_furniture_goes(line: str) -> None:
    text = "\n".join(LINES)
    assert without_residue(f"{text}\n{line}", ["The title of it all"]).text == text


def test_signs_hang_together_at_the_end_of_a_line() -> None:
    end = LINES[-1]
    for tail in (" AB/CD https://s.example/1", " Your Name Your Email Address", " https://s.example/1 Security Code"):
        assert without_residue("\n".join((*LINES, end + tail)), ["T"]).text.endswith(end)


def test_kicker_and_title_above_the_text_go() -> None:
    title = "Old bridge rebuilt at last"
    text = "\n".join(LINES)
    assert without_residue(f"Region\nBridges\n{title}\n{text}", [title]).text == text
    sentence = "Six thousand people have waited for this day."
    assert without_residue(f"{sentence}\n{title}\n{text}", [title]).text == f"{sentence}\n{text}"


def test_subheadings_marked_as_h1_stay() -> None:
    body = f"<article><h1>Old bridge rebuilt at last</h1>{ps(LINES[:2])}<h1>What it costs</h1>{ps(LINES[2:])}</article>"
    text = extract(document(metas(og__title="Old bridge rebuilt at last"), body), URL).text
    assert text.split("\n") == [*LINES[:2], "What it costs", *LINES[2:]]


def test_lists_and_subheadings_stay() -> None:
    items = ("Forty planks of oak", "Two hundred iron nails", "A rope for the bell")
    body = f"<article>{ps(LINES[:2])}<h2>What is needed</h2><ul>{ps(items, 'li')}</ul>{ps(LINES[2:])}</article>"
    text = extract(document(ld(news(story("en"))), body), URL).text
    assert "What is needed" in text
    assert all(item in text for item in items)


def test_linked_headlines_under_the_text_go_and_references_stay() -> None:
    head = read_head(
        "<a href=/b>Ten quiet walks along the sea</a> <a href=/c>Mill town counts its apple trees</a>", URL
    )
    away = read_head("<a href=https://council.example/plan>The plan of the council in full</a>", URL)

    def after(head: Head, *foot: str) -> list[str]:
        text = without_residue("\n".join((*LINES, *foot)), ["T"], is_link=site_links(head, URL)).text
        return text.split("\n")[len(LINES) :]

    teasers = ("From the region", "- Ten quiet walks along the sea", "- Mill town counts its apple trees")
    assert after(head, *teasers) == []
    assert after(head, "Everything about", "Ten quiet walks along the sea, by foot") == [
        "Everything about",
        "Ten quiet walks along the sea, by foot",
    ]
    assert after(away, "The plan of the council in full") == ["The plan of the council in full"]


def test_labels_and_brackets_around_links_go_with_them() -> None:
    links = '<a href="/x/1">The ferry turns for the last time</a><a href="/x/2">Zehn Wege am Meer</a>'
    is_link = site_links(read_head(document("", links), URL), URL)
    furniture = (
        "[ The ferry turns for the last time ]",
        "Our story: The ferry turns for the last time",
        "→ Zehn Wege am Meer",
    )
    stays = "The song: The ferry turns for the last time, and nobody sings"
    text = "\n".join((*LINES[:2], *furniture, stays, *LINES[2:]))
    assert without_residue(text, ["The title of it all"], (), is_link).text == "\n".join(
        (*LINES[:2], stays, *LINES[2:])
    )


def test_what_the_last_lines_tell_of_the_writer_goes() -> None:
    text = "\n".join(LINES)
    about = "Ann Lee covers towns and rivers for The Paper. She has two dogs."
    assert without_residue(f"{text}\n{about}", ["The title of it all"], ("Ann Lee",)).text == text
    assert without_residue(f"{about}\n{text}", ["The title of it all"], ("Ann Lee",)).text == f"{about}\n{text}"
    assert without_residue(f"{text}\n{about}", ["The title of it all"], ("Bo Ek",)).text == f"{text}\n{about}"


def test_title_date_and_writer_on_one_line_go() -> None:
    text = "\n".join(LINES)
    first = "The title of it all14 May 2024 | By Ann Lee"
    assert without_residue(f"{first}\n{text}", ["The title of it all"], ("Ann Lee",)).text == text


def test_what_is_told_of_linked_headlines_goes_with_them() -> None:
    links = ("Ten quiet walks along the sea", "Mill town counts its apple trees")
    head = read_head("".join(f"<a href=https://blog.paper.example/{i}>{link}</a>" for i, link in enumerate(links)), URL)
    told = "Bring bread and salt, and a warm coat."

    def after(*foot: str) -> list[str]:
        text = without_residue("\n".join((*LINES, *foot)), ["T"], is_link=site_links(head, URL)).text
        return text.split("\n")[len(LINES) :]

    assert after("From the region", links[0], told, f"- {links[1]} - 4th March 2024", told) == []
    assert after(links[0], told) == [told]  # below one alone it may be the article's own


@pytest.mark.parametrize("told", ["articleBody", ""])
def test_a_text_that_is_not_the_article_gives_way_to_the_markup(told: str) -> None:
    about = "".join(
        f"<p>Reader number {i} pays for this house, owns a share of it and has a vote.</p>" for i in range(10)
    )
    markup = news(story("en"), **({told: "\n".join(LINES)} if told else {}))
    text = extract(document(ld(markup), f"<div class=story>{about}</div>"), URL).text
    assert text.startswith(LINES[0] if told else "Reader number 0")


@pytest.mark.parametrize(
    "heading", ["Comments", "Comments (12)", "37 commentaires", "Kommentare", "Leave a comment", "Comentar"]
)
def test_comments_under_the_text_go(heading: str) -> None:
    text = "\n".join(LINES)
    said = "I have walked over that bridge every day of my life and never saw the mayor on it."
    assert without_residue(f"{text}\n{heading}\n2 hours ago\n{said}", ["T"]).text == text
    assert without_residue(f"{heading}\n{text}", ["T"]).text.endswith(text)


def test_text_beside_paragraphs_is_not_lost() -> None:
    body = f"<div class=story>{LINES[0]}<p>{LINES[1]}</p>{LINES[2]} <b>{LINES[3]}</b><br>{ps(LINES[4:])}</div>"
    text = extract(document("<title>Old bridge rebuilt at last</title>", body), URL).text
    assert text.split("\n") == [*LINES[:2], f"{LINES[2]} {LINES[3]}", *LINES[4:]]


@pytest.mark.parametrize(
    "control", ["\x01", "\x0b", "\x0c", "\x1f", "\ufffe", "\uffff", "&#1;", "&#x1F;", "&#00012", "&#xFFFE;"]
)
@pytest.mark.parametrize(
    "around",
    [
        "<div>{0} beside{1}<p>{2}</p>{0} behind{1}<br>{2}</div>",  # text that is moved into a paragraph
        "<p class='author'>x</p><p>{0}</p><p>{2}</p><div>a<time>now</time>t{1}ail</div>",  # a byline is looked for
    ],
)
def test_a_character_that_xml_knows_not_costs_nothing_but_itself(around: str, control: str) -> None:
    html = document("<title>The ferry stays in port</title>", around.format(LINES[1], control, LINES[2]))
    article = extract(html, URL)
    assert article.reason is None
    assert LINES[1] in article.text
    assert LINES[2] in article.text


def test_links_of_drawings_have_no_address() -> None:
    head = read_head("<h1><svg><a xlink:href=/x>logo</a></svg>Title</h1><a href>nowhere</a>", URL)
    assert not site_links(head, URL)("logo")


def test_a_dropped_copyright_still_tells_the_agency() -> None:
    body = f"<article>{ps(LINES)}<p>© 2024 The Associated Press. All rights reserved.</p></article>"
    article = extract(document("<title>Old bridge rebuilt at last</title>", body), URL)
    assert "rights reserved" not in article.text
    assert article.agencies == ("AP",)


def test_fast_leaves_out_menus_and_keeps_short_lists() -> None:
    menu = "".join(f'<li><a href="/s/{i}">Section {i}</a></li>' for i in range(40))
    items = "".join(f"<li>Plank {i} was bought by the mill</li>" for i in range(20))
    body = f"<ul class=x>{menu}</ul><article>{ps(LINES[:3])}<ul>{items}</ul>{ps(LINES[3:])}</article>"
    page = document("<title>Old bridge rebuilt at last</title>", body)
    fast, full = extract(page, URL, ExtractSettings(fast=True)), extract(page, URL)
    assert fast.text == full.text
    assert "Section 3" not in fast.text
    assert "Plank 3" in fast.text


def test_the_steps_say_what_they_kept() -> None:
    body = f"<article><h1>Old bridge rebuilt at last</h1>{ps(LINES)}<p>Read more: Ten walks by the sea</p></article>"
    found = extract_page(document(ld(news(story("en"))), body).encode(), URL, content_type="text/html")
    kept = {step.name: step.kept for step in found.steps}
    names = ["decode", "head", "body", "outlet", "title", "authors", "residue", "dates", "language", "origin"]
    assert [step.name for step in found.steps] == names
    assert "NewsArticle" in kept["head"]
    assert "Ten walks by the sea" in kept["residue"]


@given(st.text(max_size=120))
def test_folding_is_stable(line: str) -> None:
    assert folded(folded(line)) == folded(line)


def test_the_table_is_read_once() -> None:
    assert wording() is wording()
    assert "read more" in wording().pointers
