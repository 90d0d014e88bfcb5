"""Figures from items; a bootstrap (SciPy's) resamples whole proposals.

Everything about verdicts is computed from confusion matrices, so that a thousand resamples are one multiplication: with
scikit-learn's own functions, which the tests hold these to, a report takes minutes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence

import krippendorff
import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from critic.bench.labels import Case
from critic.bench.report import Bin, Calibration, Estimate, Figures, Item, ReaderFigures
from critic.findings import Verdict

_RESAMPLES = 1000
_CODES = {verdict: code for code, verdict in enumerate(Verdict)}  # findings first, then answered, then not applicable
_NONE = len(_CODES)  # a verdict that failed or is unsupported

Array = NDArray[np.float64]
Pairs = Iterable[tuple[Verdict, Verdict | None]]  # label and verdict
Measure = Callable[[Array], Array]
"""From confusion matrices (..., 5, 5), label by verdict, to a figure for each; nan where it is not defined."""


def confusion(pairs: Pairs) -> Array:
    """The confusion matrix, label by verdict, of shape (5, 5)."""
    matrix = np.zeros((_NONE + 1, _NONE + 1))
    for label, verdict in pairs:
        matrix[_CODES[label], _CODES[verdict] if verdict else _NONE] += 1
    return matrix


def precision(matrix: Array) -> Array:
    """Share of the findings that the labels have too."""
    return _ratio(matrix[..., :2, :2].sum((-2, -1)), matrix[..., :2].sum((-2, -1)))


def recall(matrix: Array) -> Array:
    """Share of the labels' findings that were found."""
    return _ratio(matrix[..., :2, :2].sum((-2, -1)), matrix[..., :2, :].sum((-2, -1)))


def f1(matrix: Array) -> Array:
    """Harmonic mean of precision and recall of findings."""
    both = matrix[..., :2, :2].sum((-2, -1))
    return _ratio(2 * both, matrix[..., :2].sum((-2, -1)) + matrix[..., :2, :].sum((-2, -1)))


def agreement(matrix: Array) -> Array:
    """Share of the same verdict of four."""
    return _ratio(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum((-2, -1)))


def kappa(matrix: Array) -> Array:
    """Cohen's kappa of the four verdicts."""
    return _kappa(matrix, 1 - np.eye(matrix.shape[-1]))


def weighted_kappa(matrix: Array) -> Array:
    """Kappa with quadratic weights, on the items for which both sides have one of the three ordered verdicts."""
    steps = np.arange(3.0)
    return _kappa(matrix[..., :3, :3], (steps[:, None] - steps) ** 2)


def figures(name: str, items: Sequence[Item], *, macro: bool = False) -> Figures:
    """All figures on these items.

    Args:
        name: what the items have in common.
        items: of one or more proposals.
        macro: whether to give the mean over critiques too.
    """
    stacked = _stacked(items)
    both = [item for item in items if item.label.is_finding and item.verdict and item.verdict.is_finding]
    return Figures(
        name=name,
        proposals=len({item.proposal for item in items}),
        items=len(items),
        findings=sum(item.label.is_finding for item in items),
        precision=_estimate(precision, stacked),
        recall=_estimate(recall, stacked),
        f1=_estimate(f1, stacked),
        macro_f1=_bootstrapped(lambda chosen: _mean(f1(chosen)), stacked) if macro else None,
        agreement=_estimate(agreement, stacked),
        kappa=_estimate(kappa, stacked),
        weighted_kappa=_estimate(weighted_kappa, stacked),
        severity=share([(item.proposal, item.severity is item.label_severity) for item in both]),
    )


def share(flags: Sequence[tuple[str, bool]]) -> Estimate:
    """The share that is true; each flag comes with its proposal."""
    names = list(dict.fromkeys(name for name, _ in flags))
    counts = np.zeros((len(names), 2))
    for name, flag in flags:
        counts[names.index(name)] += (flag, 1)
    return _bootstrapped(lambda chosen: _ratio(chosen[..., 0], chosen[..., 1]), counts)


def value(measure: Measure, pairs: Pairs) -> float | None:
    """A figure without an interval."""
    return _rounded(float(measure(confusion(pairs))))


def kappa_of_names(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of any two columns of names."""
    names = sorted({name for pair in pairs for name in pair})
    matrix = np.zeros((len(names), len(names)))
    for a, b in pairs:
        matrix[names.index(a), names.index(b)] += 1
    return _rounded(float(_kappa(matrix, 1 - np.eye(len(names))))) if pairs else None


def difference(measure: Measure, a: Sequence[Item], b: Sequence[Item]) -> Estimate:
    """How much larger a figure is for `b` than for `a`, paired by proposal."""
    names = dict.fromkeys(item.proposal for item in a)
    sides = [[confusion(_pairs(item for item in items if item.proposal == name)) for name in names] for items in (a, b)]
    paired = np.array(sides).swapaxes(0, 1)
    return _bootstrapped(lambda chosen: measure(chosen[..., 1, :, :]) - measure(chosen[..., 0, :, :]), paired)


def calibration(items: Sequence[Item]) -> Calibration | None:
    """Confidence against the labels, in five bins of about equal size; None where it hardly varies."""
    told = [(item.confidence, item.verdict is item.label) for item in items if item.confidence is not None and item.verdict]
    if len({confidence for confidence, _ in told}) < 3:
        return None
    confidences, right = np.array([c for c, _ in told]), np.array([r for _, r in told], dtype=int)
    shares, means = calibration_curve(right, confidences, n_bins=5, strategy="quantile")
    edges = np.quantile(confidences, np.linspace(0, 1, 6))
    counts = np.bincount(np.searchsorted(edges[1:-1], confidences), minlength=5)
    rows = zip(means, shares, counts[counts > 0], strict=True)
    bins = [Bin(confidence=round(float(mean), 4), right=round(float(part), 4), items=int(n)) for mean, part, n in rows]
    return Calibration(brier=round(float(brier_score_loss(right, confidences)), 4), bins=bins)


def reader_figures(cases: Sequence[Case]) -> list[ReaderFigures]:
    """Every annotator of every group, against the labels and against the others."""
    found: list[ReaderFigures] = []
    for group in dict.fromkeys(case.labels.group for case in cases):
        members = [case for case in cases if case.labels.group == group and case.labels.in_scope]
        for name in dict.fromkeys(name for case in members for name in case.labels.readers):
            own: list[tuple[Verdict, Verdict | None]] = []
            others: list[tuple[Verdict, Verdict | None]] = []
            mine = [case for case in members if name in case.labels.readers]
            for case in mine:
                verdicts = {id: label.verdict for id, label in case.labels.readers[name].verdicts.items()}
                own += [(label.verdict, verdicts.get(id)) for id, label in case.labels.verdicts.items()]
                for other, reader in case.labels.readers.items():
                    if other != name:
                        others += [(label.verdict, verdicts.get(id)) for id, label in reader.verdicts.items()]
            found.append(
                ReaderFigures(
                    name=name,
                    group=group,
                    proposals=len(mine),
                    f1=value(f1, own),
                    kappa=value(kappa, own),
                    f1_others=value(f1, others),
                    kappa_others=value(kappa, others),
                )
            )
    return found


def alpha(cases: Sequence[Case]) -> float | None:
    """Krippendorff's alpha of the annotators' verdicts, nominal; None with fewer than two annotators."""
    names = list(dict.fromkeys(name for case in cases for name in case.labels.readers))
    units = [(case, id) for case in cases for id in case.labels.verdicts]
    if len(names) < 2 or not units:
        return None
    data = np.full((len(names), len(units)), np.nan)
    for column, (case, id) in enumerate(units):
        for row, name in enumerate(names):
            reader = case.labels.readers.get(name)
            if reader and id in reader.verdicts:
                data[row, column] = _CODES[reader.verdicts[id].verdict]
    return _rounded(float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal")))


def _stacked(items: Sequence[Item]) -> Array:
    """Confusion matrices of shape (proposals, critiques, 5, 5)."""
    names = {name: row for row, name in enumerate(dict.fromkeys(item.proposal for item in items))}
    critiques = {id: row for row, id in enumerate(dict.fromkeys(item.critique for item in items))}
    stacked = np.zeros((len(names), len(critiques), _NONE + 1, _NONE + 1))
    for item in items:
        stacked[names[item.proposal], critiques[item.critique]] += confusion(_pairs([item]))
    return stacked


def _estimate(measure: Measure, stacked: Array) -> Estimate:
    return _bootstrapped(measure, stacked.sum(1) if stacked.ndim == 4 else stacked)


def _bootstrapped(statistic: Callable[[Array], Array], by_proposal: Array) -> Estimate:
    """The statistic of the sum over proposals (the first axis), and where it lies in 95% of resamples."""
    if not len(by_proposal):
        return Estimate(value=None)
    point = _rounded(float(statistic(by_proposal.sum(0))))
    if point is None or len(by_proposal) < 3:
        return Estimate(value=point)

    def resampled(chosen: NDArray[np.int64], axis: int = -1) -> Array:
        return statistic(by_proposal[chosen].sum(axis=chosen.ndim - 1 if axis == -1 else axis))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where all resamples agree, the interval is a point, and that is no news
        result = bootstrap(
            (np.arange(len(by_proposal)),),
            resampled,
            n_resamples=_RESAMPLES,
            vectorized=True,
            method="percentile",
            rng=np.random.default_rng(0),
        )
        low, high = np.nanpercentile(result.bootstrap_distribution, [2.5, 97.5])
    return Estimate(value=point, low=_rounded(float(low)), high=_rounded(float(high)))


def _kappa(matrix: Array, weights: Array) -> Array:
    expected = matrix.sum(-1)[..., :, None] * matrix.sum(-2)[..., None, :]
    total = matrix.sum((-2, -1))
    return 1 - _ratio((weights * matrix).sum((-2, -1)) * total, (weights * expected).sum((-2, -1)))


def _ratio(part: Array, whole: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(whole) > 0, part / whole, np.nan)


def _mean(values: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # critiques that nobody finds have no F1
        return np.asarray(np.nanmean(values, axis=-1))


def _pairs(items: Iterable[Item]) -> list[tuple[Verdict, Verdict | None]]:
    return [(item.label, item.verdict) for item in items]


def _rounded(figure: float) -> float | None:
    return None if np.isnan(figure) else round(figure, 4)
