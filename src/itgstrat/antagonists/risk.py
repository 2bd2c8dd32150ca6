"""Tier T0, risk_in_target_high: what a model says of the patients whose target is high. Prognosis, not response."""

import numpy as np
import pandas as pd

from itgstrat.antagonists.context import Judged
from itgstrat.antagonists.tiers import CANNOT_TELL, RISK_IN_TARGET_HIGH, lay_out

#: Call where there is no stratum to tell.
NOT_HIGH = "target not high"

#: What decides where the model tells no risk.
NO_RISK = "the model tells a label, no risk"


def tabulate_risk(judged: Judged, told: pd.DataFrame, model_name: str) -> pd.DataFrame:
    """Lay tier T0 out, one row a patient and agent.

    Parameters
    ----------
    judged : Judged
        Patients held against the rules; `told` has the same patients in the same order.
    told : DataFrame
        risk, stratum and survival columns of a prediction; of a model of a label there is no risk to tell.
    model_name : str
        Name of the model that told them.

    Returns
    -------
    DataFrame
        patient, agent, class, tier, value (the risk), call (the stratum), decided_by, survival at each horizon,
        missing, source, caveat; risk and survival are missing where the target is not high or not known.
    """
    patients, agents = judged.patients, judged.classes
    if "risk" not in told:
        cells = {name: np.array(text, dtype=object) for name, text in _NOTHING.items()}
        return lay_out(RISK_IN_TARGET_HIGH, patients, agents, {"value": np.array(np.nan), **cells})
    rules = judged.rules
    high = rules.target_high(judged.answers)
    is_high = high == 1
    targets = np.flatnonzero(rules.kind == "target")
    counted = np.array([f"target {name}" for name in rules.option], dtype=object)
    stratum = told["stratum"].to_numpy(dtype=object)[:, None]

    def where_high(name: str) -> np.ndarray:
        return np.where(is_high, told[name].to_numpy(dtype=float)[:, None], np.nan)

    cells = {
        "value": where_high("risk"),
        "call": np.where(is_high, stratum, np.where(np.isnan(high), CANNOT_TELL, NOT_HIGH)),
        "decided_by": np.where(is_high, counted[judged.answers.option[:, targets]], "target"),
        **{str(name): where_high(name) for name in told.columns if str(name).startswith("survival_")},
        "missing": judged.missing_target,
        "source": (f"risk by the model {model_name}; target high by " + judged.source)[:, None],
    }
    return lay_out(RISK_IN_TARGET_HIGH, patients, agents, cells, judged.foreign)


_NOTHING = {"call": CANNOT_TELL, "decided_by": NO_RISK, "missing": "", "source": ""}
