"""From the analysis of a cohort with two arms to the record of tier T3 that a bundle tells new patients by."""

import numpy as np
import pandas as pd

from itgstrat.antagonists.benefit import Benefit
from itgstrat.errors import CohortError, ModelError, name_some
from itgstrat.learned import BenefitModel, ModelBundle
from itgstrat.learned.benefit import ON_TRUST, Score

#: Level of the test of the interaction below which effects by score are told.
LEVEL = 0.05


def find_class(bundle: ModelBundle, agent: str) -> str:
    """Find the class of an agent that a bundle has a rule of.

    Parameters
    ----------
    bundle : ModelBundle
        A model with rules of agents.
    agent : str
        Id of the agent.

    Returns
    -------
    str
        Its class.

    Raises
    ------
    ModelError
        If the bundle has no rule of the agent.
    BundleError
        If the bundle holds no rules of agents.
    """
    rules = bundle.require_agents()
    classes: dict[str, str] = dict(zip(rules.agents.tolist(), rules.classes.tolist(), strict=True))
    if agent not in classes:
        raise ModelError(f"the model {bundle.name!r} has no agent {agent!r}; it has {name_some(list(classes), 30)}")
    return classes[agent]


#: How far a score may be from what the model tells, in standard deviations of the scores: rounding, no more.
_ROUNDING = 0.01


def compare_scores(given: pd.Series, told: pd.Series) -> str:
    """Make sure that the scores of a trial are those that a model tells of its patients.

    Parameters
    ----------
    given : Series of float64
        Patient -> score of the trial; those without one are not looked at.
    told : Series of float64
        Patient -> score that the model tells, NaN where it tells none; rounding is no difference.

    Returns
    -------
    str
        For `BenefitModel.score_basis`: in how many patients they are equal.

    Raises
    ------
    CohortError
        If a score is another, the model tells nothing of the patient, or a patient stands twice.

    Examples
    --------
    >>> compare_scores(pd.Series({"a": 0.12, "b": 1.5}), pd.Series({"b": 1.5, "a": 0.1199}))
    'scores equal to those the model tells, 2 patients'
    """
    given = given.dropna()
    if given.index.has_duplicates:
        raise CohortError(f"patients stand twice: {name_some(given.index[given.index.duplicated()].unique())}")
    own = told.reindex(given.index)
    if unknown := [str(patient) for patient in given.index[own.isna()]]:
        raise CohortError(
            f"the model tells no score of {name_some(unknown)}; give the expression, clinical variables and "
            "alterations of all patients of the trial, under the names that the table has"
        )
    other = given.index[np.abs(given - own) > _ROUNDING * own.std(ddof=0)]
    if len(other):
        pairs = [f"{patient} {given[patient]:.4g}, told {own[patient]:.4g}" for patient in other]
        raise CohortError(
            f"scores that are not those of the model: {name_some(pairs)}; give the model that told them, and its "
            "scores by the pooled reference"
        )
    return f"scores equal to those the model tells, {len(given)} patients"


def record_benefit(
    found: Benefit,
    bundle: ModelBundle,
    agent: str,
    score: Score,
    cohort: str,
    permutation_p: float | None = None,
    score_basis: str = ON_TRUST,
) -> BenefitModel:
    """Keep what an analysis said of an agent, by a score that a bundle tells of new patients.

    Withheld where the interaction was not shown at 5%, where the bundle was trained on this very cohort, and where the
    score was learned out of fold on it and no permutation p is given.

    Parameters
    ----------
    found : Benefit
        From `analyse_benefit`, on the scores that `bundle` gave the patients of the trial.
    bundle : ModelBundle
        The model that gave them.
    agent : str
        Id of the agent that the treated arm got.
    score : {"risk", "target_context"}
        The model's risk, or `value` of tier T1 of the agent.
    cohort : str
        Name of the cohort.
    permutation_p : float, optional
        From `judge_learned`, for a score learned out of fold.
    score_basis : str
        From `compare_scores`, where the scores were compared with those of `bundle`.

    Returns
    -------
    BenefitModel
        The record, with its verdict.

    Raises
    ------
    ModelError
        If the bundle has no rule of the agent.
    BundleError
        If the bundle tells no such score.

    References
    ----------
    Royston and Sauerbrei 2008, Multivariable Model-building, ch. 7
    """
    agent_class, shown = find_class(bundle, agent), found.interaction
    learned_here = cohort in bundle.info.get("cohorts", {})
    p = permutation_p if found.learned == "out-of-fold" and permutation_p is not None else shown.p
    faults = []
    if learned_here and found.learned == "elsewhere":
        faults.append(f"the score was learned on these very patients: the model was trained on {cohort}")
    if found.learned == "out-of-fold" and permutation_p is None:
        faults.append(
            "the score was learned out of fold on these very patients, and the p of judge_learned is not given"
        )
    if not p < LEVEL:
        faults.append(f"that the effect of treatment depends on the score was not shown (p = {p:.2f})")
    return BenefitModel(
        agent=agent,
        agent_class=agent_class,
        score=score,
        model_name=bundle.name,
        model_digest=bundle.digest_score(score),
        center=shown.center,
        scale=shown.scale,
        score_low=shown.score_low,
        score_high=shown.score_high,
        coef=shown.effect,
        covariance=shown.covariance,
        test=shown.test if p == shown.p else "permutation of the arms",
        p=float(p),
        n_patients=sum(found.patients),
        n_events=sum(found.events),
        control=found.arms[0],
        treatment=found.arms[1],
        cohort=cohort,
        design=found.design,
        withheld=bool(faults),
        reason="; ".join(faults),
        score_basis=score_basis,
    )
