"""Accelerated failure time models: lifelines fits them, an AcceleratedModel remains."""

import warnings
from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from lifelines import LogNormalAFTFitter, WeibullAFTFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning

from itgstrat.errors import ModelError
from itgstrat.fitting.survival.base import SurvivalEstimator
from itgstrat.fitting.survival.checks import check_training
from itgstrat.learned import AcceleratedModel
from itgstrat.outcome import Outcome

#: Scale of the log times below which a model fits every event exactly, and its likelihood has no maximum.
_NIL = 1e-3


class AcceleratedFailureTime(SurvivalEstimator):
    """What the two accelerated failure time models share. They know no strata.

    lifelines refuses a time of 0; an `Outcome` holds none.

    Parameters
    ----------
    ridge : float
        Penalty on the squared coefficients per SD, beside the mean log likelihood of a patient; it keeps
        coefficients finite where a feature separates, or there are more features than patients.

    Attributes
    ----------
    model_ : AcceleratedModel
        The learned record.
    """

    _library: ClassVar[type[Any]]
    _distribution: ClassVar[str]

    def __init__(self, ridge: float = 0.05) -> None:
        self.ridge = ridge

    def fit(self, X: pd.DataFrame, y: Outcome) -> Self:
        """Fit.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Standardised features.
        y : Outcome
            Outcome; its strata are not looked at.

        Returns
        -------
        AcceleratedFailureTime
            Itself.

        Raises
        ------
        OutcomeError
            If there are fewer than two events.
        ModelError
            If there are fewer than two patients, every feature is the same in all of them, all events are at one
            time, or the likelihood has no maximum that can be found.
        """
        model = f"a {self._distribution} accelerated failure time model"
        check_training(X, y, 2, model)
        if np.ptp(y.time_days[y.event]) == 0:
            raise ModelError(f"all {y.n_events} events are at the same time; {model} has no finite scale, use another")
        values = X.to_numpy()
        center, varies = values.mean(axis=0), values.std(axis=0) > 0
        unit = float(np.exp(np.log(y.time_days).mean()))  # the optimiser starts near times of 1
        # names of our own, because lifelines has a meaning for some of them
        table = pd.DataFrame((values - center)[:, varies]).add_prefix("x")
        location, scale = self._fit_library(table.assign(time=y.time_days / unit, event=y.event), model)
        coef = np.zeros(values.shape[1])
        coef[varies] = -location[table.columns].to_numpy()
        self.model_ = AcceleratedModel(
            features=np.array(X.columns, dtype=str),
            coef=coef,
            center=center,
            intercept=float(location["Intercept"] + np.log(unit)),
            scale=scale,
            distribution=self._distribution,
            followed_until_days=float(y.time_days.max()),
        )
        return self

    def _fit_library(self, table: pd.DataFrame, model: str) -> tuple["pd.Series[float]", float]:
        """Fit with lifelines; location coefficients, and the scale."""
        nowhere = (
            f"{model} finds no maximum of its likelihood: there are more features than event times can tell apart, "
            "or one of them gives the times away; raise the ridge, use fewer features or a Cox model"
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # steps that overflow are taken back
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                fitted = self._library(penalizer=self.ridge).fit(table, "time", "event")
            except (ConvergenceError, ConvergenceWarning) as error:
                raise ModelError(nowhere) from error
        scale = self._read_scale(float(fitted.params_[fitted._ancillary_parameter_name]["Intercept"]))
        if scale < _NIL:
            raise ModelError(f"{nowhere} (its scale falls to {scale:.1g})")
        return fitted.params_[fitted._primary_parameter_name], scale

    @staticmethod
    @abstractmethod
    def _read_scale(ancillary: float) -> float:
        """Turn lifelines' ancillary parameter into the scale of the log times."""


class WeibullAFT(AcceleratedFailureTime):
    """Weibull accelerated failure time model; its hazards are proportional as well.

    Parameters, `fit` and `model_` are those of `AcceleratedFailureTime`.
    """

    _library, _distribution = WeibullAFTFitter, "weibull"

    @staticmethod
    def _read_scale(ancillary: float) -> float:
        return float(np.exp(-ancillary))


class LogNormalAFT(AcceleratedFailureTime):
    """Log-normal accelerated failure time model; its hazard rises first and falls later.

    Parameters, `fit` and `model_` are those of `AcceleratedFailureTime`.
    """

    _library, _distribution = LogNormalAFTFitter, "lognormal"

    @staticmethod
    def _read_scale(ancillary: float) -> float:
        return float(np.exp(ancillary))
