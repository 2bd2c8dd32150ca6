"""Strata: cut-points on the risk, learned in training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from itgstrat.learned.records import ArrayRecord


@dataclass(frozen=True, eq=False)
class Strata(ArrayRecord):
    """Named risk strata.

    Parameters
    ----------
    labels : ndarray of str, shape (n_strata,)
        Names from low to high risk.
    cuts : ndarray of float64, shape (n_strata - 1,)
        Cut-points; a risk equal to a cut-point belongs above it.
    """

    labels: npt.NDArray[np.str_]
    cuts: npt.NDArray[np.float64]

    @classmethod
    def learn(cls, risk: npt.NDArray[np.float64], quantiles: Sequence[float], labels: Sequence[str]) -> Self:
        """Take cut-points as quantiles of the training risk.

        Parameters
        ----------
        risk : ndarray of float64, shape (n_patients,)
            Risk of the training patients.
        quantiles : sequence of float
            Quantiles between 0 and 1, rising.
        labels : sequence of str
            One name more than there are quantiles.

        Returns
        -------
        Strata
            The cut-points with their labels.

        Examples
        --------
        >>> Strata.learn(np.arange(5.0), [0.5], ["low", "high"]).assign(np.array([0.0, 2.0])).tolist()
        ['low', 'high']
        """
        return cls(np.array(labels), np.quantile(risk, quantiles))

    def assign(self, risk: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
        """Name the stratum of each patient.

        Parameters
        ----------
        risk : ndarray of float64, shape (n_patients,)
            Risk.

        Returns
        -------
        ndarray of str, shape (n_patients,)
            Stratum; ``withheld`` where the risk is NaN.
        """
        named = self.labels[np.searchsorted(self.cuts, risk, side="right").clip(max=len(self.cuts))]
        return np.where(np.isnan(risk), "withheld", named)
