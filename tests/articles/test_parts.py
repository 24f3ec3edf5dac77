"""Tables of cases for the parts: stamps, names, agencies, titles, residue, decoding, kinds, entries, rules."""

# ruff: noqa: E501 - cases read best on one line
from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.articles import (
    Extraction,
    ExtractSettings,
    OutletRule,
    entry_article,
    extract,
    extract_page,
    joined,
    load_rules,
)
from pipeline.articles.agencies import credited_agencies, dateline_agencies
from pipeline.articles.blocks import html_to_text
from pipeline.articles.bylines import bylines_above, clean_authors, is_plain_name
from pipeline.articles.decode import decode_page
from pipeline.articles.guard import without_dead_parts
from pipeline.articles.jsonld import read_json_ld
from pipeline.articles.residue import without_residue
from pipeline.articles.stamps import parse_stamp
from pipeline.articles.titles import plain_words, without_site
from pipeline.errors import ConfigError, PageRejected
from pipeline.model import Entry, Reason, TextSource
from tests.articles.shapes import TIME, document, ld, metas, news, ps, story

URL = "https://www.paper.example/news/a"
TEN = "2024-05-01T10:00:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{TEN}Z", f"{TEN}+00:00"),
        (f"{TEN}.123+0200", f"{TEN}+02:00"),
        ("2024-05-01T10:00Z", f"{TEN}+00:00"),
        ("2024-05-01 10:00:00 UTC", f"{TEN}+00:00"),
        ("20240501T100000Z", f"{TEN}+00:00"),
        (f"{TEN}-04:00[America/New_York]", f"{TEN}-04:00"),
        ("1714557600", f"{TEN}+00:00"),
        ("1714557600000", f"{TEN}+00:00"),
        ("Wed, 01 May 2024 10:00:00 GMT", f"{TEN}+00:00"),
        ("Wed May 01 10:00:00 CEST 2024", f"{TEN}+02:00"),
        ("Wed May 01 2024 10:00:00 GMT+0200 (Central European Time)", f"{TEN}+02:00"),
        ("May 1, 2024 10:00 AM EDT", f"{TEN}-04:00"),
        ("1 May 2024, 10:00", TEN),
        ("01.05.2024 10:00", TEN),
        ("2024/05/01 10:00", TEN),
        ("2024-05-01", "day 2024-05-01"),
        ("20240501", "day 2024-05-01"),
        ("1st May 2024", "day 2024-05-01"),
        ("2024-13-45", None),
        ("2024-05-01T25:00:00Z", None),
        ("May 2024", None),
        ("soon", None),
    ],
)
def test_stamps(text: str, expected: str | None) -> None:
    stamp = parse_stamp(text)
    found = None if stamp is None else f"day {stamp.at:%Y-%m-%d}" if stamp.day_only else stamp.at.isoformat()
    assert found == expected


@given(st.text(max_size=60))
def test_a_stamp_never_raises(text: str) -> None:
    parse_stamp(text)


PIECES = ["By ", "Ann ", "Lee", " and ", ", ", "|", "AP", "(AP)", "[", "]", "【", "】", "(photo)", "<a>", "&amp;", "Jr.", "Guest", "Editor ", "2024", "a@b.example", "·", "'", "王", "\u0301", "Foto: ", "in "]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12))
def test_a_byline_never_raises(pieces: list[str]) -> None:
    byline = "".join(pieces)
    names = clean_authors([byline], ["CNN"]).authors
    assert all(name == name.strip() != "" for name in names)
    assert is_plain_name(byline) <= (names == (byline,))
    list(bylines_above([byline]))


@pytest.mark.parametrize(
    ("byline", "people", "agencies"),
    [
        ("By Ann Lee", ["Ann Lee"], []),
        ("Von Anna Müller und Max Berg, Berlin", ["Anna Müller", "Max Berg"], []),
        ("Ann Lee, Reuters", ["Ann Lee"], ["Reuters"]),
        ("By ANN LEE Associated Press", ["ANN LEE"], ["AP"]),
        ("Lee, Ann", ["Ann Lee"], []),
        ("Di Mario Rossi", ["Mario Rossi"], []),
        ("Di Nguyen", ["Di Nguyen"], []),
        ("desk@paper.example (Ann Lee)", ["Ann Lee"], []),
        ("Ann Lee, Political Correspondent, London", ["Ann Lee"], []),
        ("Ann Lee, Bo Ek and Cy Oh", ["Ann Lee", "Bo Ek", "Cy Oh"], []),
        ("Ann Lee | Paper Business", ["Ann Lee"], []),
        ("AFP/Reuters", [], ["AFP", "Reuters"]),
        ("mho/dpa", [], ["dpa"]),
        ("記者王小明", ["王小明"], []),
        ("홍길동 기자", ["홍길동"], []),
        ("Bo Ek Jr.", ["Bo Ek Jr."], []),
        ("Staff Writer", [], []),
        ("admin", [], []),
        ("The Paper", [], []),
        ("https://paper.example/ann", [], []),
    ],
)
def test_bylines(byline: str, people: list[str], agencies: list[str]) -> None:
    found = clean_authors([byline], {"Paper", "The Paper"})
    assert (list(found.authors), list(found.agencies)) == (people, agencies)


@pytest.mark.parametrize(
    ("line", "agencies"),
    [
        ("WASHINGTON (AP) — The", ("AP",)),
        ("BERLIN/FRANKFURT (dpa-AFX) - Der", ("dpa", "AFX")),
        ("PARIS (AFP) – Le", ("AFP",)),
        ("Madrid, 3 may (EFE).- El", ("EFE",)),
        ("(ANSA) - ROMA, 03 MAG - Il", ("ANSA",)),
        ("МОСКВА, 3 мая. /ТАСС/. Глава", ("TASS",)),
        ("МОСКВА, 3 мая — РИА Новости. Глава", ("RIA Novosti",)),
        ("新华社北京5月3日电（记者", ("Xinhua",)),
        ("【ワシントン共同】米", ("Kyodo",)),
        ("(서울=연합뉴스) 김", ("Yonhap",)),
        ("DEN HAAG (ANP) - De", ("ANP",)),
        ("JAKARTA (ANTARA) - P", ("Antara",)),
        ("The club (founded by Reuters men) won", ()),
        ("A map (AA) hung there", ()),
        ("Fuel (AP) was short, she said", ()),
        ("ANKARA (AA) The minister", ("Anadolu",)),
        ("He had read it in the paper (Reuters) - or so he said", ()),
        ("Die Zahl (dpa) stieg", ()),
    ],
)
def test_datelines(line: str, agencies: tuple[str, ...]) -> None:
    assert dateline_agencies(line) == agencies


@pytest.mark.parametrize(
    ("line", "agencies"),
    [
        ("The Associated Press contributed to this report.", ("AP",)),
        ("(Reporting by A B; Editing by C D)", ("Reuters",)),
        ("Quelle: dpa", ("dpa",)),
        ("(Con información de EFE)", ("EFE",)),
        ("avec AFP", ("AFP",)),
        ("Fonte: ANSA", ("ANSA",)),
        ("Источник: ТАСС", ("TASS",)),
        ("Bron: ANP", ("ANP",)),
        ("（新华社）", ("Xinhua",)),
        ("© 2024 The Associated Press. All rights reserved.", ("AP",)),
        ("Copyright 2024 AFP", ("AFP",)),
        ("He spoke to Reuters about it.", ()),
    ],
)
def test_credits(line: str, agencies: tuple[str, ...]) -> None:
    assert credited_agencies(f"The text ends here.\n{line}") == agencies


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Bridge rebuilt at last - The Paper", "Bridge rebuilt at last"),
        ("Bridge rebuilt at last | Region | The Paper", "Bridge rebuilt at last"),
        ("The Paper: Bridge rebuilt at last", "Bridge rebuilt at last"),
        ("Bridge - a long story", "Bridge - a long story"),
        ("A well-known bridge", "A well-known bridge"),
    ],
)
def test_titles_without_the_site(title: str, expected: str) -> None:
    assert without_site(title, {"the paper"}) == expected


@pytest.mark.parametrize(
    "line",
    [
        "Publish Date: Sunday 3 May 2020 - 14:32", "Story Code: 379421", "379421", "03.05.2020 14:32", "By Ann Lee | 3 May 2020",
        "Your Name", "Your Email Address", "Security Code", "AB/CD", "https://short.example/x1", "Short Link: https://s.example/1",
        "AB/CD https://s.example/1 Your Name Your Email Address Security Code", "Read more: Ten walks by the sea", "Advertisement",
    ],
)  # fmt: skip
def test_residue_goes_from_both_ends(line: str) -> None:
    text = "\n".join(story("en").lines)
    head = line if "Name" not in line and "AB" not in line else ""
    assert without_residue(f"{head}\n{text}\n{line}", ["T"], ["Ann Lee"]).text == text


@pytest.mark.parametrize(
    "key", ["en", "en2", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "tr", "ru", "zh", "ja", "ar"]
)
def test_prose_is_left_alone(key: str) -> None:
    told = story(key)
    text = "\n".join(told.lines)
    assert without_residue(text, [told.title], told.authors).text == text


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        ("é".encode() * 20, "text/html; charset=utf-8", "utf-8"),
        (b"\xef\xbb\xbf" + "é".encode() * 20, "text/html; charset=iso-8859-1", "utf-8-sig"),
        ("é".encode("latin-1") * 20, "text/html; charset=iso-8859-1", "cp1252"),
        (b'<meta charset="windows-1251">' + "Привет".encode("cp1251") * 9, "text/html", "cp1251"),
        ("日本の新聞".encode("shift_jis") * 9, "text/html; charset=utf-8", None),
        ("<html>é</html>".encode("utf-16"), "text/html", "utf-16"),
    ],
)
def test_encodings(body: bytes, content_type: str, encoding: str | None) -> None:
    page = decode_page(body, content_type)
    assert encoding is None or page.encoding == encoding
    assert encoding is not None or page.notes


def test_mojibake_is_repaired_and_noted() -> None:
    wrong = "".join(f"<p>{line}</p>" for line in story("de").lines).encode().decode("cp1252").encode()
    page = decode_page(wrong, "text/html; charset=utf-8")
    assert "für Schulklassen öffnen" in page.html
    assert page.notes == ("mojibake repaired",)


@pytest.mark.parametrize(
    ("block", "headline"),
    [
        ('{"@type":"NewsArticle","headline":"A"}', "A"),
        ('[{"@type":"WebSite"},{"@type":["Article"],"headline":"A"}]', "A"),
        ('{"@graph":[{"@type":"http://schema.org/NewsArticle","headline":"A"}]}', "A"),
        ('<!--{"@type":"Article","headline":"A"}-->', "A"),
        ('{&quot;@type&quot;:&quot;Article&quot;,&quot;headline&quot;:&quot;A&quot;}', "A"),
        ('{"@type":"Article","headline":"A",}', "A"),
        ('{"@type":"Article","headline":"A"};', "A"),
        ('{"@type":"Article" "headline":"A"', "A"),
        ('{"@type":"ItemList","itemListElement":[{"@type":"Article","headline":"B"}]}', None),
        ("[" * 5000, None),
    ],
)  # fmt: skip
def test_json_ld(block: str, headline: str | None) -> None:
    assert read_json_ld([block], URL).article.get("headline") == headline


@given(st.text(max_size=200))
def test_json_ld_never_raises(block: str) -> None:
    read_json_ld([block], URL)


@given(st.text(max_size=300))
def test_plain_text_of_anything(text: str) -> None:
    html_to_text(text)
    assert plain_words(plain_words(text)) == plain_words(text)


LIVE = ld({"@type": "LiveBlogPosting", "headline": "Live"})
SHORT = "<p>Nine pictures of the day from the harbour town by the sea, taken on Monday morning before the rain came in from the west.</p>"


@pytest.mark.parametrize(
    ("page", "url", "reason"),
    [
        (document(LIVE, ps(story("en").lines)), URL, Reason.LIVE_BLOG),
        (document(ld({"@type": "ImageGallery"}), SHORT), URL, Reason.GALLERY),
        (document(metas(og__type="video.other"), SHORT), URL, Reason.VIDEO),
        (document("<title>Before you continue</title>", "<p>We use cookies. Our partners use cookies. Consent.</p>"), URL, Reason.CONSENT_WALL),
        (document(ld(news(story("en"), isAccessibleForFree=False)), f"<p>{story('en').lines[0]}</p>"), URL, Reason.PAYWALL),
        (document("", f"<p>{story('en').lines[0]}</p><p>Subscribe to continue reading.</p>"), URL, Reason.PAYWALL),
        (document(metas(og__type="website"), "".join(f"<h3><a href=/s/{i}>Headline number {i} of this day</a></h3><p>Some short text</p>" for i in range(30))), URL, Reason.INDEX_PAGE),
        (document("", "<p>Too short.</p>"), URL, Reason.NO_TEXT),
    ],
)  # fmt: skip
def test_pages_that_are_no_article(page: str, url: str, reason: Reason) -> None:
    """The verdict costs nothing of what was read; in the pipeline there is no article."""
    read = extract(page, url)
    assert (read.reason, bool(read.detail), bool(read.text)) == (reason, True, True)
    result = extract_page(page.encode(), url)
    assert (result.article, result.reason) == (None, reason)
    assert result.refused is not None
    assert (result.refused.title, result.refused.text) == (read.title, read.text)


def test_an_article_has_no_verdict_and_an_empty_page_cannot_be_read() -> None:
    assert extract(document(ld(news(story("en"))), ps(story("en").lines)), URL).reason is None
    with pytest.raises(PageRejected) as caught:
        extract("  ", URL)
    assert caught.value.reason is Reason.PAGE_EMPTY


TEASERS = "".join(
    f"<div class=related><h3><a href=/s/{i}>Headline number {i} of this day</a></h3></div>" for i in range(9)
)


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ("<p>" + "<br>".join(f"The tide came in at {i} and the boats went out" for i in range(30)) + "</p>" + TEASERS, URL),  # a song
        (ps(story("en").lines[:3]), "https://www.paper.example/?p=4711"),
    ],
)  # fmt: skip
def test_short_lines_and_addresses_without_path_are_no_list(body: str, url: str) -> None:
    assert extract(document(metas(og__type="website"), body), url).text


def entry(**given: object) -> Entry:
    values: dict[str, object] = {
        "key": "k", "url": URL, "link": URL, "guid": None, "title": "Entry title", "summary": "", "content": "", "authors": (),
        "published": datetime(2024, 5, 14, 7, 30, tzinfo=UTC), "updated": None, "fingerprint": "f",
    }  # fmt: skip
    return Entry(**{**values, **given})  # type: ignore[arg-type]


def page_of(lines: tuple[str, ...]) -> bytes:
    return document(
        "<title>A title of the page</title>", f"<article><h1>A title of the page</h1>{ps(lines)}</article>"
    ).encode()


def test_the_fuller_text_wins() -> None:
    lines = story("en").lines
    short = extract_page(page_of(lines[:2]), URL, content_type="text/html", entry=entry(content=ps(lines))).taken()
    full = extract_page(page_of(lines), URL, content_type="text/html", entry=entry(content=ps(lines[:2]))).taken()
    cut = extract_page(
        page_of(lines[:2]), URL, content_type="text/html", entry=entry(content=ps(lines) + "<p>Read more</p>")
    )
    assert (short.text, short.source) == ("\n".join(lines), TextSource.CONTENT)
    assert (full.text, full.source) == ("\n".join(lines), TextSource.PAGE)
    assert cut.article is not None
    assert short.published == datetime(2024, 5, 14, 7, 30, tzinfo=UTC)


def test_the_entry_stands_in_for_its_page() -> None:
    article = entry_article(entry(summary=ps(story("fr").lines), authors=("Par Hélène Marchand",)), URL)
    assert (article.source, article.language, article.authors) == (TextSource.SUMMARY, "fr", ("Hélène Marchand",))
    with pytest.raises(PageRejected):
        entry_article(entry(summary="short"), URL)


def test_an_outlet_rule_overrides_the_general_way(tmp_path: Path) -> None:
    (tmp_path / "paper.toml").write_text(
        'hosts = ["paper.example"]\nbody = [".odd"]\nremove = [".odd .promo"]\ntitle = ".head"\nauthors = ".who"\npublished = ".when"\n'
    )
    lines = story("en").lines
    body = f"<div class=head>Ruled title</div><i class=who>By Ann Lee</i><i class=when>{TIME}</i><div class=odd>{ps(lines)}<p class=promo>Buy now</p></div>"
    article = extract(document("", body), URL, ExtractSettings(rules=load_rules(tmp_path)))
    assert (article.title, article.authors, article.text) == ("Ruled title", ("Ann Lee",), "\n".join(lines))
    assert article.published == datetime.fromisoformat(TIME)


def test_rules_name_their_mistakes(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('hosts = ["a.example"]\nbody = ["p["]\n')
    (tmp_path / "b.toml").write_text('host = "b.example"\n')
    with pytest.raises(ConfigError) as caught:
        load_rules(tmp_path)
    assert len(caught.value.mistakes) >= 2


def test_an_extractor_can_be_plugged_in() -> None:
    settings = ExtractSettings(extractors=("tests.articles.plug:shout", *ExtractSettings().extractors))
    found = extract_page(page_of(story("en").lines), URL, content_type="text/html", settings=settings)
    assert found.taken().text == "\n".join(["PLUGGED IN TEXT WITH ENOUGH WORDS"] * 9)
    assert any("shout" in step.kept for step in found.steps if step.name == "body")


def test_links_and_pages() -> None:
    head = '<link rel=next href="?page=2"><link rel=amphtml href="/amp/a"><link rel=canonical href="/">'
    found = extract_page(
        page_of(story("en").lines).replace(b"<title>", head.encode() + b"<title>"), URL, content_type="text/html"
    )
    assert (found.links.next_page, found.links.amp, found.links.canonical) == (
        f"{URL}?page=2",
        "https://www.paper.example/amp/a",
        None,
    )
    second = extract_page(page_of(story("en2").lines), f"{URL}?page=2", content_type="text/html").taken()
    whole = joined(found.taken(), [second])
    assert whole.text.split("\n") == [*story("en").lines, *story("en2").lines]
    assert pickle.loads(pickle.dumps(found)) == found
    assert isinstance(found, Extraction)
    assert json.dumps(whole.notes)


def test_rules_are_found_by_host() -> None:
    with pytest.raises(ValueError, match="hosts"):
        OutletRule(())


@pytest.mark.parametrize(
    ("page", "left"),
    [
        ("a<script>x<!-- y</script>b<p>c</p>--> d", "ab<p>c</p>--> d"),
        ("a<!-- <script> -->b<p>c</p><script>1</script >d", "ab<p>c</p>d"),
        ("<svg-icon>q</svg-icon><p>c</p><svg><path/></svg\n>e", "<svg-icon>q</svg-icon><p>c</p>e"),
        ("a<style>b", "a<style>b"),
        ("a<!-->b<!-- c", "ab<!-- c"),
    ],
)
def test_dead_parts_end_where_the_parser_ends_them(page: str, left: str) -> None:
    assert without_dead_parts(page) == left
