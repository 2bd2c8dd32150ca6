"""AcceleratedModel: accelerated failure time models; coefficients, and survival in closed form."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.learned.linear import LinearRisk

Floats = npt.NDArray[np.float64]

_erfc = np.vectorize(math.erfc, otypes=[np.float64])


@dataclass(frozen=True, eq=False)
class AcceleratedModel(LinearRisk):
    r"""An accelerated failure time model, :math:`\log T = \mu - \beta^\top (x - \bar x) + \sigma W`.

    Risk is minus the log of the median time, relative to a patient at the training mean: a risk of log 2 halves
    the median. It knows no strata.

    Parameters
    ----------
    features, coef, center : ndarray
        Names, coefficients and means, as in `LinearRisk`.
    intercept : float
        :math:`\mu`, log days.
    scale : float
        :math:`\sigma`, above 0; lifelines' 1 / rho for Weibull.
    distribution : {"weibull", "lognormal"}
        Of the times: W has the extreme value distribution of minima, or the normal one.
    followed_until_days : float
        Longest follow-up; survival is not told beyond it.

    References
    ----------
    Wei 1992, doi 10.1002/sim.4780111409
    """

    intercept: float
    scale: float
    distribution: str
    followed_until_days: float

    def survival(
        self, features: Floats, times_days: Sequence[float] | Floats, strata: npt.NDArray[np.str_] | None = None
    ) -> Floats:
        r"""Predict survival, with :math:`w = (\log t - \mu + risk) / \sigma`.

        .. math:: S(t) = \exp(-e^w) \;\text{(Weibull)}, \quad S(t) = 1 - \Phi(w) \;\text{(log-normal)}

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.
        times_days : sequence of float, shape (n_times,)
            Times in days.
        strata : ndarray of str, shape (n_patients,), optional
            Not looked at: the model has one distribution for all.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_times)
            Survival probability; NaN beyond the follow-up of training.
        """
        times = np.asarray(times_days, dtype=np.float64)
        with np.errstate(divide="ignore"):  # at time 0 everybody is alive
            standardised = (np.log(times) - self.intercept + self.risk(features)[:, None]) / self.scale
        if self.distribution == "weibull":
            survival = np.exp(-np.exp(np.minimum(standardised, 700.0)))  # beyond 700 exp overflows
        else:
            survival = _erfc(standardised / math.sqrt(2)) / 2
        return np.where(times <= self.followed_until_days, survival, np.nan)
