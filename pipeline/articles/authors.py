"""Who wrote it: names of people, apart from agencies, desks and the outlet itself."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.articles.agencies import agency_of
from pipeline.articles.head import Head, is_aside
from pipeline.articles.jsonld import Node, types_of
from pipeline.text import one_line

AUTHOR_METAS = (
    "author", "byl", "parsely-author", "sailthru.author", "article:author", "og:article:author", "article:author_name",
    "dc.creator", "dcterms.creator", "dc.creator.name", "cxenseparse:author", "citation_author", "vr:author",
    "og:author", "rnews:author", "authors", "creator", "twitter:creator:name", "bt:author",
    "articleauthor", "article-author", "mrf:authors",
)  # fmt: skip

_BY = re.compile(
    r"^(?:(?:view|show|see)\s+all\s+(?:posts|articles|stories)\s+(?:by|from|of)|(?:all|more)\s+(?:posts|articles|stories)\s+(?:by|from)|written\s+by|reported\s+by|story\s+by|words\s+by|text\s+by|article\s+by|posted\s+by|by|autor(?:in|a)?|auteur|autore|"
    r"texte?|testo|tekst|redactie|geschreven\s+door|ein\s+artikel\s+von|от|автор|kirjoittanut|opracował(?:a)?|oleh|yazan)"
    r"\s*[:：]?\s+(?=\S)|^(?:author|autor|by|text|文|記者|记者|作者|автор)\s*[:：]\s*|^(?:本报记者|記者|记者)\s*",
    re.IGNORECASE,
)
# "A comment by Ann Lee", "Interview: Ann Lee": what kind of piece it is.
_KIND_OF_PIECE = re.compile(
    r"^(?:(?:an?|the|eine?|der|die|das|une?|le|la|el|il|un|una)\s+)?"
    r"(?:opinion|analysis|comment(?:ary)?|review|column|essay|report(?:age)?|interview|profile|kommentar|analyse|"
    r"gast(?:beitrag|kommentar)|kolumne|rezension|kritik|protokoll|bericht|porträt|glosse|leitartikel|tribune|"
    r"chronique|critique|entretien|propos\s+recueillis|recueillis?|análisis|opinión|entrevista|análise|opinião|"
    r"commento|intervista|analisi|skrevet|skriven|geschreven|aufgezeichnet)"
    r"(?:\s*:\s*|\s+(?:by|von|par|por|de|di|door|av|af)\s+)(?=\S+\s+\S)",
    re.IGNORECASE,
)
_INITIALS_OF_OUTLET = re.compile(r"[A-Z]{2,5}")
_BY_GLUED = re.compile(r"^B[yY](?=[A-Z][^\W\d_]+\s+[A-Z])")  # "ByAnn Lee"
# Short words of other languages for "by" that also begin names: taken off only before two more words.
_BY_SHORT = re.compile(r"^(?:von|par|por|di|da|door|av|af|per|fra|van)\s+(?=\S+\s+\S)", re.IGNORECASE)
# What follows is who took the pictures, translated or edited.
_NOT_THE_WRITER = re.compile(
    r"(?<!\w)(?:photo(?:graph)?(?:s|y|er)?|foto(?:s|graf(?:in|ía|ie)?)?|illustrat(?:ion|ions|ed)|illustrazioni|bild(?:er)?|"
    r"video|graphics?|grafik|translat(?:ed|ion)|übersetz(?:t|ung)|aus\s+dem\s+\w+|traducción|traduit|traduction|traduzione|"
    r"edited|editing|редактор|перевод|фото|摄影|攝影|撮影|责任编辑|責任編輯|编辑|編輯)"
    r"(?:\s+(?:by|von|par|por|de|di|door|av|af)\s|\s*[:：]|\s*(?=[\u4e00-\u9fff])).*$",
    re.IGNORECASE,
)
_PICTURES_BY = re.compile(  # "and Bo Ek (photos)"
    r"(?:\s*(?:,|&|\b(?:and|und|et|y|e|en|og|och)\b))?\s*[^\s,;|&]+\s+[^\s,;|&]+\s*"
    r"[(\[](?:photo|foto|bild|video|illustra|grafi)[^)\]]{0,20}[)\]]",
    re.IGNORECASE,
)
_CHINESE_NAMES = re.compile(r"[\u4e00-\u9fff]{2,4}(?:\s[\u4e00-\u9fff]{2,4})+")
_ABBREVIATION_BEHIND = re.compile(r"\s+[A-Z]{2,5}$")
_ENDS_SHORT = re.compile(r"\b(?:Jr|Sr|[A-Z])\.$")  # a full stop that belongs to the name
_DEGREE = re.compile(r"(?:[BM]A|[BM]Sc|MS|MPH|RD|RPh|JD|DO)\.?$")  # only as written: Ma and Do are names
_MAIL_THEN_NAME = re.compile(r"\S+@\S+\s*\(([^()]+)\)$")  # RFC 2822's old form, usual in feeds
_TRAILING_ROLE = re.compile(r"\s*(?:기자|記者|记者|특파원)$")
# "y", "e" and "i" also join the two family names of one person: they part names only before two more words.
_SPLIT = re.compile(
    r"\s*(?:;|\||•|·|/|、|，|\n|\t|\s+(?:and|und|et|og|och|ja|ve|dan|with|avec|con|mit|&)\s+|"
    r"\s+(?:y|e|i|en|и)\s+(?=\S+\s+\S)|&)\s*"
)
_MAIL = re.compile(r"\(?\S+@\S+\.\w+\)?")
_HANDLE = re.compile(r"\(?(?<!\w)@\w{2,}\)?")
_BRACKETS = re.compile(r"[(\[（【][^()\[\]（）【】]*[)\]）】]")
_CREDENTIAL = re.compile(r"^(?:jr|sr|ii|iii|iv|md|m\.d|phd|ph\.d|mba|rn|esq|obe|mbe|cbe)\.?$", re.IGNORECASE)
# Words that name a job, a desk or a place of work but never a person.
_NOT_A_NAME = re.compile(
    r"\b(?:staff|editor(?:s|ial)?|correspondents?|reporters?|writers?|journalists?|columnists?|contributors?|newsroom|desk|"
    r"team|bureau|agenc(?:y|ies)|admin(?:istrator)?|webmaster|newsdesk|online|news|press|media|redaktion|redactie|"
    r"redacci[oó]n|redazione|r[ée]daction|redakce|redakcja|redação|redaksjonen|redaktionen|toimitus|redaksi|"
    r"korrespondent(?:in)?|journaliste?|periodista|giornalista|redakteur(?:in)?|reporterin|politikredakteur|"
    r"correspondant[e]?|corresponsal|corrispondente|envoy[ée]e?s?|enviad[oa]s?|inviat[oai]|autorin|kolumnist(?:in)?|"
    r"chief|director|producer|guest|special|unknown|anonymous|"
    r"associated press|web|digital|services?|agentur(?:en)?|agencias|agences|agenzie|agências|"
    r"редакция|корреспондент|通讯社|通信社|新聞|新闻)\b",
    re.IGNORECASE,
)
# An institution may be credited like a person.
_INSTITUTION = re.compile(
    r"\b(?:super\s?user|themes?|foundation|university|universit[àéäy]t?|universidad|institut[eo]?|ministry|ministère|"
    r"minister[io]|government|association|council|committee|gmbh|inc|ltd|llc|verein|d\.\s?o\.\s?o|magazine?|newspaper|broadcasting|"
    r"\w*(?:ministerium|stiftung|verband|zeitung|verlag))\b",
    re.IGNORECASE,
)
_HOST_BEHIND = re.compile(r"[(\[]\s*(?:https?://)?(?:www\.)?([\w-]+(?:\.[\w-]+)+)/?\s*[)\]]")
_ARTICLES = frozenset({"the", "der", "die", "das", "le", "la", "les", "el", "il", "lo", "de", "het"})
# Words in front of a job: "Ann Lee Senior Political Correspondent".
_KIND_OF_JOB = re.compile(
    r"\b(?:senior|junior|deputy|assistant|associate|executive|managing|political|business|sports?|science|health|technology|"
    r"tech|education|environment|foreign|national|international|local|crime|court|legal|royal|city|regional|data|"
    r"investigative|investigations|features|opinion|economics|financial|city|night|weekend|freelance|contributing)\b.*$",
    re.IGNORECASE,
)
_SECTION = re.compile(
    r"(?:business|sports?|politics|culture|world|wire|money|life|style|travel|science|health|tech|technology|opinion|local)",
    re.IGNORECASE,
)
# Words of menus and labels that stand where bylines do.
_LABEL = re.compile(
    r"\b(?:view|read\s+more|more\s+from|authors?|follow|submitted|posted|published|updated|share|click|log(?:ged|in)?|sign\s+(?:in|up)|"
    r"subscribe|account|comments?|articles?|stories|about|contact|latest|profile|e?mail|twitter|facebook|by|on|"
    r"you|your|this|today|ago|mehr|alle|artikel|voir|más|tutti)\b",
    re.IGNORECASE,
)
_PARTICLES = frozenset(
    ["de", "da", "do", "dos", "das", "di", "del", "della", "du", "des", "la", "le", "van", "von", "vom", "der", "den",
     "ter", "ten", "te", "zu", "zur", "bin", "ibn", "al", "el", "bint", "y", "e", "af", "av"]
)  # fmt: skip
_MAX_AUTHORS = 20


@dataclass(frozen=True, slots=True)
class Credits:
    """``authors`` are people in order of the page, ``agencies`` short names; ``how`` says where they came from."""

    authors: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    how: str = ""


def find_authors(head: Head, outlet_names: Iterable[str]) -> Credits:
    """JSON-LD, then meta elements, then marked bylines; the first that names a person.

    An organisation that is no agency is the outlet or one of its desks, and no author.
    """
    names = tuple(outlet_names)
    agencies: list[str] = []
    for how, values in _sources(head):
        credit = clean_authors(values, names, strict=how == "byline")
        agencies += credit.agencies
        if credit.authors:
            return Credits(credit.authors, tuple(dict.fromkeys(agencies)), how)
    return Credits((), tuple(dict.fromkeys(agencies)))


def clean_authors(values: Iterable[str], outlet_names: Iterable[str] = (), *, strict: bool = False) -> Credits:
    """Names out of bylines as written, in their order, each once.

    ``outlet_names`` are no authors.  ``strict`` is for text that may be no byline at all: only what has the form
    of a name is taken.

    >>> clean_authors(["By Ann Lee and Bo Ek (Reuters), staff writers"]).authors
    ('Ann Lee', 'Bo Ek')
    """
    named = [name for name in outlet_names if name]
    outlets, words = {_key(name) for name in named}, {word for name in named for word in name.casefold().split()}
    people: list[str] = []
    agencies: list[str] = []
    for value in values:
        if _key(value) in outlets or _names_own_site(value, outlets):
            continue
        for part in _parts(value):
            name = _person(part)
            agency = agency_of(part) or agency_of(name or _NOT_A_NAME.sub("", part))
            if agency:
                agencies.append(agency)
            elif name and not _is_outlet(name, outlets, words) and (not strict or _has_form_of_name(name)):
                people.append(name)
    unique = {_key(name): name for name in reversed(people)}
    kept = [name for name in dict.fromkeys(people) if unique.get(_key(name)) == name]
    return Credits(tuple(kept[:_MAX_AUTHORS]), tuple(dict.fromkeys(agencies)))


def _sources(head: Head) -> Iterator[tuple[str, list[str]]]:
    article = head.json_ld.article
    for key in ("author", "creator", "contributor"):
        yield f"JSON-LD {key}", list(_json_ld_names(article.get(key), head.json_ld.by_id))
    for name in AUTHOR_METAS:
        yield f"meta {name}", head.metas.get(name, [])
    if head.meta("twitter:label1").lower().rstrip(":") in _WRITTEN_BY:
        yield "meta twitter:data1", [head.meta("twitter:data1")]
    yield "marked byline", list(head.bylines)
    yield "byline", byline_texts(head)


def byline_texts(head: Head) -> list[str]:
    """Texts of the first element that by its class, or by where its links lead, is the byline."""
    for selector in _BYLINES:
        for node in head.tree.css(selector)[:8]:
            text = one_line(node.text(separator=" "))
            if not 4 <= len(text) <= 150 or is_aside(node) or not any(c.isalpha() for c in text):
                continue
            links = [one_line(link.text(separator=" ")) for link in node.css("a")] if node.tag != "a" else []
            links = [link for link in links if link]
            if node.tag == "a" and node.parent is not None:
                links = [one_line(peer.text(separator=" ")) for peer in node.parent.css("a[href*='/aut']")]
            return links or [text]
    return []


_BYLINES = (
    "[class*=byline i] [class*=name i], [class*=author-name i], [class*=author__name i], [class*=authorName]",
    "a[href*='/author/'], a[href*='/authors/'], a[href*='/autor/'], a[href*='/autoren/'], a[href*='/auteur/'], "
    "a[href*='/autore/']",
    "[class*=byline i], [data-testid*=byline i], [class~=author], "
    "[class*=article-author i], [class*=article__author i]",
)
_WRITTEN_BY = frozenset(
    {"written by", "by", "author", "verfasst von", "geschrieben von", "écrit par", "escrito por", "scritto da",
     "geschreven door", "skriven av", "skrevet av", "auteur", "autor", "написано автором", "autore"}
)  # fmt: skip


def _json_ld_names(value: object, by_id: dict[str, Node], depth: int = 0) -> Iterator[str]:
    if depth > 4:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value[:_MAX_AUTHORS]:
            yield from _json_ld_names(item, by_id, depth + 1)
    elif isinstance(value, dict):
        name = value.get("name")
        if not name and isinstance(value.get("@id"), str):
            value = by_id.get(value["@id"], value)
            name = value.get("name")
        if not name:
            name = " ".join(str(value.get(k) or "") for k in ("givenName", "familyName")).strip() or None
        if types_of(value) and not {"Person", "Thing"} & set(types_of(value)) and not agency_of(str(name)):
            return  # an organisation: the outlet or a desk
        yield from _json_ld_names(name, by_id, depth + 1)


def _parts(value: str) -> Iterator[str]:
    value = one_line(html.unescape(html.unescape(value)))
    if not value or len(value) > 400 or re.match(r"(?:https?:)?//|www\.", value):
        return
    if named := _MAIL_THEN_NAME.match(value):
        value = named[1]
    value = _PICTURES_BY.sub("", value)
    inside = [agency for bracket in _BRACKETS.findall(value) if (agency := agency_of(bracket[1:-1]))]
    yield from inside
    value = _HANDLE.sub(" ", _MAIL.sub(" ", _BRACKETS.sub(" ", value)))
    value = _NOT_THE_WRITER.sub("", value).strip()
    value = _BY_SHORT.sub("", _BY_GLUED.sub("", _KIND_OF_PIECE.sub("", _BY.sub("", value))))
    for piece in _SPLIT.split(value):
        for field in piece.split() if _CHINESE_NAMES.fullmatch(piece) else _comma_parts(piece):
            yield from _without_agency_behind(field)


def _without_agency_behind(field: str) -> Iterator[str]:
    """ "ANN LEE Associated Press" is a name and an agency."""
    words = field.split()
    for start in range(2, len(words)):
        if agency_of(" ".join(words[start:])):
            yield " ".join(words[:start])
            yield " ".join(words[start:])
            return
    yield field


def _comma_parts(piece: str) -> Iterator[str]:
    """ "A, B, C" is three people; "A, Jr." and "Doe, Jane" are one."""
    fields = [field.strip() for field in piece.split(",") if field.strip()]
    if len(fields) == 2 and len(fields[0].split()) == 1 and len(fields[1].split()) == 1:
        if _CREDENTIAL.match(fields[1]):
            yield fields[0]
        elif fields[0].isalpha() and fields[1].isalpha() and not agency_of(fields[1]):
            yield f"{fields[1]} {fields[0]}"
        else:
            yield from fields
        return
    for number, field in enumerate(fields):
        if number and (_CREDENTIAL.match(field) or _DEGREE.match(field)):
            continue
        if number and _NOT_A_NAME.search(field) and _without_job(field) == field and not agency_of(field):
            return  # what follows a job title is its place
        if number and " " in fields[0] and _INITIALS_OF_OUTLET.fullmatch(field) and not agency_of(field):
            continue  # "Ann Lee, HP"
        if number and field.istitle() and " " not in field and " " in fields[0] and not agency_of(field):
            return  # "Ann Lee, Berlin"
        yield field


def _person(part: str) -> str:
    """The name, or "" where the part is no person's name."""
    name = one_line(_BY.sub("", part)).strip(" ,;:-–—|*·\"'")
    name = _TRAILING_ROLE.sub("", name if _ENDS_SHORT.search(name) else name.rstrip("."))
    name = re.sub(r"\s+(?:[Ff]or|of|in|from|at|für|pour|para|per)\s+.*$", "", name)
    name = re.sub(r"\s+[-–—]\s+.*$", "", name)
    name = _without_job(name)
    if not 2 <= len(name) <= 60 or any(c.isdigit() for c in name) or len(name.split()) > 6:
        return ""
    if _NOT_A_NAME.search(name) or _INSTITUTION.search(name) or not any(c.isalpha() for c in name):
        return ""
    if " " not in name and ("." in name or name.islower()):  # a host, a login or a shorthand
        return ""
    return name


def _without_job(name: str) -> str:
    """ "Ann Lee Senior Political Correspondent" is Ann Lee."""
    job = _NOT_A_NAME.search(name)
    if job is None:
        return name
    before = _KIND_OF_JOB.sub("", name[: job.start()]).strip(" ,;-–—")
    before = before if before.isupper() else _ABBREVIATION_BEHIND.sub("", before)
    words = before.split()
    return before if 2 <= len(words) <= 4 and all(_is_name_word(word) for word in words) else name


def _has_form_of_name(name: str) -> bool:
    """Two words or more with capitals, none of them a label; in scripts without capitals any short word."""
    if _LABEL.search(name):
        return False
    if not any(c.isupper() for c in name):
        return not any(c.islower() for c in name)
    words = name.split()
    return len(words) >= 2 and all(map(_is_name_word, words))


def _is_name_word(word: str) -> bool:
    return not word[:1].islower() or word.casefold() in _PARTICLES or word[:2] in ("d'", "d’", "l'", "l’")


def _names_own_site(value: str, outlets: set[str]) -> bool:
    """ "Harbour Post (www.hp.example)" on a page of hp.example."""
    host = _HOST_BEHIND.search(value)
    return host is not None and any(_key(label) in outlets for label in host[1].split("."))


def _is_outlet(name: str, outlets: set[str], outlet_words: set[str]) -> bool:
    """The outlet itself, or its name with a desk behind it ("Harbour Post Business", "HP Sport").

    A single word does for that only as an abbreviation or before a section: the outlet's name may be someone's
    first name.  With an article before it, it is no person: "The Post" of "Post Online".
    """
    words = name.split()
    if len(words) == 2 and words[0].casefold() in _ARTICLES and words[1].casefold() in outlet_words:
        return True
    if len(words) > 1 and _key(words[0]) in outlets:
        section = _SECTION.fullmatch(" ".join(words[1:]))
        if section or (words[0].isupper() and not name.isupper()):
            return True
    return any(_key(" ".join(words[:count])) in outlets for count in {len(words), *range(2, len(words))})


def _key(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
