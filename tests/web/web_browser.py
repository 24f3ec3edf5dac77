"""A real browser against a real server, both on this machine; skipped where no browser is."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pipeline.web import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def served(app: Any) -> Iterator[str]:
    """``app`` on a free loopback port in a thread of its own; gives its address."""
    ready: list[str] = []
    began = threading.Event()
    stop: list[Any] = []

    async def run() -> None:
        ending = asyncio.Event()
        stop.extend([asyncio.get_running_loop(), ending])
        async with serving(app, "127.0.0.1", 0) as url:
            ready.append(url)
            began.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert began.wait(10)
    try:
        yield ready[0]
    finally:
        stop[0].call_soon_threadsafe(stop[1].set)
        thread.join(10)
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser; skips the test with the reason where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[dev]")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Tab:
    """A page whose console errors, dialogs and requests elsewhere are remembered."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(8000)
        self.url = url
        self.trouble: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)

    def go(self, path: str) -> Any:
        self.page.goto(self.url + path)
        return self.page

    def close(self) -> None:
        self.context.close()

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.trouble.append(f"console: {message.text}")

    def _dialog(self, dialog: Any) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if not request.url.startswith(self.url):
            self.trouble.append(f"request elsewhere: {request.url}")
