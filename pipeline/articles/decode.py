"""Bytes → text: what kind of content it is, and which encoding.

Order of the encodings: byte order mark, header, meta element, detection.  A declared encoding that does not
fit the bytes gives way to the next one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import PageRejected
from pipeline.model import Reason

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The first bytes of files that servers deliver as text/html (MIME Sniffing standard, section 6).
_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
    (b"OggS", "audio"),
    (b"ID3", "audio"),
    (b"\x00\x00\x00\x18ftyp", "video"),
    (b"\x00\x00\x00\x20ftyp", "video"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
)
_WEB_TYPES = ("text/html", "application/xhtml", "text/plain", "application/xml", "text/xml", "text/htm")
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
# Labels that mean their Windows superset on the web (Encoding standard, section 4.2).
_SUPERSETS = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "iso8859-9": "cp1254",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
    "iso8859-11": "cp874", "tis-620": "cp874",
}  # fmt: skip
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE = 4096
_MOJIBAKE = re.compile("[ÃÂâÐÑ][\u0080-\u00bf\u2018-\u203a\u20ac\u2122\u0152-\u0178\u02c6\u02dc]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """``html`` and how it was read; ``notes`` are for people."""

    html: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode_page(body: bytes, content_type: str | None) -> Decoded:
    """Read ``body``; raises ``PageRejected`` (``PAGE_EMPTY``, ``NOT_HTML``)."""
    if not body.strip(b" \t\r\n\x00"):
        raise PageRejected(Reason.PAGE_EMPTY, f"{len(body)} bytes, none of them visible")
    marked = _bom(body)
    _refuse_other_kinds(body, content_type, has_bom=marked is not None)
    tried: list[str] = []
    for source, name in _candidates(body, content_type, marked):
        text = _decoded(body, name)
        if text is not None:
            notes = [f"declared encoding {', '.join(tried)} does not fit; read as {name}"] if tried else []
            return _repaired(Decoded(text, name, tuple(notes)))
        if source != "detection":
            tried.append(name)
    return Decoded(body.decode("utf-8", "replace"), "utf-8", ("some bytes are not text; replaced",))


def _refuse_other_kinds(body: bytes, content_type: str | None, *, has_bom: bool) -> None:
    kind = (content_type or "").split(";")[0].strip().lower()
    start = body[:64].lstrip()
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            raise PageRejected(Reason.NOT_HTML, f"the content is {name}")
    if kind and not kind.startswith(_WEB_TYPES) and not _looks_like_html(body):
        raise PageRejected(Reason.NOT_HTML, f"content type {kind[:80]}")
    sample = body[:_SAMPLE]
    if not has_bom and len(_CONTROLS.findall(sample)) > len(sample) // 20 and not _looks_like_utf16(sample):
        raise PageRejected(Reason.NOT_HTML, "binary data")
    if sample.lstrip()[:1] in b"{[" and b"<html" not in body[:100_000].lower():
        raise PageRejected(Reason.NOT_HTML, "JSON data")


def _looks_like_html(body: bytes) -> bool:
    head = body[:_SAMPLE].lower()
    return b"<html" in head or b"<!doctype html" in head or b"<body" in head


def _looks_like_utf16(sample: bytes) -> bool:
    return sample[1::2].count(0) > len(sample) // 3 or sample[::2].count(0) > len(sample) // 3


def _bom(body: bytes) -> str | None:
    return next((name for mark, name in _BOMS if body.startswith(mark)), None)


def _candidates(body: bytes, content_type: str | None, marked: str | None) -> Iterator[tuple[str, str]]:
    if marked:
        yield "byte order mark", marked
    header = _HEADER.search(content_type or "")
    if header and (name := _known(header[1])):
        yield "header", name
    meta = _META.search(body[: _SAMPLE * 2])
    if meta and (name := _known(meta[1].decode("ascii", "replace"))):
        # A meta element that could be read byte by byte cannot be UTF-16 (HTML standard, 13.2.3.2).
        yield "meta", "utf-8" if name.startswith("utf-16") else name
    if b"\x00" in body[:200] and _looks_like_utf16(body[:_SAMPLE]):
        yield "detection", "utf-16-le" if body[1:2] == b"\x00" else "utf-16-be"
    yield "detection", "utf-8"
    yield "detection", _detected(body)
    yield "detection", "cp1252"


def _known(label: str) -> str | None:
    try:
        name = codecs.lookup(label.strip()).name
    except LookupError:
        return None
    return _SUPERSETS.get(name, name)


def _detected(body: bytes) -> str:
    from resiliparse.parse.encoding import detect_encoding

    return _known(detect_encoding(body) or "") or "cp1252"


def _decoded(body: bytes, name: str) -> str | None:
    """The text, or ``None`` when the bytes do not fit.

    A page of several hundred kilobytes with one stray byte is still that encoding, so up to one bad
    sequence in 2,000 bytes is replaced rather than refused.
    """
    try:
        return body.decode(name)
    except UnicodeDecodeError:
        text = body.decode(name, "replace")
    except (LookupError, ValueError):
        return None
    return text if text.count("\ufffd") * 2000 <= len(body) else None


def _repaired(page: Decoded) -> Decoded:
    """UTF-8 that was once read as a Western encoding is undone where ftfy is certain."""
    if len(_MOJIBAKE.findall(page.html, 0, 500_000)) < 3:
        return page
    from ftfy import TextFixerConfig, fix_text

    config = TextFixerConfig(
        unescape_html=False, remove_terminal_escapes=False, fix_latin_ligatures=False, uncurl_quotes=False,
        fix_character_width=False, fix_line_breaks=False, remove_control_chars=False, normalization=None,
        fix_surrogates=False, max_decode_length=100_000,
    )  # fmt: skip
    fixed = fix_text(page.html, config)
    if fixed == page.html:
        return page
    return Decoded(fixed, page.encoding, (*page.notes, "mojibake repaired"))
