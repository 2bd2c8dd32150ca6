"""Survival models: scikit-survival fits, LinearModel remains."""

import warnings
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import LinAlgError, LinAlgWarning
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis
from sksurv.util import Surv

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError
from itgstrat.learned import LinearModel
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]

_RUNS_AWAY = (
    "the Cox model has no finite coefficients: a feature separates early from late events, or there are more "
    "features than events can tell apart; leave features out or penalise them"
)


class _CoxModel(BaseEstimator):
    """What all Cox models share: coefficients become a LinearModel, and the record predicts."""

    model_: LinearModel

    def predict(self, X: pd.DataFrame) -> Floats:
        """Predict risk.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Linear predictor; higher is worse.
        """
        return self.model_.risk(X.to_numpy())

    def score(self, X: pd.DataFrame, y: Outcome) -> float:
        """Compute Harrell's concordance within strata.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Features.
        y : Outcome
            Outcome.

        Returns
        -------
        float
            Concordance index.
        """
        return float(comparable_pairs(y).concordance(self.predict(X)))

    def _remember(self, X: pd.DataFrame, y: Outcome, coef: Floats) -> None:
        values = X.to_numpy()
        center = values.mean(axis=0)
        steps = breslow_baselines(y, (coef * (values - center)).sum(axis=1))
        self.model_ = LinearModel(np.array(X.columns, dtype=str), coef, center, **steps)


class CoxElasticNet(_CoxModel):
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
        penalties = np.array([0.0 if _source(name) in self.unpenalised else 1.0 for name in X.columns])
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
        self._remember(X, y, path.coef_[:, -1])
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
                raise ModelError(f"{_RUNS_AWAY} ({error})") from error

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


class CoxPlain(_CoxModel):
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
                raise ModelError(f"{_RUNS_AWAY} ({error})") from error
        self._remember(X, y, cox.coef_)
        return self


def to_structured(outcome: Outcome) -> npt.NDArray[Any]:
    """Give the outcome as scikit-survival wants it.

    Parameters
    ----------
    outcome : Outcome
        Outcome.

    Returns
    -------
    structured ndarray of shape (n_patients,)
        Fields ``event`` and ``time``.
    """
    structured: npt.NDArray[Any] = Surv.from_arrays(outcome.event, outcome.time_days)
    return structured


def split_by_events(
    outcome: Outcome, n_folds: int, seed: int
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Split patients into folds with events, and strata where they are large enough, spread evenly.

    Parameters
    ----------
    outcome : Outcome
        Outcome; its strata are balanced as well where each has enough events.
    n_folds : int
        Number of folds.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Training and test positions of each fold.

    Raises
    ------
    OutcomeError
        If there are fewer events than folds, or fewer than two folds.
    """
    require_events(outcome, max(n_folds, 2), f"{max(n_folds, 2)} folds with an event each")
    strata = np.unique(outcome.stratum, return_inverse=True)[1]
    label = outcome.event + 2 * strata
    if np.bincount(label)[np.unique(label)].min() < n_folds:
        label = outcome.event.astype(np.intp)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(len(outcome)), label))


def breslow_baselines(outcome: Outcome, risk: Floats) -> dict[str, npt.NDArray[Any]]:
    r"""Estimate the cumulative baseline hazard per stratum and, last, over all patients.

    .. math:: \hat H_0(t) = \sum_{t_i \le t} d_i \Big/ \sum_{j:\, t_j \ge t_i} e^{risk_j}

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    risk : ndarray of float64, shape (n_patients,)
        Linear predictor.

    Returns
    -------
    dict
        The fields strata, start, times_days, cumulative_hazard, followed_days of `LinearModel`.

    References
    ----------
    Breslow 1974, doi 10.2307/2529620
    """
    names, times, hazards, followed = [], [], [], []
    everyone = np.arange(len(outcome))
    for name, rows in [*outcome.by_stratum(), ("", everyone)]:
        own = outcome[rows]
        steps = np.unique(own.time_days[own.event])
        deaths = np.array([(own.event & (own.time_days == step)).sum() for step in steps])
        at_risk = np.array([np.exp(risk[rows])[own.time_days >= step].sum() for step in steps])
        names.append(name)
        times.append(steps)
        hazards.append(np.cumsum(deaths / at_risk) if len(steps) else steps)
        followed.append(own.time_days.max())
    return {
        "strata": np.array(names[:-1], dtype=str),
        "start": np.cumsum([0, *map(len, times)]),
        "times_days": np.concatenate(times),
        "cumulative_hazard": np.concatenate(hazards),
        "followed_days": np.array(followed),
    }


def _source(column: str) -> str:
    """Name of the clinical variable a feature column stands for (``grade=3`` -> ``grade``)."""
    return column.partition("=")[0]


#: Every survival model, by the name that a configuration uses.
SURVIVAL_MODELS: dict[str, type[_CoxModel]] = {"elastic_net_cox": CoxElasticNet, "plain_cox": CoxPlain}
