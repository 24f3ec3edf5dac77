"""Who an article is from, and whom it names as its source: what the explicit rule of the canonical choice reads.

Names and domains are hashes of one kind, so that "Reuters", an agency's short name and ``reuters.com`` are
compared alike.
"""

from __future__ import annotations

from functools import lru_cache

from pipeline.dedup.hashing import text_hash
from pipeline.model import Article
from pipeline.urls import registrable_domain, split_url

NOBODY: frozenset[int] = frozenset()


@lru_cache(maxsize=8192)
def name_hash(name: str) -> int:
    """Hash of an organisation's name, case and a leading "the" left out; 0 for none."""
    plain = " ".join(name.casefold().split()).removeprefix("the ")
    return text_hash(plain) if plain else 0


@lru_cache(maxsize=8192)
def domain_hash(url: str) -> int:
    """Hash of the domain that somebody registered, of a URL; 0 where there is none."""
    try:
        return text_hash(registrable_domain(split_url(url).host))
    except ValueError:
        return 0


def sources(article: Article) -> frozenset[int]:
    """Organisations and domains that an article names as where it comes from."""
    if not article.origins and not article.agencies:
        return NOBODY
    values = (*(sign.value for sign in article.origins), *article.agencies)
    found = {domain_hash(value) if "//" in value[:10] else name_hash(value) for value in values}
    return frozenset(found - {0})


def site(url: str) -> str:
    """Scheme and host of an address: all that is kept of it."""
    head, slashes, rest = url.partition("//")
    return head + slashes + rest.partition("/")[0] if slashes else ""
