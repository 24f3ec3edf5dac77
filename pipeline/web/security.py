"""Who may ask, and what a browser may do with the answer.

- The Host header has to be a name of this machine: a page elsewhere that points its own name here (DNS
  rebinding) gets nothing.
- With a token set, nothing but the sign-in and the style sheet is shown without it.
- A change needs the token, or the session's CSRF token; a request that a browser marks as coming from
  another site changes nothing.
- Every answer carries a policy under which no script or style inside a page runs, nothing is loaded from
  elsewhere, and no other page may frame it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .settings import WebSettings, is_loopback

COOKIE = "storyfold"
SESSION_DAYS = 30
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OPEN_PATHS = ("/login", "/static/")

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Outlets do not learn who reads here; "no-referrer" would turn the Origin of our own forms into "null".
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks.  ``trusted``: knows the token, or none is set; ``bearer``: said it in this very request."""

    name: str
    csrf: str
    trusted: bool
    bearer: bool = False
    fresh: bool = False  # its cookie is not set yet


class Keys:
    """Signs sessions.  With a token they outlive a restart; without one they need not."""

    def __init__(self, token: str) -> None:
        seed = token.encode() if token else secrets.token_bytes(32)
        self._key = hashlib.sha256(b"storyfold sessions\0" + seed).digest()
        self.token = token

    def sign(self, *parts: str) -> str:
        """A signature over ``parts``, 43 characters."""
        digest = hmac.digest(self._key, "\0".join(parts).encode(), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def cookie(self, name: str, *, knows_token: bool, now: datetime) -> str:
        """The value of a session's cookie."""
        until = str(int(now.timestamp()) + SESSION_DAYS * 86400)
        level = "t" if knows_token else "a"
        return ".".join((name, until, level, self.sign("session", name, until, level)))

    def session(self, value: str, now: datetime) -> Session | None:
        """The session of a cookie, None for one that is not ours or too old."""
        parts = value.split(".")
        if len(parts) != 4:
            return None
        name, until, level, signature = parts
        if not same(signature, self.sign("session", name, until, level)):
            return None
        if int(until) < now.timestamp():
            return None
        return Session(name, self.sign("csrf", name), trusted=level == "t" or not self.token)

    def new_session(self) -> Session:
        """A session nobody had before."""
        name = secrets.token_urlsafe(18)
        return Session(name, self.sign("csrf", name), trusted=not self.token, fresh=True)


def same(a: str, b: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(a.encode("utf-8", "replace"), b.encode("utf-8", "replace"))


class Guard:
    """The door in front of every route but those below the path ``beside``, which know their visitors themselves."""

    def __init__(
        self,
        app: ASGIApp,
        settings: WebSettings,
        keys: Keys,
        clock: Callable[[], datetime],
        beside: str | None = None,
    ) -> None:
        self._app, self._keys, self._clock, self._beside = app, keys, clock, beside
        self._names = {name.lower() for name in (*settings.hosts, settings.host)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with its session in ``scope``, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        session = self._session(headers)
        scope["session"] = session
        refusal = self._refusal(scope, headers, session)
        answer: ASGIApp = self._app if refusal is None else refusal
        await answer(scope, receive, self._sealed(scope, session, send))

    def _session(self, headers: Headers) -> Session:
        scheme, _, said = headers.get("authorization", "").partition(" ")
        if self._keys.token and scheme.lower() == "bearer" and same(said.strip(), self._keys.token):
            return Session("", "", trusted=True, bearer=True)
        value = _cookie(headers.getlist("cookie"))
        return (value and self._keys.session(value, self._clock())) or self._keys.new_session()

    def _refusal(self, scope: Scope, headers: Headers, session: Session) -> Response | None:
        path: str = scope["path"]
        if self._beside and path.startswith(self._beside):
            return None
        host = headers.get("host", "")
        if not self._known(host):
            return PlainTextResponse(
                "This page is not served under that name. If it should be, add the name to [web] hosts.\n",
                421,
            )
        if scope["method"] not in SAFE_METHODS and not session.bearer and _from_elsewhere(headers, host):
            return PlainTextResponse("Changes are taken from this page's own forms only.\n", 403)
        if session.trusted or path.startswith(OPEN_PATHS):
            return None
        if path.startswith("/api/"):
            return JSONResponse(
                {
                    "title": "Unauthorized",
                    "status": 401,
                    "detail": "send the token of [web] token as “Authorization: Bearer …”",
                },
                401,
                headers={"www-authenticate": "Bearer"},
                media_type="application/problem+json",
            )
        return RedirectResponse(f"/login?next={quote(path)}", 303)

    def _known(self, host: str) -> bool:
        """Names of this machine: the ones configured, loopback, and plain addresses, which no name server
        can turn on us."""
        name = (urlsplit(f"//{host}").hostname or "") if _plain(host) else ""
        if not name:
            return False
        if name in self._names or is_loopback(name):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return bool(self._keys.token)

    def _sealed(self, scope: Scope, session: Session, send: Send) -> Send:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if "cache-control" not in headers:
                    headers["cache-control"] = "no-store"
                page = headers.get("content-type", "").startswith("text/html")
                if session.fresh and page and "set-cookie" not in headers:
                    value = self._keys.cookie(session.name, knows_token=False, now=self._clock())
                    headers.append("set-cookie", cookie_header(value, scope["scheme"]))
            await send(message)

        return sealed


def cookie_header(value: str, scheme: str) -> str:
    """A Set-Cookie line; an empty ``value`` takes the cookie away."""
    age = SESSION_DAYS * 86400 if value else 0
    secure = "; Secure" if scheme == "https" else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"


def _cookie(lines: Iterable[str]) -> str:
    for line in lines:
        try:
            found = SimpleCookie(line).get(COOKIE)
        except CookieError:
            continue
        if found is not None:
            return found.value
    return ""


def _plain(host: str) -> bool:
    return bool(host) and not set(host) & set("/?#@\\ ")


def _from_elsewhere(headers: Headers, host: str) -> bool:
    """What browsers say of a request's origin; programs say nothing and have to know a secret anyway."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and (origin == "null" or urlsplit(origin).netloc != host)
