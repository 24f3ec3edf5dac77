"""Articles → HTML pages, by the template of each outlet's design.  Everything is escaped here."""

from __future__ import annotations

import json
import zlib
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

if TYPE_CHECKING:
    from pipeline.demo.world import Clock, DemoArticle, Outlet

_OPENING = 2  # paragraphs before the furniture that some designs put inside the text
_RELATED = 4  # links to other articles of the outlet

# A page that is drawn by its script: nothing in it is prose.
_SCRIPT_PAGE = Template(
    '<!DOCTYPE html>\n<html lang="$lang"><head><meta charset="$charset"><title>$title - $site</title></head>'
    '<body><div id="app"></div><script src="/app.js" defer></script></body></html>\n'
)

_HOME_PAGE = Template(
    '<!DOCTYPE html>\n<html lang="$lang"><head><meta charset="$charset"><title>$site</title>'
    '<link rel="alternate" type="application/xml" href="$feed"></head>'
    "<body><h1>$site</h1><p>$tagline</p><ul>\n$related\n</ul></body></html>\n"
)

_PHOTO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><rect width="16" height="9" '
    'fill="hsl({hue} 35% 55%)"/><path d="M0 9 5 4l3 3 4-5 4 7z" fill="hsl({hue} 40% 35%)"/></svg>\n'
)


def article_page(outlet: Outlet, article: DemoArticle, base: str, clock: Clock) -> str:
    """The page of ``article``; ``base`` is the outlet's origin, e.g. ``http://127.0.0.1:8001``."""
    published = clock.published(article).astimezone(outlet.zone)
    modified = clock.updated(article).astimezone(outlet.zone)
    code = zlib.crc32(article.id.encode())
    marks = "<p>{}</p>" if outlet.paragraph == "p" else "{}<br><br>"
    paragraphs = [marks.format(escape(p, quote=False)) for p in article.paragraphs]
    plain = {
        "title": article.title,
        "summary": article.summary,
        "byline": article.byline,
        "section": article.section,
        "url": urljoin(base, article.path),
        "image": urljoin(base, photo_path(article)),
        "published_iso": published.isoformat(timespec="seconds"),
        "modified_iso": modified.isoformat(timespec="seconds"),
        "published": published.strftime(outlet.date_format),
        "code": f"{outlet.slug[:2].upper()}{code % 100_000:05}",
        "initials": f"{outlet.slug[:2]}/{article.section[:2].lower()}",
        "short": f"{base}/s/{code % 4096:x}",
    }
    return Template(outlet.template).substitute(
        _site(outlet, base, beside=article),
        **{name: escape(value) for name, value in plain.items()},
        opening="\n".join(paragraphs[:_OPENING]),
        rest="\n".join(paragraphs[_OPENING:]),
        json_ld=_json_ld(outlet, article, plain),
    )


def script_page(outlet: Outlet, article: DemoArticle, base: str) -> str:
    """An article's address where only a script waits."""
    return _SCRIPT_PAGE.substitute(_site(outlet, base), title=escape(article.title))


def home_page(outlet: Outlet, base: str) -> str:
    """The outlet's front page: its headlines as links."""
    return _HOME_PAGE.substitute(_site(outlet, base))


def photo_path(article: DemoArticle) -> str:
    """Path of the article's picture on its outlet."""
    return f"/photos/{article.id.partition('/')[2]}.svg"


def photo(article: DemoArticle) -> str:
    """A small drawing, in a hue of its own."""
    return _PHOTO.format(hue=zlib.crc32(article.id.encode()) % 360)


def _site(outlet: Outlet, base: str, beside: DemoArticle | None = None) -> dict[str, str]:
    others = [article for article in outlet.articles if article is not beside]
    shown = others[:_RELATED] if beside else others
    links = (f'<li><a href="{escape(a.path)}">{escape(a.title)}</a></li>' for a in shown)
    return {
        "lang": escape(outlet.language),
        "charset": escape(outlet.charset),
        "site": escape(outlet.name),
        "tagline": escape(outlet.tagline),
        "home": escape(urljoin(base, "/")),
        "feed": escape(urljoin(base, outlet.feeds[0].path)),
        "related": "\n".join(links),
    }


def _json_ld(outlet: Outlet, article: DemoArticle, plain: dict[str, str]) -> str:
    """schema.org NewsArticle in the shape that the outlet uses: alone, in a list, or inside ``@graph``."""
    report: dict[str, Any] = {
        "@type": "NewsArticle",
        "headline": article.title,
        "datePublished": plain["published_iso"],
        "dateModified": plain["modified_iso"],
        "mainEntityOfPage": plain["url"],
        "author": {"@type": "Organization", "name": article.byline},
        "publisher": {"@type": "NewsMediaOrganization", "name": outlet.name},
        "articleSection": article.section,
    }
    if article.source:
        report["sourceOrganization"] = {"@type": "NewsMediaOrganization", "name": article.source}
    context = {"@context": "https://schema.org"}
    shapes: dict[str, Any] = {
        "plain": context | report,
        "list": [context | {"@type": "WebSite", "name": outlet.name}, context | report],
        "graph": context | {"@graph": [{"@type": "Organization", "name": outlet.name}, report]},
        "none": {},
    }
    # "</" would end the script element.
    return json.dumps(shapes[outlet.json_ld], ensure_ascii=False).replace("</", "<\\/")
