"""HTML without page furniture (a feed entry's content, a part chosen by a rule) → paragraphs of plain text."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from pipeline.text import one_line

_BLOCKS = frozenset([
    "p", "div", "section", "article", "header", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul",
    "ol", "dl", "dt", "dd", "blockquote", "figure", "figcaption", "table", "tr", "td", "th", "br", "hr",
    "pre", "address", "main", "aside", "body",
])  # fmt: skip
_DROPPED = "script, style, noscript, template, iframe, form, button, svg, figcaption, nav, object, embed"
_MAX_BLANK = re.compile(r"\n{2,}")


def html_to_text(html: str) -> str:
    """Plain text of an HTML fragment, paragraphs parted by a newline; text without markup stays as it is."""
    if "<" not in html and "&" not in html:
        return "\n".join(filter(None, map(one_line, html.split("\n"))))
    tree = LexborHTMLParser(html)
    for node in tree.css(_DROPPED):
        node.decompose()
    return node_to_text(tree.body) if tree.body is not None else ""


def node_to_text(root: LexborNode) -> str:
    """Plain text of an element, a line for each block.

    ``traverse`` has no closing event, so text after a block is told from text in it by its parent.
    """
    lines: list[list[str]] = [[]]
    current: int | None = None
    for node in root.traverse(include_text=True):
        if node.tag == "-text":
            block = _block_above(node)
            if block != current:
                lines.append([])
                current = block
            lines[-1].append(node.text_content or "")
        elif node.tag in _BLOCKS:
            lines.append([])
            current = None
    return "\n".join(filter(None, (one_line("".join(parts)) for parts in lines)))


def _block_above(node: LexborNode) -> int:
    parent = node.parent
    while parent is not None and parent.tag not in _BLOCKS:
        parent = parent.parent
    return parent.mem_id if parent is not None else 0
