"""Values to HTML: one Jinja environment in which everything is escaped and nothing is missing silently."""

from __future__ import annotations

import html
import re
from datetime import datetime
from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import nh3
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pipeline.model import REASONS
from pipeline.text import one_line
from pipeline.urls import is_web_url, mask_url

# Characters that could mislead a reader; the same that pipeline.text escapes for terminals, here left out.
_MISLEADING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_MARKUP = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_ASKED = re.compile(r"(-?)(?<!\w)([a-z]+:\"?)?(\w+)(\*?)")
_SPANS = ((60, 1, "s"), (3600, 60, "min"), (172800, 3600, "h"), (float("inf"), 86400, "d"))


def environment() -> Environment:
    """The environment of all templates."""
    made = Environment(
        loader=PackageLoader("pipeline.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "plain": plain,
        "safe_url": safe_url,
        "moment": moment,
        "number": number,
        "duration": duration,
        "percent": percent,
        "size": size,
        "host": host,
        "reason_words": reason_words,
        "with_query": with_query,
        "capitalize_first": capitalize_first,
        "marked": marked,
        "feed_name": feed_name,
    }
    made.globals |= {"static": static_url, "reasons": REASONS}
    return made


def plain(text: str | None) -> str:
    """A title or name from outside as one line of text, left-over markup and steering characters removed.

    >>> plain("<b>Bridge</b> opens<script>x()</script> at 5 < 6")
    'Bridge opens at 5 < 6'
    """
    text = _MISLEADING.sub("", text or "")
    if _MARKUP.search(text):
        text = html.unescape(nh3.clean(text, tags=set()))
    return one_line(text)


def safe_url(url: str | None) -> str | None:
    """``url`` if a reader may follow it: http or https, without credentials; else None."""
    return mask_url(url) if url and is_web_url(url) else None


def moment(value: datetime | None, absent: str = "—") -> Markup:
    """A ``<time>`` that the browser shows in the reader's zone, with the exact one on hover."""
    if value is None:
        return Markup('<span class="absent">{}</span>').format(absent)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(), f"{value:%Y-%m-%d %H:%M:%S} UTC", f"{value:%d %b %H:%M} UTC"
    )


def number(value: float) -> str:
    """``12,345``; thousandths of what is small."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}"


def duration(seconds: float) -> str:
    """``3 min`` rather than 187 seconds.

    >>> duration(0.25), duration(187), duration(7300)
    ('250 ms', '3 min', '2 h')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    _, unit, name = next(span for span in _SPANS if seconds < span[0])
    return f"{seconds / unit:.0f} {name}"


def percent(share: float | None) -> str:
    """``0.5`` as ``50 %``; a dash for none."""
    return "—" if share is None else f"{share * 100:.0f} %"


def size(number_of_bytes: int) -> str:
    """Bytes in binary units.

    >>> size(3 * 2**20)
    '3.0 MiB'
    """
    value = float(number_of_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def host(url: str | None) -> str:
    """The host of an address, for people."""
    return (url or "").partition("://")[2].partition("/")[0].removeprefix("www.")


def reason_words(reason: str) -> str:
    """``joined_story`` as ``joined story``."""
    return reason.replace("_", " ")


def feed_name(url: str, most: int = 48) -> str:
    """A feed's address without its scheme, its middle left out where it is long."""
    name = plain(url.partition("://")[2] or url)
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most // 2 - 1) :]}"


def marked(text: str, query: str) -> Markup:
    """``text`` with the words of a search highlighted; both are data.

    >>> marked("Bridges & trams", "bridge* -eel outlet:X")
    Markup('<mark>Bridges</mark> &amp; trams')
    """
    words = []
    for minus, field, word, star in _ASKED.findall(query):
        if not minus and not field:
            words.append(re.escape(word) + (r"\w*" if star else r"\b"))
    if not words:
        return escape(text)
    parts = re.split(rf"\b({'|'.join(words)})", text, flags=re.IGNORECASE)
    return Markup("").join(Markup("<mark>{}</mark>").format(p) if n % 2 else escape(p) for n, p in enumerate(parts))


def capitalize_first(text: str) -> str:
    """``text`` as the beginning of a sentence; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def with_query(base: str, values: dict[str, Any], **more: Any) -> str:
    """``base`` with a query string of the values that are given, ``more`` over ``values``."""
    pairs = {name: value for name, value in (values | more).items() if value not in (None, "")}
    return f"{base}?{urlencode(pairs)}" if pairs else base


@cache
def static_url(name: str) -> str:
    """The address of a file of ours, which changes with its content so that it may be kept for long."""
    content = resources.files("pipeline.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={blake2b(content, digest_size=6).hexdigest()}"
