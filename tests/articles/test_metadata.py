"""Tables of cases for title, authors and time as pages write them."""

# ruff: noqa: E501 - cases read best on one line
from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.articles.authors import find_authors
from pipeline.articles.bylines import clean_authors
from pipeline.articles.dates import find_dates
from pipeline.articles.head import read_head
from pipeline.articles.origin import publisher_names
from pipeline.articles.rescue import day_by_htmldate
from pipeline.articles.stamps import day_in_address, parse_stamp, puts_day_first
from pipeline.articles.titles import find_title
from tests.articles.shapes import document, ld, metas, news, story

URL = "https://www.harbour-post.example/region/2024/05/14/bridge"
MILL = "Town buys the old mill by the river"
TITLE = "Old bridge rebuilt at last after two winters"
SITE = metas(og__site_name="The Harbour Post")


def og(title: str) -> str:
    return f'<meta property="og:title" content="{title}">'


def title_of(head: str, body: str = "") -> str:
    page = read_head(document(head, body), URL)
    return find_title(page, publisher_names(page))[0]


@pytest.mark.parametrize("separator", [" | ", " - ", " – ", " — ", " :: ", " » ", " · ", " • ", " / ", " &lt; "])
@pytest.mark.parametrize("tail", ["{0}The Harbour Post", "{0}Region{0}The Harbour Post", "{0}The Harbour Post Online"])
def test_site_and_section_leave_the_title(separator: str, tail: str) -> None:
    assert title_of(f"{SITE}<title>{TITLE}{tail.format(separator)}</title>") == TITLE


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (f"{SITE}<title>The Harbour Post: {TITLE}</title>", "", TITLE),
        (og(TITLE), '<h1><a href="/">The Harbour Post</a></h1>', TITLE),
        (og(TITLE), f'<a href="/region/"><h1>Region</h1></a><article><h1>{TITLE}</h1></article>', TITLE),
        (f"<title>Harbour Blog » Blog Archive » {TITLE}</title>", '<h1><a href="/region/">Harbour Blog</a></h1>', TITLE),
        (og("Old bridge rebuilt"), f"<h1>{TITLE}</h1>", TITLE),
        (og(TITLE), f"<h1><span>Region</span> {TITLE}</h1>", TITLE),
        (og(f"Region: {TITLE}"), f"<h1><span>Region</span><span>{TITLE}</span></h1>", f"Region: {TITLE}"),
        (og(f"Video: {TITLE}"), f"<h1>Video: {TITLE}</h1>", f"Video: {TITLE}"),
        (og(TITLE), f"<h1>{TITLE.upper()}</h1>", TITLE),
        (og(TITLE), "<h1>Old&nbsp;bridge rebuilt&shy; at last after two winters</h1>", TITLE),
        (og("Bridge &amp;amp; road are open"), "<h1>Bridge &amp;amp; road are open</h1>", "Bridge & road are open"),
        (og(TITLE), f"<h1>{TITLE}</h1><h1>Comments</h1><h1>More from Region</h1>", TITLE),
        (og("A - B: the well-known bridge"), "", "A - B: the well-known bridge"),
        (f"<title>{TITLE} | Region</title>", f'<h1><span>{TITLE}</span><a href="/region.html">The Region Page</a></h1>', TITLE),
        (og("old-bridge-rebuilt-at-last") + f"<title>{TITLE}</title>", "", TITLE),
        (og(TITLE) + "<title>A blog for walkers and for cooks</title>", "<article><h1>My tips for lunch and dinner:</h1></article>", TITLE),
        (og(MILL), f"<h1>{MILL} <span>+</span></h1>", MILL),
        (og(MILL), f"<h1>{MILL}<small>The council paid for all of it, and walkers are glad</small></h1>", MILL),
        (og(f"Mills – {MILL}"), f"<h1><span>Mills</span> <span>{MILL}</span></h1>", f"Mills – {MILL}"),
        (og("Walk on: 5 + 6 miles +"), "<h1>Walk on: 5 + 6 miles +</h1>", "Walk on: 5 + 6 miles +"),
        (ld({"@type": "NewsArticle", "headline": f"<b>{MILL}</b> &amp; more"}), "", f"{MILL} & more"),
        (og(f"{MILL} - port-paper.example"), "", MILL),
        (og(f"{MILL} - HP") + metas(og__site_name="HP online"), "", MILL),
        ("<title>古老的大桥终于重建_新闻频道_港湾网</title>", "", "古老的大桥终于重建"),
        ("<title>古老的大桥终于重建-港湾网</title>", "", "古老的大桥终于重建"),
        (og("Rail | Road | River: how the town moves"), "", "Rail | Road | River: how the town moves"),
        (metas(og__site_name="港湾新聞 電子版") + "<title>古い橋がようやく再建される ：港湾新聞</title>", "", "古い橋がようやく再建される"),
    ],
)  # fmt: skip
def test_titles(head: str, body: str, expected: str) -> None:
    assert title_of(head, body) == expected


def test_a_subheading_that_makes_up_the_address_is_better_than_the_sites_name() -> None:
    page = read_head(
        document("<title>harbour-post.example</title>", f"<h2>{TITLE}</h2><h2>More from the region</h2>"), URL
    )
    address = "https://www.harbour-post.example/old-bridge-rebuilt-at-last/"
    assert find_title(page, ["harbour-post.example"], url=address)[0] == TITLE


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/region/old-bridge-rebuilt-at-last-after-two-winters-4711.html", TITLE),
        ("/region/ten-great-walks-along-the-river", "Ten great walks"),
        ("/region/4711", "Ten great walks"),
    ],
)
def test_the_address_confirms_a_heading(address: str, expected: str) -> None:
    page = read_head(document(og("Ten great walks"), f"<h1>{TITLE}</h1>"), URL)
    assert find_title(page, [], url=f"https://www.harbour-post.example{address}")[0] == expected


@pytest.mark.parametrize(
    ("byline", "people", "agencies"),
    [
        ("ANN LEE, Senior Political Correspondent", ["ANN LEE"], []),
        ("Ann Lee Senior Political Correspondent", ["Ann Lee"], []),
        ("Ann Lee HP News", ["Ann Lee"], []),
        ("ByAnn Lee", ["Ann Lee"], []),
        ("José Ortega y Gasset", ["José Ortega y Gasset"], []),
        ("Ana Pérez y Luis Gómez", ["Ana Pérez", "Luis Gómez"], []),
        ("Text: Ann Lee, Fotos: Bo Ek", ["Ann Lee"], []),
        ("Von Ann Lee (Text) und Bo Ek (Fotos)", ["Ann Lee"], []),
        ("Ann Lee; translated by Bo Ek", ["Ann Lee"], []),
        ("By Ann Lee and Bo Ek in London", ["Ann Lee", "Bo Ek"], []),
        ("Par Ann Lee, Bo Ek Envoyés spéciaux à Lyon", ["Ann Lee", "Bo Ek"], []),
        ("Ann Lee, MD, PhD", ["Ann Lee"], []),
        ("By Ann Lee, MA", ["Ann Lee"], []),
        ("Ann Lee, Bo Ma", ["Ann Lee", "Bo Ma"], []),
        ("View all posts by Ann Lee", ["Ann Lee"], []),
        ("本报记者 王小明 李华", ["王小明", "李华"], []),
        ("Reuters Staff", [], ["Reuters"]),
        ("BO EK and ANN LEE - AP Technology Writers", ["BO EK", "ANN LEE"], []),
        ("Jean Dupont avec AFP", ["Jean Dupont"], ["AFP"]),
        ("Harbour Business", [], []),
        ("Harbour Lee", ["Harbour Lee"], []),
        ("HP Sport", [], []),
        ("The Harbour", [], []),
        ("Harbour Bay (www.hp.example)", [], []),
        ("Super User", [], []),
        ("Verkehrsministerium des Landes", [], []),
        ("University of the North", [], []),
        ("Story by Ann Lee, HPTV, Bo Ek, WXYZ", ["Ann Lee", "Bo Ek"], []),
        ("Ein Kommentar von Ann Lee", ["Ann Lee"], []),
        ("Propos recueillis par Ann Lee et Bo Ek", ["Ann Lee", "Bo Ek"], []),
        ("Interview: Ann Lee", ["Ann Lee"], []),
        ("Analysis by Ann Lee", ["Ann Lee"], []),
        ("Ann Lee For The Morning Herald", ["Ann Lee"], []),
        ("ANN LEE FOR HARBOUR.EXAMPLE", ["ANN LEE"], []),
        ("Ann Lee,Bo Ek", ["Ann Lee", "Bo Ek"], []),
        ("ČTK,Ann Lee", ["Ann Lee"], ["ČTK"]),
        ("Ann Lee (mit dpa)", ["Ann Lee"], ["dpa"]),
        ("Ann Lee, mit Material von dpa", ["Ann Lee"], ["dpa"]),
        ("STT–AFP", [], ["STT", "AFP"]),
        ("Ann Lee, USA TODAY", ["Ann Lee"], []),
        ("By Ann Lee and Bo Ek, Washington Post", ["Ann Lee", "Bo Ek"], []),
        ("Ann Lee, Emily Post", ["Ann Lee", "Emily Post"], []),
        ("Ann Lee, New Delhi", ["Ann Lee"], []),
        ("Ann Lee, Berlin, Bo Ek, Paris", ["Ann Lee", "Bo Ek"], []),
        ("Por Ann Lee, do HP, em São Paulo", ["Ann Lee"], []),
        ("Von Ann Lee, ARD-Studio Brüssel", ["Ann Lee"], []),
        ("Von Ann Lee, WDR, zzt. Kiew", ["Ann Lee"], []),
        ("Ann Lee / TNN / Updated: May 3, 2024", ["Ann Lee"], []),
        ("By Ann Lee Published May 3, 2024", ["Ann Lee"], []),
        ("By Ann Lee | May 3, 2024", ["Ann Lee"], []),
        ("Ann Lee 03.05.2024", ["Ann Lee"], []),
        ("Reported by: Ann Lee, Edited by: Bo Ek", ["Ann Lee"], []),
        ("Reporter: Ann Lee | Editor: Bo Ek", ["Ann Lee"], []),
        ("Staff Writer Ann Lee", ["Ann Lee"], []),
        ("Political editor Ann Lee", ["Ann Lee"], []),
        ("Special Correspondent New Delhi", [], []),
        ("HARBOUR-online-Redakteurin Ann Lee", ["Ann Lee"], []),
        ("Von Ann Lee und unserem Korrespondenten Bo Ek", ["Ann Lee", "Bo Ek"], []),
        ("dal nostro inviato Ann Lee", ["Ann Lee"], []),
        ("корреспондент Анна Иванова", ["Анна Иванова"], []),
        (
            '<a href="/author/ann" rel="author">Ann Lee</a> <span>(<a href="https://t.example/a">@ann</a>)</span>',
            ["Ann Lee"],
            [],
        ),
        ("Ann Lee PhD", ["Ann Lee"], []),
        ("Ann Lee, Professor of Law, University of the North", ["Ann Lee"], []),
        ("By ANN LEE Harbour Staff", ["ANN LEE"], []),
        ("Ann Lee + Bo Ek", ["Ann Lee", "Bo Ek"], []),
        ("Penulis: Ann Lee; Editor: Bo Ek", ["Ann Lee"], []),
        ("Door: Ann Lee", ["Ann Lee"], []),
        ("Szerző: Nagy Anna", ["Nagy Anna"], []),
        ("كتب: محمد علي", ["محمد علي"], []),
        ("מאת דוד לוי", ["דוד לוי"], []),
        ("记者 王小明 北京报道", ["王小明"], []),
        ("記者王小明／台北報導", ["王小明"], []),
        ("聞き手・山田太郎", ["山田太郎"], []),
        ("ソウル=山田太郎", ["山田太郎"], []),
        ("ジョン・スミス", ["ジョン・スミス"], []),
        ("김민수·이재명 기자", ["김민수", "이재명"], []),
        ("編集部", [], []),
        ("Haber Merkezi", [], []),
        ("Written by Ann Lee on May 3, 2024", ["Ann Lee"], []),
        ("Submitted by Ann Lee on Tue, 05/14/2024 - 09:30", ["Ann Lee"], []),
        ("Von Ann Lee · 3. Mai 2024 · 5 Min Lesezeit", ["Ann Lee"], []),
        ("Ann Lee ⋅ May 3, 2024", ["Ann Lee"], []),
        ("© Ann Lee† and", ["Ann Lee"], []),
        ("By ANN LEE, Associated Press/Report for America", ["ANN LEE"], ["AP"]),
        ("Meteorologist Ann Lee, KXYZ-TV", ["Ann Lee"], []),
        ("Von der „Hafen“-Redaktion", [], []),
        ("Ann Lee, Dean Moravec", ["Ann Lee", "Dean Moravec"], []),
        ("Ann Lee, Professor Bo Ek", ["Ann Lee", "Professor Bo Ek"], []),
        ("Ann Lee, Professor emeritus of law", ["Ann Lee"], []),
        ("Channel 4 News", [], []),
        ("HAFEN 24 with AFP", [], ["AFP"]),
        ("Ann Lee 5 min read", ["Ann Lee"], []),
        ("Staff and wire reports", [], []),
        ("Sponsored Content", [], []),
        ("N/A", [], []),
    ],
)
def test_bylines_as_written(byline: str, people: list[str], agencies: list[str]) -> None:
    found = clean_authors([byline], ["Harbour", "HP"])
    assert (list(found.authors), list(found.agencies)) == (people, agencies)


NAMES = tomllib.loads(Path(__file__).with_name("names.toml").read_text("utf-8"))
PEOPLE = [
    f"{given} {family}".replace("_", " ")
    for pair in NAMES["pairs"]
    for given in pair.partition("|")[0].split()
    for family in pair.partition("|")[2].split()
]


@pytest.mark.parametrize("byline", ["{}", "By {}", "By {} (AFP)", "Par {} avec AFP"])
def test_a_name_of_any_form_stays_as_written(byline: str) -> None:
    assert len(PEOPLE) > 400
    people = PEOPLE if byline.startswith("Par") else [*PEOPLE, *NAMES["single"]]
    found = {name: clean_authors([byline.format(name)]).authors for name in people}
    assert {name: authors for name, authors in found.items() if authors != (name,)} == {}


@pytest.mark.parametrize(
    "join", [", ", " and ", "; ", " & ", " | ", " und ", " et ", " y ", " e ", " og ", ", and ", " · "]
)
def test_names_stay_as_written_in_lists(join: str) -> None:
    lists = [
        people
        for name in PEOPLE
        for people in ((name, "Hilda Quist"), ("Hilda Quist", name), ("Hilda Quist", name, "Uwe Zorn"))
    ]
    wrong = [people for people in lists if clean_authors([f"By {join.join(people)}"]).authors != people]
    assert wrong == []


def test_the_outlet_is_told_before_its_name_is_taken_apart() -> None:
    assert clean_authors(["Port & i"], ["Port & i"]).authors == ()


@pytest.mark.parametrize(
    "text", ["View Author Page", "Submitted on Mon", "Account You're logged", "More", "read on", "Ann Lee is here"]
)
def test_what_is_no_name_is_not_taken_from_weak_places(text: str) -> None:
    assert clean_authors([text], strict=True).authors == ()
    assert clean_authors([f"{text} | By Ludwig van Ek"], strict=True).authors == ("Ludwig van Ek",)


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ({"@type": "Person", "name": "Ann Lee"}, ("Ann Lee",)),
        ([{"@type": "Person", "name": "Ann Lee"}, {"@type": "Person", "name": "Bo Ek"}], ("Ann Lee", "Bo Ek")),
        ([{"@type": "Organization", "name": "The Harbour Post"}, {"@type": "Person", "name": "Ann Lee"}], ("Ann Lee",)),
        ({"@type": "Person", "name": ["Ann Lee", "Bo Ek"]}, ("Ann Lee", "Bo Ek")),
        ({"@type": "Person", "givenName": "Ann", "familyName": "Lee"}, ("Ann Lee",)),
        ({"@id": "#a"}, ("Ann Lee",)),
        ("Ann Lee and Bo Ek", ("Ann Lee", "Bo Ek")),
        ("https://www.harbour-post.example/authors/ann-lee", ()),
        ({"@type": "person", "name": "Ann Lee"}, ("Ann Lee",)),
        ({"@type": "Physician", "name": "Ann Lee"}, ("Ann Lee",)),
        ({"@type": "Role", "author": {"@type": "Person", "name": "Ann Lee"}}, ("Ann Lee",)),
        ({"@list": [{"@type": "Person", "name": {"@value": "Ann Lee"}}]}, ("Ann Lee",)),
        ({"@type": "Organization", "name": "Ann Lee"}, ("Ann Lee",)),
        ({"@type": "Organization", "name": "Harbour Lee"}, ()),
        ({"@type": "Organization", "name": "Martin Media"}, ()),
        ({"@type": "Organization", "name": "The Harbour Post"}, ()),
        (None, ()),
    ],
)
def test_authors_of_json_ld(author: object, expected: tuple[str, ...]) -> None:
    graph = [
        {"@type": "NewsArticle", "headline": TITLE, "author": author},
        {"@type": "Person", "@id": "#a", "name": "Ann Lee"},
    ]
    page = read_head(document(ld({"@graph": graph}), ""), URL)
    assert find_authors(page, ["The Harbour Post"]).authors == expected


MAY = datetime(2024, 5, 14, 7, 30, tzinfo=UTC)
OTHERS = [
    {"@type": "NewsArticle", "headline": f"Ferry {i} is late", "url": f"https://www.harbour-post.example/f/{i}",
     "datePublished": "2024-05-01T00:00:00Z", "author": "Cy Orr"}
    for i in range(3)
]  # fmt: skip
OWN = {"@type": "NewsArticle", "headline": MILL, "datePublished": "2024-05-14T07:30Z", "author": "Ann Lee"}


@pytest.mark.parametrize(
    "nodes",
    [
        [*OTHERS, OWN],
        [*OTHERS, OWN | {"headline": "What the mill costs", "mainEntityOfPage": URL}],
        [{"@type": "Organization", "subjectOf": OTHERS[0]}, OWN],
        [{"@type": "BreadcrumbList"}, OWN | {"@type": "WebPage"}],
    ],
)
def test_the_pages_own_node_is_told_from_those_of_others(nodes: list[object]) -> None:
    page = read_head(document(f"<title>{MILL} - The Harbour Post</title>{ld(nodes)}", ""), URL)
    assert (find_authors(page, []).authors, find_dates(page).published) == (("Ann Lee",), MAY)


@pytest.mark.parametrize(
    "body",
    [
        '<span property="schema:author">Ann Lee</span><span property="schema:datePublished" content="2024-05-14T07:30Z">x</span>',
        '<span rel="author">Ann Lee</span><span property="dc:date dc:created" content="2024-05-14T07:30Z">x</span>',
        '<a rel="author" href="/a">Ann Lee</a><abbr class="published" title="2024-05-14T07:30Z">May 14</abbr>',
    ],
)
def test_older_markup(body: str) -> None:
    page = read_head(document("", f"<article><h1>T</h1>{body}</article>"), URL)
    assert (find_authors(page, []).authors, find_dates(page).published) == (("Ann Lee",), MAY)


@pytest.mark.parametrize(
    "body",
    [
        '<div><p class="byline"><span class="byline__name">Ann Lee</span><span class="byline__name">Bo Ek</span></p></div>',
        "<ul><li class=byline><p class=byline-name>Ann Lee</p></li><li class=byline><p class=byline-name>Bo Ek</p></li></ul>",
        '<div class="firma">Ann Lee y Bo Ek</div>',
        '<div class="byline"><span>Ann Lee and Bo Ek</span> <span>Reporting from Berlin</span></div>',
    ],
)
def test_bylines_of_several_writers(body: str) -> None:
    assert find_authors(read_head(document("", body), URL), []).authors == ("Ann Lee", "Bo Ek")


@pytest.mark.parametrize("name", ["Min Lee", "Thu Ek", "Thomas More", "Ann Page", "Bo Read"])
def test_names_that_look_like_labels(name: str) -> None:
    assert clean_authors([f"By {name}"], strict=True).authors == (name,)


def test_commenters_and_related_authors_are_no_authors() -> None:
    body = (
        '<article><h1>T</h1></article><div class="comments"><span class="author">Bo Ek</span></div>'
        '<aside><span class="byline">By Cy Oh</span></aside>'
    )
    assert find_authors(read_head(document("", body), URL), []).authors == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 de mayo de 2024, 10:30", "2024-05-03T10:30:00"),
        ("3. Mai 2024 um 10.30 Uhr", "2024-05-03T10:30:00"),
        ("le 3 février 2024 à 10h30", "2024-02-03T10:30:00"),
        ("21. července 2024", "day 2024-07-21"),
        ("3 мая 2024, 10:30", "2024-05-03T10:30:00"),
        ("3 Mayıs 2024", "day 2024-05-03"),
        ("2024年5月3日 10:30", "2024-05-03T10:30:00"),
        ("2024년 5월 3일 10:30", "2024-05-03T10:30:00"),
        ("5/14/2024 2:05 PM", "2024-05-14T14:05:00"),
        ("14/5/2024 14:05", "2024-05-14T14:05:00"),
        ("4/5/2024 12:05 AM", "2024-04-05T00:05:00"),
        ("4/5/2024", None),
        ("Posted 3 hours ago", None),
        ("© 2024", None),
        ("2024-05-14 10:00:00 EDT", "2024-05-14T10:00:00-04:00"),
        ("2024-05-14T10:00:00CEST", "2024-05-14T10:00:00+02:00"),
        ("2024-05-14t10:00:00z", "2024-05-14T10:00:00+00:00"),
        ("2024-05-14T10:00:00[UTC]", "2024-05-14T10:00:00+00:00"),
        ("2024-05-14T10:00:00−04:00", "2024-05-14T10:00:00-04:00"),
        ("2024-5-4T9:05:00+02:00", "2024-05-04T09:05:00+02:00"),
        ("2024-05-14 9:05 PM", "2024-05-14T21:05:00"),
        ("2024-05-14 12:05 AM", "2024-05-14T00:05:00"),
        ("20240514100000", "2024-05-14T10:00:00"),
        ("20240514T1000+0200", "2024-05-14T10:00:00+02:00"),
        ("14-May-2024", "day 2024-05-14"),
        ("14.05.24, 10:00 Uhr", "2024-05-14T10:00:00"),
        ("Tue May 4 10:00:00 2024", "2024-05-04T10:00:00"),
        ("Wed May 01 2024 10:00:00 GMT+0200 (Central European Summer Time)", "2024-05-01T10:00:00+02:00"),
        ("May 14, 2024, 10:00 a.m. ET", "2024-05-14T10:00:00-04:00"),
        ("January 5, 2024 10:00 p.m. PT", "2024-01-05T22:00:00-08:00"),
        ("March 10, 2024 10:00 a.m. ET", "2024-03-10T10:00:00-04:00"),
        ("March 9, 2024 10:00 a.m. ET", "2024-03-09T10:00:00-05:00"),
        ("November 3, 2024 10:00 a.m. ET", "2024-11-03T10:00:00-05:00"),
        ("10:00 a.m. EDT, May 14, 2024", "2024-05-14T10:00:00-04:00"),
        ("Tue 14 May 2024 10.00 BST", "2024-05-14T10:00:00+01:00"),
        ("Publié le 14/05/2024 à 10h00 et lu", "2024-05-14T10:00:00"),
        ("10:00, 14 мая 2024", "2024-05-14T10:00:00"),
        ("14 травня 2024, 10:00", "2024-05-14T10:00:00"),
        ("14.05.2024 10:00 (МСК)", "2024-05-14T10:00:00+03:00"),
        ("14/5/2024, 10:00 (GMT+7)", "2024-05-14T10:00:00+07:00"),
        ("14 tháng 5, 2024 10:00", "2024-05-14T10:00:00"),
        ("입력 2024.05.14. 오후 2:05", "2024-05-14T14:05:00"),
        ("2024年5月14日 下午2:05", "2024-05-14T14:05:00"),
        ("2024. május 14., kedd 10:00", "2024-05-14T10:00:00"),
        ("14 مايو 2024", "day 2024-05-14"),
        ("14 במאי 2024", "day 2024-05-14"),
        ("14 मई 2024", "day 2024-05-14"),
        ("Selasa, 14 Agustus 2024 10:00 WIB", "2024-08-14T10:00:00+07:00"),
        ("14. desember 2024 kl. 10.00", "2024-12-14T10:00:00"),
        ("31.06.2024", None),
        ("5 walks of 2024", None),
    ],
)
def test_stamps_in_more_languages(text: str, expected: str | None) -> None:
    stamp = parse_stamp(text)
    found = None if stamp is None else f"day {stamp.at:%Y-%m-%d}" if stamp.day_only else stamp.at.isoformat()
    assert found == expected


def test_the_language_of_a_page_says_which_figure_is_the_day() -> None:
    assert [puts_day_first(lang) for lang in ("de", "fr-FR", "en", "EN-us", "")] == [True, True, False, False, False]
    stamp = parse_stamp("4/5/2024 10:00", day_first=True)
    assert stamp is not None
    assert stamp.at.isoformat() == "2024-05-04T10:00:00"
    body = '<article><h1>T</h1><p class="dateline">Publié le 04/05/2024 à 10h00, mis à jour le 05/05/2024 à 11h00</p></article>'
    assert find_dates(read_head(document("", body, "fr"), URL)).published == datetime(2024, 5, 4, 10, tzinfo=UTC)
    assert find_dates(read_head(document("", body, "en"), URL)).published is None


@pytest.mark.parametrize(
    ("head", "body", "published", "day_only"),
    [
        (ld({"@type": "NewsArticle", "datePublished": "2024-05-14T09:30:00+02:00", "dateModified": "2024-05-15T09:30:00+02:00"}), "", MAY, False),
        (ld({"@type": "NewsArticle", "dateModified": "2024-05-15T09:30:00+02:00"}), "", None, False),
        (ld({"@type": "NewsArticle", "dateCreated": "2024-05-14T09:30:00+02:00"}), "", MAY, False),
        (ld([{"@type": "WebPage", "datePublished": "2020-01-02T00:00:00Z"}, {"@type": "NewsArticle", "datePublished": "2024-05-14T07:30Z"}]), "", MAY, False),
        (metas(article__published_time="2024-05-14T09:30:00") + ld({"@type": "NewsArticle", "datePublished": "2024-05-14"}), "", datetime(2024, 5, 14, 9, 30, tzinfo=UTC), False),
        (metas(article__published_time="2024-05-14 09:30:00") + metas(date="2024-05-14T09:30:00+02:00"), "", MAY, False),
        (metas(date="2024-05-14"), "", datetime(2024, 5, 14, tzinfo=UTC), True),
        ("", "<p>Updated: <time datetime='2024-05-15T09:30:00+02:00'>x</time></p><p><time datetime='2024-05-14T09:30:00+02:00'>x</time></p>", MAY, False),
        ("", "<time>Updated 15 May 2024</time><time>14 May 2024</time>", datetime(2024, 5, 14, tzinfo=UTC), True),
        ("", "<div><time datetime='2024-05-01'>x</time></div><article><time datetime='2024-05-14T07:30Z'>x</time></article>", MAY, False),
        ("", "<time datetime='2024-05-01T07:30Z'>x</time><time pubdate datetime='2024-05-14T07:30Z'>x</time>", MAY, False),
        ("", "<div class='related'><time datetime='2024-05-01T07:30Z'>x</time></div>", None, False),
        ("", "<div id='comments'><time datetime='2024-05-16T07:30Z'>x</time></div>", None, False),
        ("", "<blockquote>A post of <time datetime='2024-05-01T07:30Z'>May 1</time></blockquote>", None, False),
        ("", "<div class='aside secondary'><time pubdate datetime='2024-05-16T07:30Z'>x</time></div>", None, False),
        ("", "<a href='/other'>Another headline of the region, from yesterday <time datetime='2024-05-13T07:30Z'>x</time></a>", None, False),
        ("", "<a href='/this'><time datetime='2024-05-14T07:30Z'>14 May</time></a>", MAY, False),
        ("", "<article><p><time pubdate datetime='2024-05-01T07:30Z'>x</time></p></article><div><h1>T</h1><p><time datetime='2024-05-14T07:30Z'>x</time></p></div>", MAY, False),
        ("", "<time class='updated' pubdate datetime='2024-05-14T07:30Z'>x</time>", MAY, False),
        (metas(date="2024-05-14"), "<h1>T</h1><time datetime='2024-05-13T20:08-04:00'>x</time>", datetime(2024, 5, 14, 0, 8, tzinfo=UTC), False),
        ("", "".join(f"<li><time datetime='2024-05-{day}T07:30Z'>x</time></li>" for day in range(10, 16)), None, False),
        ("<title>Bridge rebuilt | Harbour | 14.05.2024</title>", "", datetime(2024, 5, 14, tzinfo=UTC), True),
        ("", "<time class='entry-date published updated' datetime='2024-05-14T07:30Z'>x</time>", MAY, False),
        ("", "<time datetime='2024-05-14'>May 14, 2024 3:30 a.m. ET</time>", MAY, False),
        (ld({"@type": "NewsArticle", "datePublished": "2024-05-14T03:30:00"}), "<div><h1>T</h1><p class='dateline'>3:30 AM EDT, May 14, 2024</p></div>", MAY, False),
        (metas(publishdate="2024-05-14"), "<div><h1>T</h1><p class='info'>2024-05-14 07:30 来源：港湾</p></div>", MAY, False),
        ("", "<div><h1>T</h1><p class='info'>Updated 14 May 2024 07:30</p></div>", None, False),
        ("<title>Bridge of 14.05.2024 rebuilt | Harbour</title>", "", None, False),
    ],
)  # fmt: skip
def test_time_of_publication(head: str, body: str, published: datetime | None, day_only: bool) -> None:
    dates = find_dates(read_head(document(head, body), URL))
    assert (dates.published, dates.day_only) == (published, day_only)


@pytest.mark.parametrize(
    ("stamp", "shown"),
    [
        ("2024-05-14T00:30:00+02:00", "2024-05-14T00:30:00+02:00"),  # in UTC still the day before
        ("2024-05-14T22:15:00-0400", "2024-05-14T22:15:00-04:00"),  # in UTC already the day after
        ("2024-05-14T23:15:00Z", "2024-05-14T23:15:00+00:00"),
        ("2024-05-14", "2024-05-14T00:00:00+00:00"),
    ],
)
def test_the_day_is_the_one_that_the_page_states(stamp: str, shown: str) -> None:
    published = find_dates(read_head(document(metas(article__published_time=stamp), ""), URL)).published
    assert published is not None
    assert (published.isoformat(), published.date()) == (shown, date(2024, 5, 14))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/2024/05/14/bridge", date(2024, 5, 14)),
        ("/region/2024-5-4-bridge", date(2024, 5, 4)),
        ("/2024/region/05/14/bridge", date(2024, 5, 14)),
        ("/a/20240514/bridge", date(2024, 5, 14)),
        ("/a/202405141230", None),
        ("/2024/05/bridge", None),
        ("/2024/13/45/bridge", None),
        ("/story-20245", None),
    ],
)
def test_day_in_an_address(path: str, expected: date | None) -> None:
    assert day_in_address(f"https://outlet.example{path}") == expected


def test_a_copyright_year_is_no_day() -> None:
    lines = "".join(f"<p>{line}</p>" for line in story("en").lines)
    assert day_by_htmldate(document("", f"{lines}<footer>© 2023 The Post</footer>"), "https://outlet.example/a") is None


@pytest.mark.parametrize(
    ("heading", "agreed", "title"),
    [
        (f"{MILL} Premium", MILL, MILL),
        (f"LIVE: {MILL}", MILL, MILL),
        (f"<span>Mills</span> <span>{MILL}</span>", f"Mills: {MILL}", f"Mills: {MILL}"),
        (f"“{MILL}”", f'"{MILL}"', f"“{MILL}”"),  # the same words stay as readers see them
        (f"{MILL}, and the mayor is glad", MILL, f"{MILL}, and the mayor is glad"),  # more than a label
    ],
)
def test_a_title_that_the_markup_agrees_on_has_no_label(heading: str, agreed: str, title: str) -> None:
    head = f"<title>{MILL}</title>{metas(og__title=agreed)}{ld(news(story('en'), headline=agreed))}"
    assert find_title(read_head(document(head, f"<h1>{heading}</h1>"), URL), ("Harbour",))[0] == title


def test_a_heading_may_end_in_an_element_of_its_own() -> None:
    head = f"<title>{MILL}</title>{metas(og__title=MILL)}"
    body = "<h1>Town buys the old mill by the <em>river</em></h1>"
    assert find_title(read_head(document(head, body), URL), ("Harbour",))[0] == MILL
