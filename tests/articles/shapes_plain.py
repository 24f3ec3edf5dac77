"""Shapes of publishers without JSON-LD: meta elements of many systems, microdata, time elements, bare markup."""

# ruff: noqa: E501 - markup reads best on one line
from __future__ import annotations

from tests.articles.shapes import (
    COMMENTS,
    FOOTER,
    NAV,
    NEWSLETTER,
    RELATED,
    TIME,
    Story,
    document,
    metas,
    ps,
    shape,
)  # fmt: skip

CANONICAL = '<link rel="canonical" href="https://HOST/c/4711">'
C = "https://HOST/c/4711"


@shape("placedumarche", "fr")
def dublin_core(s: Story) -> dict[str, object]:
    dc = f'<meta name="DC.date.issued" content="{TIME}"><meta name="DC.creator" content="{s.authors[0]}"><meta name="DC.title" content="{s.title}">'
    body = (
        f'<div class="node node-article"><h1 id="page-title">{s.title}</h1><div class="field field-name-body"><div class="field-items">'
        f'<div class="field-item even" property="content:encoded">{ps(s.lines)}</div></div></div></div>'
    )
    return {
        "page": document(f"<title>{s.title} | Place du Marché</title>{dc}{CANONICAL}", NAV + body + FOOTER, "fr"),
        "canonical": C,
    }


@shape("bergbote", "de")
def content_system_with_java_dates(s: Story) -> dict[str, object]:
    head = f'<title>{s.title}</title><meta name="publish-date" content="Tue May 14 09:30:00 CEST 2024"><meta name="author" content="Von {s.authors[0]}">'
    parts = "".join(
        f'<div class="text parbase section"><div class="cmp-text"><p>{line}</p></div></div>' for line in s.lines
    )
    return {
        "page": document(
            head,
            NAV
            + f'<div class="root responsivegrid"><div class="cmp-title"><h1>{s.title}</h1></div>{parts}</div>'
            + FOOTER,
            "de",
        )
    }


@shape("trackedmetrics", "en")
def parsely_metas(s: Story) -> dict[str, object]:
    authors = "".join(f'<meta name="parsely-author" content="{name}">' for name in s.authors)
    head = f'<title>{s.title} - Tracked</title><meta name="parsely-title" content="{s.title}"><meta name="parsely-pub-date" content="2024-05-14T07:30:00Z">{authors}'
    return {
        "page": document(
            head,
            NAV
            + f'<div class="story-wrap"><h1>{s.title}</h1><div class="story-text">{ps(s.lines)}</div></div>'
            + FOOTER,
        ),
        "published": "2024-05-14T07:30:00+00:00",
    }


@shape("letterfirst", "en3")
def sailthru_metas(s: Story) -> dict[str, object]:
    head = f'<title>{s.title}</title><meta name="sailthru.date" content="2024-05-14 09:30:00 +0200"><meta name="sailthru.author" content="{s.authors[0]}"><meta name="sailthru.title" content="{s.title}">'
    return {
        "page": document(
            head,
            NAV
            + f'<div class="c-entry"><h1 class="c-title">{s.title}</h1><div class="c-entry-content">{ps(s.lines)}</div></div>'
            + NEWSLETTER
            + FOOTER,
        )
    }


@shape("ilborgo", "it")
def microdata(s: Story) -> dict[str, object]:
    body = (
        f'<div itemscope itemtype="https://schema.org/NewsArticle"><h1 itemprop="headline">{s.title}</h1>'
        f'<span itemprop="author" itemscope itemtype="https://schema.org/Person">di <span itemprop="name">{s.authors[0]}</span></span>'
        f'<meta itemprop="datePublished" content="{TIME}"><div itemprop="articleBody">{ps(s.lines)}</div></div>'
    )
    return {"page": document(f"<title>{s.title} - Il Borgo</title>", NAV + body + FOOTER, "it")}


@shape("kanaalkrant", "nl")
def time_element_and_byline(s: Story) -> dict[str, object]:
    body = (
        f'<article><h1>{s.title}</h1><div class="meta"><span class="byline">Door {s.authors[0]}</span> <time datetime="{TIME}">14 mei 2024</time></div>'
        f"{ps(s.lines)}</article><aside><time datetime='2024-05-20T10:00:00Z'>later</time></aside>"
    )
    return {"page": document(f"<title>{s.title} - Kanaalkrant</title>", NAV + body + FOOTER, "nl")}


@shape("suffixweekly", "en3")
def no_heading_and_two_suffixes(s: Story) -> dict[str, object]:
    head = f"<title>{s.title} | Business | Suffix Weekly</title>{metas(og__title=f'{s.title} | Business | Suffix Weekly', og__site_name='Suffix Weekly', article__published_time=TIME, author=s.authors[0])}"
    return {"page": document(head, NAV + f'<div class="content"><h2>{s.title}</h2>{ps(s.lines)}</div>' + FOOTER)}


@shape("prefixdiario", "es")
def outlet_before_the_title(s: Story) -> dict[str, object]:
    head = f"<title>Prefix Diario: {s.title}</title>{metas(og__title=f'Prefix Diario: {s.title}', og__site_name='Prefix Diario', article__published_time=TIME)}"
    links = ", ".join(f'<a rel="author" href="/firmas/{i}">{name}</a>' for i, name in enumerate(s.authors))
    return {"page": document(head, NAV + f'<div class="noticia"><p>Por {links}</p>{ps(s.lines)}</div>' + FOOTER, "es")}


@shape("severnybereg", "ru")
def breaks_and_divisions(s: Story) -> dict[str, object]:
    head = f'<title>{s.title}</title>{metas(article__published_time=TIME)}<meta name="author" content="{s.authors[0]}">'
    body = f'<div id="top"><a href="/">Главная</a></div><div id="main"><div class="hdr"><h1>{s.title}</h1></div><div class="txt">{"<br><br>".join(s.lines)}</div></div>'
    page = document(head, body, "ru").replace('"utf-8"', '"windows-1251"')
    return {"page": page, "encoding": "cp1251", "content_type": "text/html"}


@shape("oldtables", "en2")
def nested_tables(s: Story) -> dict[str, object]:
    head = f'<title>{s.title}</title><meta name="date" content="{TIME}"><meta name="author" content="{s.authors[0]}">'
    body = (
        '<table width="100%"><tr><td width="150"><table><tr><td><a href="/">Home</a></td></tr><tr><td><a href="/w">World</a></td></tr></table></td>'
        f"<td><table><tr><td><h1>{s.title}</h1></td></tr><tr><td>{ps(s.lines)}</td></tr></table></td></tr></table>"
    )
    return {"page": document(head, body)}


@shape("shancunribao", "zh")
def chinese_system(s: Story) -> dict[str, object]:
    head = f'<title>{s.title}--山村日报</title><meta name="publishdate" content="2024-05-14"><meta name="author" content="记者：{s.authors[0]}">'
    body = f'<div class="main"><h1>{s.title}</h1><div class="sou">2024-05-14 15:30 来源：山村日报</div><div class="TRS_Editor">{ps(tuple("　　" + line for line in s.lines))}</div></div>'
    page = document(head, NAV + body + FOOTER, "zh-CN").replace('"utf-8"', '"gb2312"')
    return {"page": page, "encoding": "gb18030", "content_type": "text/html", "published": "2024-05-14T15:30:00+00:00"}


@shape("cardlabels", "de")
def card_labels(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}</title>{metas(og__title=s.title, article__published_time=TIME, twitter__label1='Verfasst von', twitter__data1=s.authors[0])}"
    return {
        "page": document(
            head,
            NAV + f'<main><div class="post"><h1>{s.title}</h1>{ps(s.lines)}</div></main>' + COMMENTS + FOOTER,
            "de",
        )
    }


@shape("bylinemeta", "en")
def byline_meta(s: Story) -> dict[str, object]:
    head = f'<title>{s.title} - Byline</title><meta name="byl" content="By {" and ".join(s.authors)}">{metas(article__published_time=TIME)}'
    return {
        "page": document(
            head,
            NAV
            + f'<section name="articleBody"><h1>{s.title}</h1><div class="StoryBody">{ps(s.lines)}</div></section>'
            + FOOTER,
        )
    }


@shape("profilelink", "fr")
def author_meta_is_an_address(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}</title>{metas(article__published_time=TIME, article__author='https://HOST/profil/42')}"
    body = f'<article><h1>{s.title}</h1><p>Par <a href="/auteur/42">{s.authors[0]}</a></p>{ps(s.lines)}</article>'
    return {"page": document(head, NAV + body + FOOTER, "fr")}


@shape("dayonly", "en2")
def only_a_day_in_the_address(s: Story) -> dict[str, object]:
    body = f"<div class=entry><h1>{s.title}</h1><p class='byline'>By {s.authors[0]}</p>{ps(s.lines)}</div>"
    return {
        "page": document(f"<title>{s.title}</title>", NAV + body + FOOTER),
        "url": "https://www.dayonly.example/2024/05/14/night-trains/", "published": "2024-05-14 day",
    }  # fmt: skip


@shape("secondsapp", "ja")
def seconds_since_the_epoch(s: Story) -> dict[str, object]:
    head = f'<title>{s.title}</title><meta name="pubdate" content="1715671800"><meta name="author" content="{s.authors[0]}">'
    return {
        "page": document(head, NAV + f'<div class="article-main"><h1>{s.title}</h1>{ps(s.lines)}</div>' + FOOTER, "ja"),
        "published": "2024-05-14T07:30:00+00:00",
    }


@shape("divsoup", "pl")
def paragraphs_are_divisions(s: Story) -> dict[str, object]:
    head = f"<title>{s.title} - Div Soup</title>{metas(og__site_name='Div Soup', og__title=s.title, article__published_time=TIME, author=s.authors[0])}"
    return {
        "page": document(
            head,
            NAV
            + f'<div class="x1"><div class="x2"><h1>{s.title}</h1></div><div class="x3 article-text">{ps(s.lines, "div")}</div></div>'
            + FOOTER,
            "pl",
        )
    }


@shape("quoteslists", "de")
def quotes_and_lists(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}</title>{metas(article__published_time=TIME, author=s.authors[0])}"
    body = (
        f"<article><h1>{s.title}</h1><p>{s.lines[0]}</p><p>{s.lines[1]}</p><blockquote><p>{s.lines[2]}</p></blockquote>"
        f"<p>{s.lines[3]}</p><ul><li>{s.lines[4]}</li></ul></article>"
    )
    listed = (*s.lines[:4], f"- {s.lines[4]}")
    return {"page": document(head, NAV + body + RELATED + FOOTER, "de"), "lines": listed}


@shape("brokentags", "nl")
def unclosed_tags(s: Story) -> dict[str, object]:
    head = f"<title>{s.title}</title>{metas(article__published_time=TIME, author=s.authors[0])}"
    body = f"<div class=artikel><h1>{s.title}</h1>" + "".join(f"<p>{line}" for line in s.lines)
    return {"page": f"<html lang=nl><head><meta charset=utf-8>{head}<body>{body}"}
