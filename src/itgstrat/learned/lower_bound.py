"""LowerBound: the days that a patient outlives with a stated confidence, from the survival that a model predicts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.learned.model import SurvivalModel
from itgstrat.learned.records import ArrayRecord

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LowerBound(ArrayRecord):
    r"""A lower bound of each patient's survival time, calibrated on patients that the model had not seen.

    .. math:: L(x) = \min \{ t : \hat S(t \mid x) \le s^* \}

    Parameters
    ----------
    level : float
        Share of the patients who outlive their bound, such as 0.9.
    survival : float
        s*, the predicted survival at which the bound stands. Were the model right it would be `level`; it is higher,
        and the bound shorter, where the model is too sure.
    times_days : ndarray of float64, shape (n_times,)
        Rising times that the bound is looked for at. No bound is later than the last, because the calibration cannot
        see beyond it.
    n_patients, n_events : int
        Patients, and events by the last time, that it was calibrated on.
    """

    level: float
    survival: float
    times_days: Floats
    n_patients: int
    n_events: int

    def bound_days(self, model: SurvivalModel, features: Floats, strata: npt.NDArray[np.str_] | None = None) -> Floats:
        """Compute the bound of each patient.

        Parameters
        ----------
        model : SurvivalModel
            The model that the bound was calibrated for.
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.
        strata : ndarray of str, shape (n_patients,), optional
            Baseline stratum of each patient.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Days; NaN is not told. The last of `times_days` is a bound or stands for a later one, see `is_capped`.
        """
        return self.read(model.survival(features, self.times_days, strata))

    def read(self, survival: Floats) -> Floats:
        """Read the bound off predicted survival.

        Parameters
        ----------
        survival : ndarray of float64, shape (n_patients, n_times)
            Predicted survival at `times_days`; NaN beyond the follow-up of training.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            The first time at which survival is at `survival` or below; the last time where it stays above; NaN where
            the follow-up of the patient's stratum ends before either.

        Examples
        --------
        >>> bound = LowerBound(0.9, 0.93, np.array([100.0, 200.0, 300.0]), 120, 40)
        >>> bound.read(np.array([[0.99, 0.92, 0.9], [0.99, 0.98, 0.97], [0.99, 0.98, np.nan]])).tolist()
        [200.0, 300.0, nan]
        """
        fallen = survival <= self.survival  # NaN is never below
        days = self.times_days[np.where(fallen.any(axis=1), fallen.argmax(axis=1), -1)]
        told = fallen.any(axis=1) | ~np.isnan(survival).any(axis=1)
        return np.where(told, days, np.nan)

    def is_capped(self, survival: Floats) -> npt.NDArray[np.bool_]:
        """Tell whose bound lies beyond the last time, which `read` gives in its place.

        Parameters
        ----------
        survival : ndarray of float64, shape (n_patients, n_times)
            Predicted survival at `times_days`; NaN beyond the follow-up of training.

        Returns
        -------
        ndarray of bool, shape (n_patients,)
            True where survival stays above `survival` to the end; False where it falls there at the last time only, and
            where nothing is told.

        Examples
        --------
        >>> bound = LowerBound(0.9, 0.93, np.array([100.0, 200.0, 300.0]), 120, 40)
        >>> survival = np.array([[0.99, 0.98, 0.93], [0.99, 0.98, 0.94]])
        >>> bound.read(survival).tolist(), bound.is_capped(survival).tolist()
        ([300.0, 300.0], [False, True])
        """
        return np.asarray((survival > self.survival).all(axis=1))  # NaN is never above
