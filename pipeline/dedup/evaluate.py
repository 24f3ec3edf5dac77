"""How well stories agree with labelled pairs, and where they do not.

A labelled pair names two articles, says whether they are one report, and stands for ``weight`` pairs of the
corpus it was sampled from; precision, recall and F1 are over those weights.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from pipeline.errors import UsageError

COPY, PARTIAL = "COPY", "PARTIAL"  # PARTIAL pairs are left out: readers could not say
BINS = 10
THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 20))


class LabelledPair(msgspec.Struct, frozen=True):
    """A line of a pair file."""

    a: str | int
    b: str | int
    label: str
    weight: float = 1.0
    stratum: str = "all"

    @property
    def copy(self) -> bool:
        """Whether the two are one report."""
        return self.label == COPY


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled pair with what was found: whether both share a story, and the score where it is known."""

    pair: LabelledPair
    same: bool
    score: float | None = None

    @property
    def wrong(self) -> bool:
        """Whether the finding contradicts the label."""
        return self.same != self.pair.copy


@dataclass(frozen=True, slots=True)
class Quality:
    """``precision``, ``recall``, ``f1`` 0-1 over weights; ``pairs``: how many; ``copies``: weight of copies."""

    name: str
    pairs: int
    copies: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Of the pairs scored between ``low`` and ``high``: mean score, share of copies, number."""

    low: float
    high: float
    score: float
    copies: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything ``evaluate`` shows.  ``sweep`` and ``calibration`` are empty where scores are not known."""

    total: Quality
    strata: tuple[Quality, ...]
    calibration: tuple[Bin, ...]
    sweep: tuple[Quality, ...]  # one per threshold, its name
    worst: tuple[Judged, ...]  # heaviest first
    missing: tuple[str, ...]  # articles that no story holds

    def to_json(self) -> dict[str, object]:
        """Plain values for ``json.dumps``."""
        plain = asdict(self)
        plain["worst"] = [
            {**msgspec.to_builtins(j.pair), "same": j.same, "score": j.score, "explain": _command(j.pair)}
            for j in self.worst
        ]
        return plain


def read_pairs(path: Path) -> list[LabelledPair]:
    """Labelled pairs from JSON lines; raises ``UsageError`` naming the line that is not one."""
    pairs = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            try:
                pairs.append(msgspec.json.decode(line, type=LabelledPair))
            except msgspec.MsgspecError as error:
                raise UsageError(f"{path}, line {number}: not a labelled pair ({error})") from error
    return pairs


def evaluate(
    pairs: Iterable[LabelledPair],
    story_of: Mapping[str, object],
    scores: Mapping[tuple[str, str], float] | None = None,
    worst: int = 20,
) -> Report:
    """Compare stories with labels.

    ``story_of``: article id -> story; ``scores``: (a, b) as the pair names them -> probability, for the
    calibration curve and the threshold sweep.
    """
    judged: list[Judged] = []
    missing: dict[str, None] = {}
    for pair in pairs:
        if pair.label == PARTIAL:
            continue
        a, b = str(pair.a), str(pair.b)
        missing.update(dict.fromkeys(x for x in (a, b) if x not in story_of))
        same = a in story_of and story_of[a] == story_of.get(b)
        judged.append(Judged(pair, same, (scores or {}).get((a, b))))
    strata = sorted({j.pair.stratum for j in judged})
    wrong = sorted((j for j in judged if j.wrong), key=lambda j: -j.pair.weight)
    return Report(
        total=quality("all", judged),
        strata=tuple(quality(s, [j for j in judged if j.pair.stratum == s]) for s in strata),
        calibration=calibration(judged),
        sweep=sweep(judged),
        worst=tuple(wrong[:worst]),
        missing=tuple(missing),
    )


def quality(name: str, judged: Sequence[Judged]) -> Quality:
    """Precision, recall and F1 over weights; 0 where nothing was found or nothing is to be found."""
    found = sum(j.pair.weight for j in judged if j.same)
    copies = sum(j.pair.weight for j in judged if j.pair.copy)
    right = sum(j.pair.weight for j in judged if j.same and j.pair.copy)
    precision, recall = right / found if found else 0.0, right / copies if copies else 0.0
    f1 = 2.0 * right / (found + copies) if right else 0.0
    return Quality(name, len(judged), round(copies, 3), *(round(x, 4) for x in (precision, recall, f1)))


def sweep(judged: Sequence[Judged]) -> tuple[Quality, ...]:
    """Quality of the scores alone at each threshold."""
    scored = [(j.pair, j.score) for j in judged if j.score is not None]
    if not scored:
        return ()
    return tuple(quality(f"{t:.2f}", [Judged(p, s >= t, s) for p, s in scored]) for t in THRESHOLDS)


def calibration(judged: Sequence[Judged]) -> tuple[Bin, ...]:
    """Share of copies among the pairs of each tenth of the scores; pairs count alike."""
    bins = []
    for i in range(BINS):
        low, high = i / BINS, (i + 1) / BINS
        inside = [j for j in judged if j.score is not None and min(int(j.score * BINS), BINS - 1) == i]
        if inside:
            mean = sum(j.score or 0.0 for j in inside) / len(inside)
            copies = sum(j.pair.copy for j in inside) / len(inside)
            bins.append(Bin(low, high, round(mean, 4), round(copies, 4), len(inside)))
    return tuple(bins)


def _command(pair: LabelledPair) -> str:
    return f"run_pipeline.py explain {pair.a} {pair.b}"


def to_html(report: Report) -> str:
    """The report as one page: tables, calibration curve and threshold sweep as SVG; nothing is loaded."""
    sections = [
        _table("Quality", ("stratum", "pairs", "copies", "precision", "recall", "F1"),
               [_cells(q) for q in (report.total, *report.strata)]),
    ]  # fmt: skip
    if report.calibration:
        points = [(b.score, b.copies) for b in report.calibration]
        sections.append(_plot("Calibration", "score", "share of copies", {"measured": points}, diagonal=True))
    if report.sweep:
        curves = {
            name: [(float(q.name), float(getattr(q, name))) for q in report.sweep]
            for name in ("precision", "recall", "f1")
        }
        sections.append(_plot("Thresholds", "threshold", "share", curves))
    rows = [
        (str(j.pair.a), str(j.pair.b), j.pair.label, f"{j.pair.weight:g}",
         "" if j.score is None else f"{j.score:.3f}", _command(j.pair))
        for j in report.worst
    ]  # fmt: skip
    sections.append(_table("Worst errors", ("a", "b", "label", "weight", "score", "look closer"), rows))
    return _PAGE.replace("{body}", "\n".join(sections))


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #ccc;text-align:left}
svg{max-width:32rem;width:100%;height:auto}</style>
<h1>Evaluation</h1>
{body}
</html>
"""
_COLOURS = ("#0b6e99", "#b35c00", "#3d7a35")
_SIZE, _EDGE = 400, 40


def _cells(q: Quality) -> tuple[str, ...]:
    return (q.name, str(q.pairs), f"{q.copies:g}", *(f"{x:.4f}" for x in (q.precision, q.recall, q.f1)))


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    body = "\n".join(line(r, "td") for r in rows)
    return f"<h2>{title}</h2>\n<table>{line(head, 'th')}\n{body}</table>"


def _plot(
    title: str, x: str, y: str, curves: Mapping[str, Sequence[tuple[float, float]]], diagonal: bool = False
) -> str:
    """Curves over the unit square."""

    def at(px: float, py: float) -> str:
        return f"{_EDGE + px * _SIZE:.1f},{_EDGE + (1.0 - py) * _SIZE:.1f}"

    full = _SIZE + 2 * _EDGE
    parts = [f'<rect x="{_EDGE}" y="{_EDGE}" width="{_SIZE}" height="{_SIZE}" fill="none" stroke="#999"/>']
    if diagonal:
        parts.append(f'<polyline points="{at(0, 0)} {at(1, 1)}" stroke="#bbb" stroke-dasharray="4" fill="none"/>')
    for (name, points), colour in zip(curves.items(), _COLOURS, strict=False):
        line = " ".join(at(*p) for p in points)
        parts.append(f'<polyline points="{line}" stroke="{colour}" stroke-width="2" fill="none"/>')
        px, py = at(*points[-1]).split(",")
        parts.append(f'<text x="{px}" y="{py}" dx="-70" dy="-6" fill="{colour}">{html.escape(name)}</text>')
    parts.append(f'<text x="{full / 2}" y="{full - 8}" text-anchor="middle">{html.escape(x)} (0 to 1)</text>')
    parts.append(f'<text x="{_EDGE}" y="{_EDGE - 10}">{html.escape(y)} (0 to 1)</text>')
    return f'<h2>{title}</h2>\n<svg viewBox="0 0 {full} {full}" role="img">{"".join(parts)}</svg>'


def to_text(report: Report) -> str:
    """The report as JSON text, two blanks of indent."""
    return json.dumps(report.to_json(), indent=2, ensure_ascii=False)
