"""One linear look over a feed's text before feedparser sees it.

feedparser 6.0.14 takes quadratic time on several inputs: white space before the root element and repeated
``<!DOCTYPE``/``<!ENTITY`` (``replace_doctype``), unique categories (``_add_tag`` compares with all before),
long runs of word characters in authors (the e-mail pattern of ``_sync_author_detail``), thousands of
attributes on one tag (``getValueByQName`` walks all names), and ``xml:base`` that grows with every level.
So the prologue is written anew, what nothing here reads is left out, and the rest is bounded.  The same
look counts and measures entries, finds where a truncated feed breaks, and mends what makes a strict parser
stop: control characters, bare ampersands, undeclared HTML entities, text after the end.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from html.entities import html5
from xml.sax.saxutils import escape

MAX_ATTRIBUTES = 100  # on one tag; real feeds stay below 20
MAX_AUTHOR = 500  # characters of text directly inside an author element
MAX_AUTHOR_RUN = 64  # of them without a blank; the e-mail pattern takes the square of this
MAX_BASE = 2_000  # characters of one xml:base
MAX_BASE_DEPTH = 20  # elements deeper than this keep the base of their parents
MAX_NAMESPACES = 100  # different prefixes
MAX_ENTITIES = 64  # declared by the document itself
MAX_PROLOGUE = 20_000  # characters in which entity declarations are looked for
HEAD_OF_ENTRY = 4_000  # characters in which a refused entry's title and link are looked for

_TOKEN = re.compile(
    r"<(?:"
    r"(?P<close>/)?(?P<name>[^\W\d][\w.\-]*+(?::[\w.\-]++)?)(?P<attrs>(?>[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>"
    r"|(?P<other>!--|!\[CDATA\[|\?|!)"
    r")"
)
_ENDS = {"!--": "-->", "![CDATA[": "]]>", "?": "?>", "!": ">"}
_ROOT = re.compile(r"<(?:[\w.\-]{1,40}:)?(rss|feed|rdf|urlset|sitemapindex|channel)(?=[\s>/])", re.IGNORECASE)
_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, production 2
_REFERENCE = re.compile(r"&(?:#(?P<dec>\d{1,7});|#[xX](?P<hex>[0-9a-fA-F]{1,6});|(?P<name>[A-Za-z_][\w.\-]{0,40});)?")
_ENTITY = re.compile(
    r"<!ENTITY\s{1,20}([A-Za-z_]\w{0,40})\s{1,20}(?:\"([^\"&<%]{0,32}|&#\w{1,8};)\"|'([^'&<%]{0,32})')\s{0,20}>"
)
_BASE = re.compile(r"(?<![\w.\-])(?:xml:)?base\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_RUN = re.compile(rf"[\w.+\-]{{{MAX_AUTHOR_RUN}}}")
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_PREFIX = re.compile(r"xmlns:([\w.\-]+)")
_PREDEFINED = frozenset(["lt", "gt", "amp", "quot", "apos"])
_ENTRY = {"urlset": "url", "feed": "entry"}  # root → name of its entries; elsewhere "item"
# Read by nothing here: labels are the door of a quadratic comparison, text inputs that of a KeyError.
_UNREAD = frozenset(["category", "subject", "keywords", "tags", "textinput"])
_AUTHORS = frozenset(["author", "managingeditor", "webmaster", "creator", "contributor", "publisher"])


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the look found.  ``text`` begins with the root element and is safe to parse."""

    root: str  # local name of the root element, lower case
    text: str
    entries: int  # in ``text``
    left: int = 0  # beyond the limit
    large: tuple[str, ...] = ()  # the beginning of each entry that was cut out for its size
    truncated: bool = False
    crowded: bool = False  # more namespaces than any feed has


def guarded(text: str, max_entries: int, max_entry: int) -> Guarded | None:
    """``text`` bounded and mended; ``None`` where no root element of a feed is found.  Linear time."""
    start = _ROOT.search(text)
    if start is None:
        return None
    prologue = text[: min(start.start(), MAX_PROLOGUE)]
    own = [(m[1], html.unescape(m[2] or m[3] or "")) for m in _ENTITY.finditer(prologue)]
    scan = _Scan(start.group(1).lower(), dict(own[:MAX_ENTITIES]), max_entries, max_entry)
    scan.read(_INVALID.sub("", text[start.start() :]))
    return scan.result()


class _Element:
    """An open element: where it begins in the text and in the output."""

    __slots__ = ("characters", "local", "mark", "name", "start")

    def __init__(self, name: str, start: int, mark: int) -> None:
        self.name = name
        self.local = name.rpartition(":")[2].lower()
        self.start = start
        self.mark = mark
        self.characters = 0  # of text directly inside


class _Scan:
    """Copies tokens to ``out``; when an element ends it is judged, and may be cut from ``out``."""

    def __init__(self, root: str, own: dict[str, str], max_entries: int, max_entry: int) -> None:
        self.root = root
        self.own = own  # entities that the document declares
        self.entry = _ENTRY.get(root, "item")
        self.max_entries = max_entries
        self.max_entry = max_entry
        self.text = ""
        self.out: list[str] = []
        self.stack: list[_Element] = []
        self.open: Counter[str] = Counter()
        self.prefixes: set[str] = set()
        self.entries = 0
        self.left = 0
        self.large: list[str] = []
        self.sound: tuple[int, list[str]] = (0, [])  # length of out and open elements after the last entry
        self.closed = False

    def read(self, text: str) -> None:
        self.text = text
        position = 0
        while (token := _TOKEN.search(text, position)) and not self.closed:
            self.characters(text[position : token.start()])
            position = token.end()
            kind = token["other"]
            if kind is None:
                self.tag(token)
            else:
                end = text.find(_ENDS[kind], position)
                if end < 0:
                    return
                if kind == "![CDATA[":  # comments and instructions say nothing to us
                    self.verbatim(text[token.start() : end + 3])
                position = end + len(_ENDS[kind])
            if self.entries >= self.max_entries and self.count_rest(position):
                return

    def result(self) -> Guarded:
        truncated = not self.closed and self.left == 0
        if not self.closed:
            length, names = self.sound
            del self.out[length:]
            self.out += [f"</{name}>" for name in reversed(names)]
        return Guarded(
            root=self.root,
            text="".join(self.out),
            entries=self.entries,
            left=self.left,
            large=tuple(self.large),
            truncated=truncated,
            crowded=len(self.prefixes) > MAX_NAMESPACES,
        )

    def characters(self, text: str) -> None:
        if text:
            self.verbatim(self.mended(text))

    def verbatim(self, text: str) -> None:
        if self.stack:
            self.stack[-1].characters += len(text)
        self.out.append(text)

    def tag(self, token: re.Match[str]) -> None:
        name = token["name"]
        if token["close"]:
            if self.open[name]:
                self.close_to(name, token.end(), token.group())
            else:
                self.out.append(token.group())
            return
        element = _Element(name, token.start(), len(self.out))
        if element.local == self.entry:
            if self.open[name]:
                self.close_to(name, token.start(), "")  # the entry before was never closed
            while self.stack and self.stack[-1].local in _UNREAD:
                self.ended(token.start())  # nor was this, and it may not take the entry with it
            element.mark = len(self.out)
        attrs = token["attrs"]
        self.out.append(f"<{name}{self.bounded(attrs)}>")
        self.stack.append(element)
        self.open[name] += 1
        if attrs.endswith("/"):
            self.ended(token.end())

    def close_to(self, name: str, end: int, tag: str) -> None:
        """End the open elements up to the last one of that name, whose closing tag is ``tag``."""
        while self.stack[-1].name != name:
            self.ended(end)
        self.out.append(tag)
        self.ended(end)

    def ended(self, end: int) -> None:
        """The innermost element is complete: judge it."""
        element = self.stack.pop()
        self.open[element.name] -= 1
        if element.local in _UNREAD or (element.local in _AUTHORS and self.is_long(element)):
            del self.out[element.mark :]
        elif element.local == self.entry:
            if _bytes_exceed(self.text, element.start, end, self.max_entry):
                del self.out[element.mark :]
                self.large.append(self.text[element.start : min(end, element.start + HEAD_OF_ENTRY)])
            else:
                self.entries += 1
            self.sound = (len(self.out), [e.name for e in self.stack])
        self.closed = not self.stack

    def is_long(self, author: _Element) -> bool:
        if author.characters < MAX_AUTHOR_RUN:
            return False
        if author.characters > MAX_AUTHOR:
            return True
        return _RUN.search(_CDATA.sub("", "".join(self.out[author.mark :]))) is not None

    def count_rest(self, position: int) -> bool:
        """Whether entries follow beyond the limit; they are counted, and nothing more is read."""
        pattern = rf"<(?:[\w.\-]{{1,40}}:)?{self.entry}(?=[\s>/])"
        self.left = sum(1 for _ in re.finditer(pattern, self.text[position:], re.IGNORECASE))
        return self.left > 0

    def bounded(self, attrs: str) -> str:
        """The attributes of a tag as they may stay."""
        if not attrs:
            return attrs
        if (attrs.count('"') + attrs.count("'")) // 2 > MAX_ATTRIBUTES:
            return "/" if attrs.endswith("/") else ""
        if "xmlns:" in attrs:
            self.prefixes.update(_PREFIX.findall(attrs))
        if "base" in attrs:
            deep = len(self.stack) > MAX_BASE_DEPTH
            attrs = _BASE.sub(lambda m: "" if deep or len(m[1]) > MAX_BASE else m[0], attrs)
        return self.mended(attrs)

    def mended(self, text: str) -> str:
        return _REFERENCE.sub(self.reference, text) if "&" in text else text

    def reference(self, match: re.Match[str]) -> str:
        """A reference that every parser reads: predefined ones stay, known ones become their characters."""
        kind, name = match.lastgroup, match[match.lastgroup or 0]
        if kind == "name":
            if name in _PREDEFINED:
                return match[0]
            value = self.own.get(name) or html5.get(name + ";")
            return escape(value, {'"': "&quot;"}) if value else "&amp;" + match[0][1:]
        if kind is None:
            return "&amp;"
        # html.unescape knows which numbers are characters and what windows-1252 numbers mean
        return escape(_INVALID.sub("", html.unescape(match[0])), {'"': "&quot;"})


def _bytes_exceed(text: str, start: int, end: int, limit: int) -> bool:
    if end - start > limit:
        return True
    return (end - start) * 4 > limit and len(text[start:end].encode("utf-8", "replace")) > limit
