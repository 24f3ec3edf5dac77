"""Payloads of every public family in titles, texts, links and names: nothing runs, nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from web_browser import Tab, chromium, served
from web_world import Writer, feed_of

from pipeline.model import FeedSource, JournalRow, Outcome, Reason
from pipeline.storage import Store, open_store
from pipeline.web import WebSettings, create_app

RUN = "window.hacked=1"  # what each payload tries to do; alert() would be noticed as well
PAYLOADS = {
    "script": f"<script>{RUN}</script>",
    "script case": f"<ScRiPt >{RUN}</sCrIpT>",
    "script nested": f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    "closing the title": f"</title><script>{RUN}</script>",
    "closing an attribute": f'"><script>{RUN}</script>',
    "closing a single quote": f"'><img src=x onerror={RUN}>",
    "event handler": f'<img src=x onerror="{RUN}">',
    "event handler without space": f"<img/src=x/onerror={RUN}>",
    "attribute injection": f'" autofocus onfocus="{RUN}" x="',
    "body onload": f"<body onload={RUN}>",
    "details ontoggle": f"<details open ontoggle={RUN}>x</details>",
    "video onerror": f"<video><source onerror={RUN}></video>",
    "marquee": f"<marquee onstart={RUN}>x</marquee>",
    "javascript link": f'<a href="javascript:{RUN}">x</a>',
    "javascript with entities": f'<a href="&#106;&#x61;vascript:{RUN}">x</a>',
    "javascript with tab": f'<a href="java&Tab;script:{RUN}">x</a>',
    "data link": f'<a href="data:text/html,<script>{RUN}</script>">x</a>',
    "svg onload": f"<svg onload={RUN}>",
    "svg script": f"<svg><script>{RUN}</script></svg>",
    "svg animate": f'<svg><a><animate attributeName=href values="javascript:{RUN}"/><text>x</text></a></svg>',
    "svg use": '<svg><use href="data:image/svg+xml,<svg id=x onload=window.hacked=1>#x"/></svg>',
    "mathml": f'<math><maction actiontype="statusline#x" xlink:href="javascript:{RUN}">x</maction></math>',
    "mathml mutation": f'<math><mtext><table><mglyph><style><img src=x onerror="{RUN}">',
    "srcdoc": f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "formaction": f'<form><button formaction="javascript:{RUN}">x</button></form>',
    "object": f'<object data="javascript:{RUN}"></object>',
    "base": '<base href="https://evil.example/">',
    "meta refresh": f'<meta http-equiv="refresh" content="0;url=javascript:{RUN}">',
    "style": "<style>@import 'https://evil.example/x.css';</style>",
    "link": '<link rel=stylesheet href="https://evil.example/x.css">',
    "remote image": '<img src="https://evil.example/pixel.png">',
    "template": "{{ cycler.__init__.__globals__.os.popen('id').read() }} {% raw %}",
    "noscript mutation": f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    "comment": f"<!--><img src=x onerror={RUN}>-->",
    "cdata": f"<![CDATA[><img src=x onerror={RUN}>]]>",
    "entities": f"&lt;script&gt;{RUN}&lt;/script&gt;",
    "double entities": f"&amp;lt;img src=x onerror={RUN}&amp;gt;",
    "null": f"<scr\0ipt>{RUN}</script>",
    "utf-7": f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    "sse line break": f'x\n\nevent: item\ndata: {{"cursor":1,"html":"<img src=x onerror={RUN}>"}}\n\n',
    "javascript address": f"javascript:{RUN}//",
}
VIEWS = (
    "/",
    "/items",
    "/stories",
    "/feeds",
    "/outlets",
    "/feeds/1",
    "/items?outlet=%3Cscript%3Ewindow.hacked%3D1%3C/script%3E&text=%22%3E%3Csvg%20onload%3Dwindow.hacked%3D1%3E",
)


def clock() -> datetime:
    return datetime.now(UTC)


def poison(store: Store) -> None:
    """Every payload everywhere text from outside goes."""
    now = clock()
    store.sync_feeds([FeedSource(feed_of(f"o{n}"), p) for n, p in enumerate(PAYLOADS.values())], now)
    writer = Writer(store)
    for n, payload in enumerate(PAYLOADS.values()):
        at = now - timedelta(minutes=3 + n)
        first = writer.add(payload, payload, f"{payload} stands. {payload}", at, url=payload)
        writer.add(f"B{payload}", f"B {payload}", f"{payload} stood. {payload}\n{payload}", at, joins=first,
                   reason=payload, url=f"https://x.example/{n}?{payload}")  # fmt: skip
    feed = store.feeds()[0]
    rows = [
        JournalRow(now, p, p, p, p, Outcome.FAILED, Reason.TIMEOUT, p, timings={p: 2.0}, trail=(p,))
        for p in PAYLOADS.values()
    ]
    store.apply_poll(feed, [], rows, now)


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str, Store]]:
    with chromium() as browser, open_store(f"sqlite:///{tmp_path_factory.mktemp('xss')}/x.db") as store:
        poison(store)
        app = create_app(store, None, WebSettings(stream_seconds=0.1), clock)
        with served(app) as url:
            yield browser, url, store


def check(tab: Tab) -> None:
    page = tab.page
    assert page.evaluate("window.hacked") is None
    assert (
        page.evaluate("document.querySelectorAll('iframe, object, embed, base, style, img, video, marquee').length")
        == 0
    )
    assert page.evaluate("document.querySelectorAll('script').length") == 2
    links = page.evaluate(
        "[...document.querySelectorAll('a[href], form, button')].map((e) => e.href || e.action || e.formAction || '')"
    )
    assert all(str(link).startswith(("http://", "https://")) for link in links if link)
    names = page.evaluate("[...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames())")
    assert not [name for name in names if name.startswith("on")]


@pytest.mark.parametrize("path", VIEWS)
def test_views_show_payloads_as_text(poisoned: tuple[Any, str, Store], path: str) -> None:
    browser, url, _ = poisoned
    tab = Tab(browser, url)
    page = tab.go(path)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.wait_for_timeout(100)
    check(tab)
    assert tab.trouble == []
    tab.close()


def test_stories_and_articles_show_payloads_as_text(poisoned: tuple[Any, str, Store]) -> None:
    browser, url, store = poisoned
    tab = Tab(browser, url)
    for _, story in store.story_page({}, limit=100)[::3]:
        tab.go(f"/stories/{story.story_id}")
        check(tab)
    for n in range(1, len(PAYLOADS), 9):
        tab.go(f"/articles/a{n:04}")
        check(tab)
    assert tab.trouble == []
    tab.close()


def test_what_streams_in_is_text_as_well(poisoned: tuple[Any, str, Store]) -> None:
    browser, url, store = poisoned
    tab = Tab(browser, url)
    page = tab.go("/items")
    page.wait_for_selector("#live-bar[data-state=live]")
    rows = [
        JournalRow(clock(), p, p, p, f"fresh {p}", Outcome.NEW, Reason.STARTED_STORY, p, trail=(p,))
        for p in PAYLOADS.values()
    ]
    store.apply_poll(store.feeds()[0], [], rows, clock())
    page.locator(".item.fresh").nth(len(PAYLOADS) - 1).wait_for(state="attached")
    page.wait_for_timeout(200)
    check(tab)
    assert tab.trouble == []
    tab.close()
