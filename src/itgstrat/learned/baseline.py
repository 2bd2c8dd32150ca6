"""ProportionalHazards: the baseline hazard per stratum, and survival from a risk."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.learned.records import ArrayRecord

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ProportionalHazards(ArrayRecord):
    """Baseline hazard of a model whose risk is a log hazard; the base of the records of such models.

    Parameters
    ----------
    strata : ndarray of str, shape (n_strata,)
        Baseline strata (training cohorts); behind them, in the arrays below, the pooled baseline.
    start : ndarray of int, shape (n_strata + 2,)
        Slices of the two arrays below, one a stratum and a last one pooled.
    times_days : ndarray of float64, shape (n_steps,)
        Event times, rising within a stratum.
    cumulative_hazard : ndarray of float64, shape (n_steps,)
        Breslow's cumulative baseline hazard from each time on.
    followed_days : ndarray of float64, shape (n_strata + 1,)
        Longest follow-up; survival is not told beyond it.
    """

    strata: npt.NDArray[np.str_]
    start: npt.NDArray[np.intp]
    times_days: Floats
    cumulative_hazard: Floats
    followed_days: Floats

    @property
    def followed_until_days(self) -> float:
        """Longest follow-up of all training patients, in days; survival is not told beyond it."""
        return float(self.followed_days[-1])

    def survival_at(
        self, risk: Floats, times_days: Sequence[float] | Floats, strata: npt.NDArray[np.str_] | None = None
    ) -> Floats:
        r"""Predict survival from a risk, :math:`S(t \mid risk) = \exp(-H_0(t)\, e^{risk})`.

        Parameters
        ----------
        risk : ndarray of float64, shape (n_patients,)
            Log hazard relative to the baseline.
        times_days : sequence of float, shape (n_times,)
            Times in days.
        strata : ndarray of str, shape (n_patients,), optional
            Baseline stratum of each patient; the pooled baseline where it is unknown or not given.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_times)
            Survival probability; NaN beyond the follow-up that the baseline was learned from.
        """
        rows = {str(name): row for row, name in enumerate(self.strata)}
        names = [""] * len(risk) if strata is None else strata
        chosen = np.array([rows.get(str(name), len(self.strata)) for name in names], dtype=np.intp)
        hazard = np.stack([self.baseline(row, times_days) for row in range(len(self.strata) + 1)])
        # beyond 700 exp overflows; survival is 0 or 1 long before
        return np.exp(-hazard[chosen] * np.exp(np.minimum(risk, 700.0))[:, None])

    def baseline(self, row: int, times_days: Sequence[float] | Floats) -> Floats:
        """Read the cumulative baseline hazard of one stratum at some times; NaN beyond its follow-up."""
        own = slice(self.start[row], self.start[row + 1])
        steps = np.concatenate([[0.0], self.cumulative_hazard[own]])
        values = steps[np.searchsorted(self.times_days[own], times_days, side="right")]
        return np.where(np.asarray(times_days) <= self.followed_days[row], values, np.nan)
