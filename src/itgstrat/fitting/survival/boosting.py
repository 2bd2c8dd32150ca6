"""Gradient-boosted Cox models: scikit-survival boosts, a BoostedModel or a LinearModel remains."""

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sksurv.ensemble import ComponentwiseGradientBoostingSurvivalAnalysis, GradientBoostingSurvivalAnalysis

from itgstrat.fitting.partial_likelihood import RiskSets
from itgstrat.fitting.survival.base import (
    SurvivalEstimator,
    breslow_baselines,
    linear_model,
    split_by_events,
    to_structured,
)
from itgstrat.fitting.survival.checks import check_training
from itgstrat.fitting.trees import flatten_trees
from itgstrat.learned import BoostedModel, SurvivalModel
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]


class BoostedSurvival(SurvivalEstimator):
    """What the two boosted Cox models share: how many steps to take is chosen by cross-validation.

    In each inner fold the held-out log partial likelihood within strata is taken after every step, as in CoxBoost;
    the first step at which its sum over folds is highest ends the boosting, and the same number of steps is then
    taken on all patients. Gradients are of the partial likelihood pooled over strata, because scikit-survival knows
    none; the baseline hazard is kept per stratum.

    Attributes
    ----------
    n_steps_ : int
        The chosen number of steps; 0 is a model that tells all patients the same.
    steps_ : DataFrame with columns step, log_likelihood
        Inner cross-validation; per event, and relative to step 0.

    References
    ----------
    Binder 2008, doi 10.1186/1471-2105-9-14; Verweij 1993, doi 10.1002/sim.4780122407
    """

    n_steps: int
    inner_folds: int
    seed: int

    def fit(self, X: pd.DataFrame, y: Outcome) -> Self:
        """Choose the number of steps and boost.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Standardised features.
        y : Outcome
            Outcome; its strata get baseline hazards of their own.

        Returns
        -------
        BoostedSurvival
            Itself.

        Raises
        ------
        OutcomeError
            If there are fewer than four events.
        ModelError
            If there are fewer than two patients, or every feature is the same in all of them.
        """
        check_training(X, y, 4, "a boosted Cox model with inner cross-validation")
        values = X.to_numpy()
        total = np.zeros(self.n_steps + 1)
        for train, test in split_by_events(y, min(self.inner_folds, y.n_events // 2), self.seed):
            boosted = self._boost(values[train], y[train], self.n_steps)
            sets = RiskSets.of(y[test], "breslow")
            stages = self._stages(boosted, values[test])[sets.order]
            total += [sets.log_likelihood(stage) for stage in stages.T]
        self.n_steps_ = int(np.argmax(total))
        self.steps_ = pd.DataFrame(
            {"step": np.arange(self.n_steps + 1), "log_likelihood": (total - total[0]) / y.n_events}
        )
        boosted = self._boost(values, y, max(self.n_steps_, 1))
        self.model_ = self._record(boosted, X, y)
        return self

    @abstractmethod
    def _boost(self, values: Floats, y: Outcome, n_steps: int) -> Any:
        """Boost so many steps."""

    @abstractmethod
    def _stages(self, boosted: Any, values: Floats) -> Floats:
        """Risk after 0, 1, 2, ... steps, shape (n_patients, n_steps + 1)."""

    @abstractmethod
    def _record(self, boosted: Any, X: pd.DataFrame, y: Outcome) -> SurvivalModel:
        """Make the record of the first `n_steps_` steps."""


class BoostedCox(BoostedSurvival):
    """Gradient-boosted trees for the Cox model.

    Parameters
    ----------
    n_steps : int
        Most trees.
    learning_rate : float
        Share of each tree that is added.
    max_depth : int
        Depth of a tree: so many features can interact.
    min_leaf : int
        Fewest training patients in a leaf.
    subsample : float
        Share of the patients that each tree is grown on.
    max_features : "sqrt", "log2", int, float or None
        Features that are looked at for a split; None is all.
    inner_folds : int
        Folds of the inner cross-validation; fewer where there are fewer events.
    seed : int
        Seed of the folds and of the trees.

    Attributes
    ----------
    model_ : BoostedModel
        The learned record.
    n_steps_, steps_
        As in `BoostedSurvival`.

    References
    ----------
    Ridgeway 1999, Computing Science and Statistics 31:172-181
    """

    def __init__(
        self,
        n_steps: int = 200,
        learning_rate: float = 0.1,
        max_depth: int = 2,
        min_leaf: int = 10,
        subsample: float = 0.5,
        max_features: str | int | float | None = "sqrt",
        inner_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_leaf = min_leaf
        self.subsample = subsample
        self.max_features = max_features
        self.inner_folds = inner_folds
        self.seed = seed

    def _boost(self, values: Floats, y: Outcome, n_steps: int) -> GradientBoostingSurvivalAnalysis:
        boosted = GradientBoostingSurvivalAnalysis(
            n_estimators=n_steps,
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_leaf,
            subsample=self.subsample,
            max_features=self.max_features,
            random_state=self.seed,
        )
        return boosted.fit(values, to_structured(y))

    def _stages(self, boosted: GradientBoostingSurvivalAnalysis, values: Floats) -> Floats:
        return np.column_stack([np.zeros(len(values)), *boosted.staged_predict(values)])

    def _record(self, boosted: GradientBoostingSurvivalAnalysis, X: pd.DataFrame, y: Outcome) -> BoostedModel:
        trees = [tree.tree_ for tree in boosted.estimators_[:, 0]]
        arrays = flatten_trees(trees)
        values = np.concatenate([tree.value[:, 0, 0] for tree in trees])[arrays["leaf"] >= 0]
        risk = boosted.predict(X.to_numpy())
        if not self.n_steps_:
            values, risk = values * 0, risk * 0
        return BoostedModel(
            features=np.array(X.columns, dtype=str),
            **arrays,
            value=self.learning_rate * values,
            **breslow_baselines(y, risk),
        )


class ComponentwiseCox(BoostedSurvival):
    """Componentwise gradient boosting of the Cox model: each step moves one coefficient, so that few are not 0.

    Parameters
    ----------
    n_steps : int
        Most steps.
    learning_rate : float
        Share of each step that is taken.
    inner_folds : int
        Folds of the inner cross-validation; fewer where there are fewer events.
    seed : int
        Seed of the folds.

    Attributes
    ----------
    model_ : LinearModel
        The learned record.
    n_steps_, steps_
        As in `BoostedSurvival`.

    References
    ----------
    Hothorn 2006, doi 10.1093/biostatistics/kxj011
    """

    def __init__(self, n_steps: int = 200, learning_rate: float = 0.1, inner_folds: int = 5, seed: int = 0) -> None:
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.inner_folds = inner_folds
        self.seed = seed

    def _boost(self, values: Floats, y: Outcome, n_steps: int) -> ComponentwiseGradientBoostingSurvivalAnalysis:
        boosted = ComponentwiseGradientBoostingSurvivalAnalysis(
            n_estimators=n_steps, learning_rate=self.learning_rate, random_state=self.seed
        )
        return boosted.fit(values, to_structured(y))

    def _stages(self, boosted: ComponentwiseGradientBoostingSurvivalAnalysis, values: Floats) -> Floats:
        steps = np.zeros((values.shape[1] + 1, len(boosted.estimators_) + 1))
        for number, step in enumerate(boosted.estimators_, start=1):
            steps[step.component, number] = self.learning_rate * step.coef_
        path = steps[1:].cumsum(axis=1)  # the first row is the intercept, which no likelihood sees
        risk: Floats = values @ path
        return risk

    def _record(
        self, boosted: ComponentwiseGradientBoostingSurvivalAnalysis, X: pd.DataFrame, y: Outcome
    ) -> SurvivalModel:
        return linear_model(X, y, boosted.coef_[1:] * bool(self.n_steps_))
