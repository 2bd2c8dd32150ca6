"""Tier T2, transferred_sensitivity: what was learned on cell lines, told of tumours only where it may be."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.tiers import CANNOT_TELL, TRANSFERRED_SENSITIVITY, WITHHELD, lay_out, name_marked
from itgstrat.biology import load_catalogue
from itgstrat.errors import ModelError
from itgstrat.learned.transfer import TransferModel

#: What is said of a patient: told; it cannot be applied to tumours at all.
SCORED, REFUSED = "scored", "refused"

#: What decides where there is no model.
NO_MODEL = "no model of cell lines for this agent in the bundle; `itgstrat agents attach --transfer` adds one"


def adhesion_genes(targets: Iterable[str] = ()) -> frozenset[str]:
    """Name the genes that a sensitivity to an integrin agent may be learned from, chosen before any response is seen.

    Parameters
    ----------
    targets : iterable of str
        HGNC symbols of the agent's target.

    Returns
    -------
    frozenset of str
        Integrin subunits, the target, and the genes of the signatures of all agents of the catalogue.

    Examples
    --------
    >>> {"ITGAV", "PTK2", "KRAS"} <= adhesion_genes(["KRAS"])
    True
    """
    catalogue = load_catalogue()
    axes = {name for agent in catalogue.agents.values() for name in agent.signatures}
    signed = {gene for name in axes for gene in catalogue.signatures[name].genes}
    return frozenset({*catalogue.integrin_genes(), *targets, *signed})


def tabulate_transfer(
    models: Sequence[TransferModel],
    expression: npt.NDArray[np.floating],
    genes: Sequence[str],
    patients: Sequence[str],
    agents: Mapping[str, str],
) -> pd.DataFrame:
    """Lay tier T2 out, one row a patient and agent.

    Parameters
    ----------
    models : sequence of TransferModel
        At most one an agent; of those that are withheld the reason is told, and no value.
    expression : ndarray of float, shape (n_patients, n_genes)
        mRNA, in the unit of the models' tumour reference; NaN is not measured.
    genes : sequence of str
        HGNC symbols of the columns.
    patients : sequence of str
        Names of the rows.
    agents : mapping of str to str
        Id of each agent -> its class.

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
    shape, own = (len(patients), len(agents)), {model.agent: model for model in models}
    cells: dict[str, npt.NDArray[np.generic]] = {"value": np.full(shape, np.nan)}
    cells |= {
        name: np.full(shape, text, dtype=object)
        for name, text in (("call", CANNOT_TELL), ("decided_by", NO_MODEL), ("missing", ""), ("source", ""))
    }
    for a, name in enumerate(agents):
        if name in own:
            for column, values in _tell(own[name], expression, genes).items():
                cells[column][:, a] = values
    return lay_out(TRANSFERRED_SENSITIVITY, patients, agents, cells)


def _tell(model: TransferModel, expression: npt.NDArray[np.floating], genes: Sequence[str]) -> dict[str, Any]:
    """What one model says of the patients, column by column; one text stands for all of them."""
    if model.withheld or model.refusal:
        call, reason = (WITHHELD, model.reason) if model.withheld else (REFUSED, model.refusal)
        return {"call": call, "decided_by": reason, "source": model.source}
    told = model.apply(expression, genes)
    return {
        "value": told.value,
        "call": np.where(np.isnan(told.value), CANNOT_TELL, SCORED),
        "decided_by": [f"{share:.0%} of the weights measured" for share in told.coverage],
        "missing": name_marked(model.genes, told.unused),
        "source": model.source,
    }
