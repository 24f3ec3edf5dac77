"""Bylines as written → names of people, apart from agencies, desks and the outlet itself.

Words are data (``bylines.toml``); the shapes of bylines are here.
"""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipeline.articles.agencies import agency_of
from pipeline.text import one_line

_CONJUNCTION = r"(?:and|und|et|og|och|ja|ve|dan|with|avec|con|mit|y|e|i|en|и|&)"
_A_NAME = rf"(?=[^\s,;|/&]+\s+(?!{_CONJUNCTION}\s)[^\s,;|/&·•])"  # before two words of one name
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
_CONJUNCTION_AT_END = re.compile(r"^(?:and|und|et|og|och|with|mit|avec)\s+|\s+(?:and|und|et|og|och|with|mit|avec)$")
_APOSTROPHES = frozenset("'’ʻ")
_INITIALS_OF_OUTLET = re.compile(r"[A-Z]{2,5}")
_BY_GLUED = re.compile(r"^B[yY](?=[A-Z][^\W\d_]+\s+[A-Z])")  # "ByAnn Lee"
# Short words of other languages for "by" that also begin names: taken off only before two more words.
_BY_SHORT = re.compile(rf"^(?:von|par|por|di|door|av|af|oleh|yazan)\s+{_A_NAME}", re.IGNORECASE)
# What follows is who took the pictures, translated or edited.
_NOT_THE_WRITER = re.compile(
    r"(?<!\w)(?:photo(?:graph)?(?:s|y|er)?|foto(?:s|graf(?:in|ía|ie)?)?|illustrat(?:ion|ions|ed)|illustrazioni|bild(?:er)?|"
    r"video|graphics?|grafik|translat(?:ed|ion)|übersetz(?:t|ung)|aus\s+dem\s+\w+|traducción|traduit|traduction|traduzione|"
    r"edited|editing|editors?|published|reviewed|fact[- ]checked|redaktor|redakt[oö]r|редактор|перевод|фото|写真|摄影|"
    r"攝影|撮影|责任编辑|責任編輯|编辑|編輯)"
    r"(?:\s+(?:by|von|par|por|de|di|door|av|af)(?:\s*[:：]\s*|\s)|\s*[:：]|\s*(?=[\u4e00-\u9fff])).*$",
    re.IGNORECASE,
)
_PICTURES_BY = re.compile(  # "and Bo Ek (photos)"
    r"(?:\s*(?:,|&|\b(?:and|und|et|y|e|en|og|och)\b))?\s*[^\s,;|&]+\s+[^\s,;|&]+\s*"
    r"[(\[](?:photo|foto|bild|video|illustra|grafi)[^)\]]{0,20}[)\]]",
    re.IGNORECASE,
)
_CHINESE_NAMES = re.compile(r"[\u4e00-\u9fff]{2,4}(?:\s[\u4e00-\u9fff]{2,4})+")
# The most frequent family names of China, Taiwan and Hong Kong; Japanese names are written with a blank inside.
_CHINESE_FAMILIES = frozenset(
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許邓鄧冯馮韩韓曹曾彭萧蕭肖蔡潘田董袁于余叶葉蒋蔣杜苏蘇"
    "魏程吕呂丁沈任姚卢盧傅钟鍾姜崔谭譚廖范汪陆陸金石戴贾賈韦韋夏邱方侯邹鄒熊孟秦白江阎閻薛尹段雷黎史龙龍陶贺賀顾顧毛郝龚龔邵万萬钱錢严嚴赖賴"
    "覃洪武莫孔汤湯向常温溫康施文牛樊葛邢安齐齊易乔喬伍庞龐颜顏倪庄莊聂聶章鲁魯岳翟殷詹申欧歐耿关關兰蘭焦俞左柳甘祝包宁寧尚符舒阮柯纪紀梅童凌毕畢单單季裴霍涂成苗谷盛曲翁冉骆駱蓝藍路游辛靳管柴蒙鲍鮑华華喻祁蒲房滕屈饶饒解牟艾尤阳陽时時穆农農司卓古吉缪繆简簡车車项項连連芦蘆麦麥褚娄婁窦竇戚岑景党宫宮费費卜冷晏席卫衛米柏宗瞿桂全佟应應臧闵閔苟邬鄔边邊卞姬师師和仇栾欒隋商刁沙荣榮巫寇桑郎甄丛叢仲虞敖巩鞏明佘池查麻苑迟遲邝鄺"
)
_ABBREVIATION_BEHIND = re.compile(r"\s+[A-Z]{2,5}$")
_ENDS_SHORT = re.compile(r"\b(?:Jr|Sr|[A-Z]|ml|st)\.$")  # a full stop that belongs to the name
_GENERATION = re.compile(r",\s*((?:jr|sr)\b\.?)(?=\s*(?:,|$))", re.IGNORECASE)
_DEGREE = re.compile(r"(?:[BM]A|[BM]Sc|MS|MPH|RD|RPh|JD|DO)\.?$")  # only as written: Ma and Do are names
_DEGREE_BEHIND = re.compile(r"\s+(?:Ph\.?\s?D|M\.?D|MBA|MPH|RN|Esq|DPhil|MSc)\.?$")
_MAIL_THEN_NAME = re.compile(r"\S+@\S+\s*\(([^()]+)\)$")  # RFC 2822's old form, usual in feeds
_TRAILING_ROLE = re.compile(r"\s*(?:기자|記者|记者|특파원)$")
_LEADING_ROLE = re.compile(r"^(?:聞き手|編集委員|論説委員)[・：:\s]+|^[^\s=]{1,8}=(?=[\u4e00-\u9fff]{2,6}$)")
# "y", "e" and "i" also join the two family names of one person: they part names only before two more words.
_SPLIT = re.compile(
    r"\s*(?:;|\||•|\s·\s|(?<=[\u3040-\ud7af])·|/|／|、|，|\s\+\s|\s+(?:and|und(?!\s+zu\s)|et|og|och|ja|ve|dan|with|avec|con|mit|&)\s+|"
    rf"\s+(?:y|e|i|en|и)\s+{_A_NAME}|&)\s*"
)
# "with material from AFP": what stands between a name and an agency.
_MATERIAL = re.compile(
    r"\s*,?\s*\b(?:mit|with|con|com|avec)\s+(?:material|agenturmaterial|informationen|files|reporting|información|"
    r"informações|informações|des\s+informations)\s+(?:von|from|by|der|de|da|do)\s+(?=\S)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]{1,300}>")
_MAIL = re.compile(r"\(?\S+@\S+\.\w+\)?")
_HANDLE = re.compile(r"\(?(?<!\w)@\w{2,}\)?")
_BRACKETS = re.compile(r"[(\[（【][^()\[\]（）【】]*[)\]）】]")
_WITH = re.compile(r"^(?:mit|with|avec|con|com|and|und|et)\s+", re.IGNORECASE)
_CREDENTIAL = re.compile(r"^(?:ii|iii|iv|md|m\.d|phd|ph\.d|mba|rn|esq|obe|mbe|cbe)\.?$", re.IGNORECASE)
_MONTHS = (
    "jan|jän|ene|gen|feb|fév|feb|mar|mär|mrt|apr|avr|abr|may|mai|mag|mei|maj|jun|juin|giu|jul|juil|lug|aug|août|ago|sep|set|"
    "oct|okt|out|ott|nov|dec|déc|dez|dic|des|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек"
)
# "Ann Lee Published May 3", "Ann Lee 3 May 2024": when it appeared.
_WHEN_BEHIND = re.compile(
    r"(?:^|\s+)(?:(?:first\s+|last\s+)?(?:published|updated|posted)|publié|veröffentlicht|aktualisiert|publicado|"
    r"actualizado|pubblicato|aggiornato)\b.*$|"
    r"(?:^|\s+)(?:(?:on|am|le|el|il|em|op|den|kl)\.?\s+)?(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?\s+\d|\d{1,2}[./-]\d|\d{4}|"
    rf"\d{{1,2}}\.?\s+(?:de\s+)?(?:{_MONTHS}|min(?:ute)?s?\b)).*$|\s+on\s+(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b.*$|"
    r"\s+(?:deputy\s+)?head\s+of\s.*$",
    re.IGNORECASE,
)
# Words that name a job, a desk or a place of work but never a person.
_NOT_A_NAME = re.compile(
    r"\b(?:staff|editor(?:s|ial)?|correspondents?|reporters?|writers?|journalists?|columnists?|contributors?|newsroom|desk|"
    r"team|bureau|agenc(?:y|ies)|admin(?:istrator)?|webmaster|newsdesk|online|news|press|media|redaktion|redactie|"
    r"redacci[oó]n|redazione|r[ée]daction|redakce|redakcja|redação|redaksjonen|redaktionen|toimitus|redaksi|"
    r"korrespondent(?:in|en)?|journaliste?|periodista|giornalista|redakteur(?:in)?|reporterin|politikredakteur|"
    r"correspondant[e]?|corresponsal|corrispondente|envoy[ée]e?s?|enviad[oa]s?|inviat[oai]|autorin|kolumnist(?:in)?|"
    r"gastautor(?:in)?|verslaggever|verslaggeefster|meteorologists?|chief|director|producer|guest|special|unknown|anonymous|newsource|"
    r"newswire|wires?|sponsored|advertorial|promoted|branded|content|"
    r"associated press|web|digital|services?|agentur(?:en)?|agencias|agences|agenzie|agências|"
    r"редакция|корреспондент|通讯社|通信社|新聞|新闻|\w*报道|\w*報導|\w*報道)\b",
    re.IGNORECASE,
)
# The jobs among them that stand before names: "Staff Writer Ann Lee".
_JOB_BEFORE = re.compile(
    r"^.*\b(?:editor|correspondent|reporter|writer|journalist|columnist|redakteur(?:in)?|reporterin|"
    r"korrespondent(?:in|en)?|gastautor(?:in)?|kolumnist(?:in)?|inviat[oa]|corrispondente|giornalista|journaliste|"
    r"correspondante?|envoyée?|periodista|corresponsal|meteorologist|verslaggever|verslaggeefster|корреспондент|обозреватель)"
    r"(?:\s*:)?\s+(?=\S+\s+\S)",
    re.IGNORECASE,
)
_JOB_FIELD = re.compile(  # behind a comma
    r"(?:(?:assistant|associate|adjunct|senior|emeritus|former|co-)\s*)*"
    r"(?:professor(?:in)?|professeure?|catedrátic[oa]|lecturer|fellow|researcher|analyst|economist|historian|author|chair|"
    r"dean|candidate|student|founder|president|consultant|attorney|strategist|director|ceo)"
    r"(?:\s+(?:emeritus|and|&|of|in|at|for|für|de|des|di)\b.*)?",
    re.IGNORECASE,
)
_PLACE_FIELD = re.compile(r"(?:em|in|im|aus|from|at|à|en|no|na|w|z|v|zzt\.?|z\.\s?zt\.?|zurzeit|do|da)\s+\S.*")
_STATION_FIELD = re.compile(r"[A-Z]{3,5}(?:[-\s][^\W\d_]\S*)+")  # "ARD Brüssel", "ARD-Studio Brüssel"
_CALL_SIGN = re.compile(r"[A-Z]{3,5}-(?:TV|FM|AM|DT|LD)")
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
     "ter", "ten", "te", "zu", "zur", "bin", "ibn", "al", "el", "bint", "y", "e", "i", "af", "av", "und", "wa", "ur",
     "ul", "ap", "op", "in"]
)  # fmt: skip
_FAMILIES = frozenset({"guest", "press", "service", "news", "chief", "staff", "special", "web"})  # as rare as they are
_MAX_AUTHORS = 20
_LONGEST_LINE = 20  # words of a line above the text
_LONGEST_BYLINE = 400  # characters


@dataclass(frozen=True, slots=True)
class Credits:
    """``authors`` are people in order of the page, ``agencies`` short names; ``how`` says where they came from."""

    authors: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    how: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    by: re.Pattern[str]
    nobody: frozenset[str]
    places: frozenset[str]
    papers: re.Pattern[str]
    given: frozenset[str]


@cache
def _words() -> _Words:
    data = tomllib.loads(files("pipeline.articles").joinpath("bylines.toml").read_text("utf-8"))
    blank, colon, papers = (_any(data[name]) for name in ("by", "by_colon", "papers"))
    return _Words(
        by=re.compile(
            rf"^(?:{blank}\s*[:：]?\s+(?=\S)|(?:{blank}|{colon})\s*[:：/／]\s*|(?:本报记者|記者|记者)\s*)",
            re.IGNORECASE,
        ),
        nobody=frozenset(data["nobody"]),
        places=frozenset(data["places"]),
        papers=re.compile(rf"(?:\S.*\s)?{papers}", re.IGNORECASE),
        given=frozenset(data["given"]),
    )  # fmt: skip


def _any(phrases: Iterable[str]) -> str:
    escaped = (re.escape(phrase).replace(r"\ ", r"\s+") for phrase in sorted(phrases, key=len, reverse=True))
    return f"(?:{'|'.join(escaped)})"


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
        named_here: list[str] = []
        for part in _parts(value):
            name = _without_outlet_behind(_person(part), outlets)
            found = _agencies_of(part) or _agencies_of(name or _NOT_A_NAME.sub("", part))
            if found:
                agencies += found
            elif name and not _is_outlet(name, outlets, words) and (not strict or _has_form_of_name(name)):
                named_here.append(name)
        people += [name for name in named_here if len(named_here) == 1 or not _INITIALS_OF_OUTLET.fullmatch(name)]
    unique = {_key(name): name for name in reversed(people)}
    kept = [name for name in dict.fromkeys(people) if unique.get(_key(name)) == name]
    return Credits(tuple(kept[:_MAX_AUTHORS]), tuple(dict.fromkeys(agencies)))


def bylines_above(lines: Iterable[str]) -> Iterator[str]:
    """What stands behind "By" in short lines above the text, where the page marks no byline at all."""
    for line in lines:
        if len(line.split()) > _LONGEST_LINE:
            return
        for piece in re.split(r"\s*[|•]\s*", line):
            name = _BY_SHORT.sub("", _words().by.sub("", piece))
            if name != piece:
                yield name


def is_plain_name(text: str) -> bool:
    """Whether it is a frequent given name with one or two more words of a name, and nothing else.

    >>> is_plain_name("Anna van Dam"), is_plain_name("Harbour Post"), is_plain_name("Martin Media")
    (True, False, False)
    """
    words = text.split()
    known = len(words) in (2, 3) and words[0].casefold() in _words().given
    return (
        known
        and _has_form_of_name(text)
        and not _words().papers.fullmatch(text)
        and clean_authors([text]).authors == (text,)
    )


def _agencies_of(part: str) -> list[str]:
    """The agency, or those of "STT–AFP"."""
    if agency := agency_of(part):
        return [agency]
    several = [agency_of(one) for one in re.split(r"\s*[-–/]\s*", part)]
    return several if len(several) > 1 and all(several) else []


def _parts(value: str) -> Iterator[str]:
    value = one_line(html.unescape(html.unescape(value)))
    if "<" in value:
        value = one_line(_TAG.sub(" ", value))
    if not value or len(value) > _LONGEST_BYLINE or re.match(r"(?:https?:)?//|www\.", value):
        return
    if named := _MAIL_THEN_NAME.match(value):
        value = named[1]
    value = _PICTURES_BY.sub("", value)
    if value[:1] in ("【", "[") and _BRACKETS.fullmatch(value):
        value = value[1:-1]
    for bracket in _BRACKETS.findall(value):
        if agency := agency_of(_WITH.sub("", bracket[1:-1])):
            yield agency
    value = _HANDLE.sub(" ", _MAIL.sub(" ", _BRACKETS.sub(" ", value)))
    value = _MATERIAL.sub("; ", _NOT_THE_WRITER.sub("", value).strip())
    value = _BY_SHORT.sub("", _BY_GLUED.sub("", _KIND_OF_PIECE.sub("", _words().by.sub("", value))))
    for piece in _SPLIT.split(value):
        for field in piece.split() if _are_chinese_names(piece) else _comma_parts(piece):
            yield from _without_agency_behind(field)


def _are_chinese_names(piece: str) -> bool:
    """ "王小明 李华" are two people, "山田 花子" is one."""
    words = piece.split()
    if not _CHINESE_NAMES.fullmatch(piece):
        return False
    return all(word[0] in _CHINESE_FAMILIES or _NOT_A_NAME.search(word) for word in words)


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
    fields = [
        field.strip().replace("\0", ", ") for field in _GENERATION.sub("\0\\1", piece).split(",") if field.strip()
    ]
    if len(fields) == 2 and len(fields[0].split()) == 1 and len(fields[1].split()) == 1:
        yield from _two_words(*fields)
        return
    for number, field in enumerate(fields):
        if number and (_CREDENTIAL.match(field) or _DEGREE.match(field)):
            continue
        if number and _names_a_job(field):
            return  # what follows a job title is its place
        if number and " " in fields[0] and not agency_of(field) and _is_no_person_behind(field, fields[0]):
            continue
        yield field


def _two_words(one: str, two: str) -> Iterator[str]:
    if _CREDENTIAL.match(two):
        yield one
    elif one.isalpha() and two.isalpha() and not agency_of(one) and not agency_of(two):
        yield f"{two} {one}"
    else:
        yield from (one, two)


def _names_a_job(field: str) -> bool:
    if agency_of(field) or _is_named_like_a_job(field) or _JOB_BEFORE.search(field):
        return False
    return bool(_JOB_FIELD.fullmatch(field) or (_NOT_A_NAME.search(field) and _without_job(field) == field))


def _is_no_person_behind(field: str, first: str) -> bool:
    """ "HP", "Berlin", "New Delhi", "em São Paulo", "ARD Brüssel", "Los Angeles Times" behind a name."""
    if _INITIALS_OF_OUTLET.fullmatch(field) or (field.istitle() and " " not in field):
        return True
    if field.casefold() in _words().places or _PLACE_FIELD.fullmatch(field):
        return True
    if _CALL_SIGN.fullmatch(field) or (_STATION_FIELD.fullmatch(field) and not first.isupper() and not field.isupper()):
        return True
    given = field.split()[0].casefold() in _words().given
    return not given and bool(_words().papers.fullmatch(field))


def _person(part: str) -> str:
    """The name, or "" where the part is no person's name."""
    name = _bare(one_line(_LEADING_ROLE.sub("", _words().by.sub("", part))))
    if name.casefold() in _words().nobody or re.match(r"(?:[Ff]or|FOR|Special to)\s", name):
        return ""
    name = _WHEN_BEHIND.sub("", name)
    name = _TRAILING_ROLE.sub("", name if _ENDS_SHORT.search(name) else name.rstrip("."))
    name = re.sub(r"\s+(?:[Ff]or|FOR|of|in(?!\s+['’]t\s)|from|at|für|pour|para|per|[Rr]eporting)\s+.*$", "", name)
    name = _bare(_DEGREE_BEHIND.sub("", re.sub(r"\s+[-–—]\s+.*$", "", name)))
    if _is_named_like_a_job(name):
        return name
    name = _without_job(name)
    if (
        not 2 <= len(name) <= 60
        or name.casefold() in _words().nobody
        or any(c.isdigit() for c in name)
        or len(name.split()) > 6
    ):
        return ""
    if _NOT_A_NAME.search(name) or _INSTITUTION.search(name) or not any(c.isalpha() for c in name):
        return ""
    if " " not in name and ("." in name or name.islower()):  # a host, a login or a shorthand
        return ""
    return name


def _bare(name: str) -> str:
    """``name`` without signs and conjunctions at its ends; a full stop or an apostrophe may belong to it."""
    start, end = 0, len(name)
    while start < end and unicodedata.category(name[start])[0] in "SPZC" and name[start] not in _APOSTROPHES:
        start += 1
    while (
        start < end and unicodedata.category(name[end - 1])[0] in "SPZC" and name[end - 1] not in _APOSTROPHES | {"."}
    ):
        end -= 1
    return _CONJUNCTION_AT_END.sub("", name[start:end])


def _is_named_like_a_job(name: str) -> bool:
    """ "Katy Guest", "Robert W. Service": a given name, and nothing behind it but such a word."""
    first, *others = name.split() or [""]
    *initials, last = others or [""]
    if first.casefold() not in _words().given or not all(len(word.rstrip(".")) == 1 for word in initials):
        return False
    return last[:1].isupper() and last.casefold() in _FAMILIES


def _without_job(name: str) -> str:
    """ "Ann Lee Senior Political Correspondent" and "Staff Writer Ann Lee" are Ann Lee."""
    job = _NOT_A_NAME.search(name)
    if job is None:
        return name
    before = _KIND_OF_JOB.sub("", name[: job.start()]).strip(" ,;-–—")
    before = before if before.isupper() else _ABBREVIATION_BEHIND.sub("", before)
    words = before.split()
    if len(words) > 2 and agency_of(words[-1]):
        words.pop()
    if 2 <= len(words) <= 4 and all(map(_is_name_word, words)) and not words[0].islower():
        return " ".join(words)
    behind = _JOB_BEFORE.sub("", name)
    good = behind != name and 2 <= len(behind.split()) <= 4 and all(map(_is_name_word, behind.split()))
    return behind if good and behind.casefold() not in _words().places else name


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


def _without_outlet_behind(name: str, outlets: set[str]) -> str:
    """ "ANN LEE Harbour Post" is Ann Lee."""
    words = name.split()
    for start in range(2, len(words)):
        if _key(" ".join(words[start:])) in outlets:
            return " ".join(words[:start])
    return name


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
