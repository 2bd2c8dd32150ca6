"""Ensembles of trees as arrays: which leaf a patient falls into, and what the leaves say of risk and survival."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.learned.baseline import ProportionalHazards
from itgstrat.learned.nodes import find_leaves
from itgstrat.learned.records import ArrayRecord

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

#: Patients that walk down the trees together; more than that only takes more memory.
_BLOCK = 256


@dataclass(frozen=True, eq=False)
class Trees(ArrayRecord):
    """Trees laid end to end, as scikit-learn keeps them; the base of the records of such models.

    Parameters
    ----------
    features : ndarray of str, shape (n_features,)
        Feature names.
    root : ndarray of int, shape (n_trees + 1,)
        First node of each tree in the arrays below, and the number of nodes.
    left, right : ndarray of int, shape (n_nodes,)
        Children, counted from the root of their tree; -1 in a leaf.
    feature : ndarray of int, shape (n_nodes,)
        Column that an inner node looks at; -1 in a leaf.
    threshold : ndarray of float64, shape (n_nodes,)
        A patient goes left whose value, as float32, is not above it; 0 in a leaf.
    missing_left : ndarray of bool, shape (n_nodes,)
        Whether a patient without a value goes left.
    cover : ndarray of float64, shape (n_nodes,)
        Training patients that came through the node, with their weights.
    leaf : ndarray of int, shape (n_nodes,)
        Number of the leaf, counted over all trees; -1 in an inner node.
    """

    features: npt.NDArray[np.str_]
    root: npt.NDArray[np.int32]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: Floats
    missing_left: npt.NDArray[np.bool_]
    cover: Floats
    leaf: npt.NDArray[np.int32]

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.root) - 1

    @property
    def used(self) -> Positions:
        """Positions of the features that the risk depends on."""
        return np.unique(self.feature[self.feature >= 0]).astype(np.intp)

    @abstractmethod
    def leaf_risk(self) -> Floats:
        """Give what each leaf adds to the risk, shape (n_leaves,)."""

    def risk(self, features: Floats) -> Floats:
        """Compute risk, the sum over trees of what the patient's leaves add; higher is worse.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Risk.
        """
        risk: Floats = self.leaf_risk()[self.find_leaves(features)].sum(axis=1)
        return risk

    def find_leaves(self, features: Floats) -> Positions:
        """Walk every patient down every tree.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features; compared as float32, as in training.

        Returns
        -------
        ndarray of int, shape (n_patients, n_trees)
            Number of the leaf, counted over all trees.
        """
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and goes where it went before
            values = np.ascontiguousarray(features, dtype=np.float32)
        roots = self.root[:-1].astype(np.intp)
        first = np.repeat(roots, np.diff(self.root))  # a leaf's children are never looked up
        children = np.stack([self.left + first, self.right + first], axis=1)
        trees = (self.feature, self.threshold, children, self.missing_left)
        leaves = np.empty((len(values), self.n_trees), dtype=np.intp)
        for row in range(0, len(values), _BLOCK):
            leaves[row : row + _BLOCK] = self.leaf[find_leaves(values[row : row + _BLOCK], roots, *trees)]
        return leaves


@dataclass(frozen=True, eq=False)
class ForestModel(Trees):
    r"""A survival forest; each leaf holds the Nelson-Aalen estimate of its training patients.

    Risk is the number of events that a patient would have, were the cumulative hazard added up over all event
    times of training, :math:`\frac{1}{B} \sum_b \sum_j H_b(t_j \mid x)` (Ishwaran's mortality); survival is the
    mean of the leaves' Kaplan-Meier estimates. Neither knows strata.

    Parameters
    ----------
    features, root, left, right, feature, threshold, missing_left, cover, leaf : ndarray
        The trees, as in `Trees`.
    times_days : ndarray of float64, shape (n_times,)
        Event times, rising.
    cumulative_hazard : ndarray of float64, shape (n_leaves, n_times)
        Cumulative hazard of each leaf from each time on. Survival is not kept beside it: it is the product of
        1 - the steps.
    followed_until_days : float
        Longest follow-up; survival is not told beyond it.

    References
    ----------
    Ishwaran 2008, doi 10.1214/08-AOAS169
    """

    times_days: Floats
    cumulative_hazard: Floats
    followed_until_days: float

    def leaf_risk(self) -> Floats:
        """Give what each leaf adds to the risk, shape (n_leaves,): its summed hazard over the number of trees."""
        risk: Floats = self.cumulative_hazard.sum(axis=1) / self.n_trees
        return risk

    def leaf_survival(self, times_days: Sequence[float] | Floats) -> Floats:
        """Give the Kaplan-Meier estimate of each leaf at some times.

        Parameters
        ----------
        times_days : sequence of float, shape (n_times,)
            Times in days.

        Returns
        -------
        ndarray of float64, shape (n_leaves, n_times)
            Survival probability; NaN beyond the follow-up of training.
        """
        steps = np.diff(self.cumulative_hazard, axis=1, prepend=0.0)
        # where all die the step is 1 but for rounding, which must not make survival negative
        alive = np.cumprod(np.maximum(1.0 - steps, 0.0), axis=1)
        alive = np.concatenate([np.ones((len(alive), 1)), alive], axis=1)
        survival = alive[:, np.searchsorted(self.times_days, times_days, side="right")]
        return np.where(np.asarray(times_days) <= self.followed_until_days, survival, np.nan)

    def survival(
        self, features: Floats, times_days: Sequence[float] | Floats, strata: npt.NDArray[np.str_] | None = None
    ) -> Floats:
        """Predict survival, the mean over trees of the Kaplan-Meier estimate in the patient's leaf.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.
        times_days : sequence of float, shape (n_times,)
            Times in days.
        strata : ndarray of str, shape (n_patients,), optional
            Not looked at: a forest has no baseline.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_times)
            Survival probability; NaN beyond the follow-up of training.
        """
        leaves = self.find_leaves(features)
        by_leaf = self.leaf_survival(times_days)
        survival = np.empty((len(leaves), by_leaf.shape[1]))
        for column, values in enumerate(by_leaf.T):
            survival[:, column] = values[leaves].mean(axis=1)
        return survival


@dataclass(frozen=True, eq=False)
class BoostedModel(Trees, ProportionalHazards):
    """Gradient-boosted trees for the Cox model; the risk is a log hazard, with a baseline per stratum.

    Parameters
    ----------
    strata, start, times_days, cumulative_hazard, followed_days : ndarray
        Baseline hazard, as in `ProportionalHazards`.
    features, root, left, right, feature, threshold, missing_left, cover, leaf : ndarray
        The trees, as in `Trees`.
    value : ndarray of float64, shape (n_leaves,)
        Log hazard that each leaf adds, the learning rate in it.
    """

    value: Floats

    def leaf_risk(self) -> Floats:
        """Give what each leaf adds to the risk, shape (n_leaves,)."""
        return self.value

    def survival(
        self, features: Floats, times_days: Sequence[float] | Floats, strata: npt.NDArray[np.str_] | None = None
    ) -> Floats:
        r"""Predict survival, :math:`S(t \mid x) = \exp(-H_0(t)\, e^{risk})`.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.
        times_days : sequence of float, shape (n_times,)
            Times in days.
        strata : ndarray of str, shape (n_patients,), optional
            Baseline stratum of each patient; the pooled baseline where it is unknown or not given.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_times)
            Survival probability; NaN beyond the follow-up that the baseline was learned from.
        """
        return self.survival_at(self.risk(features), times_days, strata)
