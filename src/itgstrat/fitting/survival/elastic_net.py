"""Elastic-net Cox regression: scikit-survival or our own path, and a LinearModel remains."""

import warnings
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sksurv.linear_model import CoxnetSurvivalAnalysis

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RUNS_AWAY, RiskSets, one_thread
from itgstrat.fitting.penalty_path import find_largest, fit_path
from itgstrat.fitting.survival.base import (
    SurvivalEstimator,
    linear_model,
    split_by_events,
    to_structured,
)
from itgstrat.fitting.survival.blocks import source_of
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]

#: Log hazard per SD beyond which a coefficient without a penalty is taken to run away. Ours.
FARTHEST = 10.0

#: Ridge penalty that then holds it: a prior SD of 3 for the log hazard per SD, next to nothing elsewhere. Ours.
SLIGHT = 0.1


class CoxElasticNet(SurvivalEstimator):
    """Elastic-net Cox regression; the penalty is chosen by cross-validation inside `fit`.

    The whole path is fitted once per inner fold, on one grid of penalties; of equally good penalties the larger
    wins. One stratum is fitted by scikit-survival's Coxnet; several, each with a baseline hazard of its own, by
    `fit_path`, and so is one with more features than patients, where Coxnet takes ten times as long to converge.
    Both give the same coefficients. Breslow's ties.

    Parameters
    ----------
    l1_ratio : float
        1 is lasso, towards 0 is ridge.
    n_alphas : int
        Length of the path.
    alpha_min_ratio : float
        Last penalty over first.
    unpenalised : tuple of str
        Features that carry no penalty, such as clinical covariates. Where one of them separates early from late
        events (a rare mutation in an inner fold, say), so that its coefficient would run away, they carry a slight
        ridge penalty instead.
    inner_folds : int
        Folds of the inner cross-validation; fewer where there are fewer events.
    tol : float
        Convergence tolerance of the final fit; at scikit-survival's default 1e-7 its coefficients are 1e-3 off.
    inner_tol : float
        Convergence tolerance of the inner folds, which only rank penalties; 1e-12 takes four times as long.
    seed : int
        Seed of the inner folds.
    rule : {"concordance", "partial_likelihood"}
        What the inner folds judge by: Harrell's concordance within strata, or the cross-validated partial
        likelihood.
    one_se : bool
        Take the largest penalty whose score is within one standard error (over folds) of the best.

    Attributes
    ----------
    model_ : LinearModel
        The learned record.
    alpha_ : float
        The chosen penalty.
    path_ : DataFrame with columns alpha, and concordance or partial_likelihood
        Inner cross-validation, one row a penalty; the mean over folds.

    References
    ----------
    Simon 2011, doi 10.18637/jss.v039.i05; Verweij & van Houwelingen 1993, doi 10.1002/sim.4780122407
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
        rule: Literal["concordance", "partial_likelihood"] = "concordance",
        one_se: bool = False,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.n_alphas = n_alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.unpenalised = unpenalised
        self.inner_folds = inner_folds
        self.tol = tol
        self.inner_tol = inner_tol
        self.seed = seed
        self.rule = rule
        self.one_se = one_se

    @one_thread()
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
        largest = self._find_largest(values, y, penalties)
        alphas = np.geomspace(largest, largest * self.alpha_min_ratio, self.n_alphas)
        cells = self._inner_scores(values, y, penalties, alphas)
        scores = cells.mean(axis=0)
        enough = scores.max()
        if self.one_se and len(cells) > 1:
            enough -= cells[:, scores.argmax()].std(ddof=1) / np.sqrt(len(cells))
        best = int(np.argmax(scores >= enough))  # the path falls from the largest penalty
        coefs = self._fit_path(values, y, penalties, alphas[: best + 1], self.tol)
        self.alpha_ = float(alphas[coefs.shape[1] - 1])
        self.path_ = pd.DataFrame({"alpha": alphas, self.rule: scores})
        self.model_ = linear_model(X, y, coefs[:, -1])
        return self

    def _find_largest(self, values: Floats, y: Outcome, penalties: Floats) -> float:
        if not _needs_own_path(values, y):
            # the first two points will do: Coxnet puts the largest penalty that matters first
            grid = {"n_alphas": 2, "alpha_min_ratio": 0.99}
            try:
                fitted = self._run_coxnet(values, y, penalties, self.inner_tol, **grid)
                if not _runs_away(fitted.coef_, values, penalties):
                    return float(fitted.alphas_[0])
            except ModelError:  # told by the last way, if at all
                pass
        sets, factor = RiskSets.of(y, "breslow"), _scale(penalties)
        try:
            return find_largest(values, sets, factor, self.l1_ratio)
        except ModelError:
            return find_largest(values, sets, factor, self.l1_ratio, SLIGHT)

    def _fit_path(self, values: Floats, y: Outcome, penalties: Floats, alphas: Floats, tol: float) -> Floats:
        """Coefficients, a column a penalty; Coxnet may end early, where the fit no longer improves."""
        try:
            coefs = self._fit_unheld(values, y, penalties, alphas, tol)
            if not _runs_away(coefs, values, penalties):
                return coefs
        except ModelError:
            if penalties.all():
                raise
        return fit_path(values, RiskSets.of(y, "breslow"), _scale(penalties), alphas, self.l1_ratio, tol, SLIGHT)

    def _fit_unheld(self, values: Floats, y: Outcome, penalties: Floats, alphas: Floats, tol: float) -> Floats:
        if _needs_own_path(values, y):
            return fit_path(values, RiskSets.of(y, "breslow"), _scale(penalties), alphas, self.l1_ratio, tol)
        coefs: Floats = self._run_coxnet(values, y, penalties, tol, alphas=alphas).coef_
        return coefs

    def _run_coxnet(
        self, values: Floats, y: Outcome, penalties: Floats, tol: float, **grid: Any
    ) -> CoxnetSurvivalAnalysis:
        coxnet = CoxnetSurvivalAnalysis(
            l1_ratio=self.l1_ratio, penalty_factor=penalties, tol=tol, max_iter=1_000_000, **grid
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="all coefficients are zero")
            warnings.filterwarnings("ignore", category=ConvergenceWarning)
            try:
                return coxnet.fit(values, to_structured(y))
            except ArithmeticError as error:  # raised where coefficients run away
                raise ModelError(f"{RUNS_AWAY} ({error})") from error

    def _inner_scores(self, values: Floats, y: Outcome, penalties: Floats, alphas: Floats) -> Floats:
        """Score every penalty in every fold, shape (n_folds, n_penalties)."""
        cells = []
        everyone = RiskSets.of(y, "breslow")
        for train, test in split_by_events(y, min(self.inner_folds, y.n_events // 2), self.seed):
            coefs = self._fit_path(values[train], y[train], penalties, alphas, self.inner_tol)
            if self.rule == "concordance":
                scores = comparable_pairs(y[test]).concordance(values[test] @ coefs)
            else:
                sets = RiskSets.of(y[train], "breslow")
                whole, part = (values @ coefs)[everyone.order], (values[train] @ coefs)[sets.order]
                inside = np.array([sets.log_likelihood(risk) for risk in part.T])
                scores = np.array([everyone.log_likelihood(risk) for risk in whole.T]) - inside
            # where a path ended early its last solution stands for the rest
            cells.append(np.pad(scores, (0, len(alphas) - len(scores)), mode="edge"))
        table = np.array(cells)
        usable = table[~np.isnan(table).any(axis=1)]  # a fold without a comparable pair says nothing
        return usable if len(usable) else np.zeros((1, len(alphas)))


def _runs_away(coefs: Floats, values: Floats, penalties: Floats) -> bool:
    free = penalties == 0
    farthest = np.abs(coefs[free] * values[:, free].std(axis=0)[:, None]).max(initial=0)
    return bool(farthest > FARTHEST)


def _needs_own_path(values: Floats, outcome: Outcome) -> bool:
    return len(np.unique(outcome.stratum)) > 1 or values.shape[1] > len(values)


def _scale(penalties: Floats) -> Floats:
    """Multiply penalties to a mean of 1, as Coxnet does."""
    scaled: Floats = penalties / penalties.mean()
    return scaled
