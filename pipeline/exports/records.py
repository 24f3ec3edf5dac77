"""What is taken away: articles, and stories with the metadata of all their copies merged.

How a story's fields come about: title, address, outlet and time of publication are those of the article that
speaks for it; authors too, or those of the first copy that names any; agencies, languages and outlets are
those of all copies in the order in which they came; first published is the earliest time any copy gives; text
is the speaker's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.model import StoredArticle


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """One article; the fields are the columns."""

    article_id: str
    story_id: str
    canonical: bool
    url: str
    title: str
    outlet: str | None
    published: datetime | None
    modified: datetime | None
    stored: datetime
    revision: int
    authors: tuple[str, ...]
    agencies: tuple[str, ...]
    language: str | None
    section: str | None
    keywords: tuple[str, ...]
    image: str | None
    score: float | None
    reason: str | None
    text: str


@dataclass(frozen=True, slots=True)
class StoryRow:
    """One story; the fields are the columns."""

    story_id: str
    title: str
    url: str
    outlet: str | None
    published: datetime | None
    first_published: datetime | None
    first_seen: datetime
    last_seen: datetime
    canonical_article: str
    canonical_rule: str
    copies: int
    outlets: tuple[str, ...]
    authors: tuple[str, ...]
    agencies: tuple[str, ...]
    languages: tuple[str, ...]
    articles: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """What a story row is made of; ``members`` in the order they came, ``speaker`` one of them."""

    story_id: str
    canonical_rule: str
    first_seen: datetime
    last_seen: datetime
    speaker: StoredArticle
    members: Sequence[StoredArticle]


def article_row(
    stored: StoredArticle, story_id: str, *, canonical: bool, score: float | None, reason: str | None
) -> ArticleRow:
    """The row of an article; ``score`` and ``reason`` are of the match that brought it into its story."""
    own = stored.article
    return ArticleRow(
        article_id=stored.article_id,
        story_id=story_id,
        canonical=canonical,
        url=own.url,
        title=own.title,
        outlet=own.outlet,
        published=own.published,
        modified=own.modified,
        stored=stored.stored,
        revision=stored.revision,
        authors=own.authors,
        agencies=own.agencies,
        language=own.language,
        section=own.section,
        keywords=own.keywords,
        image=own.image,
        score=score,
        reason=reason,
        text=own.text,
    )


def story_row(whole: Whole) -> StoryRow:
    """The row of a story, its metadata merged."""
    speaker = whole.speaker.article
    copies = [member.article for member in whole.members]
    times = [copy.published for copy in copies if copy.published is not None]
    authors = speaker.authors or next((copy.authors for copy in copies if copy.authors), ())
    return StoryRow(
        story_id=whole.story_id,
        title=speaker.title,
        url=speaker.url,
        outlet=speaker.outlet,
        published=speaker.published,
        first_published=min(times, default=None),
        first_seen=whole.first_seen,
        last_seen=whole.last_seen,
        canonical_article=whole.speaker.article_id,
        canonical_rule=whole.canonical_rule,
        copies=len(copies),
        outlets=tuple(dict.fromkeys(copy.outlet for copy in copies if copy.outlet)),
        authors=authors,
        agencies=tuple(dict.fromkeys(agency for copy in copies for agency in copy.agencies)),
        languages=tuple(dict.fromkeys(copy.language for copy in copies if copy.language)),
        articles=tuple(member.article_id for member in whole.members),
        text=speaker.text,
    )
