"""Stories as a feed, so that any feed reader becomes a client: Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from pipeline.exports.records import StoryRow
from pipeline.text import one_line

TITLE = "Storyfold"
FEED_ID = "urn:storyfold:stories"
SUMMARY = 2_000  # characters of a text that a feed carries

# XML 1.0 section 2.2: the characters that may stand in a document.
_FORBIDDEN = dict.fromkeys(
    (*range(0x9), 0xB, 0xC, *range(0xE, 0x20), 0x7F, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), None
)


def atom(rows: Iterable[StoryRow], made: datetime) -> Iterator[str]:
    """The parts of an Atom document; ``made`` is its time."""
    yield '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    yield f"<id>{FEED_ID}</id>\n<title>{TITLE}</title>\n<updated>{stamp(made)}</updated>\n"
    yield f"<author><name>{TITLE}</name></author>\n"
    for row in rows:
        yield _entry(row)
    yield "</feed>\n"


def _entry(row: StoryRow) -> str:
    lines = [
        "<entry>",
        f"<id>{_xml(f'urn:storyfold:story:{row.story_id}')}</id>",
        f"<title>{_xml(title_of(row))}</title>",
        f"<updated>{stamp(row.last_seen)}</updated>",
        f"<published>{stamp(row.published or row.first_seen)}</published>",
    ]
    if row.url:
        lines.append(f"<summary>{_xml(summary_of(row))}</summary>")
        lines.append(f'<link rel="alternate" href={quoteattr(sound(row.url))}/>')
    else:  # an entry that leads nowhere must hold what it is about (RFC 4287, section 4.1.2)
        lines.append(f"<content>{_xml(summary_of(row))}</content>")
    names = row.authors or ((row.outlet,) if row.outlet else ())
    lines += [f"<author><name>{_xml(one_line(name)) or TITLE}</name></author>" for name in names]
    lines += [f"<category term={quoteattr(sound(one_line(outlet)))}/>" for outlet in row.outlets]
    return "\n".join([*lines, "</entry>\n"])


def json_feed(rows: Iterable[StoryRow]) -> Iterator[str]:
    """The parts of a JSON Feed document."""
    head = {"version": "https://jsonfeed.org/version/1.1", "title": TITLE}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "items": ['
    before = "\n"
    for row in rows:
        yield before + json.dumps(_item(row), ensure_ascii=False)
        before = ",\n"
    yield "\n]}\n"


def _item(row: StoryRow) -> dict[str, object]:
    item: dict[str, object] = {
        "id": f"urn:storyfold:story:{row.story_id}",
        "title": sound(title_of(row)),
        "content_text": sound(summary_of(row)),
        "date_published": stamp(row.published or row.first_seen),
        "date_modified": stamp(row.last_seen),
        "authors": [{"name": sound(name)} for name in row.authors or ((row.outlet,) if row.outlet else ())],
        "tags": [sound(outlet) for outlet in row.outlets],
    }
    if row.url:
        item["url"] = sound(row.url)
    if len(row.languages) == 1:
        item["language"] = row.languages[0]
    return item


def title_of(row: StoryRow) -> str:
    """A title is needed: the address, or the id, stands in for an empty one."""
    return one_line(sound(row.title)) or row.url or row.story_id


def summary_of(row: StoryRow) -> str:
    """The beginning of the text, and who else has it."""
    text = row.text if len(row.text) <= SUMMARY else row.text[:SUMMARY].rpartition(" ")[0] + " …"
    return text + (f"\n\n({', '.join(row.outlets)})" if len(row.outlets) > 1 else "")


def stamp(moment: datetime) -> str:
    """RFC 3339, whole seconds, UTC."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def sound(text: str) -> str:
    """``text`` without characters that no document may hold."""
    return text.translate(_FORBIDDEN)


def _xml(text: str) -> str:
    return escape(sound(text))
