"""Settings of the extraction, section ``[extract]`` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.articles.rules import OutletRule

TRAFILATURA = "pipeline.articles.extractors:trafilatura_body"
JSON_LD = "pipeline.articles.extractors:json_ld_body"
RESILIPARSE = "pipeline.articles.extractors:resiliparse_body"


@dataclass(frozen=True, slots=True)
class ExtractSettings:
    """How pages become articles.

    ``extractors`` are tried in order, each ``module:function`` (see ``extractors.py`` for its shape).  The
    first text stands unless a later extractor may improve on it by its own rule.
    """

    extractors: tuple[str, ...] = (TRAFILATURA, JSON_LD, RESILIPARSE)
    fast: bool = False  # without comparing algorithms, menus left out: ~1.5x faster
    min_words: int = 25  # below this a page has no article text
    max_bytes: int = 5_000_000  # of a decoded page
    max_depth: int = 1_000  # nested elements
    max_tags: int = 100_000  # opening and closing tags
    max_attributes: int = 10_000  # "=" inside one tag
    max_options: int = 10_000  # <option> elements
    max_pages: int = 5  # of an article that spans pages
    outlets: str = "config/outlets"  # directory of per-outlet rules, *.toml
    rules: tuple[OutletRule, ...] = field(default=())  # read from there; rules in the main file come first

    def __post_init__(self) -> None:
        if not self.extractors:
            raise ValueError("extractors should name at least one module:function")
        wrong = [name for name in self.extractors if name.count(":") != 1]
        if wrong:
            raise ValueError(f"extractors: {wrong[0]!r} should be written module:function")
        for name in ("max_bytes", "max_depth", "max_tags", "max_attributes", "max_options", "max_pages"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} should be at least 1")
