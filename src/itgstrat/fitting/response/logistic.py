"""Logistic regression: elastic net for signatures, plain for a handful of covariates."""

from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from itgstrat.errors import ModelError
from itgstrat.fitting.response.base import (
    Calibration,
    ResponseEstimator,
    balance,
    check_trainable,
    learn_calibration,
    split_inside,
)
from itgstrat.fitting.response.path import fit_path
from itgstrat.learned.response import LogisticModel
from itgstrat.response import Response

Floats = npt.NDArray[np.float64]

#: Ridge penalty, in patients, of a coefficient that carries no other, against separation.
RIDGE = 0.1


class ElasticNetLogistic(ResponseEstimator):
    """Elastic-net logistic regression whose penalty is chosen by cross-validation inside `fit`.

    Every penalty is judged by the log loss of its out-of-fold predictions; of equals the larger wins. The
    out-of-fold scores of the chosen one calibrate the model.

    Parameters
    ----------
    l1_ratio : float
        1 is lasso, towards 0 is ridge.
    n_alphas : int
        Length of the path.
    alpha_min_ratio : float
        Last penalty over first.
    unpenalised : tuple of str
        Features that carry no penalty but a slight ridge against separation, such as clinical covariates.
    inner_folds : int
        Folds of the inner cross-validation; fewer where a label is rare.
    class_weight : {"balanced"} or None
        Weights of the labels.
    calibration : {"auto", "logistic", "isotonic"}
        Map from score to probability, see `learn_calibration`.
    tol : float
        Convergence tolerance of the final fit.
    inner_tol : float
        Convergence tolerance of the inner folds.
    seed : int
        Seed of the inner folds.

    Attributes
    ----------
    model_ : LogisticModel
        The learned record.
    alpha_ : float
        The chosen penalty.
    path_ : DataFrame with columns alpha, log_loss
        Inner cross-validation, one row a penalty.

    References
    ----------
    Zou 2005, doi 10.1111/j.1467-9868.2005.00503.x; Friedman 2010, doi 10.18637/jss.v033.i01
    """

    def __init__(
        self,
        l1_ratio: float = 0.5,
        n_alphas: int = 30,
        alpha_min_ratio: float = 0.05,
        unpenalised: tuple[str, ...] = (),
        inner_folds: int = 5,
        class_weight: Literal["balanced"] | None = None,
        calibration: Calibration = "auto",
        tol: float = 1e-10,
        inner_tol: float = 1e-5,
        seed: int = 0,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.n_alphas = n_alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.unpenalised = unpenalised
        self.inner_folds = inner_folds
        self.class_weight = class_weight
        self.calibration = calibration
        self.tol = tol
        self.inner_tol = inner_tol
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Response) -> Self:
        """Choose the penalty, fit and calibrate.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Standardised features.
        y : Response
            Labels.

        Returns
        -------
        ElasticNetLogistic
            Itself.

        Raises
        ------
        OutcomeError
            If there are fewer than four patients of either label.
        ModelError
            If no feature with a penalty varies, or coefficients run away.
        """
        check_trainable(X, y)
        values, center = X.to_numpy(dtype=float), X.to_numpy(dtype=float).mean(axis=0)
        penalised = np.array([name.partition("=")[0] not in self.unpenalised for name in map(str, X.columns)])
        if not np.ptp(values[:, penalised], axis=0).any():
            raise ModelError("no feature with a penalty varies; use the plain logistic model")
        alphas = self._grid(values - center, y, penalised)
        scores, loss = self._judge(values, y, penalised, alphas)
        best = int(np.argmin(loss))  # the path falls from the largest penalty, so of equals the larger wins
        self.alpha_ = float(alphas[best])
        self.path_ = pd.DataFrame({"alpha": alphas, "log_loss": loss})
        coef, offset = self._fit(values - center, y, penalised, alphas[[best]], self.tol)
        self.model_ = LogisticModel(
            label=y.name,
            features=np.array(X.columns, dtype=str),
            coef=coef[:, 0],
            center=center,
            offset=float(offset[0]),
            **learn_calibration(scores[:, best], y, self.calibration),
        )
        return self

    def _fit(
        self, values: Floats, y: Response, penalised: npt.NDArray[np.bool_], alphas: Floats, tol: float
    ) -> tuple[Floats, Floats]:
        l1 = np.outer(penalised, alphas) * self.l1_ratio
        l2 = np.outer(penalised, alphas) * (1 - self.l1_ratio) + np.where(penalised, 0.0, RIDGE / len(y))[:, None]
        return fit_path(values, y.label, balance(y, self.class_weight), l1, l2, tol)

    def _grid(self, values: Floats, y: Response, penalised: npt.NDArray[np.bool_]) -> Floats:
        """Penalties, from the smallest at which no penalised feature is in the model."""
        weight = balance(y, self.class_weight)
        ridge = np.full(((~penalised).sum(), 1), RIDGE / len(y))
        coef, offset = fit_path(values[:, ~penalised], y.label, weight, 0 * ridge, ridge, self.tol)
        expected = 1.0 / (1.0 + np.exp(-(offset + values[:, ~penalised] @ coef)))
        slopes = values[:, penalised].T @ (weight * (y.label - expected[:, 0]))
        largest = float(np.abs(slopes).max()) / self.l1_ratio
        return np.geomspace(largest, largest * self.alpha_min_ratio, self.n_alphas)

    def _judge(
        self, values: Floats, y: Response, penalised: npt.NDArray[np.bool_], alphas: Floats
    ) -> tuple[Floats, Floats]:
        """Out-of-fold scores, shape (n_patients, n_alphas), and the log loss of each penalty."""
        scores = np.empty((len(y), len(alphas)))
        for train, test in split_inside(y, self.inner_folds, self.seed):
            center = values[train].mean(axis=0)
            coef, offset = self._fit(values[train] - center, y[train], penalised, alphas, self.inner_tol)
            scores[test] = offset + (values[test] - center) @ coef
        loss = np.logaddexp(0.0, np.where(y.label[:, None], -scores, scores))
        return scores, balance(y, self.class_weight) @ loss


class PlainLogistic(ResponseEstimator):
    """Logistic regression with a slight ridge penalty against separation; for a handful of covariates.

    Its own probabilities are taken as they are: so few coefficients need no calibration map.

    Parameters
    ----------
    ridge : float
        Penalty, in patients, on half the squared coefficients of the standardised features.

    Attributes
    ----------
    model_ : LogisticModel
        The learned record.
    """

    def __init__(self, ridge: float = RIDGE) -> None:
        self.ridge = ridge

    def fit(self, X: pd.DataFrame, y: Response) -> Self:
        """Fit.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Standardised features.
        y : Response
            Labels.

        Returns
        -------
        PlainLogistic
            Itself.

        Raises
        ------
        OutcomeError
            If there are fewer than four patients of either label.
        ModelError
            If no feature varies.
        """
        check_trainable(X, y)
        values = X.to_numpy(dtype=float)
        center = values.mean(axis=0)
        fitted = LogisticRegression(C=1.0 / self.ridge, solver="newton-cholesky", tol=1e-10, max_iter=1000)
        fitted.fit(values - center, y.label)
        self.model_ = LogisticModel(
            label=y.name,
            features=np.array(X.columns, dtype=str),
            intercept=0.0,
            slope=1.0,
            knots=np.empty(0),
            heights=np.empty(0),
            coef=fitted.coef_[0],
            center=center,
            offset=float(fitted.intercept_[0]),
        )
        return self
