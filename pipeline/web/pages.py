"""The pages people look at.  Reading only; what people change is in ``changes``."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipeline.errors import UsageError
from pipeline.model import Outcome, Reason
from pipeline.urls import mask_url

from . import charts, live, passages, shapes
from .context import page, session, web
from .desk import LOOKED_THROUGH
from .queries import DaysQuery, ItemQuery, SearchQuery, StoryQuery, read


def overview(request: Request) -> Response:
    """The state of the whole, with what is spreading and what is in trouble."""
    desk = web(request).desk
    found = desk.overview()
    troubled = (shapes.Health.FAILING, shapes.Health.LATE, shapes.Health.SILENT)
    return page(
        request,
        "overview.html",
        found=found,
        hours=charts.throughput(found.hours, 140, "Items an hour, last 48 hours, by outcome", "hour"),
        days=charts.throughput(found.days, 110, "Items a day, last 30 days, by outcome", "day"),
        copies=charts.shares(found.days, 110, "Share of copies among new articles, last 30 days"),
        widest=desk.stories(StoryQuery(order="widest", window="24h", limit=6)).stories,
        troubled=[feed for feed in desk.feeds().feeds if feed.health in troubled][:6],
    )


def items(request: Request) -> Response:
    """The live log."""
    parts = web(request)
    query = read(ItemQuery, request.query_params.multi_items())
    newest = parts.desk.source.last_item()
    found = parts.desk.items(query)
    feeds = parts.desk.source.feeds()
    return page(
        request,
        "items.html",
        found=found,
        query=query,
        asked={name: value for name, value in request.query_params.items() if name != "before" and value},
        live=query.before is None and query.until is None,
        newest=newest,
        outcomes=list(Outcome),
        all_reasons=list(Reason),
        outlets=sorted({feed.source.outlet for feed in feeds}, key=str.casefold),
        feeds=sorted(mask_url(feed.source.url) for feed in feeds),
        looked=LOOKED_THROUGH,
    )


def items_stream(request: Request) -> Response:
    """New rows of the live log, rendered by the template that renders the first ones."""
    template = web(request).templates.get_template("_item.html")

    def shown(item: shapes.Item) -> bytes:
        html = template.render(item=item, fresh=True)
        return msgspec.json.encode({"cursor": item.cursor, "outcome": item.outcome, "html": html})

    return live.stream(request, shown)


def stories(request: Request) -> Response:
    """Stories: newest, most widely carried, fastest spreading."""
    pairs = request.query_params.multi_items()
    query = read(StoryQuery, pairs)
    if query.window is None and query.order != "newest":
        query = replace(query, window="7d")
    desk, mistake = web(request).desk, None
    try:
        found = desk.stories(query)
    except UsageError as error:
        if not query.text:
            raise
        found, mistake = shapes.Stories((), None), str(error)
    return page(
        request,
        "stories.html",
        400 if mistake else 200,
        found=found,
        mistake=mistake,
        excerpts=desk.excerpts(query.text) if query.text and not mistake else {},
        query=query,
        asked={name: value for name, value in pairs if name != "before" and value},
    )


def story(request: Request) -> Response:
    """One story: who carried it when, who speaks for it and why, each copy beside it."""
    parts = web(request)
    record = parts.desk.source.story(request.path_params["story_id"])
    if record.story_id != request.path_params["story_id"]:  # it was merged into another
        return RedirectResponse(f"/stories/{record.story_id}", 307)
    found = shapes.story(record)
    stored = parts.desk.source.stored_times(record.row)
    speaker = next((a for a in found.articles if a.canonical), found.articles[0])
    copies = [a for a in found.articles if a is not speaker]
    chosen = request.query_params.get("copy")
    copy = next((a for a in copies if a.article_id == chosen), copies[0] if copies else None)
    fragment = request.headers.get("x-fragment") == "passages"
    sides = parts.desk.side_by_side(speaker.article_id, copy.article_id) if copy else None
    heads = [_head(speaker, "speaks for the story"), _head(copy, "")] if copy else []
    if fragment:
        return page(request, "_passages.html", sides=sides, heads=heads)
    return page(
        request,
        "story.html",
        story=found,
        speaker=speaker,
        copies=copies,
        copy=copy,
        sides=sides,
        heads=heads,
        lead=_lead(parts.desk.stored(speaker.article_id).article.text),
        timeline=charts.timeline(found, stored) if len(found.articles) > 1 else None,
        evidence=parts.desk.evidence(copy.article_id) if copy else (),
        decisions=parts.actions.decisions(found.story_id) if parts.actions else (),
    )


def related(request: Request) -> Response:
    """Other reports of the same event: worked out while the story is being read."""
    found = web(request).desk.related(request.path_params["story_id"])
    template = "_related.html" if request.headers.get("x-fragment") else "related.html"
    return page(request, template, found=found.related, story_id=request.path_params["story_id"])


def search(request: Request) -> Response:
    """Articles by what they say."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if value]
    if not any(name == "q" for name, _ in pairs):
        return page(request, "search.html", found=None, asked={}, error=None)
    query, asked = None, {name: value for name, value in pairs if name != "before"}
    try:
        query = read(SearchQuery, pairs)
        found = web(request).desk.search(query)
    except UsageError as error:
        return page(request, "search.html", 400, found=None, asked=asked, error=str(error))
    return page(request, "search.html", found=found, asked=asked, error=None)


def _head(article: shapes.StoryArticle, note: str) -> tuple[str, str]:
    """Whose text stands in a column, and what it is."""
    note = note or (article.reason or "started the story").replace("_", " ")
    return article.outlet or "unknown outlet", note


def _lead(text: str, most: int = 480) -> str:
    """The first paragraphs, whole sentences."""
    lead = ""
    for sentence in passages.sentences(text):
        if lead and len(lead) + len(sentence) > most:
            break
        lead += sentence
    return lead[: 3 * most].rstrip()


def article(request: Request) -> Response:
    """One article: text, evidence, earlier texts side by side, its way through the pipeline."""
    desk = web(request).desk
    found = desk.article(request.path_params["article_id"])
    wanted = request.query_params.get("revision", "")
    earlier = next((r for r in found.revisions if str(r.number) == wanted), None)
    if earlier is None and found.revisions:
        earlier = found.revisions[-1]
    sides, heads = None, []
    if earlier is not None:
        compared = passages.compare(earlier.text, found.text)
        sides = shapes.side_by_side(found.article_id, found.article_id, compared)
        heads = [(f"Text {earlier.number}", "until it was replaced"), (f"Text {found.revision}", "the latest")]
    way = desk.items(ItemQuery(article=found.article_id, limit=20)).items
    return page(request, "article.html", article=found, earlier=earlier, sides=sides, heads=heads, way=way)


def feeds(request: Request) -> Response:
    """Every feed: health, schedule, its last days."""
    found = web(request).desk.feeds().feeds
    return page(request, "feeds.html", feeds=found, sparks={f.feed_id: charts.spark(f.days) for f in found}, error=None)


def feed(request: Request) -> Response:
    """One feed: when it is polled next and why then, its days, its errors."""
    desk = web(request).desk
    found = desk.feed(request.path_params["feed_id"])
    mine = ItemQuery(feed=found.url, limit=15)
    return page(
        request,
        "feed.html",
        feed=found,
        days=charts.stacked(
            [(row.start, found.days[n].outcomes) for n, row in enumerate(desk.overview().days)],
            110,
            "Items a day, last 30 days, by outcome",
            "day",
        ),
        latest=desk.items(mine).items,
        errors=desk.items(replace(mine, outcome=Outcome.FAILED)).items,
    )


def outlets(request: Request) -> Response:
    """Outlets and who copies whom."""
    query = read(DaysQuery, request.query_params.multi_items())
    found = web(request).desk.outlets(query.days)
    pairs = [(c.copier, c.speaker, c.number) for c in found.copying]
    return page(
        request,
        "outlets.html",
        outlets=found.outlets,
        days=query.days,
        matrix=charts.matrix(pairs),
        busiest=found.copying[:10],
        sparks=[charts.spark(outlet.days) for outlet in found.outlets],
    )


def login(request: Request) -> Response:
    """Where the token is asked for."""
    if session(request).trusted:
        return RedirectResponse("/", 303)
    return page(request, "login.html", error=None, next=request.query_params.get("next", "/"))
