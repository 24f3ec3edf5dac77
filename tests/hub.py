"""A WebSub hub on loopback that keeps its side of the Recommendation: verifies, grants a lease, signs what it sends."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import httpx

from tests.fakeweb import Answer, Asked, FakeWeb


@dataclass(slots=True)
class Hub:
    """Answers at ``/hub`` of ``web``.  ``lease`` is granted (seconds); ``deaf`` ones verify nobody."""

    web: FakeWeb
    lease: int = 864_000
    deaf: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)  # the forms, in order
    verified: list[tuple[int, bool]] = field(default_factory=list)  # status, and whether the challenge came back
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.web.handle("/hub", self._subscribe)

    @property
    def url(self) -> str:
        return self.web.url("/hub")

    def _subscribe(self, asked: Asked) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        self.asked.append(form)
        if not self.deaf:
            thread = threading.Thread(target=self._verify, args=[form])
            self._threads.append(thread)
            thread.start()
        return Answer("", 202)

    def _verify(self, form: dict[str, str]) -> None:
        """Section 5.3: an intent that was not ours must be turned down, so it is asked for."""
        challenge = f"challenge-{len(self.asked)}"
        query = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": challenge,
            "hub.lease_seconds": str(self.lease),
        }
        answer = httpx.get(f"{form['hub.callback']}?{urlencode(query)}", trust_env=False)
        self.verified.append((answer.status_code, answer.text == challenge))

    def settle(self) -> None:
        """Wait until every verification has ended."""
        for thread in self._threads:
            thread.join(10)

    def send(self, document: str, *, method: str = "sha256", signed_as: str | None = None) -> int:
        """Deliver ``document`` to whoever asked last (section 7); gives the status of the answer."""
        form, body = self.asked[-1], document.encode()
        secret = (signed_as or form["hub.secret"]).encode()
        headers = {
            "Content-Type": "application/rss+xml",
            "X-Hub-Signature": f"{method}={hmac.new(secret, body, getattr(hashlib, method)).hexdigest()}",
            "Link": f'<{self.url}>; rel="hub", <{form["hub.topic"]}>; rel="self"',
        }
        return httpx.post(form["hub.callback"], content=body, headers=headers, trust_env=False).status_code
