"""Stacking: several models on their own features; how much each counts is learned from patients it did not see."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox, one_thread
from itgstrat.fitting.survival.base import SurvivalEstimator, breslow_baselines, split_by_events
from itgstrat.fitting.survival.blocks import Blocks
from itgstrat.fitting.survival.forest import ExtraSurvivalTrees
from itgstrat.fitting.survival.ridge import CoxRidge
from itgstrat.learned.stack import StackedModel
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]

#: Log hazard per SD that a stack keeps where its members rank nobody, so that survival is nearly Kaplan-Meier.
LEAST_SLOPE = 0.05


@dataclass(frozen=True)
class Member:
    """One model of a stack.

    Parameters
    ----------
    name : str
        Name in reports.
    estimator : SurvivalEstimator
        Unfitted.
    blocks : Blocks
        Which column belongs to which block.
    given : tuple of str or None
        Blocks that it is given; None is all. With the clinical block alone none of the others is there for it.
    """

    name: str
    estimator: SurvivalEstimator
    blocks: Blocks = field(default_factory=Blocks)
    given: tuple[str, ...] | None = None

    def columns(self, X: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Tell which columns the member is given; none where it has nothing of its own beside the clinical block."""
        names = list(X.columns)
        if self.given is None:
            return np.ones(len(names), dtype=bool)
        own = tuple(name for name in self.given if name != "clinical") or self.given
        none = not self.blocks.choose(names, own).any()
        return np.zeros(len(names), dtype=bool) if none else self.blocks.choose(names, self.given)


class StackedSurvival(SurvivalEstimator):
    r"""A weighted sum of the risks of several models.

    Every member is trained on inner folds; its risks for the patients left out, in their SD, become the features
    of a Cox model :math:`\eta = s\,\bar z + \sum_k \delta_k (z_k - \bar z)` with a free slope s of the mean and a ridge
    penalty on the deviations: with few events the members count alike, with many the better ones more. Weights below
    0 are set to 0 in turn. Baseline hazards are those of the out-of-fold risk, so that predicted survival is not
    too sure of itself.

    Parameters
    ----------
    members : tuple of Member
        The models; ridge Cox and extra survival trees on all features if none is given.
    inner_folds : int
        Folds of the inner cross-validation; fewer where there are fewer events.
    pull : float
        Penalty that pulls the weights towards each other; 0 frees them.
    seed : int
        Seed of the inner folds.

    Attributes
    ----------
    model_ : StackedModel
        The learned record.
    weights_ : DataFrame with columns member, weight, spread
        Log hazard per SD of the member's out-of-fold risk, and that SD.

    References
    ----------
    Wolpert 1992, doi 10.1016/S0893-6080(05)80023-1; Breiman 1996, doi 10.1007/BF00117832 (weights of 0 or more)
    """

    def __init__(
        self, members: tuple[Member, ...] = (), inner_folds: int = 5, pull: float = 10.0, seed: int = 0
    ) -> None:
        self.members = members
        self.inner_folds = inner_folds
        self.pull = pull
        self.seed = seed

    @one_thread()
    def fit(self, X: pd.DataFrame, y: Outcome) -> Self:
        """Fit the members, then how much each counts.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Standardised features.
        y : Outcome
            Outcome with strata.

        Returns
        -------
        StackedSurvival
            Itself.

        Raises
        ------
        OutcomeError
            If there are too few events for the members within inner folds.
        ModelError
            If no member has features, or one cannot be fitted.
        """
        require_events(y, 4, "a stack with inner cross-validation")
        pairs = [(member, member.columns(X)) for member in self.members or _default_members(self.seed)]
        members = [member for member, own in pairs if own.any()]
        if not members:
            raise ModelError("no member of the stack has features; name blocks that training can compute")
        chosen = np.stack([own for _, own in pairs if own.any()])
        risks = np.empty((len(y), len(members)))
        for train, test in split_by_events(y, min(self.inner_folds, y.n_events // 2), self.seed):
            for k, own in enumerate(chosen):
                risks[test, k] = _predict(members[k], X.loc[:, own], y, train, test)
        spread = risks.std(axis=0)
        inverse = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-9)
        weight = weigh_members(risks * inverse, y, self.pull)
        fitted = [_fit(member, X.loc[:, own], y) for member, own in zip(members, chosen, strict=True)]
        whole = zip(fitted, chosen, strict=True)
        self.model_ = StackedModel(
            features=np.array(X.columns, dtype=str),
            names=np.array([member.name for member in members], dtype=str),
            weight=weight * inverse,
            center=np.array([model.predict(X.loc[:, own]).mean() for model, own in whole]),
            chosen=chosen,
            members=tuple(model.model_ for model in fitted),
            **breslow_baselines(y, risks @ (weight * inverse)),
        )
        self.weights_ = pd.DataFrame({"member": self.model_.names, "weight": weight, "spread": spread})
        return self


def _default_members(seed: int) -> tuple[Member, ...]:
    return Member("ridge", CoxRidge(spread=1.0)), Member("trees", ExtraSurvivalTrees(seed=seed))


def _fit(member: Member, X: pd.DataFrame, y: Outcome) -> SurvivalEstimator:
    try:
        fitted: SurvivalEstimator = clone(member.estimator).fit(X, y)
    except ModelError as error:
        raise ModelError(f"stack member {member.name!r}: {error}") from error
    return fitted


def _predict(
    member: Member, X: pd.DataFrame, y: Outcome, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp]
) -> Floats:
    """Risks of patients left out, relative to the mean of those trained on."""
    model = _fit(member, X.iloc[train], y[train])
    risks: Floats = model.predict(X.iloc[test]) - model.predict(X.iloc[train]).mean()
    return risks


def weigh_members(z: Floats, outcome: Outcome, pull: float) -> Floats:
    """Learn how much each member of a stack counts.

    Parameters
    ----------
    z : ndarray of float64, shape (n_patients, n_members)
        Out-of-fold risks in their SD; 0 throughout where a member tells nobody apart.
    outcome : Outcome
        Outcome with strata.
    pull : float
        Penalty on the differences between the weights.

    Returns
    -------
    ndarray of float64, shape (n_members,)
        Log hazard per SD, 0 or more.
    """
    usable = list(np.flatnonzero(z.any(axis=0)))
    weight, sets = np.zeros(z.shape[1]), RiskSets.of(outcome)
    while usable:
        mean = z[:, usable].mean(axis=1, keepdims=True)
        values = np.hstack([mean, z[:, usable] - mean])
        # a penalty of 1 on the slope is a prior SD of 1: next to nothing, but finite under separation
        coef = fit_cox(values, sets, np.array([1.0, *[max(pull, 1e-6)] * len(usable)]))
        own = coef[0] / len(usable) + coef[1:] - coef[1:].mean()
        if coef[0] < LEAST_SLOPE:
            weight[usable] = LEAST_SLOPE / len(usable)
            break
        if own.min() >= 0:
            weight[usable] = own
            break
        usable.pop(int(np.argmin(own)))
    return weight
