"""Pages that are no article: walls, live blogs, galleries, videos, lists.

Each judgement needs a strong sign, because a page taken for a list by mistake is an article lost.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pipeline.articles.head import Head, is_aside
from pipeline.articles.jsonld import ARTICLE_TYPES, types_of
from pipeline.errors import PageRejected
from pipeline.model import Reason
from pipeline.text import count_of, one_line

_SHORT = 120  # words: less than this beside a gallery, video or wall is a caption or a teaser
_LISTED = 0.4  # links per line from which a text is a list of articles; lyrics and recipes have none
_LINKED_HEADLINES = "h2 a[href], h3 a[href], h4 a[href], a[href] h2, a[href] h3, a[href] h4"
_HEADLINE = 15  # characters from which a link may be a headline
_CONSENT_TITLE = re.compile(
    r"before you continue|bevor sie (?:fortfahren|weiter)|avant de (?:continuer|poursuivre)|antes de continuar|"
    r"prima di continuare|(?:cookie|privacy)[ -]?(?:consent|einwilligung|wall)|consent (?:required|needed)|"
    r"(?:wählen|choose) .{0,40}(?:pur|tracking)|privacy ?gate|datenschutz-?einstellungen|deine zustimmung|"
    r"ihre zustimmung|we value your privacy|votre vie priv[ée]e|su privacidad|toestemming|din integritet",
    re.IGNORECASE,
)
CONSENT_TEXT = re.compile(
    r"cookies?|consent|einwilligung|zustimm|personalis|partner|tracking|privacy|datenschutz|consentement|"
    r"consentimiento|consenso|toestemming",
    re.IGNORECASE,
)
_WALL_TEXT = re.compile(
    r"(?:subscribe|sign up|log ?in|register) (?:now )?to (?:continue|read|keep)|(?:already|existing) (?:a )?subscriber|"
    r"(?:this|the) (?:article|story|content) is (?:only )?(?:for|available to) (?:our )?subscribers|subscribers only|"
    r"(?:jetzt|weiter)?lesen mit .{0,30}(?:plus|abo|\+)|nur für abonnenten|bereits abonnent|"
    r"réservé (?:à nos|aux) abonnés|déjà abonné|para (?:nuestros )?suscriptores|"
    r"exclusivo (?:para )?(?:suscriptores|assinantes)|"
    r"ya (?:soy|eres) suscriptor|riservato agli abbonati|sei già abbonato|alleen voor abonnees|al abonnee|"
    r"для подписчиков|この記事は(?:有料)?会員|有料会員|for prenumeranter|kun for abonnenter",
    re.IGNORECASE,
)
_LIVE_PATH = re.compile(
    r"/(?:live|liveblog|live-blog|liveticker|live-ticker|en-direct|directo|diretta|live-updates)(?:[/-]|$)", re.I
)
_GALLERY_PATH = re.compile(
    r"/(?:gallery|galleries|galerie|galeria|gallerie|photos?|photo-gallery|fotostrecke|bilder|bildergalerie|fotos|slideshow|diaporama|fotogalerias?)/",
    re.I,
)
_VIDEO_PATH = re.compile(r"/(?:videos?|watch|clip|mediathek|vidéos?)/", re.I)
_CLOCK = re.compile(r"^\W{0,3}(?:\d{1,2}[:.h]\d{2}\b|\d{1,2}:\d{2}\s*[ap]\.?m)", re.MULTILINE | re.IGNORECASE)


def check_kind(head: Head, url: str, title: str, text: str) -> None:
    """Raise ``PageRejected`` when the page is surely not one article."""
    words = count_words(text)
    _check_walls(head, title, text, words)
    types = set(types_of(head.json_ld.article))
    _check_live(types, url, text)
    _check_media(head, types, url, words)
    _check_index(head, url, text, words)


def count_words(text: str) -> int:
    """Words of the text; scripts written without blanks count a word for every two characters."""
    words = len(text.split())
    if len(text) > words * 12:
        dense = sum("\u3040" <= c <= "\u9fff" or "\u0e00" <= c <= "\u0eff" or "\uac00" <= c <= "\ud7a3" for c in text)
        words = max(words, dense // 2)
    return words


def _check_walls(head: Head, title: str, text: str, words: int) -> None:
    titled = words < 400 and not head.json_ld.article and _CONSENT_TITLE.search(f"{title} {head.title}")
    if titled and (words == 0 or len(CONSENT_TEXT.findall(text)) >= 2):
        raise PageRejected(Reason.CONSENT_WALL, f"the page is titled {title or head.title!r}")
    closed = is_free(head) is False
    if closed and words < 60:
        raise PageRejected(Reason.PAYWALL, f"marked as not free, {words} words before the wall")
    if words < _SHORT and _WALL_TEXT.search(text):
        raise PageRejected(Reason.PAYWALL, f"asks for a subscription after {words} words")


def is_free(head: Head) -> bool | None:
    """``isAccessibleForFree`` of the article, or the same said in meta elements; ``None`` where unsaid."""
    value = head.json_ld.article.get("isAccessibleForFree")
    if value is None:
        value = next(
            (node["isAccessibleForFree"] for node in head.json_ld.nodes if "isAccessibleForFree" in node), None
        )
    if isinstance(value, str):
        word = value.strip().rsplit("/", 1)[-1].lower()
        value = True if word in ("true", "yes", "1") else False if word in ("false", "no", "0") else None
    if isinstance(value, bool):
        return value
    tier = head.meta("article:content_tier", "og:article:content_tier").lower()
    return {"free": True, "metered": None, "locked": False}.get(tier)


def _check_live(types: set[str], url: str, text: str) -> None:
    if "LiveBlogPosting" in types:
        raise PageRejected(Reason.LIVE_BLOG, "JSON-LD says LiveBlogPosting")
    if _LIVE_PATH.search(urlsplit(url).path) and len(_CLOCK.findall(text)) >= 4:
        raise PageRejected(Reason.LIVE_BLOG, "a live address and several time-stamped posts")


def _check_media(head: Head, types: set[str], url: str, words: int) -> None:
    if words >= _SHORT or (ARTICLE_TYPES & types and words >= 60):
        return
    path = urlsplit(url).path
    all_types = head.json_ld.types()
    og_type = head.meta("og:type").lower()
    if {"ImageGallery", "MediaGallery"} & all_types or _GALLERY_PATH.search(path):
        raise PageRejected(Reason.GALLERY, f"a picture gallery with {words} words")
    if (
        og_type.startswith("video")
        or ("VideoObject" in all_types and not ARTICLE_TYPES & types)
        or _VIDEO_PATH.search(path)
    ):
        raise PageRejected(Reason.VIDEO, f"a video page with {words} words")


def _check_index(head: Head, url: str, text: str, words: int) -> None:
    if ARTICLE_TYPES & set(types_of(head.json_ld.article)) or head.meta("article:published_time"):
        return
    address = urlsplit(url)
    path = address.path.rstrip("/")
    lines = [line for line in (raw.strip(" -") for raw in text.split("\n")) if line]
    long_lines = sum(count_words(line) >= 25 for line in lines)
    listing = {"CollectionPage", "ItemList", "SearchResultsPage"} & head.json_ld.types()
    og_type = head.meta("og:type").lower()
    if not path and not address.query and long_lines < 5:
        raise PageRejected(Reason.INDEX_PAGE, "the front page of a site")
    of_a_list = (listing or og_type == "website") and long_lines * 4 < len(lines) and len(lines) >= 8
    without_paragraph = words and not long_lines and len(lines) >= 12
    if (of_a_list or without_paragraph) and _links_per_line(head, lines) >= _LISTED:
        raise PageRejected(
            Reason.INDEX_PAGE, f"{len(lines)} lines between links, {count_of(long_lines, 'paragraph')} among them"
        )


def _links_per_line(head: Head, lines: list[str]) -> float:
    """Lines that are mostly the text of one link, or linked headlines where extractors left those out, per line."""
    headlines = [node for node in head.tree.css(_LINKED_HEADLINES) if not is_aside(node)]
    texts = {one_line(link.text()) for link in head.tree.css("a[href]")}
    links = {text for text in texts if len(text) >= _HEADLINE}
    joined = "\n".join(links)
    linked = sum(line in joined or any(link in line and 2 * len(link) >= len(line) for link in links) for line in lines)
    return max(linked, len(headlines)) / len(lines)
