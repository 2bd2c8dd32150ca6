"""Pairs of a label, and the ROC curve whose area is the AUC that is told: pairs of one cohort that one model judged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.evaluation.discrimination import TIED, Block
from itgstrat.response import Response

Floats = npt.NDArray[np.float64]

#: Most false-positive rates of a curve; a figure tells no more apart.
MOST_RATES = 200


@dataclass(frozen=True)
class RocCurve:
    """A receiver operating characteristic; the line between the points is the curve.

    Parameters
    ----------
    false_positive, true_positive : tuple of float, shape (n_points,)
        Rates, rising from 0 to 1; a step up is two points at one false-positive rate.
    """

    false_positive: tuple[float, ...]
    true_positive: tuple[float, ...]


def label_blocks(response: Response, groups: npt.NDArray[np.generic]) -> list[Block]:
    """Pair every positive with every negative patient of the same cohort and group.

    Parameters
    ----------
    response : Response
        Labels and cohorts.
    groups : ndarray, shape (n_patients,)
        For instance the fold whose model gave each patient's probability.

    Returns
    -------
    list of Block
        One a cohort and group that has a pair; their concordance is the AUC.

    Examples
    --------
    >>> response = Response(np.array([True, False, False]), np.array(["a", "a", "b"]))
    >>> [(block.cases.tolist(), block.controls.tolist()) for block in label_blocks(response, np.zeros(3))]
    [([0], [1])]
    """
    blocks = []
    for _, own in response.by_stratum():
        for group in np.unique(groups[own]):
            rows = own[groups[own] == group]
            cases, controls = rows[response.label[rows]], rows[~response.label[rows]]
            if len(cases) and len(controls):
                blocks.append(Block(cases, controls, np.ones((len(cases), len(controls)), dtype=np.float32)))
    return blocks


def roc_curve(blocks: Sequence[Sequence[Block]], predicted: Floats) -> RocCurve | None:
    r"""Average the ROC curves of the cohorts and folds, at each false-positive rate, by their numbers of pairs.

    Probabilities of different models do not share one threshold, so the patients are not pooled. With :math:`m_b n_b`
    pairs in block b, the area under :math:`\sum_b m_b n_b R_b(x) / \sum_b m_b n_b` is the share of all pairs that are
    in the right order: the AUC of `compare_responses`.

    Parameters
    ----------
    blocks : sequence of sequence of Block, one a repetition
        Pairs, every case with every control; see `label_blocks`.
    predicted : ndarray of float64, shape (n_repeats, n_patients)
        Probabilities; those that differ by no more than 1e-8 are tied, and a tie is a slope.

    Returns
    -------
    RocCurve or None
        None where there is no pair. Of more than 200 false-positive rates 200 are kept, spread evenly.

    References
    ----------
    Fawcett 2006, doi 10.1016/j.patrec.2005.10.010 (vertical averaging)

    Examples
    --------
    >>> block = Block(np.array([0, 1]), np.array([2, 3]), np.ones((2, 2), dtype=np.float32))
    >>> found = roc_curve([[block]], np.array([[0.9, 0.4, 0.6, 0.1]]))
    >>> found.false_positive, found.true_positive
    ((0.0, 0.0, 0.5, 0.5, 1.0), (0.0, 0.5, 0.5, 1.0, 1.0))
    """
    curves = [_walk(block, own) for parts, own in zip(blocks, predicted, strict=True) for block in parts]
    if not curves:
        return None
    rates = np.unique(np.concatenate([curve[0] for curve in curves]))
    if len(rates) > MOST_RATES:
        rates = rates[np.linspace(0, len(rates) - 1, MOST_RATES).round().astype(int)]
    pairs = [float(block.comparable.size) for parts in blocks for block in parts]
    both = np.average([_heights(*curve, rates) for curve in curves], axis=0, weights=pairs)
    points = dict.fromkeys(_zip_sides(rates, both))  # where there is no step the two sides are one point
    false_positive, true_positive = zip(*points, strict=True)
    return RocCurve(false_positive, true_positive)


def _walk(block: Block, predicted: Floats) -> tuple[Floats, Floats]:
    """False- and true-positive rate of one block, from the highest probability down."""
    rows = np.concatenate([block.cases, block.controls])
    order = np.argsort(-predicted[rows], kind="stable")
    ends = np.flatnonzero(np.append(-np.diff(predicted[rows][order]) > TIED, True))
    is_case = order < len(block.cases)
    caught, alarms = np.cumsum(is_case)[ends], np.cumsum(~is_case)[ends]
    return np.append(0.0, alarms / len(block.controls)), np.append(0.0, caught / len(block.cases))


def _heights(false_positive: Floats, true_positive: Floats, rates: Floats) -> Floats:
    """True-positive rate just before and just after each rate, shape (2, n_rates)."""
    before = np.searchsorted(false_positive, rates, side="left")
    after = np.searchsorted(false_positive, rates, side="right") - 1
    between = np.interp(rates, false_positive, true_positive)  # right wherever the curve makes no step
    known = np.isin(rates, false_positive)
    return np.stack([np.where(known, true_positive[np.minimum(before, len(true_positive) - 1)], between),
                     np.where(known, true_positive[after], between)])  # fmt: skip


def _zip_sides(rates: Floats, both: Floats) -> Iterator[tuple[float, float]]:
    for rate, low, high in zip(rates.tolist(), *both.tolist(), strict=True):
        yield rate, low
        yield rate, high
