"""Tier T0, risk_in_target_high: what a model says of the patients whose target is high. Prognosis, not response."""

import numpy as np
import pandas as pd

from itgstrat.antagonists.context import Judged
from itgstrat.antagonists.tiers import RISK_IN_TARGET_HIGH, word_caveat

#: Calls where there is no stratum to tell.
NOT_HIGH, UNKNOWN = "target not high", "cannot tell"


def tabulate_risk(judged: Judged, told: pd.DataFrame, model_name: str) -> pd.DataFrame:
    """Lay tier T0 out, one row a patient and agent.

    Parameters
    ----------
    judged : Judged
        Patients held against the rules; `told` has the same patients in the same order.
    told : DataFrame
        risk, stratum and survival columns of a prediction.
    model_name : str
        Name of the model that told them.

    Returns
    -------
    DataFrame
        patient, agent, class, tier, value (the risk), call (the stratum), decided_by, missing, source, caveat, and
        survival at each horizon; risk and survival are missing where the target is not high or not known.
    """
    rules, high = judged.rules, judged.rules.target_high(judged.answers)
    n_patients, n_agents = high.shape
    flat, is_high = high.ravel(), (high == 1).ravel()
    row = np.repeat(np.arange(n_patients), n_agents)
    stratum = told["stratum"].to_numpy(dtype=object)[row]
    targets = np.flatnonzero(rules.kind == "target")
    counted = rules.option[judged.answers.option[:, targets]].ravel().astype(object)
    caveats = [word_caveat(RISK_IN_TARGET_HIGH, str(kind)) for kind in rules.classes]
    survival = {
        str(name): np.where(is_high, told[name].to_numpy(dtype=float)[row], np.nan)
        for name in told.columns
        if str(name).startswith("survival_")
    }
    return pd.DataFrame(
        {
            "patient": np.array(judged.patients, dtype=object)[row],
            "agent": np.tile(rules.agents.astype(object), n_patients),
            "class": np.tile(rules.classes.astype(object), n_patients),
            "tier": RISK_IN_TARGET_HIGH,
            "value": np.where(is_high, told["risk"].to_numpy(dtype=float)[row], np.nan),
            "call": np.where(is_high, stratum, np.where(np.isnan(flat), UNKNOWN, NOT_HIGH)),
            "decided_by": np.where(is_high, "target " + counted, "target"),
            "missing": judged.missing_target.ravel(),
            "source": f"risk by the model {model_name}; target high by " + judged.source[row],
            "caveat": judged.outside[row] + np.tile(np.array(caveats, dtype=object), n_patients),
            **survival,
        }
    )
