"""Fitting the table of weights on labelled pairs: a newsroom's own, or those of the project.

Logistic regression with a quadratic penalty on standardised weights, by Newton's method (Hastie, Tibshirani,
Friedman, *The Elements of Statistical Learning*, 4.4.1), where every weight has the sign that its figure has by
its meaning (``features.Feature.sign``) or is 0.  With a prior table the penalty pulls towards it instead of
towards zero, so that a few hundred pairs adjust the packaged weights and do not replace them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.dedup.features import FEATURES, NAMES, SIGNS
from pipeline.dedup.judge import Table
from pipeline.dedup.overlap import Bools, Floats, Ints
from pipeline.errors import UsageError

PENALTY = 1.5  # on standardised weights, per sum of pair weights: 0.3 to 3 did equally well on unseen pairs
TEMPER = 0.45  # pairs count with this power of their weight: 1 lets a handful decide, 0 ignores the corpus
UNLEARNED = 0.2  # share of a pair's weight for its figures in an empty store; less, and order of arrival matters
SUM = 300.0  # what the weights of one corpus add up to, so that corpora count alike
LEAST_COPIES = 10
ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Sample:
    """Pairs of one corpus: figures [pairs, features], labels, sampling weights, and a group for each pair.

    Pairs of one group share articles, directly or by a chain; cross-validation keeps them together.
    ``unlearned``: figures of the same pairs in a store that knows nothing of common wording, where at hand;
    they keep weights from leaning on counts that a young store does not have yet.
    """

    figures: Floats
    copies: Bools
    weights: Floats
    groups: Ints
    unlearned: Floats | None = None


def fit(samples: Sequence[Sample], prior: Table | None = None, penalty: float = PENALTY) -> Table:
    """A table fitted on all samples; raises ``UsageError`` with fewer than ten copies or ten other pairs."""
    copies = np.concatenate([s.copies for s in samples])
    if min(copies.sum(), (~copies).sum()) < LEAST_COPIES:
        raise UsageError(
            f"too few labelled pairs to fit weights: {int(copies.sum())} copies and "
            f"{int((~copies).sum())} others, at least {LEAST_COPIES} of each are needed"
        )
    views = [view for s in samples for view in _views(s)]
    figures, copies, weights = (np.concatenate(column) for column in zip(*views, strict=True))
    mean, scale = figures.mean(axis=0), figures.std(axis=0)
    scale[scale < 1e-9] = 1.0
    start = np.zeros(figures.shape[1] + 1)
    if prior is not None:
        start[1:] = prior.weights * scale
        start[0] = prior.bias + float(prior.weights @ mean)
    x = np.column_stack([np.ones(len(figures)), (figures - mean) / scale])
    found = signed(x, copies.astype(np.float64), weights, start, penalty)
    slope = found[1:] / scale
    return Table(float(found[0] - slope @ mean), slope)


def tempered(weights: Floats) -> Floats:
    """Sampling weights as the fit uses them: a root of them, adding up to ``SUM``."""
    softened = np.power(weights, TEMPER)
    result: Floats = softened / softened.sum() * SUM
    return result


def _views(sample: Sample) -> list[tuple[Floats, Bools, Floats]]:
    """Figures, labels and weights of a sample: as the store was, and as if it had been empty."""
    weights = tempered(sample.weights)
    if sample.unlearned is None:
        return [(sample.figures, sample.copies, weights)]
    return [
        (sample.figures, sample.copies, weights * (1.0 - UNLEARNED)),
        (sample.unlearned, sample.copies, weights * UNLEARNED),
    ]


def signed(x: Floats, y: Floats, weights: Floats, centre: Floats, penalty: float) -> Floats:
    """``newton`` with the signs of ``features.SIGNS``: an active set of coefficients held at 0.

    Those of the wrong sign are held one by one, the worst first, and let go where that lowers the loss.
    """
    signs = np.array([0, *SIGNS])
    free = np.ones(len(centre), np.bool_)
    found = centre.copy()
    for _ in range(4 * len(centre)):  # it ends long before
        found = np.zeros(len(centre))
        found[free] = newton(x[:, free], y, weights, centre[free], penalty)
        wrong = np.minimum(found * signs, 0.0)
        if wrong.any():
            free[np.argmin(wrong)] = False
            continue
        slope = x.T @ (weights * (_sigmoid(x @ found) - y)) - penalty * centre
        helps = np.where(free, 0.0, slope * signs)
        if helps.min() >= -1e-6:
            break
        free[np.argmin(helps)] = True
    return found


def newton(x: Floats, y: Floats, weights: Floats, centre: Floats, penalty: float) -> Floats:
    """Minimise weighted log loss + penalty/2 * |coefficients - centre|^2; the first one goes free."""
    pull = np.full(x.shape[1], penalty)
    pull[0] = 1e-6
    found = centre.copy()
    loss = _loss(x, y, weights, found, centre, pull)
    for _ in range(ROUNDS):
        p = _sigmoid(x @ found)
        gradient = x.T @ (weights * (p - y)) + pull * (found - centre)
        curvature = (x * (weights * p * (1.0 - p))[:, None]).T @ x + np.diag(pull)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-6:  # halve the step until it helps
            ahead = _loss(x, y, weights, found - size * step, centre, pull)
            if ahead <= loss:
                break
            size /= 2.0
        found = found - size * step
        if loss - ahead < 1e-10 * max(1.0, abs(loss)):
            break
        loss = ahead
    return found


def _sigmoid(z: Floats) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(z, -40.0, 40.0)))
    return result


def _loss(x: Floats, y: Floats, weights: Floats, at: Floats, centre: Floats, pull: Floats) -> float:
    z = x @ at
    entropy = np.logaddexp(0.0, z) - y * z
    return float(weights @ entropy + 0.5 * (pull * (at - centre) ** 2).sum())


def cross_validated(
    samples: Sequence[Sample], folds: int = 6, seed: int = 0, prior: Table | None = None
) -> list[Floats]:
    """Scores of each sample's pairs by tables that never saw their group."""
    random = np.random.default_rng(seed)
    fold = [random.integers(0, folds, int(s.groups.max()) + 1)[s.groups] for s in samples]
    scores = [np.zeros(len(s.copies)) for s in samples]
    for k in range(folds):
        rest = [_part(s, f != k) for s, f in zip(samples, fold, strict=True)]
        table = fit([s for s in rest if len(s.copies)], prior)
        for own, f, s in zip(scores, fold, samples, strict=True):
            own[f == k] = table.probability(s.figures[f == k])
    return scores


def _part(sample: Sample, keep: Bools) -> Sample:
    unlearned = None if sample.unlearned is None else sample.unlearned[keep]
    return Sample(sample.figures[keep], sample.copies[keep], sample.weights[keep], sample.groups[keep], unlearned)


def groups(pairs: Sequence[tuple[str, str]]) -> Ints:
    """A number per pair, the same for pairs connected by articles: int64[pairs]."""
    leader: dict[str, str] = {}

    def find(item: str) -> str:
        while leader.setdefault(item, item) != item:
            leader[item] = leader[leader[item]]
            item = leader[item]
        return item

    for a, b in pairs:
        leader[find(a)] = find(b)
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(find(a), len(numbers)) for a, _ in pairs], np.int64)


def weighted_f1(copies: Bools, found: Bools, weights: Floats) -> float:
    """F1 over weights, 0-1; 0 where nothing was rightly found."""
    right = float(weights[copies & found].sum())
    return 2.0 * right / float(weights[copies].sum() + weights[found].sum()) if right else 0.0


def to_toml(table: Table, source: str) -> str:
    """A table as ``judge.read_table`` reads it; ``source`` says where the numbers come from."""
    lines = [f"# {line}" for line in source.splitlines()]
    lines += ["", f"bias = {table.bias:.4f}"]
    for feature, weight in zip(FEATURES, table.weights.tolist(), strict=True):
        lines += ["", f"[feature.{feature.name}]", f"weight = {weight:.4f}", f'meaning = "{feature.meaning}"']
    return "\n".join(lines) + "\n"


def changes(new: Table, old: Table) -> list[tuple[str, float, float]]:
    """(feature, old weight, new weight), for people."""
    return [(n, float(o), float(w)) for n, o, w in zip(NAMES, old.weights, new.weights, strict=True)]
