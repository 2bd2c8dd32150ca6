"""Elastic-net Cox regression: scikit-survival fits the path, a LinearModel remains."""

import warnings
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sksurv.linear_model import CoxnetSurvivalAnalysis

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError
from itgstrat.fitting.survival.base import (
    RUNS_AWAY,
    SurvivalEstimator,
    linear_model,
    source_of,
    split_by_events,
    to_structured,
)
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]


class CoxElasticNet(SurvivalEstimator):
    """Elastic-net Cox regression; the penalty is chosen by cross-validation inside `fit`.

    The whole path is fitted once per inner fold, on one grid of penalties, and every penalty is judged by the
    mean over folds of Harrell's concordance within strata; of equals the larger penalty wins. The partial
    likelihood is pooled over strata, because scikit-survival knows no strata here (features are standardised
    within cohort, so no shift between platforms enters); the baseline hazard is kept per stratum.

    Parameters
    ----------
    l1_ratio : float
        1 is lasso, towards 0 is ridge.
    n_alphas : int
        Length of the path.
    alpha_min_ratio : float
        Last penalty over first.
    unpenalised : tuple of str
        Features that carry no penalty, such as clinical covariates.
    inner_folds : int
        Folds of the inner cross-validation; fewer where there are fewer events.
    tol : float
        Convergence tolerance of the final fit; at scikit-survival's default 1e-7 coefficients are 1e-3 off.
    inner_tol : float
        Convergence tolerance of the inner folds, which only rank penalties; 1e-12 takes four times as long.
    seed : int
        Seed of the inner folds.

    Attributes
    ----------
    model_ : LinearModel
        The learned record.
    alpha_ : float
        The chosen penalty.
    path_ : DataFrame with columns alpha, concordance
        Inner cross-validation, one row a penalty.

    References
    ----------
    Simon 2011, doi 10.18637/jss.v039.i05
    """

    def __init__(
        self,
        l1_ratio: float = 0.5,
        n_alphas: int = 30,
        alpha_min_ratio: float = 0.05,
        unpenalised: tuple[str, ...] = (),
        inner_folds: int = 5,
        tol: float = 1e-12,
        inner_tol: float = 1e-7,
        seed: int = 0,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.n_alphas = n_alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.unpenalised = unpenalised
        self.inner_folds = inner_folds
        self.tol = tol
        self.inner_tol = inner_tol
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Outcome) -> Self:
        """Choose the penalty and fit.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Standardised features.
        y : Outcome
            Outcome; its strata get baseline hazards of their own.

        Returns
        -------
        CoxElasticNet
            Itself.

        Raises
        ------
        OutcomeError
            If there are fewer than four events.
        ModelError
            If every feature is without a penalty, all that have one are constant, or coefficients run away.
        """
        require_events(y, 4, "an elastic-net Cox model with inner cross-validation")
        penalties = np.array([0.0 if source_of(name) in self.unpenalised else 1.0 for name in X.columns])
        if not penalties.any():
            raise ModelError("no feature carries a penalty; use a plain Cox model")
        values = X.to_numpy()
        if not values[:, penalties > 0].std(axis=0).any():
            raise ModelError("every feature with a penalty is the same in all patients; there is nothing to fit")
        largest = self._fit_path(values, y, penalties, None, self.inner_tol).alphas_[0]
        alphas = np.geomspace(largest, largest * self.alpha_min_ratio, self.n_alphas)
        scores = self._inner_concordance(values, y, penalties, alphas)
        best = int(np.argmax(scores))  # the path falls from the largest penalty, so of equals the larger wins
        path = self._fit_path(values, y, penalties, alphas[: best + 1], self.tol)
        self.alpha_ = float(path.alphas_[-1])
        self.path_ = pd.DataFrame({"alpha": alphas, "concordance": scores})
        self.model_ = linear_model(X, y, path.coef_[:, -1])
        return self

    def _fit_path(
        self, values: Floats, y: Outcome, penalties: Floats, alphas: Floats | None, tol: float
    ) -> CoxnetSurvivalAnalysis:
        """Fit a path; without penalties given, only its first two points, for the largest penalty that matters."""
        coxnet = CoxnetSurvivalAnalysis(
            l1_ratio=self.l1_ratio,
            n_alphas=2,
            alphas=alphas,
            alpha_min_ratio=0.99,
            penalty_factor=penalties,
            tol=tol,
            max_iter=1_000_000,
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="all coefficients are zero")
            warnings.filterwarnings("ignore", category=ConvergenceWarning)
            try:
                return coxnet.fit(values, to_structured(y))
            except ArithmeticError as error:  # raised where coefficients run away
                raise ModelError(f"{RUNS_AWAY} ({error})") from error

    def _inner_concordance(self, values: Floats, y: Outcome, penalties: Floats, alphas: Floats) -> Floats:
        cells = []
        for train, test in split_by_events(y, min(self.inner_folds, y.n_events // 2), self.seed):
            path = self._fit_path(values[train], y[train], penalties, alphas, self.inner_tol)
            scores = comparable_pairs(y[test]).concordance(values[test] @ path.coef_)
            # a path ends early where the fit no longer improves; its last solution stands for the rest
            cells.append(np.pad(scores, (0, len(alphas) - len(scores)), mode="edge"))
        table = np.array(cells)
        usable = table[~np.isnan(table).any(axis=1)]  # a fold without a comparable pair says nothing
        return usable.mean(axis=0) if len(usable) else np.zeros(len(alphas))
