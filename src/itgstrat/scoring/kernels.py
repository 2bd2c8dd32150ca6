"""Scores of gene sets: each a pure kernel and a record in `SCORES`.

All three methods here are affine in the gene values: ``score = offset + sum(weights * values)``. A kernel
therefore gives weights and offset, and the same numbers split a score exactly over its genes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Weights = Callable[[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.int64]], tuple[Floats, Floats]]


@dataclass(frozen=True)
class ScoreMethod:
    """How a signed gene set becomes one number per patient.

    Parameters
    ----------
    name : str
        Name in configurations.
    values : {"rank", "expression"}
        What a gene enters as: its rank fraction within the patient, (rank - 0.5) / genes, or its
        standardised log2 expression.
    weigh : callable
        ``(signs, present, n_measured) -> (weights, offset)`` with shapes (genes,), (patients, genes),
        (patients,) -> (patients, genes), (patients,).
    formula : str
        The score in one line.
    limits : str
        Range of the score.
    reference : str
        Publication.
    single_sample : bool
        True where a patient's score needs no reference cohort.
    """

    name: str
    values: Literal["rank", "expression"]
    weigh: Weights
    formula: str
    limits: str
    reference: str
    single_sample: bool

    def score(self, values: Floats, signs: Floats, n_measured: npt.NDArray[np.int64]) -> Floats:
        """Score one gene set in every patient.

        Parameters
        ----------
        values : ndarray of float64, shape (n_patients, n_set_genes)
            Gene values as `self.values` says; NaN is not measured and is left out.
        signs : ndarray of float64, shape (n_set_genes,)
            +1 for genes that raise the score, -1 for genes that lower it.
        n_measured : ndarray of int64, shape (n_patients,)
            Genes measured in each patient.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            The score; NaN where no gene of the set was measured, or nothing but the set by singscore.
        """
        present = ~np.isnan(values)
        weights, offset = self.weigh(signs, present, n_measured)
        scores: Floats = offset + np.sum(weights * np.where(present, values, 0.0), axis=1)
        scores[~present.any(axis=1)] = np.nan
        return scores


def _share(mask: npt.NDArray[np.bool_]) -> Floats:
    """1 / number of present genes for each present gene, 0 elsewhere."""
    counts = mask.sum(axis=1, keepdims=True)
    share: Floats = mask / np.maximum(counts, 1)
    return share


def _weigh_mean_rank(
    signs: Floats, present: npt.NDArray[np.bool_], n_measured: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    up, down = _share(present & (signs > 0)), _share(present & (signs < 0))
    return up - down, np.zeros(len(present))


def _weigh_singscore(
    signs: Floats, present: npt.NDArray[np.bool_], n_measured: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    # With u = (rank - 0.5) / N and k genes present, (mean rank - min) / (max - min) - 1/2, where
    # min = (k + 1) / 2 and max = N - (k - 1) / 2, is (N mean(u) - k / 2) / (N - k) - 1/2. Ranks of the
    # down set run the other way, u -> 1 - u, which only turns the sign of the centred score. Where the set is
    # all that was measured (k = N), least and greatest are the same, and there is no score.
    total = n_measured[:, None].astype(float)
    weights, offset = np.zeros(present.shape), np.zeros(len(present))
    for sign in (1.0, -1.0):
        mask = present & (signs == sign)
        size = mask.sum(axis=1)
        room = np.maximum(n_measured - size, 1)
        weights += sign * _share(mask) * total / room[:, None]
        offset -= sign * np.where(size > 0, size / 2 / room + 0.5, 0.0)
        offset[(size > 0) & (size >= n_measured)] = np.nan
    return weights, offset


def _weigh_zscore(
    signs: Floats, present: npt.NDArray[np.bool_], n_measured: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    size = np.maximum(present.sum(axis=1, keepdims=True), 1)
    return present * signs / np.sqrt(size), np.zeros(len(present))


#: Every scoring method, by the name that a configuration uses.
SCORES: dict[str, ScoreMethod] = {
    method.name: method
    for method in (
        ScoreMethod(
            name="singscore",
            values="rank",
            weigh=_weigh_singscore,
            formula="(mean rank - least) / (greatest - least) - 1/2 of the up set, plus the same of the "
            "down set with ranks reversed",
            limits="-0.5 to 0.5 (one direction), -1 to 1 (up and down)",
            reference="Foroutan 2018, doi 10.1186/s12859-018-2435-4",
            single_sample=True,
        ),
        ScoreMethod(
            name="mean_rank",
            values="rank",
            weigh=_weigh_mean_rank,
            formula="mean of (rank - 1/2) / genes over the up set minus the same over the down set",
            limits="0 to 1 (one direction), -1 to 1 (up and down)",
            reference="the uncentred term of singscore, doi 10.1186/s12859-018-2435-4",
            single_sample=True,
        ),
        ScoreMethod(
            name="zscore",
            values="expression",
            weigh=_weigh_zscore,
            formula="sum of sign x z / sqrt(genes), z against the frozen reference",
            limits="unbounded; standard deviation 1 where genes are independent",
            reference="Lee 2008, doi 10.1371/journal.pcbi.1000217",
            single_sample=False,
        ),
    )
}
