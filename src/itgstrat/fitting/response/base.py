"""What response estimators share: features and labels in, a calibrated record out, and the record predicts."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from itgstrat.errors import ModelError
from itgstrat.learned.response import ResponseModel
from itgstrat.response import Response, require_both

Floats = npt.NDArray[np.float64]
Calibration = Literal["auto", "logistic", "isotonic"]
Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]

#: Fewest patients of either label that a model can be trained on: two in each of two inner folds.
LEAST_OF_EITHER = 4

#: Patients from which the calibration map is isotonic; with fewer it follows noise (Niculescu-Mizil 2005,
#: doi 10.1145/1102351.1102430).
LEAST_FOR_ISOTONIC = 1000


class ResponseEstimator(BaseEstimator):
    """A scikit-learn estimator that learns a calibrated record; the record predicts."""

    model_: ResponseModel

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """Predict the probabilities of the negative and of the positive label.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Features.

        Returns
        -------
        ndarray of float64, shape (n_patients, 2)
            Each row adds up to 1.
        """
        probability = self.model_.probability(X.to_numpy())
        return np.column_stack([1.0 - probability, probability])

    def decision_function(self, X: pd.DataFrame) -> Floats:
        """Predict the log odds of the positive label, shape (n_patients,)."""
        return self.model_.log_odds(X.to_numpy())

    def score(self, X: pd.DataFrame, y: Response) -> float:
        """Compute the area under the ROC curve.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Features.
        y : Response
            Labels.

        Returns
        -------
        float
            0.5 is chance.
        """
        return float(roc_auc_score(y.label, self.decision_function(X)))


def check_trainable(X: pd.DataFrame, y: Response) -> None:
    """Check that there is something to learn, and from enough patients.

    Parameters
    ----------
    X : DataFrame of shape (n_patients, n_features)
        Features.
    y : Response
        Labels.

    Raises
    ------
    OutcomeError
        If there are fewer than four patients of either label.
    ModelError
        If no feature varies.
    """
    require_both(y, LEAST_OF_EITHER, "a response model with inner cross-validation")
    if not (X.nunique() > 1).any():
        raise ModelError("every feature is the same in all patients; there is nothing to fit")


def split_by_label(y: Response, n_folds: int, seed: int) -> list[Fold]:
    """Split patients into folds with labels, and cohorts where they are large enough, spread evenly.

    Parameters
    ----------
    y : Response
        Labels; their strata are balanced as well where each has enough patients of either label.
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
        If there are fewer patients of either label than folds, or fewer than two folds.
    """
    require_both(y, max(n_folds, 2), f"{max(n_folds, 2)} folds with both labels each")
    kind = y.label + 2 * np.unique(y.stratum, return_inverse=True)[1]
    if np.bincount(kind)[np.unique(kind)].min() < n_folds:
        kind = y.label.astype(np.intp)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(len(y)), kind))


def split_inside(y: Response, n_folds: int, seed: int) -> list[Fold]:
    """Split training patients into inner folds; fewer where a label is rare.

    Parameters
    ----------
    y : Response
        Labels.
    n_folds : int
        Most folds.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Training and test positions; two patients of either label or more are in each test fold.
    """
    return split_by_label(y, min(n_folds, min(y.n_positive, y.n_negative) // 2), seed)


def balance(y: Response, class_weight: str | None) -> Floats:
    """Give the weight of each patient.

    Parameters
    ----------
    y : Response
        Labels.
    class_weight : {"balanced"} or None
        ``balanced``: both labels weigh the same in all.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Weights that add up to 1.
    """
    if class_weight is None:
        return np.full(len(y), 1.0 / len(y))
    return np.where(y.label, 0.5 / y.n_positive, 0.5 / y.n_negative)


def learn_calibration(score: Floats, y: Response, method: Calibration) -> dict[str, Any]:
    """Learn the map from score to probability.

    Parameters
    ----------
    score : ndarray of float64, shape (n_patients,)
        Out-of-fold scores.
    y : Response
        Labels.
    method : {"auto", "logistic", "isotonic"}
        ``auto``: isotonic from 1,000 patients up. A logistic map whose slope would be negative is flat: the
        model then tells the prevalence, and never the reverse of what it learned.

    Returns
    -------
    dict
        The fields ``intercept``, ``slope``, ``knots`` and ``heights`` of a `ResponseModel`.

    References
    ----------
    Platt 1999, Advances in Large Margin Classifiers 61-74, with its targets; Zadrozny 2002,
    doi 10.1145/775047.775151
    """
    if method == "isotonic" or (method == "auto" and len(y) >= LEAST_FOR_ISOTONIC):
        edge = 1.0 / (len(y) + 2.0)  # a probability of 0 or 1 would have no log odds
        isotonic = IsotonicRegression(y_min=edge, y_max=1.0 - edge, out_of_bounds="clip").fit(score, y.label)
        knots, heights = isotonic.X_thresholds_, isotonic.y_thresholds_
        return {"intercept": 0.0, "slope": 1.0, "knots": knots, "heights": heights}
    intercept, slope = _fit_platt(score, y)
    return {"intercept": intercept, "slope": slope, "knots": np.empty(0), "heights": np.empty(0)}


def _fit_platt(score: Floats, y: Response) -> tuple[float, float]:
    target = np.where(y.label, (y.n_positive + 1.0) / (y.n_positive + 2.0), 1.0 / (y.n_negative + 2.0))
    prevalence = float(target.mean())
    flat = float(np.log(prevalence / (1.0 - prevalence))), 0.0
    mean, sd = float(score.mean()), float(score.std())
    if sd < 1e-10:
        return flat
    # every patient stands twice, with the weights of both labels, because targets are shares
    doubled = np.tile((score - mean) / sd, 2)[:, None]
    label = np.repeat([1, 0], len(score))
    platt = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    platt.fit(doubled, label, sample_weight=np.concatenate([target, 1.0 - target]))
    slope = float(platt.coef_[0, 0]) / sd
    return (float(platt.intercept_[0]) - slope * mean, slope) if slope > 0 else flat
