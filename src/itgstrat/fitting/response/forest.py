"""Random forest."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier

from itgstrat.fitting.response.base import Calibration
from itgstrat.fitting.response.trees import TreeEstimator
from itgstrat.fitting.trees import flatten_trees

Floats = npt.NDArray[np.float64]


class RandomForest(TreeEstimator):
    """Trees on bootstrap samples; the score is the mean share of the positive label in the leaves.

    Parameters
    ----------
    n_trees : int
        Trees.
    min_leaf : int
        Fewest patients in a leaf.
    max_features : float or {"sqrt"}
        Features tried at each split.
    inner_folds : int
        Folds of the out-of-fold scores for the calibration.
    class_weight : {"balanced"} or None
        Weights of the labels.
    calibration : {"auto", "logistic", "isotonic"}
        Map from score to probability, see `learn_calibration`.
    seed : int
        Seed of trees and folds.

    References
    ----------
    Breiman 2001, doi 10.1023/A:1010933404324
    """

    double = False

    def __init__(
        self,
        n_trees: int = 300,
        min_leaf: int = 5,
        max_features: float | Literal["sqrt"] = "sqrt",
        inner_folds: int = 5,
        class_weight: Literal["balanced"] | None = None,
        calibration: Calibration = "auto",
        seed: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.min_leaf = min_leaf
        self.max_features = max_features
        self.inner_folds = inner_folds
        self.class_weight = class_weight
        self.calibration = calibration
        self.seed = seed

    def make(self) -> RandomForestClassifier:
        """Make scikit-learn's unfitted object."""
        return RandomForestClassifier(
            n_estimators=self.n_trees,
            min_samples_leaf=self.min_leaf,
            max_features=self.max_features,
            class_weight=self.class_weight,
            random_state=self.seed,
            n_jobs=1,
        )

    def raw_score(self, fitted: RandomForestClassifier, values: Floats) -> Floats:
        """Give scikit-learn's probability before calibration, shape (n_patients,)."""
        score: Floats = fitted.predict_proba(values)[:, 1]
        return score

    def export(self, fitted: RandomForestClassifier) -> dict[str, Any]:
        """Take the trees out of scikit-learn's fitted object.

        Parameters
        ----------
        fitted : RandomForestClassifier
            The forest.

        Returns
        -------
        dict
            Trees, leaf values divided by the number of trees, and the base 0.
        """
        trees = [estimator.tree_ for estimator in fitted.estimators_]
        leaves = np.concatenate([tree.value[tree.children_left < 0, 0, :] for tree in trees])
        value = leaves[:, 1] / leaves.sum(axis=1) / len(trees)
        return {**flatten_trees(trees), "value": value, "base": 0.0}
