"""The lxml tree that trafilatura works on, made cheaper and with layout tables taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from pipeline.articles.agencies import agency_of, credited_agencies
from pipeline.articles.head import Head
from pipeline.articles.kinds import CONSENT_TEXT

# Elements that no algorithm takes text from; their neighbours' text stays.
_TEXTLESS = (
    "nav", "link", "meta", "iframe", "button", "select", "datalist", "input", "textarea", "noscript", "template",
    "canvas", "audio", "video", "object", "embed", "source", "track", "dialog", "svg",
)  # fmt: skip
# More that the main algorithm cleans away itself; the others, which fast mode leaves out, may want to see them.
_CLEANED_LATER = ("aside", "footer", "menu", "label", "legend", "time", "map", "progress", "output")
_INLINE = ("a", "abbr", "b", "cite", "em", "font", "i", "mark", "q", "small", "span", "strong", "sub", "sup", "u")
_LOOSE = 60  # characters of text beside paragraphs that may be one
_MENU = 12  # items from which a list may be a menu
_ALL_LINKS = 0.9  # share of its text inside links
_MARKED = frozenset({"class", "id"})
_CLASS = frozenset({"class"})
_LONGEST_CREDIT = 120  # characters
_LONGEST_TAG = 500  # characters between the beginning of a tag and a name in it
_CONSENTING = 2  # words of consent in a box that asks for it
_LONGEST_CONSENT = 20_000  # characters
# XML 1.0, 2.2: controls but tab and line breaks, U+FFFE and U+FFFF; as bytes of UTF-8, and as references.
_NO_XML = bytes(set(range(32)) - {9, 10, 13})
_BLANKED = bytes.maketrans(_NO_XML, b" " * len(_NO_XML))
_NO_XML_REFERENCE = re.compile(
    rb"&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])(?![0-9a-f])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])(?![0-9]));?",
    re.IGNORECASE,
)
# Signs that a template names the article's element itself.
_MARKED_BODIES = ("articleBody", "article-body", "article__body", "entry-content", "post-content", "article-content")
_PARAGRAPH = 80  # characters of a paragraph that tells where the article is
_HELD = 0.85  # share of their text that one element holds
_BODY_NAME = re.compile("article|story|post|entry|content", re.IGNORECASE)
_TEASER = 0.3  # an article element with less of it is a teaser of another one
_KNOWN = 0.5  # and that of the one which the main algorithm would take
_COLUMN = 400  # characters of running text in a cell that make its table one of layout


def tree_for(html: str, head: Head, *, fast: bool = False) -> Any:
    """The tree of a page that is rid of its dead parts, or the markup itself where lxml makes no tree of it.

    Without scripts there is half as much to copy, and with one class for all elements lxml need not call into
    Python for each: together a fifth of the time.  ``fast`` also leaves out what the main algorithm would clean away
    itself.
    """
    from lxml.etree import strip_elements

    tree = parsed(html)
    if tree is None:
        return html
    strip_elements(tree, *_TEXTLESS, *(_CLEANED_LATER if fast else ()), with_tail=False)
    if named_in_tag(html, ("credit",), _CLASS):
        _drop_credits(tree)
    if named_in_tag(html, ("cookie", "consent"), _MARKED):
        _drop_consent(tree)
    if fast:
        _drop_menus(tree)
    if head.tree.css_first("table table, td > p + p, td > br + br") is not None:
        _take_layout_tables_apart(tree)
    for block in _blocks_with_loose_text()(tree):
        _wrap_loose_text(block)
    if html.count("<article") != 1 and not any(mark in html for mark in _MARKED_BODIES):
        _mark_the_body(tree)
    return tree


def parsed(html: str) -> Any:
    """The tree of a page as its markup has it; ``None`` where lxml makes none of it.

    Characters that XML knows not are blanks in it: lxml reads them, but does not take them back where a text is moved.
    """
    from lxml.etree import LxmlError
    from lxml.html import document_fromstring

    body = html.encode("utf-8", "replace").translate(_BLANKED)
    body = _NO_XML_REFERENCE.sub(b" ", body.replace(b"\xef\xbf\xbe", b" ").replace(b"\xef\xbf\xbf", b" "))
    try:
        tree = document_fromstring(body, parser=_parser())
    except (LxmlError, ValueError, AssertionError):
        return None
    return tree if len(tree) else None


@cache
def _blocks_with_loose_text() -> Any:
    """Blocks that hold paragraphs and, beside them, text in no element of its own."""
    from lxml.etree import XPath

    blocks = "self::div or self::section or self::article"
    return XPath(f"//p/parent::*[{blocks}][text()[string-length(normalize-space(.)) > {_LOOSE}]]")


@cache
def _parser() -> Any:
    from lxml.etree import ElementDefaultClassLookup
    from lxml.html import HtmlComment, HtmlElement, HtmlEntity, HTMLParser, HtmlProcessingInstruction

    parser = HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, default_doctype=False
    )
    parser.set_element_class_lookup(
        ElementDefaultClassLookup(HtmlElement, HtmlComment, HtmlProcessingInstruction, HtmlEntity)
    )
    return parser


@cache
def _consent_boxes() -> Any:
    from lxml.etree import XPath

    marks = ("cookie", "consent", "onetrust", "iubenda", "didomi", "usercentrics", "gdpr")
    named = " or ".join(f"contains(@{name},'{mark}')" for name in ("id", "class") for mark in marks)
    return XPath(f"//*[(self::div or self::section or self::aside or self::form) and ({named})]")


def _drop_credits(tree: Any) -> None:
    """Whose picture it is, in an element of its own that says so by its class; not the agency of the article."""
    for credit in tree.xpath("//*[self::p or self::span or self::div or self::small][contains(@class, 'credit')]"):
        text = credit.text_content().strip()
        if credit.getparent() is None or len(text) > _LONGEST_CREDIT or agency_of(text) or credited_agencies(text):
            continue
        credit.drop_tree()


def _drop_consent(tree: Any) -> None:
    """Boxes that ask for consent to cookies: on a page with a short article they are the longest text."""
    for box in _consent_boxes()(tree):
        if box.getparent() is None or box.find(".//h1") is not None or box.find(".//article") is not None:
            continue
        text = box.text_content()
        if len(text) <= _LONGEST_CONSENT and len(CONSENT_TEXT.findall(text)) >= _CONSENTING:
            box.drop_tree()


def _mark_the_body(tree: Any) -> None:
    """Name the element that holds the paragraphs where the template names none that the main algorithm knows.

    Or where what it knows is a teaser or one part of many.  Else it takes paragraphs from the whole page, without the
    subheadings and lists between them.
    """
    from trafilatura.xpaths import BODY_XPATH

    lengths = [(paragraph, len(paragraph.text_content())) for paragraph in tree.iter("p")]
    held = _held(lengths)
    all_of_it = held.get(tree, 0)
    teasers = {
        holder
        for holder, length in held.items()
        if holder.tag == "article" and length < _TEASER * all_of_it and holder.find(".//h1") is None
    }
    if teasers:
        held = _held((p, length) for p, length in lengths if teasers.isdisjoint(p.iterancestors("article")))
    total = held.get(tree, 0)
    holders = [
        holder for holder, length in held.items() if length >= _HELD * total and holder.tag in ("div", "section")
    ]
    body = max(holders, key=lambda holder: sum(1 for _ in holder.iterancestors()), default=None)
    if body is None or any(map(_is_named_as_body, (body, *body.iterancestors("div", "section", "main")))):
        return
    known = next((found[0] for xpath in BODY_XPATH if (found := xpath(tree))), None)
    if known is None or (known.find(".//h1") is None and held.get(known, 0) < _KNOWN * total):
        body.set("class", "article-body")


def _is_named_as_body(element: Any) -> bool:
    """Mostly by a name that the main algorithm knows; asking it takes longer."""
    return _BODY_NAME.search(f"{element.get('class') or ''} {element.get('id') or ''}") is not None


def _held(lengths: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    """Characters of the longer paragraphs in each element that holds some."""
    held: dict[Any, int] = {}
    for paragraph, length in lengths:
        if length >= _PARAGRAPH:
            for holder in paragraph.iterancestors():
                held[holder] = held.get(holder, 0) + length
    return held


def _drop_menus(tree: Any) -> None:
    """Long lists of nothing but links: the main algorithm takes no text from them, but copies them many times."""
    for menu in list(tree.iter("ul", "ol")):
        items = len(menu)
        if items < _MENU or menu.getparent() is None:
            continue
        links = [link for link in menu.iter("a") if link.get("href")]
        linked = sum(len(link.text_content().strip()) for link in links)
        if len(links) >= items and linked >= _ALL_LINKS * len(menu.text_content().strip()):
            menu.drop_tree()


def _take_layout_tables_apart(tree: Any) -> None:
    """Cells become blocks: else they would come out as rows of data."""
    for table in list(tree.iter("table")):
        if table.find(".//table") is not None or any(_is_column(cell) for cell in table.iter("td")):
            for part in [table, *table.xpath("./tbody|./tr|./tbody/tr|./tr/td|./tbody/tr/td|./tr/th|./tbody/tr/th")]:
                cell = part.tag in ("td", "th")
                part.tag = "p" if cell and not _has_blocks(part) else "div"
                if cell and part.tag == "div":
                    _wrap_loose_text(part)


def _wrap_loose_text(cell: Any) -> None:
    """Text between breaks and blocks becomes paragraphs: beside a real one the main algorithm would not take it."""
    from lxml.html import Element

    if cell.find("p") is None:
        return  # breaks alone are understood
    run = Element("p")
    run.text, cell.text = cell.text, None
    for child in list(cell):
        tail, child.tail = child.tail, None
        if child.tag in _INLINE:
            run.append(child)
            child.tail = tail
            continue
        if run.text_content().strip():
            child.addprevious(run)
        if child.tag == "br":
            cell.remove(child)
        run = Element("p")
        run.text = tail
    if run.text_content().strip():
        cell.append(run)


def _has_blocks(cell: Any) -> bool:
    return any(child.tag in ("p", "div", "table", "br", "ul", "form") for child in cell.iter() if child is not cell)


def _is_column(cell: Any) -> bool:
    """A cell that holds running text: several paragraphs or breaks."""
    return len(cell.findall("p")) + len(cell.findall("br")) > 2 and len(cell.text_content()) > _COLUMN


def named_in_tag(html: str, names: tuple[str, ...], attributes: frozenset[str]) -> bool:
    """Whether one of the names stands in a tag's own name or in one of the attributes: by a few plain searches."""
    for name in names:
        at = html.find(name)
        while at >= 0:
            if _in_tag(html[max(0, at - _LONGEST_TAG) : at], name, attributes):
                return True
            at = html.find(name, at + 1)
    return False


def _in_tag(before: str, name: str, attributes: frozenset[str]) -> bool:
    tag = before.rfind("<")
    if tag <= before.rfind(">"):
        return False
    equals = before.rfind("=", tag)
    return "=" in name or equals < 0 or before[tag:equals].rsplit(None, 1)[-1] in attributes
