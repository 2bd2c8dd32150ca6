"""Cox regression for a handful of covariates."""

import warnings
from typing import Self

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from sksurv.linear_model import CoxPHSurvivalAnalysis

from itgstrat.errors import ModelError
from itgstrat.fitting.survival.base import RUNS_AWAY, SurvivalEstimator, linear_model, to_structured
from itgstrat.outcome import Outcome, require_events


class CoxPlain(SurvivalEstimator):
    """Cox regression with a slight ridge penalty against separation; for a handful of covariates.

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
            Outcome.

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
        cox = CoxPHSurvivalAnalysis(alpha=self.ridge, tol=1e-12, n_iter=200)
        # steps that overshoot overflow and are halved; what counts is where they end
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.filterwarnings("error", category=LinAlgWarning)
            warnings.filterwarnings("error", category=ConvergenceWarning)
            try:
                cox.fit(X.to_numpy(), to_structured(y))
            except (ArithmeticError, ValueError, LinAlgError, LinAlgWarning, ConvergenceWarning) as error:
                raise ModelError(f"{RUNS_AWAY} ({error})") from error
        self.model_ = linear_model(X, y, cox.coef_)
        return self
