"""The tiers of each agent and patient in one table, each in a row of its own: nothing joins them into one number."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.context import judge_cohort, tabulate_context
from itgstrat.antagonists.risk import tabulate_risk
from itgstrat.cohort import Cohort
from itgstrat.learned import AgentRules, Reference


def tabulate_agents(
    rules: AgentRules,
    cohort: Cohort,
    told: pd.DataFrame,
    model_name: str,
    reference: Reference = "pooled",
    foreign: npt.NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Tell T0 and T1 of every agent for every patient.

    Parameters
    ----------
    rules : AgentRules
        From a model.
    cohort : Cohort
        Patients.
    told : DataFrame
        Prediction of the same patients; T0 is left out where it holds no risk (a model of a label).
    model_name : str
        Name of the model.
    reference : {"pooled", "batch", "cohort"}
        Reference of the prediction.
    foreign : ndarray of bool, shape (n_patients,), optional
        As in `judge_cohort`.

    Returns
    -------
    DataFrame
        One row a patient, agent and tier, in this order; columns as in `tabulate_context` and `tabulate_risk`.
    """
    judged = judge_cohort(rules, cohort, reference, foreign)
    tiers = [tabulate_risk(judged, told, model_name)] if "risk" in told else []
    context = tabulate_context(judged)
    both = pd.concat([*tiers, context]).sort_index(kind="stable").reset_index(drop=True)
    last = [*(name for name in both.columns if name not in context), "missing", "source", "caveat"]
    return both[[*(name for name in context.columns if name not in last), *last]]
