"""Language of a text by py3langid: the page's own ``lang`` is unreliable (templates, translated sections)."""

from __future__ import annotations

_SAMPLE = 600  # characters: enough for certainty on prose, and the time taken grows with it
_ENOUGH = 20  # characters below which a guess is worthless


def language_of(text: str) -> str | None:
    """ISO 639-1 code, or ``None`` for a text too short to tell."""
    sample = text[:_SAMPLE].replace("\n", " ")
    if len(sample) < _ENOUGH:
        return None
    import py3langid  # its model (some 10 MB) is read at the first text

    code, _ = py3langid.classify(sample)
    return str(code)
