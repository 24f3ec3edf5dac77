"""Taking records away: plain rows → JSON Lines, CSV, Parquet, Atom and JSON Feed.  Pure formatters."""

from __future__ import annotations

from pipeline.exports.formats import FORMATS, write, write_file
from pipeline.exports.records import ArticleRow, StoryRow, Whole, article_row, story_row

__all__ = ["FORMATS", "ArticleRow", "StoryRow", "Whole", "article_row", "story_row", "write", "write_file"]
