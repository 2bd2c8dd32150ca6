"""How well a sensitivity is ordered within each lineage, and what chance or another model would reach."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]


def within_pairs(lineage: Strings) -> npt.NDArray[np.bool_]:
    """Mark the pairs of different lines of one lineage, shape (n_lines, n_lines), each pair once."""
    same: npt.NDArray[np.bool_] = np.triu(lineage[:, None] == lineage[None, :], k=1)
    return same


def within_concordance(
    response: Floats, told: Floats, pairs: npt.NDArray[np.bool_], weights: Floats | None = None
) -> Floats:
    """Share of the pairs of one lineage that are told in the right order; 0.5 is what lineage alone knows.

    Parameters
    ----------
    response, told : ndarray of float64, shape (n_lines,)
        Truth and prediction.
    pairs : ndarray of bool, shape (n_lines, n_lines)
        From `within_pairs`.
    weights : ndarray of float64, shape (n_draws, n_lines), optional
        How often each line was drawn; once each if not given.

    Returns
    -------
    ndarray of float64, shape (n_draws,)
        A pair that is told equal counts one half, one that is equal not at all; NaN where there is no pair.

    Examples
    --------
    >>> pairs = within_pairs(np.array(["a", "a", "b", "b"]))
    >>> within_concordance(np.array([1.0, 2, 5, 4]), np.array([0.1, 0.2, 0, 0]), pairs)
    array([0.75])
    """
    truth = np.sign(response[:, None] - response[None, :]) * pairs
    agree = truth * np.sign(told[:, None] - told[None, :])
    draws = np.ones((1, len(response))) if weights is None else weights
    # a pair is drawn as often as the product of both lines; the matrix holds each pair once
    count = np.einsum("bi,bi->b", draws @ np.abs(truth), draws)
    surplus = np.einsum("bi,bi->b", draws @ agree, draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Floats = 0.5 + 0.5 * surplus / count
    return share


def draw_weights(lineage: Strings, n_draws: int, random: np.random.Generator) -> Floats:
    """Draw lines with replacement within each lineage, so that every lineage keeps its size.

    Parameters
    ----------
    lineage : ndarray of str, shape (n_lines,)
        Lineages.
    n_draws : int
        Number of bootstrap samples.
    random : Generator
        Source of chance.

    Returns
    -------
    ndarray of float64, shape (n_draws, n_lines)
        How often each line was drawn.
    """
    weights = np.zeros((n_draws, len(lineage)))
    for name in np.unique(lineage):
        rows = np.flatnonzero(lineage == name)
        weights[:, rows] = random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=n_draws)
    return weights


def permuted_concordance(
    response: Floats, told: Floats, lineage: Strings, n_draws: int, random: np.random.Generator
) -> Floats:
    """Deal the responses out anew within each lineage and count again.

    Parameters
    ----------
    response, told : ndarray of float64, shape (n_lines,)
        Truth and prediction.
    lineage : ndarray of str, shape (n_lines,)
        Lineages.
    n_draws : int
        Number of permutations.
    random : Generator
        Source of chance.

    Returns
    -------
    ndarray of float64, shape (n_draws,)
        Concordance within lineages where prediction and truth know nothing of each other.
    """
    right, count = np.zeros(n_draws), 0.0
    for name in np.unique(lineage):
        rows = np.flatnonzero(lineage == name)
        upper = np.triu_indices(len(rows), 1)
        order = np.sign(told[rows][:, None] - told[rows][None, :])[upper]
        dealt = np.stack([random.permutation(response[rows]) for _ in range(n_draws)])
        truth = np.sign(dealt[:, upper[0]] - dealt[:, upper[1]])
        right += truth @ order
        count += np.abs(truth[0]).sum() if len(truth) else 0.0
    return 0.5 + 0.5 * right / count if count else np.full(n_draws, np.nan)


def spearman(response: Floats, told: Floats) -> float:
    """Rank correlation; NaN where either is constant."""
    one, two = rankdata(response), rankdata(told)
    one, two = one - one.mean(), two - two.mean()
    scale = np.sqrt((one**2).sum() * (two**2).sum())
    return float((one * two).sum() / scale) if scale > 1e-9 else float("nan")
