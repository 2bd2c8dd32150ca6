"""Tier T2, transferred_sensitivity: what was learned on cell lines, told of tumours only where it may be."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.tiers import CLASS_CAVEATS
from itgstrat.errors import ModelError
from itgstrat.learned.transfer import TransferModel

#: Sensitivity transferred from cell lines.
TRANSFERRED_SENSITIVITY = "T2 transferred_sensitivity"

CAVEAT = (
    "learned on cell lines: no stroma, vessels or immune cells, and adhesion to plastic is itself integrin-driven; "
    "no response of a patient was seen; hypothesis-generating, not for clinical use"
)
#: What is said of a patient: told; the model failed its evaluation; it cannot be applied; too little was measured.
SCORED, WITHHELD, REFUSED, UNKNOWN = "scored", "withheld", "refused", "cannot tell"


def tabulate_transfer(
    models: Sequence[TransferModel],
    expression: npt.NDArray[np.floating],
    genes: Sequence[str],
    patients: Sequence[str],
) -> pd.DataFrame:
    """Lay tier T2 out, one row a patient and model.

    Parameters
    ----------
    models : sequence of TransferModel
        Also those that are withheld: they get their row, with the reason and without a value.
    expression : ndarray of float, shape (n_patients, n_genes)
        mRNA, in the unit of the models' tumour reference; NaN is not measured.
    genes : sequence of str
        HGNC symbols of the columns.
    patients : sequence of str
        Names of the rows.

    Returns
    -------
    DataFrame
        patient, agent, class, tier, value (in the unit that `source` names; higher is more sensitive), call,
        decided_by, missing, source, caveat.

    Raises
    ------
    ModelError
        If patients and rows differ in number, or a gene stands twice.
    """
    if len(patients) != len(expression):
        raise ModelError(f"{len(patients)} patients and {len(expression)} rows of expression; give one name a row")
    tables = [_tabulate_one(model, expression, genes, patients) for model in models]
    columns = ["patient", "agent", "class", "tier", "value", "call", "decided_by", "missing", "source", "caveat"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _tabulate_one(
    model: TransferModel, expression: npt.NDArray[np.floating], genes: Sequence[str], patients: Sequence[str]
) -> pd.DataFrame:
    row = {
        "patient": list(patients),
        "agent": model.agent,
        "class": model.agent_class,
        "tier": TRANSFERRED_SENSITIVITY,
        "source": f"{model.drug}, {model.unit}; {model.n_lines} lines of {model.trained_on}, by {model.alignment}",
        "caveat": "; ".join(filter(None, [CLASS_CAVEATS.get(model.agent_class, ""), CAVEAT])),
    }
    stopped = (WITHHELD, model.reason) if model.withheld else (REFUSED, model.refusal) if model.refusal else None
    if stopped:
        call, reason = stopped
        return pd.DataFrame({**row, "value": np.nan, "call": call, "decided_by": reason, "missing": ""})
    told = model.apply(expression, genes)
    missing = [", ".join(sorted(set(model.genes[unused]))) for unused in told.unused]
    covered = [f"{share:.0%} of the weights measured" for share in told.coverage]
    calls = np.where(np.isnan(told.value), UNKNOWN, SCORED)
    return pd.DataFrame({**row, "value": told.value, "call": calls, "decided_by": covered, "missing": missing})
