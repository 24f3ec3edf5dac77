"""A fetched page → an article: the order of the steps, and nothing else.

bytes → decode → guard → head (metadata) → rule → body → residue → kind → language, origin → the entry's own text
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pipeline.articles.authors import find_authors
from pipeline.articles.bylines import Credits, bylines_above, clean_authors
from pipeline.articles.dates import Dates, find_dates, with_hour
from pipeline.articles.decode import decode_page
from pipeline.articles.entry import better_of
from pipeline.articles.extractors import Body, PageInput, find_body
from pipeline.articles.facts import PageLinks, brand_of, image_of, keywords_of, links_of, section_of, site_links
from pipeline.articles.guard import guarded
from pipeline.articles.head import Head, heading_text, read_head
from pipeline.articles.jsonld import text_of
from pipeline.articles.kinds import check_kind, count_words, is_free
from pipeline.articles.language import language_of
from pipeline.articles.lead import find_lead
from pipeline.articles.origin import find_origins, publisher_names
from pipeline.articles.rescue import day_by_htmldate, people_by_trafilatura
from pipeline.articles.residue import without_residue
from pipeline.articles.rules import OutletRule, rule_for, without_parts
from pipeline.articles.settings import ExtractSettings
from pipeline.articles.stamps import day_in_address, parse_stamp, puts_day_first
from pipeline.articles.titles import find_title, same_words
from pipeline.errors import PageRejected
from pipeline.model import Article, Entry, Reason
from pipeline.text import count_of, one_line
from pipeline.urls import canonical_url

_TITLE_LINES = 10  # of the body that may repeat the headline
_BYLINE_LINES = 5  # of the body that may name the writer
_DATE_LINES = 6  # that were no part of the text and may tell the time
_LONGEST_NOTE = 500  # characters
_SAME_TITLE = 0.5  # share of common words that makes a heading a form of the title


@dataclass(frozen=True, slots=True)
class Step:
    """One step and what it kept, for ``extract --explain``."""

    name: str
    kept: str


@dataclass(frozen=True, slots=True)
class Judged(Article):
    """All that was read from a page with the verdict on it: ``reason`` says why the page is no article, if it is none.

    The verdict may be wrong, or not matter to who asks; so a gallery's or a list's title, text, time and authors are
    there as well.
    """

    reason: Reason | None = None
    detail: str = ""


_FIELDS = tuple(field.name for field in fields(Article))


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of a page: an article, or the reason why it is none.  ``links`` are there in both cases.

    ``refused`` is what was read from a page that is no article; ``None`` where it could not be read at all.
    """

    article: Article | None
    steps: tuple[Step, ...] = ()
    links: PageLinks = field(default_factory=PageLinks)
    reason: Reason | None = None
    detail: str = ""
    refused: Article | None = None

    def taken(self) -> Article:
        """The article; raises ``PageRejected`` where there is none."""
        return self._there(self.article)

    def judged(self) -> Judged:
        """All that was read, and the verdict; raises ``PageRejected`` where nothing could be read."""
        read = self._there(self.article or self.refused)
        return Judged(**{name: getattr(read, name) for name in _FIELDS}, reason=self.reason, detail=self.detail)

    def _there(self, article: Article | None) -> Article:
        if article is None:
            raise PageRejected(self.reason or Reason.NO_TEXT, self.detail)
        return article


def extract(html: str, url: str, settings: ExtractSettings | None = None) -> Judged:
    """What a decoded page at ``url`` says, and in ``reason`` the verdict where it is no article.

    Raises ``PageRejected`` where the page cannot be read: it is empty, or breaks a limit of the settings.
    """
    return _from_html(html, url, settings or ExtractSettings(), [], None).judged()


def extract_page(
    body: bytes,
    url: str,
    *,
    content_type: str | None = None,
    entry: Entry | None = None,
    settings: ExtractSettings | None = None,
) -> Extraction:
    """Everything from the bytes of an answer to the article.  Picklable both ways; never raises ``PageRejected``.

    ``entry``, where given, competes with its own content and lends what the page does not say.
    """
    steps: list[Step] = []
    try:
        page = decode_page(body, content_type)
    except PageRejected as error:
        steps.append(Step("decode", str(error)))
        return Extraction(None, tuple(steps), reason=error.reason, detail=error.detail)
    steps.append(Step("decode", "; ".join((page.encoding, *page.notes))))
    found = _from_html(page.html, url, settings or ExtractSettings(), steps, entry)
    if not page.notes:
        return found
    return replace(found, article=_noted(found.article, page.notes), refused=_noted(found.refused, page.notes))


def _noted(article: Article | None, notes: tuple[str, ...]) -> Article | None:
    return article and replace(article, notes=(*notes, *article.notes))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page under work: what the steps read, and the list in which they say what they kept."""

    html: str
    lean: str  # without scripts, styles, drawings and comments
    url: str
    head: Head
    rule: OutletRule
    settings: ExtractSettings
    steps: list[Step]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outlet, the best first."""
        return (*((self.rule.name,) if self.rule.name else ()), *publisher_names(self.head))

    def note(self, name: str, kept: str) -> None:
        self.steps.append(Step(name, kept))


_NO_RULE = OutletRule(hosts=("",))


def _from_html(html: str, url: str, settings: ExtractSettings, steps: list[Step], entry: Entry | None) -> Extraction:
    links, read = PageLinks(), None
    try:
        if not html.strip():
            raise PageRejected(Reason.PAGE_EMPTY, "nothing but white space")  # noqa: TRY301 - one way out for all verdicts
        html, lean = guarded(html, settings)
        rule = rule_for(url, settings.rules)
        if rule is not None:
            steps.append(Step("rule", f"for {', '.join(rule.hosts)}: {', '.join(rule.parts()) or 'nothing'}"))
            if rule.remove:
                html = lean = without_parts(html, rule.remove)
        head = read_head(html, url)
        links = links_of(head, url)
        steps.append(Step("head", _what_head_has(head)))
        read = article = _article(_Page(html, lean, url, head, rule or _NO_RULE, settings, steps), links)
        _check(head, url, article, settings.min_words)
    except PageRejected as error:
        steps.append(Step("verdict", str(error)))
        return Extraction(None, tuple(steps), links, error.reason, error.detail, read)
    if entry is not None:
        article, why = better_of(article, entry)
        steps.append(Step("entry", why))
    return Extraction(article, tuple(steps), links)


def _check(head: Head, url: str, article: Article, min_words: int) -> None:
    """Raise ``PageRejected`` where what was read is no article."""
    check_kind(head, url, article.title, article.text)
    if (words := count_words(article.text)) < min_words:
        raise PageRejected(Reason.NO_TEXT, f"{words} words of text, needed are {min_words}")


def _what_head_has(head: Head) -> str:
    types = ", ".join(sorted(head.json_ld.types())) or "none"
    broken = f", {count_of(head.json_ld.broken, 'broken block')}" if head.json_ld.broken else ""
    metas = count_of(len(head.metas), "meta name")
    headings = " | ".join(heading.full[:80] for heading in head.headings[:3]) or "none"
    return f"JSON-LD {types}{broken}; {metas}; {count_of(len(head.times), 'time')}; h1 {headings}"


def _article(page: _Page, links: PageLinks) -> Article:
    """All steps in their order; whether the result is an article is judged afterwards."""
    body = _body(page)
    names = page.names
    known_as = (*names, brand_of(page.url), (urlsplit(page.url).hostname or "").removeprefix("www."))
    page.note("outlet", ", ".join(known_as))
    title = _title(page, known_as, body.text)
    credit = _authors(page, known_as, body.text)
    text, dropped = _cleaned(page, body.text, title, (*credit.authors, *names))
    dates = _dates(page, dropped)
    language = language_of(text)
    page.note("language", f"{language}, the page says {page.head.lang or 'nothing'}")
    origins = find_origins(page.head, page.url, links.canonical, text, credit.agencies, dropped)
    page.note("origin", "; ".join(f"{sign.kind} {sign.value}" for sign in origins) or "no signs")
    by_sign = (sign.value for sign in origins if sign.kind.startswith("agency"))
    return Article(
        url=canonical_url(page.url).url,
        title=title,
        text=text,
        outlet=names[0] if names else None,
        published=dates.published,
        published_day_only=dates.day_only,
        modified=dates.modified,
        authors=credit.authors,
        agencies=tuple(dict.fromkeys((*credit.agencies, *by_sign))),
        language=language,
        canonical_url=links.canonical,
        section=section_of(page.head),
        keywords=keywords_of(page.head),
        image=image_of(page.head, page.url),
        free=is_free(page.head),
        origins=origins,
        notes=dates.notes,
    )


def _body(page: _Page) -> Body:
    body = _ruled_body(page) or find_body(
        PageInput(page.html, page.lean, page.url, page.head, page.settings.fast), page.settings.extractors
    )
    page.note(
        "body", f"{count_of(count_words(body.text), 'word')} by {body.extractor or 'none'} ({'; '.join(body.tried)})"
    )
    return body


def _ruled_body(page: _Page) -> Body | None:
    """The elements that the outlet's rule names, where they hold enough text."""
    if not page.rule.body:
        return None
    from pipeline.articles.blocks import node_to_text

    text = "\n".join(filter(None, map(node_to_text, page.head.tree.css(", ".join(page.rule.body)))))
    count = count_words(text)
    return Body(text, "outlet rule", (f"{count} words",)) if count >= page.settings.min_words else None


def _title(page: _Page, known_as: tuple[str, ...], text: str) -> str:
    selector = page.rule.title
    if selector and (node := page.head.tree.css_first(selector)) is not None:
        title, how = heading_text(node), "outlet rule"
    else:
        title, how = find_title(page.head, known_as, text.split("\n", _TITLE_LINES)[:_TITLE_LINES], page.url)
    page.note("title", f"{title!r} from {how or 'nowhere'}")
    return title


def _cleaned(page: _Page, text: str, title: str, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The text with its lead and without residue, and the lines that were dropped."""
    cleaned = without_residue(text, _title_forms(page.head, title), names, site_links(page.head, page.url))
    dropped = " | ".join((f"{count_of(len(cleaned.dropped), 'line')} dropped", *cleaned.dropped))
    page.note("residue", dropped[:_LONGEST_NOTE])
    if lead := find_lead(page.head, title, cleaned.text, page.lean):
        page.note("lead", f"put back: {lead}")
        return f"{lead}\n{cleaned.text}", cleaned.dropped
    return cleaned.text, cleaned.dropped


def _title_forms(head: Head, title: str) -> list[str]:
    """How the page names the article; an ``h1`` that says something else is a subheading or the site's name."""
    headings = (h.full for h in head.headings if same_words(h.full, title) >= _SAME_TITLE)
    return [title, text_of(head.json_ld.article.get("headline")), head.meta("og:title"), *headings]


def _dates(page: _Page, dropped: tuple[str, ...]) -> Dates:
    dates = _found_dates(page)
    if dates.published is not None and dates.day_only:
        dates = with_hour(dates, dropped[:_DATE_LINES], page.head)
    day = " (the day only)" if dates.day_only else ""
    notes = f"; {'; '.join(dates.notes)}" if dates.notes else ""
    page.note("dates", f"{dates.published or 'none'}{day} from {dates.how or 'nowhere'}{notes}")
    return dates


def _found_dates(page: _Page) -> Dates:
    dates = find_dates(page.head)
    selector = page.rule.published
    if selector and (node := page.head.tree.css_first(selector)) is not None:
        given = node.attributes
        stamp = parse_stamp(
            given.get("datetime") or given.get("content") or one_line(node.text()),
            day_first=puts_day_first(page.head.lang),
        )
        if stamp is not None:
            at = stamp.at if stamp.zoned else stamp.at.replace(tzinfo=UTC)
            return replace(dates, published=at, day_only=stamp.day_only, how="outlet rule")
    if dates.published is not None:
        return dates
    day, how = day_in_address(page.url), "address"
    if day is None:
        day, how = day_by_htmldate(page.html, page.url), "htmldate"
    if day is None:
        return dates
    return replace(dates, published=datetime(day.year, day.month, day.day, tzinfo=UTC), day_only=True, how=how)


def _authors(page: _Page, known_as: tuple[str, ...], text: str) -> Credits:
    credit = _found_authors(page, known_as)
    if not credit.authors:
        above = clean_authors(bylines_above(text.split("\n", _BYLINE_LINES)[:_BYLINE_LINES]), known_as, strict=True)
        both = tuple(dict.fromkeys((*credit.agencies, *above.agencies)))
        credit = Credits(above.authors, both, "line above the text") if above.authors else credit
    agencies = f", agencies {', '.join(credit.agencies)}" if credit.agencies else ""
    page.note("authors", f"{', '.join(credit.authors) or 'none'}{agencies} from {credit.how or 'nowhere'}")
    return credit


def _found_authors(page: _Page, known_as: tuple[str, ...]) -> Credits:
    if page.rule.authors:
        found = clean_authors(one_line(node.text(separator=" ")) for node in page.head.tree.css(page.rule.authors))
        if found.authors or found.agencies:
            return replace(found, how="outlet rule")
    credit = find_authors(page.head, known_as)
    if credit.authors or credit.agencies or page.settings.fast:
        return credit
    found = clean_authors(people_by_trafilatura(page.lean), known_as, strict=True)
    return replace(found, how="trafilatura") if found.authors or found.agencies else credit
