"""Addresses: their one canonical spelling, whose they are, and how to show them without their secrets.

Everything here is pure: nothing is resolved and nothing is fetched.
"""

from pipeline.urls.canonical import CanonicalURL, canonical_url
from pipeline.urls.hosts import normal_host, registrable_domain, same_site
from pipeline.urls.identity import entry_identity_url, fold_alternates, is_redirector
from pipeline.urls.leading import led_away, named_target, refresh_target
from pipeline.urls.mask import mask_url
from pipeline.urls.parts import WebURL, is_web_url, split_url

__all__ = [
    "CanonicalURL",
    "WebURL",
    "canonical_url",
    "entry_identity_url",
    "fold_alternates",
    "is_redirector",
    "is_web_url",
    "led_away",
    "mask_url",
    "named_target",
    "normal_host",
    "refresh_target",
    "registrable_domain",
    "same_site",
    "split_url",
]
