"""What extractors leave behind that is no prose: codes, dates, repeated titles, initials, short links, form labels.

Works on lines.  The first and the last lines are looked at closely; in the middle only whole lines that can be
nothing but furniture go.  The shape behind most rules is an outlet that republishes agency text: date and story
code, title, lead, title again, body, initials, short link, comment form.
"""

# ruff: noqa: E501 - lists of words read best unbroken
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.articles.titles import plain_words

_HEAD_LINES = 8
_HANGING = 300  # characters at the end of a line that are searched for what hangs there
_LONGEST_RESIDUE = 300  # characters: a longer line is prose
_TAIL_LINES = 12

_DATE_LABEL = (
    r"(?:publish(?:ed|ing)?(?:\s+(?:date|on|at|time))?|date(?:\s+of\s+publication)?|posted(?:\s+on)?|last\s+updated?|"
    r"updated(?:\s+(?:on|at))?|first\s+published|time|veröffentlicht|stand|datum|publié(?:\s+le)?|mis\s+à\s+jour(?:\s+le)?|"
    r"fecha|publicado(?:\s+(?:en|el|em))?|actualizado|pubblicato(?:\s+il)?|gepubliceerd(?:\s+op)?|"
    r"опубликовано|дата|تاریخ|تاريخ|发布时间|發佈時間|发表时间|公開|更新)"
)
_CODE_LABEL = (
    r"(?:(?:news|story|article|item|report|document|publish|reference|ref)[\s-]*(?:code|id|no\.?|number|ref)|code|id|"
    r"artikel-?(?:nr|id)\.?|código|codice|код(?:\s+новости)?|کد\s*خبر|رقم\s+الخبر|新闻编号)"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|janv|févr|avr|juin|juil|août|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|out|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек)\w*\.?"
_DAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur|sat|sun)(?:day)?|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo)\.?"
_DATE = (
    rf"(?:{_DAY},?\s*)?(?:\d{{4}}[-/.年]\s?\d{{1,2}}[-/.月]\s?\d{{1,2}}日?|\d{{1,2}}[-/.]\s?\d{{1,2}}[-/.]\s?\d{{2,4}}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:de\s+)?{_MONTH},?\s*(?:de\s+|del\s+)?\d{{4}}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})"
)
_TIME = r"(?:[\s,|@·–-]*(?:at|um|à|a\s+las|alle|kl\.?)?\s*\d{1,2}[:.h]\d{2}(?::\d{2})?\s*(?:[ap]\.?m\.?)?\s*(?:uhr|h|[A-Z]{2,4}|[+-]\d{2}:?\d{2})?)?"
_DATE_LINE = re.compile(rf"\W*(?:{_DATE_LABEL}\s*[:：\-–]?\s*)?(?:{_DATE}{_TIME}|{_TIME}\s*{_DATE})\W*", re.IGNORECASE)
_CODE_LINE = re.compile(rf"\W*{_CODE_LABEL}\s*[:：#\-–]?\s*#?[\w/-]*\d[\w/-]*\W*", re.IGNORECASE)
_DATE_CODE = re.compile(
    rf"^\W*(?:{_DATE_LABEL}\s*[:：\-–]?\s*)?{_DATE}{_TIME}[\s|,;·–-]*(?:{_CODE_LABEL}\s*[:：#\-–]?\s*)?#?[\w/-]*\d[\w/-]*\W*$|"
    rf"^\W*{_CODE_LABEL}\s*[:：#\-–]?\s*#?[\w/-]*\d[\w/-]*[\s|,;·–-]*(?:{_DATE_LABEL}\s*[:：\-–]?\s*)?{_DATE}{_TIME}\W*$",
    re.IGNORECASE,
)
_BARE_CODE = re.compile(r"#?\d{4,12}|[A-Z]{1,4}[-/]?\d{3,12}")
_BARE_LABEL = re.compile(rf"\W*(?:{_DATE_LABEL}|{_CODE_LABEL}|short\s*(?:link|url))\s*[:：]\s*", re.IGNORECASE)
_INITIALS = re.compile(r"\(?[A-Z]{2,4}(?:\s?[/\\&+-]\s?[A-Z]{1,4}){0,3}\)?|\(?[a-z]{2,3}(?:/[a-z]{2,4}){1,3}\)?")
_LINK = re.compile(r"(?:(?:short\s*(?:link|url)|permalink|link|url|shortlink|lien\s+court|kurzlink|لینک\s+کوتاه)\s*[:：]?\s*)?"
                   r"(?:https?://|www\.)?[\w-]+(?:\.[\w-]+)+(?:/[^\s]*)?", re.IGNORECASE)  # fmt: skip
_FORM = re.compile(
    r"[\s*|:：\[\]().…-]*(?:your\s+(?:full\s+)?(?:name|e-?mail(?:\s+address)?|comments?|message|website)|name|e-?mail(?:\s+address)?|"
    r"security\s+code|captcha(?:\s+code)?|verification\s+code|enter\s+(?:the\s+)?(?:security\s+)?code(?:\s+(?:above|here|shown))?|"
    r"comments?|leave\s+(?:a|your)\s+(?:comment|reply)|post\s+(?:a\s+)?comment|add\s+(?:a\s+)?comment|submit|send|reset|website|"
    r"send\s+(?:to\s+(?:a\s+)?friends?|comment)|friend'?s\s+e-?mail|required(?:\s+fields?)?|characters?\s+left|refresh|"
    r"ihr(?:e)?\s+(?:name|e-?mail(?:-adresse)?|kommentar)|votre\s+(?:nom|e-?mail|adresse\s+e-?mail|commentaire)|"
    r"(?:su|tu)\s+(?:nombre|correo(?:\s+electrónico)?|comentario)|código\s+de\s+seguridad|sicherheitscode|code\s+de\s+sécurité)"
    r"[\s*|:：\[\]().…-]*",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"\W*(?:advertisement|advertising|anzeige|werbung|publicité|publicidad|pubblicità|advertentie|annons|reklame?|реклама|広告|广告|"
    r"(?:story|article)\s+continues\s+below(?:\s+(?:the\s+)?(?:advertisement|ad))?|continue\s+reading(?:\s+below)?|scroll\s+to\s+continue|"
    r"share(?:\s+(?:this(?:\s+(?:article|story|post|page))?|on\s+\w+|via\s+\w+))?|teilen|partager|compartir|condividi|delen|print(?:\s+this)?|"
    r"(?:facebook|twitter|whatsapp|linkedin|telegram|pinterest|copy\s+link|email|x)(?:[\s|,/·]+(?:facebook|twitter|whatsapp|linkedin|telegram|"
    r"pinterest|copy\s+link|email|print|x|share|reddit))+|"
    r"related(?:\s+(?:articles?|stories|topics|content|posts|news))?|read\s+(?:more|also|next)|also\s+read|see\s+also|recommended(?:\s+for\s+you)?|"
    r"more\s+(?:on\s+this\s+story|from\s+\w+)|lesen\s+sie\s+auch|mehr\s+zum\s+thema|zum\s+thema|lire\s+aussi|à\s+lire\s+aussi|lea\s+también|"
    r"te\s+puede\s+interesar|leia\s+(?:também|mais)|leggi\s+anche|lees\s+ook|läs\s+också|les\s+også|læs\s+også|читайте\s+также|çok\s+okunanlar|"
    r"sign\s+up\s+(?:for|to)\s+(?:our|the)\s+[\w\s]{0,30}newsletters?|subscribe\s+to\s+our\s+[\w\s]{0,20}newsletters?|"
    r"follow\s+us(?:\s+on\s+[\w\s,]+)?|like\s+us\s+on\s+facebook|"
    r"loading\.{0,3}|tags?\s*:?|topics?\s*:?|image\s+(?:source|credit)\s*:?|photo\s*:?|video\s*:?)\W*",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"(?:read\s+(?:more|also|next)|also\s+read|see\s+also|related(?:\s+(?:article|story))?|more\s+on\s+this|lesen\s+sie\s+(?:auch|hierzu)|"
    r"mehr\s+(?:dazu|zum\s+thema)|lire\s+aussi|à\s+lire\s+aussi|lee\s+(?:también|además)|lea\s+también|te\s+puede\s+interesar|"
    r"leia\s+(?:também|mais)|veja\s+também|leggi\s+anche|lees\s+ook|läs\s+(?:också|mer|även)|les\s+også|læs\s+også|lue\s+myös|читайте\s+также|"
    r"czytaj\s+(?:też|także|również)|zobacz\s+(?:też|także)|ayrıca\s+okuyun|相关阅读|延伸閱讀|関連記事|baca\s+juga)\s*[:：>»|–-]\s*\S.*",
    re.IGNORECASE,
)
_DATE_TIME = re.compile(rf"{_DATE}{_TIME}|(?<!\d)\d{{1,2}}[:.h]\d{{2}}(?!\d)", re.IGNORECASE)
_SOURCE = re.compile(r"(?:来源|來源|source|quelle|fonte|fuente|bron|källa)\s*[:：]\s*\S{1,30}", re.IGNORECASE)
# Words that stand beside names and dates above a text.
_IMPRINT_WORDS = re.compile(
    rf"(?<!\w)(?:{_DATE_LABEL}|{_DAY}|by|von|par|por|di|door|av|af|words|text|story|and|und|et|y|e|en|och|og|at|um|uhr|source|quelle|fonte|"
    r"fuente|bron|källa|kilde|am|pm|[a-z]{2,4}t|utc|cest|staff|reporter|correspondent|editor|writer|journalist|min(?:utes?)?|read|reading|"
    r"redaktion|für|for|the)(?!\w)|来源|來源|记者|記者|作者|编辑|编辑|責任|责任",
    re.IGNORECASE,
)
_CELL = re.compile(r"\s*\|\s*")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """``text`` without residue and the lines that were dropped, in order."""

    text: str
    dropped: tuple[str, ...]


def without_residue(text: str, titles: Sequence[str], names: Sequence[str] = ()) -> Cleaned:
    """Drop what is no prose.

    ``titles`` are the forms under which the page names the article, ``names`` those of authors and outlet, whose
    lines above the text are no part of it.  A text that would lose more than half of its words this way is left as it is.
    """
    lines = [part for line in text.split("\n") for part in _table_parts(line.strip())]
    lines = [line for line in lines if line]
    plain_titles = {_squeezed(title) for title in titles} - {""}
    longest = 2 * max(map(len, titles), default=0) + 20
    short = [i for i, line in enumerate(lines) if len(line) <= longest]
    drop = _in_the_head(lines, plain_titles, names) | _in_the_tail(lines, plain_titles)
    drop |= {i for i, line in enumerate(lines) if _is_furniture(line)}
    drop |= {i for i in short if _squeezed(lines[i]) in plain_titles}
    kept = [
        _trimmed_end(line) if i >= len(lines) - _TAIL_LINES else line for i, line in enumerate(lines) if i not in drop
    ]
    kept = _without_title_prefix([line for line in kept if line], {plain_words(title) for title in titles} - {""})
    if sum(map(len, kept)) * 2 < sum(map(len, lines)):
        return Cleaned("\n".join(lines), ())
    return Cleaned("\n".join(kept), tuple(lines[i] for i in sorted(drop)))


def _table_parts(line: str) -> list[str]:
    """Cells of a table row as lines, where one of them is long: a table used for layout."""
    if "|" not in line:
        return [line]
    cells = [cell.strip() for cell in _CELL.split(line)]
    furnished = line.startswith("|") or any(_is_residue(cell) for cell in cells if cell)
    layout = any(len(cell) > 150 for cell in cells) or sum(bool(cell) for cell in cells) == 1
    return cells if furnished and layout else [line]


def _in_the_head(lines: list[str], titles: set[str], names: Sequence[str]) -> set[int]:
    drop = set()
    for i, line in enumerate(lines[:_HEAD_LINES]):
        if len(line) > _LONGEST_RESIDUE:
            continue
        if _squeezed(line) in titles or _is_head_residue(line) or _is_imprint(line, names):
            drop.add(i)
    return drop


def _is_imprint(line: str, names: Sequence[str]) -> bool:
    """A line of nothing but names, dates and the words that go with them: "By Ann Lee | 14 May 2024 | Updated"."""
    if len(line) > 160:
        return False
    rest = line
    for name in sorted(filter(None, names), key=len, reverse=True):
        rest = re.sub(re.escape(name), " ", rest, flags=re.IGNORECASE)
    rest = _SOURCE.sub(" ", _DATE_TIME.sub(" ", rest))
    if rest == line:
        return False
    return not re.sub(r"[\W\d_]+", "", _IMPRINT_WORDS.sub(" ", rest))


def _is_head_residue(line: str) -> bool:
    if len(line) > 120:
        return False
    return bool(
        _DATE_LINE.fullmatch(line)
        or _CODE_LINE.fullmatch(line)
        or _DATE_CODE.match(line)
        or _BARE_CODE.fullmatch(line)
        or _BARE_LABEL.fullmatch(line)
        or _FORM.fullmatch(line)
    )


def _in_the_tail(lines: list[str], titles: set[str]) -> set[int]:
    """From the end upwards; prose of some length ends the walk."""
    drop = set()
    first = max(0, len(lines) - _TAIL_LINES)
    for i in range(len(lines) - 1, first - 1, -1):
        line = lines[i]
        if len(line) > _LONGEST_RESIDUE:
            break
        if _is_residue(line) or _is_head_residue(line) or _squeezed(line) in titles:
            drop.add(i)
        elif len(line.split()) > 15:
            break
    return drop


def _is_residue(line: str) -> bool:
    """Initials, a bare link, labels of a form, alone or together on a line."""
    if len(line) > 300:
        return False
    if _INITIALS.fullmatch(line) or _LINK.fullmatch(line) or _FORM.fullmatch(line) or _is_furniture(line):
        return True
    return _trimmed_end(line) == "" and len(line) > 0


_END = re.compile(
    rf"(?:^|(?<=\s)|(?<=[.!?”\"’)]))(?:{_FORM.pattern}|(?:short\s*(?:link|url)\s*[:：]?\s*)?https?://\S+\s*)$",
    re.IGNORECASE,
)
_END_INITIALS = re.compile(r"(?:^|(?<=[.!?”\"’)])\s*)(?:[A-Z]{2,4}(?:/[A-Z]{1,4}){0,3})\s*$")


def _trimmed_end(line: str) -> str:
    """``line`` without form labels, short link and initials that hang at its end.

    A label is taken off only together with another sign of a form: words like "name" or "send" end
    sentences, too.
    """
    before, rest, taken = line[:-_HANGING], line[-_HANGING:], 0
    while match := _END.search(rest):
        rest = rest[: match.start()].rstrip(" |:*")
        taken += 1
    strong = taken >= 2 or (taken == 1 and re.search(r"https?://\S+\s*$", line[-_HANGING:]))
    if not strong:
        return line
    return (before + _END_INITIALS.sub("", rest)).rstrip(" |")


def _without_title_prefix(lines: list[str], titles: set[str]) -> list[str]:
    """The title in front of the first paragraph's own words, on one line with them."""
    if not lines:
        return lines
    first = lines[0]
    for title in titles:
        words = len(title.split())
        if words >= 4 and plain_words(first).startswith(title + " "):
            rest = _after_words(first, title)
            if len(rest.split()) >= 8 and rest[:1].isupper():
                return [rest, *lines[1:]]
    return lines


def _after_words(line: str, title: str) -> str:
    """What follows the title's words in ``line``."""
    wanted = len(title.replace(" ", ""))
    seen = 0
    for i, char in enumerate(line):
        seen += len(plain_words(char).replace(" ", ""))
        if seen >= wanted:
            return line[i + 1 :].lstrip(' .:–—-|!?"”’')
    return ""


def _is_furniture(line: str) -> bool:
    if len(line) > 200 or line.endswith((".", "”", '"', "。")):
        return False  # a sentence
    return bool(_FURNITURE.fullmatch(line) or _POINTER.fullmatch(line))


def _squeezed(text: str) -> str:
    """Letters and digits only: extractors glue or part the words of a heading in their own ways."""
    return plain_words(text).replace(" ", "")
