"""LinearRisk and LinearModel: coefficients, baseline survival per stratum, and exact contributions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.learned.baseline import ProportionalHazards
from itgstrat.learned.records import ArrayRecord

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearRisk(ArrayRecord):
    """A risk that is a weighted sum of features; the base of the records of such models.

    Parameters
    ----------
    features : ndarray of str, shape (n_features,)
        Feature names.
    coef : ndarray of float64, shape (n_features,)
        What a training standard deviation adds to the risk.
    center : ndarray of float64, shape (n_features,)
        Training means, where the risk is 0.
    """

    features: npt.NDArray[np.str_]
    coef: Floats
    center: Floats

    @property
    def used(self) -> npt.NDArray[np.intp]:
        """Positions of the features that the risk depends on."""
        return np.flatnonzero(self.coef)

    def risk(self, features: Floats) -> Floats:
        r"""Compute the linear predictor, :math:`\beta^\top (x - \bar x)`; higher is worse.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Risk relative to the training mean.
        """
        risk: Floats = self.contributions(features).sum(axis=1)
        return risk

    def contributions(self, features: Floats) -> Floats:
        """Split the risk over the features; base 0, each row adds up to the risk.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_features)
            coefficient x (value - training mean).
        """
        return self.coef * (features - self.center)


@dataclass(frozen=True, eq=False)
class LinearModel(LinearRisk, ProportionalHazards):
    """A Cox model as arrays; its risk is a log hazard.

    Parameters
    ----------
    strata, start, times_days, cumulative_hazard, followed_days : ndarray
        Baseline hazard, as in `ProportionalHazards`.
    features, coef, center : ndarray
        Names, log hazard ratios and means, as in `LinearRisk`.
    """

    def survival(
        self,
        features: Floats,
        times_days: Sequence[float] | Floats,
        strata: npt.NDArray[np.str_] | None = None,
    ) -> Floats:
        r"""Predict survival, :math:`S(t \mid x) = \exp(-H_0(t)\, e^{risk})`.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.
        times_days : sequence of float, shape (n_times,)
            Times in days.
        strata : ndarray of str, shape (n_patients,), optional
            Baseline stratum of each patient; the pooled baseline where it is unknown or not given.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_times)
            Survival probability; NaN beyond the follow-up that the baseline was learned from.
        """
        return self.survival_at(self.risk(features), times_days, strata)
