"""Host names: one spelling for each, and the domain that somebody registered."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from tldextract import TLDExtract

# Letters, digits and hyphens by RFC 1123; the underscore is not allowed there and occurs all the same.
_ASCII_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z")
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z")
MAX_HOST = 253  # characters, RFC 1035 section 2.3.4


@lru_cache(maxsize=8192)
def normal_host(host: str) -> str:
    """``host`` as it is spelt in a canonical URL: lower case, IDNA 2008 (UTS 46), numbers as IP addresses.

    Follows the host parser of the WHATWG URL standard, because that is how the same text would be read
    elsewhere: ``0x7f000001``, ``127.1`` and full-width digits are all 127.0.0.1.  IPv6 keeps its brackets.
    One trailing dot is dropped.  Raises ``ValueError`` for what cannot be a host.
    """
    if host.startswith("["):
        return _ipv6(host)
    name = host.lower()
    if not _ASCII_HOST.match(name):
        name = _decoded(host)
    if len(name) > MAX_HOST or not _ASCII_HOST.match(name):
        raise ValueError(f"{host[:80]!r} is not a host name")
    last = name.rpartition(".")[2]
    if _NUMBER.match(last):
        return _ipv4(name)
    return name


def _decoded(host: str) -> str:
    """Percent-encoding, Unicode and the trailing dot resolved; not yet checked for forbidden characters."""
    import idna

    try:
        text = unquote_to_bytes(host).decode("utf-8") if "%" in host else host
        if not text.isascii():
            mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
            text = mapped if mapped.isascii() else idna.encode(mapped).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"{host[:80]!r} is not a host name: {error}") from None
    return text.lower().removesuffix(".")


def _ipv6(host: str) -> str:
    # No zone (RFC 6874): it names an interface of this machine, which is never a place on the web.
    if not host.endswith("]") or "%" in host:
        raise ValueError(f"{host[:80]!r} is not an IPv6 address")
    try:
        return f"[{IPv6Address(host[1:-1]).compressed}]"
    except AddressValueError as error:
        raise ValueError(f"{host[:80]!r} is not an IPv6 address: {error}") from None


def _ipv4(name: str) -> str:
    """The IPv4 address meant by up to four numbers: decimal, octal (0…) or hexadecimal (0x…), WHATWG 3.5."""
    numbers = [_number(part) for part in name.split(".")]
    last = numbers[-1]
    if len(numbers) > 4 or any(n > 255 for n in numbers[:-1]) or last >= 256 ** (5 - len(numbers)):
        raise ValueError(f"{name[:80]!r} is not an IPv4 address")
    return str(IPv4Address(last + sum(n << (8 * (3 - i)) for i, n in enumerate(numbers[:-1]))))


def _number(part: str) -> int:
    if not _NUMBER.match(part) or len(part) > 20:
        raise ValueError(f"{part[:20]!r} is not a number, so the host is no IPv4 address")
    if part[:2] in ("0x", "0X"):
        return int(part[2:] or "0", 16)
    if len(part) > 1 and part[0] == "0":
        return int(part, 8)  # ValueError for 08 and 09
    return int(part)


def host_of(url_or_host: str) -> str:
    """The normal host in a URL, or the host itself; "" where there is none."""
    from pipeline.urls.parts import split_url

    try:
        return split_url(url_or_host).host if "//" in url_or_host else normal_host(url_or_host)
    except ValueError:
        return ""


@lru_cache(maxsize=8192)
def registrable_domain(host: str) -> str:
    """The domain that somebody registered: ``news.example.co.uk`` → ``example.co.uk``.

    By the public suffix list that tldextract bundles, with its private section, so that two blogs under one
    provider are two sites; nothing is downloaded.  An IP address, a single name and a bare public suffix
    are returned as they are.  Raises ``ValueError`` for what cannot be a host.
    """
    name = normal_host(host)
    if name.startswith("[") or name.replace(".", "").isdigit():
        return name
    found = _extractor()(name)
    return f"{found.domain}.{found.suffix}" if found.domain and found.suffix else name


@lru_cache(maxsize=1)
def _extractor() -> TLDExtract:
    from tldextract import TLDExtract

    # No list is downloaded and no cache is written: the same answer on every machine.
    return TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


def same_site(a: str, b: str) -> bool:
    """Whether two URLs (or hosts) lie under one registrable domain; false where one has no host."""
    one, other = host_of(a), host_of(b)
    return bool(one and other) and (one == other or registrable_domain(one) == registrable_domain(other))
