"""Scores from a patient's own ranks: mean rank, singscore, ssGSEA, AUCell, UCell.

``u`` is the rank fraction (rank - 1/2) / N of a gene among the N measured in the patient, highest expression near
1. A method may look at nothing else, so one patient is a cohort. Each is a pair: what is seen of a gene, and how
the sums over a set of ``size`` measured genes become the score of one direction.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Top share of a patient's genes that AUCell looks at (Aibar 2017, doi 10.1038/nmeth.4463).
AUCELL_TOP = 0.05

#: Ranks beyond this count as not expressed in UCell (Andreatta 2021, doi 10.1016/j.csbj.2021.06.043).
UCELL_MAX_RANK = 1500


def see_fraction(u: Floats, n_measured: Ints) -> Sequence[Floats]:
    """See the rank fraction."""
    return (u,)


def average(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    """Average over the set."""
    return (1 / np.maximum(size, 1),), np.zeros(len(size))


def centre(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    """Scale the mean rank between the least and the greatest that a set of its size can have; centred on 0.

    With k of N genes in the set, (mean rank - least) / (greatest - least) - 1/2 with least = (k + 1) / 2 and
    greatest = N - (k - 1) / 2 is (N mean(u) - k / 2) / (N - k) - 1/2. Ranks of a down set run the other way,
    u -> 1 - u, which only turns the sign. Where the set is all that was measured there is no score.
    """
    room = np.maximum(n_measured - size, 1)
    offset = np.where(size >= n_measured, np.nan, -(size / 2 / room + 0.5))
    return (n_measured / (np.maximum(size, 1) * room),), offset


def see_walk(u: Floats, n_measured: Ints) -> Sequence[Floats]:
    """See what ssGSEA sums up: rank^1.25, rank^0.25 and rank, from below."""
    ranks = u * n_measured[:, None] + 0.5
    return walk_parts(ranks, ranks)


def walk_parts(weights: Floats, places: Floats) -> Sequence[Floats]:
    """Give weight^0.25 x place, weight^0.25 and place; the two are one rank but by R GSVA's rule for ties."""
    raised = np.sqrt(np.sqrt(weights))
    return raised * places, raised, places


def walk(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    r"""Sum the difference of the two cumulative distributions over the whole list, not normalised.

    With ascending ranks r and alpha = 0.25 (Barbie 2009) the walk sums up to

    .. math:: ES = \frac{\sum_S r^{1 + \alpha}}{\sum_S r^\alpha} - \frac{N (N + 1) / 2 - \sum_S r}{N - k}

    so that the genes of the set are all that has to be looked up.
    """
    others = np.maximum(n_measured - size, 1)
    offset = np.where(size >= n_measured, np.nan, -n_measured * (n_measured + 1) / 2 / others)
    return (1 / np.where(sums[1] > 0, sums[1], 1.0), np.zeros(len(size)), 1 / others), offset


def see_top(u: Floats, n_measured: Ints) -> Sequence[Floats]:
    """See how far within the top 5% a gene is."""
    top = _top(n_measured)[:, None]
    return (np.maximum(top - _from_above(u, n_measured), 0.0),)


def recover(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    """Take the area under the recovery curve in the top 5% of genes as a share of the greatest possible."""
    full = np.minimum(size, _top(n_measured) - 1)
    greatest = full * _top(n_measured) - full * (full + 1) / 2
    return (1 / np.maximum(greatest, 1),), np.zeros(len(size))


def see_capped(u: Floats, n_measured: Ints) -> Sequence[Floats]:
    """See the rank from above, cut, and whether it is within the cut."""
    limit = _limit(n_measured)[:, None]
    place = _from_above(u, n_measured)
    return np.where(place > limit, limit + 1, place), (place <= limit).astype(float)


def mann_whitney(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    """Compute 1 - U / (k x greatest rank), U the Mann-Whitney statistic of ranks cut at 1,500.

    The divisor is the released R package's, k x greatest rank, not k x greatest rank - k (k + 1) / 2. A set
    wholly beyond the cut scores 0.
    """
    divisor = np.maximum(size * _limit(n_measured), 1.0)
    within = sums[1] > 0
    offset = np.where(within, 1 + size * (size + 1) / 2 / divisor, 0.0)
    return (np.where(within, -1 / divisor, 0.0), np.zeros(len(size))), offset


def _from_above(u: Floats, n_measured: Ints) -> Floats:
    """Rank from 1 (highest) to N."""
    place: Floats = n_measured[:, None] + 0.5 - u * n_measured[:, None]
    return place


def _top(n_measured: Ints) -> Floats:
    top: Floats = np.clip(np.ceil(AUCELL_TOP * n_measured), 2, np.maximum(n_measured, 2))
    return top


def _limit(n_measured: Ints) -> Floats:
    limit: Floats = np.minimum(UCELL_MAX_RANK, n_measured).astype(np.float64)
    return limit
