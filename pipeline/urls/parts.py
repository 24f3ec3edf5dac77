"""Taking a web address apart, as browsers do (WHATWG URL standard), and spelling its parts in one way."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.urls.hosts import normal_host

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL = 8192  # characters; longer ones are data, not addresses

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY = re.compile(r"([^/?#]*)")
_EDGES = "".join(map(chr, range(0x21)))  # C0 controls and blank
_INSIDE = re.compile(r"[\t\r\n]")  # removed wherever they stand, as browsers do
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")  # RFC 3986, 2.3
_PLAIN = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]]*\Z")
_MUST_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%\[\]]")


class WebURL(NamedTuple):
    """An http or https address in its normal spelling.

    ``host`` is lower case and IDNA-encoded, IPv6 in brackets; ``port`` is None for the scheme's own;
    ``query`` is None where there is no question mark.  Fragments are not kept.
    """

    scheme: str
    userinfo: str | None
    host: str
    port: int | None
    path: str
    query: str | None

    @property
    def netloc(self) -> str:
        """Host and port."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what credentials and connections belong to (RFC 6454)."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def target(self) -> str:
        """Path and query, as sent in a request."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def text(self) -> str:
        """The address, without credentials."""
        return f"{self.scheme}://{self.netloc}{self.target}"


def split_url(url: str, base: str | None = None) -> WebURL:
    """``url``, resolved against ``base`` where it is relative, in its parts; nothing that matters is lost.

    Raises ``ValueError``, with a sentence for people, for anything that is not an http or https address.
    """
    if len(url) > MAX_URL:
        raise ValueError(f"an address of {len(url)} characters is too long (at most {MAX_URL})")
    text = _INSIDE.sub("", url.strip(_EDGES))
    text = text.partition("#")[0]
    match = _SCHEME.match(text)
    if match:
        return _absolute(match.group(1).lower(), text[match.end() :])
    if base is None:
        raise ValueError(f"{url[:80]!r} has no scheme: an address begins with http:// or https://")
    return _relative(text, split_url(base))


def is_web_url(url: str) -> bool:
    """Whether ``url`` is a complete http or https address."""
    try:
        split_url(url)
    except ValueError:
        return False
    return True


def _absolute(scheme: str, rest: str) -> WebURL:
    if scheme not in DEFAULT_PORTS:
        raise ValueError(f"{scheme[:20]}: is not the web: an address begins with http:// or https://")
    if "\\" in rest:
        rest = _slashes(rest)
    rest = rest.lstrip("/")  # browsers take http:host, http:/host and http:///host for http://host
    match = _AUTHORITY.match(rest)
    authority = match.group(1) if match else ""
    userinfo, at, hostport = authority.rpartition("@")
    host, port = _host_port(hostport, scheme)
    path, mark, query = rest[len(authority) :].partition("?")
    return WebURL(
        scheme,
        userinfo if at and userinfo else None,
        host,
        port,
        normal_path(path),
        escaped(query) if mark else None,
    )


def _slashes(text: str) -> str:
    """Backslashes before the query are slashes to a browser."""
    path, mark, query = text.partition("?")
    return path.replace("\\", "/") + mark + query


def _host_port(text: str, scheme: str) -> tuple[str, int | None]:
    if text.endswith("]") or ":" not in text:
        host, port = text, ""
    else:
        host, _, port = text.rpartition(":")
    if not host:
        raise ValueError("the address has no host")
    if not port:
        return normal_host(host), None
    if not (port.isascii() and port.isdigit()) or len(port) > 8 or not 0 < int(port) < 65536:
        raise ValueError(f"{port[:20]!r} is not a port")
    number = int(port)
    return normal_host(host), None if number == DEFAULT_PORTS[scheme] else number


def _relative(text: str, base: WebURL) -> WebURL:
    """RFC 3986 section 5.2.2; ``base`` is already normal."""
    text = _slashes(text)
    if text.startswith("//"):
        return _absolute(base.scheme, text)
    path, mark, query = text.partition("?")
    new_query = escaped(query) if mark else None
    if not path:
        return base._replace(query=new_query if mark else base.query)
    if not path.startswith("/"):
        path = base.path.rpartition("/")[0] + "/" + path
    return base._replace(path=normal_path(path), query=new_query)


def normal_path(path: str) -> str:
    """``path`` percent-encoded in one way and without dot segments (RFC 3986 sections 5.2.4 and 6.2.2)."""
    path = escaped(path)
    if "/." not in path:
        return path or "/"
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def escaped(text: str) -> str:
    """``text`` percent-encoded in one way: unreserved characters bare, hexadecimal in capitals."""
    if _PLAIN.match(text):
        return text
    text = _MUST_ESCAPE.sub(_encode, text)
    return _ESCAPE.sub(_simplify, text)


def _encode(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "replace"))


def _simplify(match: re.Match[str]) -> str:
    char = chr(int(match.group(1), 16))
    return char if char in _UNRESERVED else match.group().upper()
