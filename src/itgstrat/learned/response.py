"""Response models: a score of the features, and a calibration map from the score to a probability."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from itgstrat.learned.linear import LinearRisk
from itgstrat.learned.nodes import find_leaves
from itgstrat.learned.records import ArrayRecord
from itgstrat.learned.trees import Trees

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ResponseModel(ArrayRecord, ABC):
    r"""A classifier of two classes as arrays, calibrated.

    The probability is :math:`1 / (1 + e^{-(a + b s)})` of the score s, or, where there are knots, the line through
    them. Neither turns the order of the scores around.

    Parameters
    ----------
    label : str
        What the positive label is, in words.
    features : ndarray of str, shape (n_features,)
        Feature names.
    intercept, slope : float
        a and b of the logistic map.
    knots, heights : ndarray of float64, shape (n_knots,)
        Scores and probabilities of an isotonic map; empty where the map is logistic.

    References
    ----------
    Platt 1999, Advances in Large Margin Classifiers 61-74; Zadrozny 2002, doi 10.1145/775047.775151
    """

    label: str
    features: npt.NDArray[np.str_]
    intercept: float
    slope: float
    knots: Floats
    heights: Floats

    @property
    @abstractmethod
    def used(self) -> npt.NDArray[np.intp]:
        """Positions of the features that the score depends on."""

    @abstractmethod
    def score(self, features: Floats) -> Floats:
        """Compute the score before calibration.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Higher where the positive label is more likely.
        """

    def probability(self, features: Floats) -> Floats:
        """Compute the probability of the positive label.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Above 0 and below 1.
        """
        if len(self.knots):
            return np.interp(self.score(features), self.knots, self.heights)
        return expit(self.log_odds(features))

    def log_odds(self, features: Floats) -> Floats:
        """Compute the log odds of the positive label.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            log(p / (1 - p)).
        """
        score = self.score(features)
        if len(self.knots):
            probability = np.interp(score, self.knots, self.heights)
            odds: Floats = np.log(probability) - np.log1p(-probability)
            return odds
        return self.intercept + self.slope * score


@dataclass(frozen=True, eq=False)
class LogisticModel(LinearRisk, ResponseModel):
    """A logistic regression; the score is the offset and the sum of the contributions of the features.

    Parameters
    ----------
    label, features, intercept, slope, knots, heights
        As in `ResponseModel`.
    coef, center : ndarray of float64, shape (n_features,)
        As in `LinearRisk`.
    offset : float
        Score of a patient at the training means.
    """

    offset: float

    def score(self, features: Floats) -> Floats:
        """Compute the linear predictor; see `ResponseModel.score`."""
        return self.offset + self.risk(features)

    def fold(self) -> "LogisticModel":
        """Fold a logistic calibration into the coefficients, so that the score is the log odds.

        Returns
        -------
        LogisticModel
            It gives the same probabilities; itself where the map is isotonic.
        """
        if len(self.knots):
            return self
        offset = self.intercept + self.slope * self.offset
        return replace(self, coef=self.slope * self.coef, offset=offset, intercept=0.0, slope=1.0)


@dataclass(frozen=True, eq=False)
class TreeResponse(Trees, ResponseModel):
    """A forest or boosted trees: the score is the base and the sum of the leaves that a patient reaches.

    Parameters
    ----------
    label, features, intercept, slope, knots, heights
        As in `ResponseModel`.
    root, left, right, feature, threshold, missing_left, cover, leaf : ndarray
        The trees, as in `Trees`.
    value : ndarray of float64, shape (n_leaves,)
        What a leaf adds to the score.
    base : float
        Score before the first tree.
    double : bool
        Whether features are compared in double precision, as boosted trees were grown; those of a forest in single.
    """

    value: Floats
    base: float
    double: bool

    def leaf_risk(self) -> Floats:
        """Give what each leaf adds to the score, shape (n_leaves,)."""
        return self.value

    def find_leaves(self, features: Floats) -> npt.NDArray[np.intp]:
        """Walk every patient down every tree; see `Trees.find_leaves`."""
        if not self.double:
            return super().find_leaves(features)
        roots = self.root[:-1].astype(np.intp)
        first = np.repeat(roots, np.diff(self.root))
        children = np.stack([self.left + first, self.right + first], axis=1)
        node = find_leaves(features, roots, self.feature, self.threshold, children, self.missing_left)
        return self.leaf[node].astype(np.intp)

    def score(self, features: Floats) -> Floats:
        """Sum the leaves that each patient reaches; see `ResponseModel.score`."""
        return self.base + self.risk(features)


def expit(log_odds: Floats) -> Floats:
    """Give the probability of log odds, without overflow."""
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)
