"""Cookies for the length of one exchange: enough for sites that set one and send the reader round again."""

from __future__ import annotations

from pipeline.urls import WebURL

MAX_COOKIES = 20  # for one origin
MAX_COOKIE = 4096  # bytes (RFC 6265 section 6.1)


class CookieJar:
    """Cookies are told only to the origin that set them, and forgotten after the exchange.

    Narrower than RFC 6265 on purpose: domains and paths are not widened, so nothing crosses an origin.
    """

    def __init__(self) -> None:
        self._cookies: dict[str, dict[str, str]] = {}
        self._asked: dict[str, str] = {}

    def keep(self, url: WebURL, set_cookies: list[str]) -> None:
        """Take the ``Set-Cookie`` headers that ``url`` answered with."""
        self._asked[url.text] = self.header(url)
        for line in set_cookies:
            pair = line.partition(";")[0]
            name, mark, value = pair.partition("=")
            name, value = name.strip(), value.strip()
            jar = self._cookies.setdefault(url.origin, {})
            fits = len(pair) <= MAX_COOKIE and pair.isprintable() and (len(jar) < MAX_COOKIES or name in jar)
            if mark and name and fits:
                jar[name] = value

    def header(self, url: WebURL) -> str:
        """The ``Cookie`` header for ``url``; "" where there is none."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.get(url.origin, {}).items())

    def header_before(self, url: WebURL) -> str:
        """The ``Cookie`` header with which ``url`` was asked last."""
        return self._asked.get(url.text, "")
