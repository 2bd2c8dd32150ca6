"""RecalibratedModel: a frozen model whose survival was put right for another population; its risk is untouched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from itgstrat.errors import BundleError
from itgstrat.learned.model import MODEL_KINDS, SurvivalModel, pack_model, unpack_model
from itgstrat.learned.response import ResponseModel

Floats = npt.NDArray[np.float64]

#: Survival is held this far from 0 and 1, so that its complementary log-log is finite.
NEAREST = 1e-12
_INNER = "inner."
_NUMBERS = ("intercept", "slope", "at_days", "center")


@dataclass(frozen=True, eq=False)
class RecalibratedModel:
    r"""A model with its cumulative hazard recalibrated; who ranks above whom stays as it was.

    .. math:: H'_i(t) = e^{a + (b - 1)(\eta_i - \bar\eta)}\, H_i(t), \quad \eta_i = \log H_i(t^*)

    For a proportional hazards model :math:`\eta_i` is its linear predictor but for a constant, so that b is the
    calibration slope and a the log of observed over expected events.

    Parameters
    ----------
    inner : SurvivalModel
        The model as it was trained; risk, strata and explanations remain its own.
    intercept : float
        a; above 0 more patients fail than the model says.
    slope : float
        b; below 1 the model's predictions are too extreme.
    at_days : float
        t*, the time at which the predictions are spread out or drawn together.
    center : float
        Mean of :math:`\eta` in the patients that the model was recalibrated on.
    """

    inner: SurvivalModel
    intercept: float
    slope: float
    at_days: float
    center: float

    @property
    def features(self) -> npt.NDArray[np.str_]:
        """Names of the features, in the order of the columns."""
        return self.inner.features

    @property
    def used(self) -> npt.NDArray[np.intp]:
        """Positions of the features that the risk depends on."""
        return self.inner.used

    @property
    def followed_until_days(self) -> float:
        """Longest follow-up of all training patients, in days; survival is not told beyond it."""
        return self.inner.followed_until_days

    def risk(self, features: Floats) -> Floats:
        """Compute the risk of the model as it was trained.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Risk; higher is worse.
        """
        return self.inner.risk(features)

    def survival(
        self, features: Floats, times_days: Sequence[float] | Floats, strata: npt.NDArray[np.str_] | None = None
    ) -> Floats:
        """Predict recalibrated survival.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.
        times_days : sequence of float, shape (n_times,)
            Times in days.
        strata : ndarray of str, shape (n_patients,), optional
            Baseline stratum of each patient, as the model as it was trained takes it.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_times)
            Survival probability; NaN where the model as it was trained tells none.
        """
        position = log_hazard_at(self.inner, features, self.at_days)
        factor = np.exp(self.intercept + (self.slope - 1) * (position - self.center))
        survival: Floats = self.inner.survival(features, times_days, strata) ** factor[:, None]
        return survival

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give the record as named arrays.

        Returns
        -------
        dict of str to ndarray
            The numbers, and the arrays of the inner model behind ``inner.``.
        """
        numbers = {name: np.array(getattr(self, name)) for name in _NUMBERS}
        return numbers | {_INNER + name: array for name, array in pack_model(self.inner).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Build the record from what `to_arrays` gave.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Numbers and arrays.

        Returns
        -------
        RecalibratedModel
            An equal record.

        Raises
        ------
        BundleError
            If something is missing or of an unknown kind.
        """
        inner = {name.removeprefix(_INNER): array for name, array in arrays.items() if name.startswith(_INNER)}
        missing = [name for name in _NUMBERS if name not in arrays]
        if missing or len(inner) + len(_NUMBERS) != len(arrays):
            raise BundleError(f"a recalibrated model needs {', '.join(_NUMBERS)} and a model; found {sorted(arrays)}")
        model = unpack_model(inner)
        if isinstance(model, ResponseModel):
            raise BundleError("a recalibrated model holds a survival model; found one of a label")
        return cls(model, **{name: float(arrays[name]) for name in _NUMBERS})


def log_hazard_at(model: SurvivalModel, features: Floats, at_days: float) -> Floats:
    r"""Compute the log cumulative hazard of each patient at one time, :math:`\log(-\log S_i(t))`.

    Parameters
    ----------
    model : SurvivalModel
        A model.
    features : ndarray of float64, shape (n_patients, n_features)
        Standardised features.
    at_days : float
        The time, within the follow-up of training.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Finite; by the baseline of all training patients.
    """
    survival = np.clip(model.survival(features, [at_days])[:, 0], NEAREST, 1 - NEAREST)
    position: Floats = np.log(-np.log(survival))
    return position


# here and not in the list itself, which this module needs for the model inside
MODEL_KINDS["recalibrated"] = RecalibratedModel
