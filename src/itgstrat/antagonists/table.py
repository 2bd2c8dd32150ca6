"""The tiers of each agent and patient in one table, each in a row of its own: nothing joins them into one number."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.benefit_tier import find_unfit, tabulate_benefit
from itgstrat.antagonists.context import judge_cohort, tabulate_context
from itgstrat.antagonists.risk import tabulate_risk
from itgstrat.antagonists.transfer import tabulate_transfer
from itgstrat.cohort import Cohort
from itgstrat.learned import ModelBundle, Reference

_LAST = ("missing", "source", "caveat")


def tabulate_agents(
    bundle: ModelBundle,
    cohort: Cohort,
    told: pd.DataFrame,
    reference: Reference = "pooled",
    foreign: npt.NDArray[np.bool_] | None = None,
    arrays: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Tell the four tiers of every agent for every patient.

    Parameters
    ----------
    bundle : ModelBundle
        A model with rules of agents, and what was attached to it of tiers T2 and T3.
    cohort : Cohort
        Patients.
    told : DataFrame
        Prediction of the same patients.
    reference : {"pooled", "batch", "cohort"}
        Reference of the prediction.
    foreign, arrays
        As in `judge_cohort`.

    Returns
    -------
    DataFrame
        One row a patient, agent and tier, in this order and T0 to T3; columns are those of all tiers.

    Raises
    ------
    BundleError
        If the model holds no rules of agents.
    CohortError
        If none of the agents' genes was measured.
    """
    judged = judge_cohort(bundle.require_agents(), cohort, reference, foreign, arrays)
    patients, agents = judged.patients, judged.classes
    context = tabulate_context(judged)
    scores = {"target_context": context["value"].to_numpy(dtype=float).reshape(len(patients), len(agents))}
    if "risk" in told:
        scores["risk"] = told["risk"].to_numpy(dtype=float)[:, None]
    measured = cohort.arrays()
    tiers = [
        tabulate_risk(judged, told, bundle.name),
        context,
        tabulate_transfer(bundle.transfers, measured["expression"], measured["genes"], patients, agents),
        tabulate_benefit(bundle.benefits, scores, patients, agents, judged.foreign, find_unfit(told, reference)),
    ]
    names = dict.fromkeys(str(name) for tier in (context, *tiers) for name in tier.columns)
    return pd.DataFrame({name: _interleave(name, tiers) for name in (*(n for n in names if n not in _LAST), *_LAST)})


def _interleave(name: str, tiers: list[pd.DataFrame]) -> npt.NDArray[np.generic]:
    """A column with the tiers of a patient and agent one below the other; missing where a tier has no such column."""
    nothing = np.full(len(tiers[0]), np.nan)
    columns = [tier[name].to_numpy() if name in tier else nothing for tier in tiers]
    stacked: npt.NDArray[np.generic] = np.stack(columns, axis=1)
    return stacked.ravel()
