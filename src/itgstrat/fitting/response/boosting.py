"""Histogram gradient boosting."""

from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from itgstrat.errors import ModelError
from itgstrat.fitting.response.base import Calibration
from itgstrat.fitting.response.trees import TreeEstimator
from itgstrat.fitting.trees import flatten_trees

Floats = npt.NDArray[np.float64]


class HistogramBoosting(TreeEstimator):
    """Boosted trees on binned features, small and slow-learning as a few hundred patients ask for.

    Parameters
    ----------
    n_trees : int
        Trees.
    learning_rate : float
        Share of each tree that counts.
    max_leaves : int
        Leaves of a tree.
    min_leaf : int
        Fewest patients in a leaf.
    ridge : float
        Penalty on the squared leaf values.
    inner_folds : int
        Folds of the out-of-fold scores for the calibration.
    class_weight : {"balanced"} or None
        Weights of the labels.
    calibration : {"auto", "logistic", "isotonic"}
        Map from score to probability, see `learn_calibration`.
    seed : int
        Seed of the folds.

    References
    ----------
    Ke 2017, LightGBM, NeurIPS 30; as in scikit-learn
    """

    double = True

    def __init__(
        self,
        n_trees: int = 100,
        learning_rate: float = 0.05,
        max_leaves: int = 6,
        min_leaf: int = 10,
        ridge: float = 1.0,
        inner_folds: int = 5,
        class_weight: Literal["balanced"] | None = None,
        calibration: Calibration = "auto",
        seed: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.learning_rate = learning_rate
        self.max_leaves = max_leaves
        self.min_leaf = min_leaf
        self.ridge = ridge
        self.inner_folds = inner_folds
        self.class_weight = class_weight
        self.calibration = calibration
        self.seed = seed

    def make(self) -> HistGradientBoostingClassifier:
        """Make scikit-learn's unfitted object."""
        return HistGradientBoostingClassifier(
            max_iter=self.n_trees,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaves,
            min_samples_leaf=self.min_leaf,
            l2_regularization=self.ridge,
            early_stopping=False,
            class_weight=self.class_weight,
            random_state=self.seed,
        )

    def raw_score(self, fitted: HistGradientBoostingClassifier, values: Floats) -> Floats:
        """Give scikit-learn's log odds before calibration, shape (n_patients,)."""
        score: Floats = fitted.decision_function(values)
        return score

    def export(self, fitted: HistGradientBoostingClassifier) -> dict[str, Any]:
        """Take base and trees out of scikit-learn's fitted object.

        Parameters
        ----------
        fitted : HistGradientBoostingClassifier
            Fitted on numbers; there are no public attributes for its trees.

        Returns
        -------
        dict
            Trees, leaf values and base.

        Raises
        ------
        ModelError
            If this version of scikit-learn keeps its trees in another way.
        """
        try:
            base = float(np.ravel(fitted._baseline_prediction)[0])
            nodes = [predictor.nodes for (predictor,) in fitted._predictors]
            trees = [_as_tree(own) for own in nodes]
            value = np.concatenate([own["value"][own["is_leaf"] == 1] for own in nodes])
        except (AttributeError, ValueError, TypeError) as error:
            raise ModelError(
                f"this version of scikit-learn keeps boosted trees in another way ({error}); use the one that "
                "itgstrat asks for"
            ) from error
        return {**flatten_trees(trees), "value": value, "base": base}


def _as_tree(nodes: npt.NDArray[Any]) -> SimpleNamespace:
    """Name the nodes of a boosted tree as scikit-learn's other trees do."""
    is_leaf = nodes["is_leaf"] == 1
    return SimpleNamespace(
        node_count=len(nodes),
        children_left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
        children_right=np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
        feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        missing_go_to_left=nodes["missing_go_to_left"],
        weighted_n_node_samples=nodes["count"].astype(float),
    )
