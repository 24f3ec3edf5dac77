"""Showing an address without the secrets in it."""

from __future__ import annotations

import re

MASK = "***"
# user:password@ after any "//", also where a second address stands inside the first, plain or percent-encoded
_USERINFO = re.compile(r"([/\\]{2}|%2[Ff]%2[Ff])([^/\\?#\s]*)(@|%40)")
_PAIR = re.compile(r"([?&;#])([^=&;#\s]{1,100})=([^&;#\s]*)")
# Words of a parameter's name that announce a secret.  "author", "keyword" and "sign" are other words.
_SECRET_WORD = re.compile(
    r"(?:^|[^a-z])(?:api|access|auth|id|csrf|xsrf|refresh|bearer|private|secret|security|session|user|client|sas|x-amz)?"
    r"[_.-]?(?:key|apikey|token|secret|pass|passwd|password|pwd|auth|authorization|signature|sig|hmac|jwt|sessionid|"
    r"session|sid|credential|credentials|code|otp|ticket)(?:$|[^a-z])"
)
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+")


def mask_url(url: str) -> str:
    """``url`` with credentials and the values of secret-looking parameters as ``***``.  Takes any text.

    >>> mask_url("https://ann:pw@example.com/feed?api_key=123&page=2")
    'https://***@example.com/feed?api_key=***&page=2'
    """
    if "@" in url or "%40" in url:
        url = _USERINFO.sub(rf"\1{MASK}\3", url)
    if "=" in url:
        url = _PAIR.sub(_masked, url)
    return _JWT.sub(MASK, url) if "eyJ" in url else url


def _masked(match: re.Match[str]) -> str:
    mark, name, value = match.groups()
    # accessToken → access_Token: the words of a name are told apart by case as well
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return f"{mark}{name}={MASK}" if value and _SECRET_WORD.search(words) else match.group()
