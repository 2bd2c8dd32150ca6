"""Cox regression for a handful of covariates."""

from typing import Self

import numpy as np
import pandas as pd

from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox
from itgstrat.fitting.survival.base import SurvivalEstimator, linear_model
from itgstrat.outcome import Outcome, require_events


class CoxPlain(SurvivalEstimator):
    """Stratified Cox regression with a slight ridge penalty against separation; for a handful of covariates.

    Efron's ties.

    Parameters
    ----------
    ridge : float
        Penalty on the squared coefficients of the standardised features.

    Attributes
    ----------
    model_ : LinearModel
        The learned record.
    """

    def __init__(self, ridge: float = 0.1) -> None:
        self.ridge = ridge

    def fit(self, X: pd.DataFrame, y: Outcome) -> Self:
        """Fit.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Standardised features.
        y : Outcome
            Outcome; each of its strata has a baseline hazard of its own.

        Returns
        -------
        CoxPlain
            Itself.

        Raises
        ------
        OutcomeError
            If there is no event.
        ModelError
            If there are fewer than two patients, or no finite coefficients.
        """
        require_events(y, 1, "a Cox model")
        if len(y) < 2:
            raise ModelError("a Cox model compares patients; found only one")
        values = X.to_numpy(dtype=np.float64)
        self.model_ = linear_model(X, y, fit_cox(values, RiskSets.of(y), np.full(values.shape[1], self.ridge)))
        return self
