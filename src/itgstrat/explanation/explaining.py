"""explain: from a model and patients to an additive explanation, exact for every kind of model."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError
from itgstrat.explanation.genes import Origin
from itgstrat.explanation.link import Link, log_odds_of_score, mean_slope, recalibrate_slopes, survival_of_risk
from itgstrat.explanation.parts import PERMUTATION, Parts, split_by_permutation, split_leaves, split_risk
from itgstrat.explanation.record import Explains, Explanation
from itgstrat.learned import (
    AcceleratedModel,
    Featurised,
    ForestModel,
    ModelBundle,
    ProportionalHazards,
    RecalibratedModel,
    SurvivalModel,
)
from itgstrat.learned.response import ResponseModel

Floats = npt.NDArray[np.float64]

logger = logging.getLogger(__name__)

#: Residual, relative to the largest output, above which an exact explanation is given up.
TOLERANCE = 1e-6


def explain(
    model: ModelBundle | SurvivalModel | ResponseModel,
    featurised: Featurised,
    patients: Sequence[str],
    times_days: Sequence[float] | Floats | None = None,
    strata: npt.NDArray[np.str_] | None = None,
    background: Floats | None = None,
) -> Explanation:
    r"""Explain what a model says of each patient: risk, log odds, or survival at some times.

    ============================  =========================================================================
    linear risk                   closed form, :math:`\beta_f (x_f - \bar x_f)`
    trees                         exact Shapley values, see `explain_trees`
    stack                         the weighted sum of its members' contributions
    forest's survival             exact Shapley values, leaves hold survival
    other models' survival        contributions to the risk x mean slope of survival between base and patient
    recalibrated model            risk as it was trained, survival as it is now told
    log odds, isotonic map        contributions to the score x mean slope of the map
    ============================  =========================================================================

    Base and contributions are compared with the model for every patient; should they ever disagree, or the model be
    of an unknown kind, contributions come from sampled orders of the features, `method` says so and a warning is
    logged. There the background is the training mean (0 in every feature), for a model holds no patient.

    Parameters
    ----------
    model : ModelBundle, SurvivalModel or ResponseModel
        The model.
    featurised : Featurised
        The patients' features, from `FeatureRecipe.featurise`.
    patients : sequence of str
        Their names, in row order.
    times_days : sequence of float, shape (n_times,), optional
        Explain survival at these times; without them the risk, or the log odds of a label.
    strata : ndarray of str, shape (n_patients,), optional
        Baseline stratum of each patient, for survival; the pooled baseline if not given.
    background : ndarray of float64, shape (n_background, n_features), optional
        Standardised features of patients to compare with. Without them a linear model compares with its training
        mean, and trees with the training patients that went through their nodes.

    Returns
    -------
    Explanation
        Of the features that the model uses.

    Raises
    ------
    ModelError
        If times are given for a model that predicts a label, or numbers of patients differ.

    References
    ----------
    Lundberg 2020, doi 10.1038/s42256-019-0138-9; Krzyziński 2023 (SurvSHAP(t)), doi 10.1016/j.knosys.2022.110234;
    Chen 2022, doi 10.1038/s41467-022-31384-3
    """
    told = model.model if isinstance(model, ModelBundle) else model
    features = featurised.features
    if len(patients) != len(features.values):
        raise ModelError(f"{len(patients)} names for {len(features.values)} patients; need one each")
    if times_days is not None and isinstance(told, ResponseModel):
        raise ModelError(f"the model predicts a label ({told.label}), not survival; leave `times_days` out")
    times = None if times_days is None else np.asarray(times_days, dtype=np.float64)
    question = _Question(told, times, strata, background)
    output, used = question.tell(features.values), told.used

    def tabulate(parts: Parts) -> Explanation:
        return Explanation(
            patients=tuple(map(str, patients)),
            features=tuple(map(str, told.features[used])),
            values=features.values[:, used],
            imputed=features.missing[:, used],
            base=_shorten(parts.base, times),
            contributions=parts.contributions[:, used] if times is not None else parts.contributions[:, used, 0],
            output=output if times is not None else output[:, 0],
            explains=question.explains,
            unit=question.unit,
            method=parts.method,
            times_days=times,
            origin=Origin(featurised, used, parts.slope[used], parts.constant[used], parts.scale),
        )

    explanation = tabulate(question.answer(features.values))
    try:
        explanation.check(TOLERANCE)
    except ModelError as error:
        logger.warning("%s: %s", explanation.method, error)
        explanation = tabulate(question.sample(features.values))
    if PERMUTATION in explanation.method:
        against = "the training mean, 0 in every feature" if background is None else "the background given"
        logger.warning("no exact explanation: features were added in sampled orders, against %s", against)
    return explanation


@dataclass(frozen=True, eq=False)
class _Question:
    """What is explained: a number of the model, or survival at some times."""

    model: SurvivalModel | ResponseModel
    times_days: Floats | None
    strata: npt.NDArray[np.str_] | None
    background: Floats | None

    @property
    def explains(self) -> Explains:
        if isinstance(self.model, ResponseModel):
            return "log odds"
        return "risk" if self.times_days is None else "survival"

    @property
    def unit(self) -> str:
        """The unit of what is explained, in words."""
        if self.explains != "risk":
            return "log odds" if self.explains == "log odds" else "probability"
        trained = self.model.inner if isinstance(self.model, RecalibratedModel) else self.model
        if isinstance(trained, ForestModel):
            return "cumulative hazard, added up over event times"
        if isinstance(trained, AcceleratedModel):
            return "log of how much shorter the median time is"
        return "log hazard" if isinstance(trained, ProportionalHazards) else "risk"

    def tell(self, features: Floats, number: int | None = None) -> Floats:
        """Ask the model itself; rows of one patient where a number is given."""
        if isinstance(self.model, ResponseModel):
            return self.model.log_odds(features)[:, None]
        if self.times_days is None:
            return self.model.risk(features)[:, None]
        strata = self.strata
        if strata is not None and number is not None:
            strata = np.repeat(strata[number], len(features))
        return self.model.survival(features, self.times_days, strata)

    def answer(self, features: Floats) -> Parts:
        """Split what the model says, exactly wherever that is known how to."""
        if self.times_days is not None and not isinstance(self.model, ResponseModel):
            return self._split_survival(self.model, self.times_days, features)
        parts = split_risk(self.model, features, self.background)
        return parts if not isinstance(self.model, ResponseModel) else _to_log_odds(self.model, parts)

    def sample(self, features: Floats) -> Parts:
        """Split what the model says by asking it about coalitions."""
        return split_by_permutation(self.tell, self.model.used, features, self.background)

    def _split_survival(self, model: SurvivalModel, times_days: Floats, features: Floats) -> Parts:
        link = survival_of_risk(model, times_days, self.strata)
        if link is not None:
            return _through(link, split_risk(model, features, self.background))
        if isinstance(model, ForestModel):
            return _split_forest(model, times_days, features, self.background)
        if isinstance(model, RecalibratedModel) and isinstance(model.inner, ForestModel):
            return _split_recalibrated_forest(model, model.inner, times_days, features, self.background)
        return self.sample(features)


def _through(link: Link, parts: Parts) -> Parts:
    """Carry contributions to a risk or score over to what is computed from it."""
    stop = parts.base + parts.contributions.sum(axis=1)
    start = np.broadcast_to(parts.base, stop.shape)
    return parts.rescale(link(start), mean_slope(link, start, stop), ", rescaled")


def _to_log_odds(model: ResponseModel, parts: Parts) -> Parts:
    if len(model.knots):
        return _through(log_odds_of_score(model), parts)
    return parts.rescale(model.intercept + model.slope * parts.base, model.slope * parts.scale)


def _split_forest(model: ForestModel, times_days: Floats, features: Floats, background: Floats | None) -> Parts:
    """Split a forest's survival, the mean over trees of what the leaves hold; NaN beyond the follow-up."""
    known = times_days <= model.followed_until_days
    parts = split_leaves(model, features, model.leaf_survival(times_days[known]) / model.n_trees, background)
    base, contributions = np.full(len(times_days), np.nan), np.full((*features.shape, len(times_days)), np.nan)
    base[known], contributions[:, :, known] = parts.base, parts.contributions
    return replace(parts, base=base, contributions=contributions, scale=np.ones((len(features), len(times_days))))


def _split_recalibrated_forest(
    model: RecalibratedModel, inner: ForestModel, times_days: Floats, features: Floats, background: Floats | None
) -> Parts:
    parts = _split_forest(inner, np.append(times_days, model.at_days), features, background)
    start = np.broadcast_to(parts.base, parts.scale.shape)
    stop = start + parts.contributions.sum(axis=1)
    base, own, star = recalibrate_slopes(model, start, stop)
    contributions = parts.contributions[:, :, :-1] * own[:, None] + parts.contributions[:, :, -1:] * star[:, None]
    return replace(parts, base=base, contributions=contributions, scale=own, method=f"{parts.method}, rescaled")


def _shorten(base: Floats, times_days: Floats | None) -> float | Floats:
    """Give one base for all patients where they share it."""
    if base.ndim == 2 and (
        len(base) == 0 or np.array_equal(base, np.broadcast_to(base[:1], base.shape), equal_nan=True)
    ):
        base = base[0] if len(base) else np.full(base.shape[1], np.nan)
    return float(base[0]) if times_days is None and base.ndim == 1 else base
