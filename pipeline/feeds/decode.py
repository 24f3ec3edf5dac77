"""Bytes of a feed → text, whatever its headers claim."""

from __future__ import annotations

import codecs
import re

# Order matters: the mark of UTF-32LE begins with that of UTF-16LE.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# "<?" without a mark in wide encodings (XML 1.0, appendix F)
_WIDE = (
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
# Encodings in use on the web (WHATWG Encoding, section 4.2), by Python's names.  A list, because Python also
# knows "encodings" that are none (punycode, unicode_escape, idna), some of them quadratic.
_KNOWN = frozenset(
    ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "big5", "big5hkscs", "cp949", "euc_jp", "euc_kr"]
    + ["gb18030", "gb2312", "gbk", "iso2022_jp", "koi8-r", "koi8-u", "shift_jis", "cp932", "tis-620", "cp874"]
    + [f"cp{n}" for n in (437, 850, 852, 855, 866, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)]
    + [f"iso8859-{n}" for n in (*range(1, 12), 13, 14, 15, 16)]
)
# What people mean when they say these (WHATWG Encoding, "labels")
_MEANT = {
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}


def decoded(body: bytes, content_type: str | None) -> str:
    """``body`` as text; never raises.

    A byte-order mark decides, then bytes that are valid UTF-8 are UTF-8 (other text practically never is),
    then the HTTP charset, the XML declaration, windows-1252.  What still cannot be read becomes U+FFFD.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for start, name in _WIDE:
        if body.startswith(start):
            return body.decode(name, "replace")
    named = [_known(n) for n in (_of_header(content_type), _of_declaration(body)) if n]
    if "iso2022_jp" in named:  # writes Japanese in seven bits, which are valid UTF-8 too
        return body.decode("iso2022_jp", "replace")
    for name in ("utf-8", *filter(None, named)):
        try:
            return body.decode(name)
        except UnicodeDecodeError:
            continue
    # Mostly valid: a few broken bytes, or a multi-byte character cut by an editor.
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken * 20 < sum(byte > 0x7F for byte in body[:100_000]):
        return text
    return body.decode(next((name for name in named if name and name != "utf-8"), "cp1252"), "replace")


def _of_header(content_type: str | None) -> str | None:
    match = _CHARSET.search(content_type or "")
    return match.group(1) if match else None


def _of_declaration(body: bytes) -> str | None:
    match = _DECLARED.search(body[:1000])
    return match.group(1).decode("ascii") if match else None


def _known(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    name = _MEANT.get(name, name)
    return name if name in _KNOWN else None
