"""HTTP spoken straight to an application, one request at a time, cookies kept."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    def __init__(self, app: Any, host: str = "127.0.0.1:8321") -> None:
        self.app, self.host, self.cookies = app, host, {}
        self.sees_defects = False  # a defect's answer is looked at instead of its error

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, headers)

    def post(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Answer:
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        return self.send("POST", path, headers, urlencode(fields or {}).encode())

    def csrf(self, path: str = "/") -> str:
        """The token that the forms of a page carry."""
        found = re.search(r'name="csrf" (?:content|value)="([^"]*)"', self.get(path).text)
        assert found
        return found[1]

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        answer = asyncio.run(self._send(method, path, headers, body))
        cookie = SimpleCookie(answer.headers.get("set-cookie", ""))
        self.cookies |= {name: morsel.value for name, morsel in cookie.items()}
        return answer

    async def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        said = {"host": self.host, **{name.replace("_", "-").lower(): value for name, value in headers.items()}}
        if self.cookies:
            said["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        where, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1", "method": method, "scheme": "http",
            "path": where, "raw_path": where.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in said.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8321),
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        given: list[bytes] = []

        async def receive() -> dict[str, Any]:
            if given:
                await asyncio.Event().wait()  # the browser stays
            given.append(body)
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        try:
            await self.app(scope, receive, send)
        except Exception:  # Starlette answers first, then lets the server log it
            if not (self.sees_defects and sent):
                raise
        start = next(message for message in sent if message["type"] == "http.response.start")
        found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], found, b"".join(message.get("body", b"") for message in sent))
