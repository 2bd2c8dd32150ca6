"""Tier T3, benefit: what a cohort with two arms said, told of a patient at the patient's own score."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.tiers import BENEFIT, CANNOT_TELL, FOREIGN, WITHHELD, lay_out
from itgstrat.learned import Reference
from itgstrat.learned.benefit import BenefitModel, Score

Floats = npt.NDArray[np.float64]

#: What is said of a patient: the 95% interval of the hazard ratio is below 1, above 1, or holds 1.
LOWER, HIGHER, NOT_SHOWN = "lower hazard on treatment", "higher hazard on treatment", "no difference shown"

#: What decides where there is no record.
NO_COHORT = "no cohort with arms of this agent in the bundle; `itgstrat agents attach --benefit` adds one"


def tabulate_benefit(
    models: Sequence[BenefitModel],
    scores: Mapping[str, Floats],
    patients: Sequence[str],
    agents: Mapping[str, str],
    outside: npt.NDArray[np.bool_] | None = None,
    unfit: Mapping[str, npt.NDArray[np.object_]] | None = None,
) -> pd.DataFrame:
    """Lay tier T3 out, one row a patient and agent.

    Parameters
    ----------
    models : sequence of BenefitModel
        At most one an agent; of those that are withheld the reason is told, and no value.
    scores : mapping of str to ndarray of float64, shape (n_patients, n_agents)
        Score that a record may be a function of -> its values, NaN where not known; one column stands for all agents.
    patients : sequence of str
        Patients.
    agents : mapping of str to str
        Id of each agent -> its class.
    outside : ndarray of bool, shape (n_patients,), optional
        Patients whose expression is of another kind than training's: nothing is told of them.
    unfit : mapping of str to ndarray of str, shape (n_patients,), optional
        From `find_unfit`.

    Returns
    -------
    DataFrame
        patient, agent, class, tier, value (log hazard ratio of treatment against control; below 0 treatment lowers
        the hazard), call, decided_by (hazard ratio with its 95% interval), missing, source, caveat.
    """
    shape, own = (len(patients), len(agents)), {model.agent: model for model in models}
    nobody = np.full(shape[0], "", dtype=object)
    cells: dict[str, npt.NDArray[np.generic]] = {"value": np.full(shape, np.nan)}
    cells |= {
        name: np.full(shape, text, dtype=object)
        for name, text in (("call", CANNOT_TELL), ("decided_by", NO_COHORT), ("missing", ""), ("source", ""))
    }
    for a, name in enumerate(agents):
        if name in own:
            score = own[name].score
            known = np.broadcast_to(scores.get(score, np.array(np.nan)), shape)[:, a]
            against = (unfit or {}).get(score, nobody)
            against = against if outside is None else np.where(outside & (against == ""), FOREIGN, against)
            for column, values in _tell(own[name], known, against).items():
                cells[column][:, a] = values
    return lay_out(BENEFIT, patients, agents, cells, outside)


def find_unfit(told: pd.DataFrame, reference: Reference) -> dict[str, npt.NDArray[np.object_]]:
    """Find whose score cannot be held against those of a trial, and why.

    Parameters
    ----------
    told : DataFrame, n_patients rows
        out_of_distribution and imputed of a prediction.
    reference : {"pooled", "batch", "cohort"}
        Reference of the prediction.

    Returns
    -------
    dict of str to ndarray of str, shape (n_patients,)
        Score that a record may be a function of -> the reason; empty where there is none.

    Examples
    --------
    >>> told = pd.DataFrame({"out_of_distribution": [False, True, False], "imputed": ["", "", "age"]})
    >>> find_unfit(told, "pooled")["risk"].tolist()
    ['', 'the patient is out of distribution', 'the risk rests on imputed values: age']
    """
    if reference != "pooled":
        scales = f"scores by the reference {reference} are not on the scale of the trial; predict by the pooled one"
        return dict.fromkeys(get_args(Score), np.full(len(told), scales, dtype=object))
    outside = told["out_of_distribution"].to_numpy(dtype=bool)
    placed = np.where(outside, "the patient is out of distribution", "").astype(object)
    imputed = [f"the risk rests on imputed values: {names}" if names else "" for names in told["imputed"]]
    return {"target_context": placed, "risk": np.where(outside, placed, np.array(imputed, dtype=object))}


def _tell(model: BenefitModel, score: Floats, against: npt.NDArray[np.object_]) -> dict[str, Any]:
    """What one record says of the patients, column by column; one text stands for all of them."""
    if model.withheld:
        return {"call": WITHHELD, "decided_by": model.reason, "source": model.source}
    unfit = against != ""
    told = model.apply(np.where(unfit, np.nan, score))
    calls = np.select([np.isnan(told.log_ratio), told.high < 0, told.low > 0], [CANNOT_TELL, LOWER, HIGHER], NOT_SHOWN)
    unknown = f"the {model.score} is not known"
    beyond = f"the {model.score} is beyond those of the cohort, {model.score_low:.2f} to {model.score_high:.2f}"
    numbers = zip(score, *np.exp([told.log_ratio, told.low, told.high]), strict=True)
    how = "observational " if model.design == "observational" else ""
    words = [
        f"{how}hazard ratio {h:.2f} ({low:.2f} to {high:.2f}) at {model.score} {s:.2f}" for s, h, low, high in numbers
    ]
    unknowns = [unfit, np.isnan(score), np.isnan(told.log_ratio)]
    why = np.select(unknowns, [against, unknown, beyond], np.array(words, dtype=object))
    return {
        "value": told.log_ratio,
        "call": calls,
        "decided_by": why,
        "missing": np.where(np.isnan(score), model.score, ""),
        "source": model.source,
    }
