"""Shapes of publishers whose pages carry JSON-LD, in the many ways it is written."""

# ruff: noqa: E501 - markup reads best on one line
from __future__ import annotations

import html
import json

from tests.articles.shapes import (
    COMMENTS,
    FOOTER,
    NAV,
    NEWSLETTER,
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

CANONICAL = '<link rel="canonical" href="https://HOST/c/4711">'
C = "https://HOST/c/4711"


@shape("harbourpost", "en")
def one_node_and_semantic_tags(s: Story) -> dict[str, object]:
    head = f"<title>{s.title} - Harbour Post</title>{CANONICAL}{metas(og__title=s.title, og__site_name='Harbour Post')}"
    body = f"<main><article><h1>{s.title}</h1><p class=byline>By {' and '.join(s.authors)}</p>{ps(s.lines)}</article></main>"
    return {"page": document(head + ld(news(s)), NAV + body + RELATED + FOOTER), "canonical": C}


@shape("valleyblog", "en2")
def graph_with_references(s: Story) -> dict[str, object]:
    person = {"@type": "Person", "@id": "https://HOST/#/person/1", "name": s.authors[0]}
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            news(s, **{"@type": "Article", "@context": None, "author": {"@id": "https://HOST/#/person/1"}}),
            {"@type": "WebSite", "name": "Valley Blog", "url": "https://HOST/"},
            person,
            {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "name": "Home"}]},
        ],
    }
    body = (
        f'<div id="page" class="site"><main id="main"><article class="post hentry"><header class="entry-header">'
        f'<h1 class="entry-title">{s.title}</h1></header><div class="entry-content">{ps(s.lines)}</div>'
        f'<footer class="entry-footer">Posted in Travel</footer></article>{COMMENTS}</main></div>'
    )
    head = f"<title>{s.title} - Valley Blog</title>{ld(graph)}"
    return {"page": document(head, NAV + body + FOOTER)}


@shape("diariopunta", "es")
def list_of_nodes_beside_a_list_of_other_articles(s: Story) -> dict[str, object]:
    others = {
        "@type": "ItemList",
        "itemListElement": [
            {
                "@type": "NewsArticle",
                "headline": "Otra noticia",
                "datePublished": "2020-01-01T00:00:00Z",
                "author": {"name": "Otro Autor"},
            }
        ],
    }
    body = (
        f'<div id="fusion-app"><h1 class="headline__title">{s.title}</h1><div data-qa="article-body" class="article-body">'
        f"{ps(s.lines)}</div></div>"
    )
    head = f"<title>{s.title} | Diario Punta</title>{ld([others, news(s)])}"
    return {"page": document(head, NAV + body + RELATED + FOOTER, "es")}


@shape("jornaldorio", "pt")
def escaped_like_html(s: Story) -> dict[str, object]:
    escaped = html.escape(json.dumps(news(s), ensure_ascii=False))
    head = f'<title>{s.title}</title><script type="application/ld+json">{escaped}</script>'
    body = f'<div class="materia"><h1 class="titulo">{s.title}</h1><div class="corpo-texto">{ps(s.lines)}</div></div>'
    return {"page": document(head, NAV + body + FOOTER, "pt-BR")}


@shape("glosdoliny", "pl")
def inside_comment_and_cdata(s: Story) -> dict[str, object]:
    head = (
        f'<title>{s.title} - Głos Doliny</title><script type="application/ld+json">//<![CDATA[\n'
        f"{json.dumps(news(s), ensure_ascii=False)}\n//]]></script>{metas(og__site_name='Głos Doliny')}"
    )
    body = f'<section class="art"><h1>{s.title}</h1><div class="art-body">{ps(s.lines, "div", " class=par")}</div></section>'
    return {"page": document(head, NAV + body + FOOTER, "pl")}


@shape("dagsesi", "tr")
def trailing_commas_and_line_breaks(s: Story) -> dict[str, object]:
    broken = (
        json.dumps(news(s, description=s.lines[0], alternativeHeadline="line one\nline two"), ensure_ascii=False)
        .replace("\\n", "\n")
        .replace("}]", "},]")
    )
    head = f'<title>{s.title}</title><script type="application/ld+json">{broken}</script>'
    body = f'<div class="haber"><h1>{s.title}</h1><h2 class="spot">{s.lines[0]}</h2><div class="metin">{ps(s.lines[1:])}</div></div>'
    return {"page": document(head, NAV + body + FOOTER, "tr")}


@shape("fallenbracket", "en3")
def broken_beyond_repair(s: Story) -> dict[str, object]:
    broken = json.dumps(news(s))[:-1].replace('"headline"', '"alternativeHeadline": "a "quoted" word", "headline"')
    head = f'<title>{s.title} - Fallen Bracket</title><script type="application/ld+json">{broken}</script>'
    body = f"<article><h1>{s.title}</h1>{ps(s.lines)}</article>"
    return {"page": document(head, NAV + body + FOOTER)}


@shape("skargard", "sv")
def page_node_with_another_date(s: Story) -> dict[str, object]:
    page = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "datePublished": "2019-01-01T00:00:00Z",
        "name": "Skärgård",
    }
    head = f"<title>{s.title} | Skärgård</title>{ld(page)}{ld(news(s))}"
    body = f'<div class="wrap"><div class="story"><h1>{s.title}</h1><div class="preamble"><p>{s.lines[0]}</p></div>{ps(s.lines[1:])}</div></div>'
    return {"page": document(head, NAV + body + FOOTER, "sv")}


@shape("palcoscenico", "it")
def nested_below_the_page(s: Story) -> dict[str, object]:
    page = {"@context": "https://schema.org", "@type": "WebPage", "mainEntity": news(s)}
    head = f"<title>{s.title} - Palcoscenico</title>{ld(page)}"
    body = f'<div class="container"><div class="row"><div class="col-8"><h1>{s.title}</h1><div class="text">{ps(s.lines)}</div></div></div></div>'
    return {"page": document(head, NAV + body + FOOTER, "it")}


@shape("courrierducoin", "fr")
def type_given_as_a_list(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}</title>{ld(news(s, **{'@type': ['NewsArticle', 'Article'], 'description': s.lines[0]}))}"
    body = f'<main class="article"><h1 class="article__title">{s.title}</h1><p class="article__desc">{s.lines[0]}</p><section class="article__content">{ps(s.lines[1:])}</section></main>'
    return {"page": document(head, NAV + body + NEWSLETTER + FOOTER, "fr")}


@shape("threehands", "en")
def authors_with_jobs_and_a_desk(s: Story) -> dict[str, object]:
    authors = [
        {"@type": "Person", "name": "By Nora Fielding, Political Editor"},
        {"@type": "Person", "name": "Tom Ashby", "jobTitle": "Reporter"},
        {"@type": "Organization", "name": "Three Hands"},
        {"@type": "Person", "name": "Three Hands Newsroom"},
    ]
    head = f"<title>{s.title}</title>{metas(og__site_name='Three Hands')}{ld(news(s, author=authors))}"
    return {"page": document(head, NAV + f"<article><h1>{s.title}</h1>{ps(s.lines)}</article>" + FOOTER)}


@shape("onestring", "en")
def authors_in_one_string(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}</title>{ld(news(s, author='By Nora Fielding and Tom Ashby'))}"
    return {"page": document(head, NAV + f"<article><h1>{s.title}</h1>{ps(s.lines)}</article>" + FOOTER)}


@shape("zoneless", "sv")
def bare_time_and_a_zoned_meta(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}</title>{ld(news(s, datePublished='2024-05-14T09:30:00'))}{metas(article__published_time=TIME)}"
    return {"page": document(head, NAV + f"<article><h1>{s.title}</h1>{ps(s.lines)}</article>" + FOOTER, "sv")}


@shape("scriptrendered", "en2")
def text_only_in_the_markup(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}</title>{ld(news(s, articleBody=chr(10).join(s.lines)))}"
    body = '<div id="root"><noscript>You need to enable JavaScript to run this app.</noscript></div><script src="/main.js"></script>'
    return {"page": document(head, body)}


@shape("machichiho", "ja")
def japanese_with_its_own_encoding(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}｜まち地方新聞</title>{ld(news(s, datePublished='2024-05-14T16:30:00+09:00', dateModified=None))}"
    body = f'<div id="contents"><h1>{s.title}</h1><div class="honbun">{ps(s.lines)}</div></div>'
    return {
        "page": document(head, NAV + body + FOOTER, "ja").replace('"utf-8"', '"shift_jis"'),
        "encoding": "shift_jis",
        "content_type": "text/html",
        "published": "2024-05-14T16:30:00+09:00",
    }


@shape("suqalkutub", "ar")
def right_to_left(s: Story) -> dict[str, object]:
    head = f"<title>{s.title} | سوق الكتب</title>{metas(og__site_name='سوق الكتب', og__title=s.title)}{ld(news(s))}"
    body = f'<div dir="rtl" class="post"><h1 class="post-title">{s.title}</h1><div class="post-body">{ps(s.lines)}</div></div>'
    return {"page": document(head, NAV + body + FOOTER, "ar")}


@shape("kickerzeitung", "de")
def kicker_inside_the_heading(s: Story) -> dict[str, object]:
    head = f"<title>{s.title} - Kicker Zeitung</title>{metas(og__title=s.title, og__site_name='Kicker Zeitung')}{ld(news(s))}"
    body = (
        f'<article><header><h1><span class="headline-kicker">Hohenau</span><span class="headline">{s.title}</span></h1></header>'
        f'<div class="richtext">{ps(s.lines)}</div></article>'
    )
    return {"page": document(head, NAV + body + RELATED + FOOTER, "de")}


@shape("fastmobile", "en3")
def amp_page(s: Story) -> dict[str, object]:
    head = f'{CANONICAL}<title>{s.title}</title><style amp-boilerplate>body{{visibility:hidden}}</style><script async src="https://cdn.example/v0.js"></script>{ld(news(s))}'
    body = f'<amp-sidebar id="menu"><ul><li>Home</li></ul></amp-sidebar><article><h1>{s.title}</h1><amp-img src="x.jpg"></amp-img>{ps(s.lines)}</article>'
    return {"page": document(head, body).replace("<html ", "<html amp "), "canonical": C}


@shape("muchfurniture", "en2")
def surrounded_by_furniture(s: Story) -> dict[str, object]:
    prompt = '<div class="inline-promo"><p>Read more: <a href="/x">Ten walks by the sea</a></p></div>'
    parts = ps(s.lines[:2]) + prompt + ps(s.lines[2:4]) + '<div class="ad-slot">Advertisement</div>' + ps(s.lines[4:])
    body = f'<article><h1>{s.title}</h1><div class="share-bar"><a href="#">Share</a><a href="#">Tweet</a></div><div class="body">{parts}</div></article>'
    cookie = '<div id="cookie-banner" class="cookie-consent"><p>We use cookies to improve your experience.</p><button>Accept</button></div>'
    head = f"<title>{s.title}</title>{ld(news(s))}"
    return {"page": document(head, cookie + NAV + body + NEWSLETTER + RELATED + COMMENTS + FOOTER)}
