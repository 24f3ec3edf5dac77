"""What extractors leave behind that is no prose: codes, dates, repeated titles, initials, short links, form labels.

Works on lines.  The first and the last lines are looked at closely; in the middle only whole lines that can be
nothing but furniture go.  The shape behind most rules is an outlet that republishes agency text: date and story
code, title, lead, title again, body, initials, short link, comment form.  The words are data (``residue.toml``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.articles.titles import plain_words
from pipeline.articles.wording import folded, wording

_HEAD_LINES = 8
_TAIL_LINES = 12
_MOST_LINKS = 24  # lines at the end that may be links to other articles
_BLURB_WORDS = 35  # of what is told below a linked headline
_ABOVE = 3  # lines that may stand above the title
_KICKER = 6  # words of a kicker or section
_HANGING = 300  # characters at the end of a line that are searched for what hangs there
_LONGEST_RESIDUE = 300  # characters: a longer line is prose
_LONGEST_FURNITURE = 200
_SHORT_COPYRIGHT = 6  # words: "© Example Press 2024"
_HEADLINE_WORDS, _MOST_HEADLINE_WORDS = 4, 20
_LABEL_WORDS = 4  # of a label above links: "More from this region"
_LINK_LABEL = re.compile(r"(?:[→➤►▶•»>*-]\s*)?[^\W\d_][^\d.!?:|]{1,24}\s*[:|]\s+|[→➤►▶»>]\s*")
_CREDIT = re.compile(r"photo|foto|image|bild|picture|cr[eé]dit|imagen|immagine|фото", re.IGNORECASE)
_LAST = 4  # lines in which writers are told about
_PROSE_ABOVE_COMMENTS = 3  # lines
_SENTENCE_ENDS = frozenset('.!?。”"')
_PROSE = 15  # words of a line that ends the walk from the end upwards

_BARE_CODE = re.compile(r"(?!(?:19|20)\d\d$)#?\d{4,12}|[A-Z]{1,4}[-/]?\d{3,12}")  # but no year
_INITIALS = re.compile(
    r"(?:/{1,2}|End\s?/?\s?)\d{2,5}|(?:End\s?/?\s?)?\(?[A-Z]{2,4}(?:\s?[/\\&+-]\s?[A-Z]{1,4}){0,3}\)?|\(?[a-z]{2,3}(?:/[a-z]{2,4}){1,3}\)?"
)
_END_INITIALS = re.compile(r"(?:^|(?<=[.!?”\"’)])\s*)(?:[A-Z]{2,4}(?:/[A-Z]{1,4}){0,3})\s*$")
_POINTER = re.compile(r"([^:：>»|–-]{4,24}?)\s*(?:[:：>»|]|\s[–-]\s)\s*\S")
_BUTTONS = re.compile(r"[\s|,/·]+")
_COPYRIGHT = re.compile(r"\s*(?:©|\(c\)\s|copyright\b)", re.IGNORECASE)
_DATE_BEHIND = re.compile(r"(.{10,}?)\s+[-–—|·(]\s*(?=\D{0,12}\d).{4,25}$")
_CELL = re.compile(r"\s*\|\s*")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """``text`` without residue and the lines that were dropped, in order."""

    text: str
    dropped: tuple[str, ...]


def without_residue(
    text: str, titles: Sequence[str], names: Sequence[str] = (), is_link: Callable[[str], bool] = lambda _: False
) -> Cleaned:
    """Drop what is no prose.

    ``titles`` are the forms under which the page names the article, ``names`` those of authors and outlet, whose
    lines above the text are no part of it; ``is_link`` tells whether a line is a link to another page of the site.
    A text that would lose more than half of its characters this way is left as it is.
    """
    lines = [part for line in text.split("\n") for part in _table_parts(line.strip())]
    lines = _before_comments([line for line in lines if line])
    plain_titles = {_squeezed(title) for title in titles} - {""}
    longest = 2 * max(map(len, titles), default=0) + 20
    titled = {i for i, line in enumerate(lines) if len(line) <= longest and _squeezed(line) in plain_titles}
    drop = titled | _above_the_title(lines, titled) | _in_the_head(lines, names) | _in_the_tail(lines, titled, is_link)
    drop |= {i for i, line in enumerate(lines) if _is_furniture(line) or _is_pointer_to_link(line, is_link)}
    drop |= _about_the_writers(lines, names)
    kept = [
        _trimmed_end(line) if i >= len(lines) - _TAIL_LINES else line for i, line in enumerate(lines) if i not in drop
    ]
    kept = [line for line in kept if line]
    kept = _without_title_prefix(kept, {plain_words(title) for title in titles} - {""}, names)
    if sum(map(len, kept)) * 2 < sum(map(len, lines)):
        return Cleaned("\n".join(lines), ())
    return Cleaned("\n".join(kept), tuple(lines[i] for i in sorted(drop)))


def _before_comments(lines: list[str]) -> list[str]:
    """The lines above a heading of comments that stands below some prose."""
    prose = 0
    for i, line in enumerate(lines):
        words = len(line.split())
        prose += words > _PROSE
        if words <= _LABEL_WORDS and prose >= _PROSE_ABOVE_COMMENTS and wording().comments.fullmatch(folded(line)):
            return lines[:i]
    return lines


def _table_parts(line: str) -> list[str]:
    """Cells of a table row as lines, where one of them is long: a table used for layout."""
    if "|" not in line:
        return [line]
    cells = [cell.strip() for cell in _CELL.split(line)]
    furnished = line.startswith("|") or any(_is_residue(cell) for cell in cells if cell)
    layout = any(len(cell) > 150 for cell in cells) or sum(bool(cell) for cell in cells) == 1
    return cells if furnished and layout else [line]


def _above_the_title(lines: list[str], titled: set[int]) -> set[int]:
    """Kicker and section: short lines that are no sentence, before the first line that repeats the title."""
    first = min(titled, default=0)
    if first > _ABOVE:
        return set()
    return {i for i in range(first) if len(lines[i].split()) <= _KICKER and lines[i][-1] not in _SENTENCE_ENDS}


def _in_the_head(lines: list[str], names: Sequence[str]) -> set[int]:
    return {i for i, line in enumerate(lines[:_HEAD_LINES]) if _is_head_residue(line) or _is_imprint(line, names)}


def _is_imprint(line: str, names: Sequence[str]) -> bool:
    """A line of nothing but names, dates and the words that go with them: "By Ann Lee | 14 May 2024 | Updated"."""
    if len(line) > 160:
        return False
    words, rest = wording(), line
    for name in sorted(filter(None, names), key=len, reverse=True):
        rest = re.sub(re.escape(name), " ", rest, flags=re.IGNORECASE)
    rest = words.source.sub(" ", words.date_or_time.sub(" ", rest))
    if rest == line:
        return False
    return not re.sub(r"[\W\d_]+", "", words.imprint_words.sub(" ", rest))


def _is_head_residue(line: str) -> bool:
    if len(line) > 120:
        return False
    words = wording()
    shapes = (words.date_line, words.code_line, words.date_and_code, words.bare_label, words.form, _BARE_CODE)
    return any(shape.fullmatch(line) for shape in shapes) or ("://" in line and bool(words.link.fullmatch(line)))


def _in_the_tail(lines: list[str], titled: set[int], is_link: Callable[[str], bool]) -> set[int]:
    """From the end upwards; prose of some length ends the walk.

    Headlines that are links to other articles go, with what is told of each and with the labels above them.
    """
    teasers = _Teasers(lines, is_link)
    drop: set[int] = set()
    labelled = False  # whether what stands below may have a label here
    for i in reversed(range(teasers.first, len(lines))):
        line = lines[i]
        if teasers.headline(i) or teasers.blurb(i):
            drop.add(i)
            labelled = True
            continue
        if len(line) > _LONGEST_RESIDUE:
            break
        words = len(line.split())
        label = labelled and words <= _LABEL_WORDS and line[-1] not in _SENTENCE_ENDS
        labelled = label and is_link(line)  # a section that is a link stands below the label proper
        near = i >= len(lines) - _TAIL_LINES
        if label or (near and (_is_residue(line) or _is_head_residue(line) or _is_closing(line))):
            drop.add(i)
        elif words > _PROSE and i not in titled:
            break
    return drop


class _Teasers:
    """Which of the last lines are linked headlines, and what is told of them; the page's links are asked for late."""

    def __init__(self, lines: list[str], is_link: Callable[[str], bool]) -> None:
        self.lines, self.is_link = lines, is_link
        self.first = max(0, len(lines) - _MOST_LINKS)
        self._known: dict[int, bool] = {}

    def headline(self, i: int) -> bool:
        """The whole line is a link to another page of the site."""
        if not self.first <= i < len(self.lines):
            return False
        if i not in self._known:
            self._known[i] = _is_linked_headline(self.lines[i], self.is_link)
        return self._known[i]

    def blurb(self, i: int) -> bool:
        """What is told below a linked headline, where two or more of those take turns."""
        return self._told(i - 1) and (self._told(i + 1) or self._told(i - 3))

    def _told(self, i: int) -> bool:
        below = i + 1
        return (
            self.headline(i) and below < len(self.lines) and not self.headline(below) and _is_blurb(self.lines[below])
        )


def _is_linked_headline(line: str, is_link: Callable[[str], bool]) -> bool:
    """The whole line is a link to another page of the site, with or without the date behind it."""
    if not _HEADLINE_WORDS <= len(line.split()) <= _MOST_HEADLINE_WORDS or line[-1] == ".":
        return False
    text = line.strip("- ")
    return is_link(text) or ((dated := _DATE_BEHIND.match(text)) is not None and is_link(dated[1]))


def _is_blurb(line: str) -> bool:
    return _HEADLINE_WORDS <= len(line.split()) <= _BLURB_WORDS


def _is_closing(line: str) -> bool:
    """A copyright line, editors, the writer's address, topics, or a sentence under every page of an outlet."""
    if "@" in line and len(line.split()) <= _PROSE and wording().contact.fullmatch(line):
        return True
    if wording().topics.fullmatch(line) or wording().editors.fullmatch(line) or folded(line) in wording().closing:
        return True
    if not _COPYRIGHT.match(line):
        return False
    plain = line.casefold()
    return len(line.split()) <= _SHORT_COPYRIGHT or any(phrase in plain for phrase in wording().reserved)


def _is_residue(line: str) -> bool:
    """Initials, a bare link, labels of a form, alone or together on a line."""
    if len(line) > _LONGEST_RESIDUE:
        return False
    words = wording()
    if _INITIALS.fullmatch(line) or words.link.fullmatch(line) or words.form.fullmatch(line) or _is_furniture(line):
        return True
    return _trimmed_end(line) == "" and len(line) > 0


def _trimmed_end(line: str) -> str:
    """``line`` without form labels, short link and initials that hang at its end.

    One sign alone is not enough: words like "name" or "send" end sentences, and so do links.  Two together, or a
    link behind initials, are the foot of a page.
    """
    before, rest = line[:-_HANGING], line[-_HANGING:]
    if "://" not in rest and folded(rest).rpartition(" ")[2] not in wording().form_ends:
        return line  # the pattern is slow on prose
    labels = links = 0
    while match := wording().form_or_link_at_end.search(rest):
        labels += match["form"] is not None
        links += match["link"] is not None
        rest = rest[: match.start()].rstrip(" |:*")
    bare = _END_INITIALS.sub("", rest)
    if labels + links < 2 and not (links and bare != rest):
        return line
    return (before + bare).rstrip(" |")


def _without_title_prefix(lines: list[str], titles: set[str], names: Sequence[str]) -> list[str]:
    """The title in front of the first paragraph's own words, or of writer and date, on one line with them."""
    if not lines:
        return lines
    first = lines[0]
    for title in titles:
        words = len(title.split())
        if words >= 4 and plain_words(first).startswith(title):
            rest = _after_words(first, title)
            if len(rest.split()) >= 8 and rest[:1].isupper():
                return [rest, *lines[1:]]
            if _is_head_residue(rest) or _is_imprint(rest, names):
                return lines[1:]
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
    if len(line) > _LONGEST_FURNITURE:
        return False
    if line.endswith((".", "”", '"', "。")) and not line.endswith("..."):  # a sentence
        return _asks_or_credits(line)
    words, plain = wording(), folded(line)
    if not plain:
        return "|" in line  # an empty row of a table
    if _asks_or_credits(line):
        return True
    pointer = _POINTER.match(line)
    if plain in words.furniture or (pointer and folded(pointer[1]) in words.pointers):
        return True
    if words.furniture_shapes.fullmatch(plain):
        return True
    buttons = _BUTTONS.split(plain.replace("copy link", "copylink"))
    return len(buttons) > 1 and all(b in words.networks or b == "copylink" for b in buttons)


def _asks_or_credits(line: str) -> bool:
    """ "Follow us on …", or a caption with the name of whose picture it is."""
    if wording().promotion.fullmatch(folded(line)):
        return True
    return bool(_CREDIT.search(line) and wording().picture.fullmatch(line))


def _is_pointer_to_link(line: str, is_link: Callable[[str], bool]) -> bool:
    """ "[ Another headline ]", "More: Another headline": nothing but a link to another article and a label."""
    if len(line) > _LONGEST_FURNITURE or line[-1] in _SENTENCE_ENDS:
        return False
    if line[0] == "[" and line[-1] == "]":
        return _is_linked_headline(line.strip("[] "), is_link)
    label = _LINK_LABEL.match(line)
    return label is not None and _is_linked_headline(line[label.end() :], is_link)


def _about_the_writers(lines: list[str], names: Sequence[str]) -> set[int]:
    """What the last lines tell of the writers, and where the article was printed."""
    words, drop = wording(), set()
    for i in range(max(1, len(lines) - _LAST), len(lines)):
        line = lines[i]
        named = next((name for name in names if name and " " in name and line.startswith(name)), "")
        about = named and words.about_writers.match(line, len(named)) is not None
        if len(line) <= _LONGEST_RESIDUE and (about or line.casefold().startswith(words.print_versions)):
            drop.add(i)
    return drop


def _squeezed(text: str) -> str:
    """Letters and digits only: extractors glue or part the words of a heading in their own ways."""
    return plain_words(text).replace(" ", "")
