"""Golden pages: what must come out of pages in the shape of many outlets, in many languages."""

from __future__ import annotations

import pytest

from pipeline.articles import extract_page
from pipeline.model import Article
from tests.articles import shapes_agency, shapes_frame, shapes_json_ld, shapes_plain  # noqa: F401 - they register their shapes
from tests.articles.shapes import SHAPES, Golden, golden

PAGES = [golden(*row) for row in SHAPES]
TABLE = pytest.StashKey[list[str]]()


def when(article: Article) -> str | None:
    if article.published is None:
        return None
    return f"{article.published:%Y-%m-%d} day" if article.published_day_only else article.published.isoformat()


def found(page: Golden) -> dict[str, object]:
    article = extract_page(page.body, page.url, content_type=page.content_type).taken()
    return {
        "text": article.text, "title": article.title, "authors": article.authors, "published": when(article),
        "language": article.language, "canonical": article.canonical_url,
        "origins": tuple((str(sign.kind), sign.value) for sign in article.origins),
    }  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_golden_page(page: Golden, golden_table: list[tuple[Golden, dict[str, object]]]) -> None:
    result = found(page)
    golden_table.append((page, result))
    assert result == {
        "text": page.text, "title": page.title, "authors": page.authors, "published": page.published,
        "language": page.story.language, "canonical": page.canonical, "origins": page.origins,
    }  # fmt: skip


def test_the_collection_is_wide_enough() -> None:
    assert len({page.name for page in PAGES}) >= 40
    assert len({page.story.language for page in PAGES}) >= 10
