"""A small XML tree from text that strangers wrote: no entities of their own, no outside references."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

MAX_DEPTH = 200


@dataclass(slots=True)
class Node:
    """An element: local name in lower case, attributes, direct text, children."""

    name: str
    attrs: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> list[Node]:
        return [child for child in self.children if child.name == name]

    def text_of(self, name: str) -> str:
        """Text of the first child of that name, trimmed; "" where there is none."""
        return next((child.text.strip() for child in self.children if child.name == name), "")


def read_tree(text: str | bytes) -> Node:
    """The root element.  Raises ``ExpatError`` for malformed XML, entity declarations and excessive depth."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Node("")
    open_nodes = [top]
    pieces: list[list[str]] = [[]]

    def start(name: str, attrs: dict[str, str]) -> None:
        if len(open_nodes) > MAX_DEPTH:
            raise expat.ExpatError(f"elements nested deeper than {MAX_DEPTH}")
        node = Node(name.rpartition(":")[2].lower(), {key.rpartition(":")[2].lower(): v for key, v in attrs.items()})
        open_nodes[-1].children.append(node)
        open_nodes.append(node)
        pieces.append([])

    def end(_name: str) -> None:
        open_nodes.pop().text = "".join(pieces.pop())

    def characters(data: str) -> None:
        pieces[-1].append(data)

    def refuse(*_declaration: Any) -> None:
        raise expat.ExpatError("entity declarations are not accepted")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = refuse
    parser.Parse(text, True)
    return top.children[0]
