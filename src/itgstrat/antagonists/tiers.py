"""The names of the tiers, what stands beside every number of them, and how a tier is laid out."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.learned.agents import CALLS

#: Prognosis among patients whose target is high.
RISK_IN_TARGET_HIGH = "T0 risk_in_target_high"
#: Target and context against frozen thresholds.
TARGET_CONTEXT = "T1 target_context"
#: Sensitivity transferred from cell lines.
TRANSFERRED_SENSITIVITY = "T2 transferred_sensitivity"
#: Treatment by score on a cohort with two arms.
BENEFIT = "T3 benefit"

#: All of them, in the order of every table.
TIERS = (RISK_IN_TARGET_HIGH, TARGET_CONTEXT, TRANSFERRED_SENSITIVITY, BENEFIT)

#: Calls of several tiers: nothing can be told; something could, and its evaluation speaks against it.
CANNOT_TELL, WITHHELD = CALLS[1], "withheld"

#: Class of the control that is no agent: random genes as the target.
CONTROL = "control"

#: Why nothing is told of a patient whose expression is of another kind than training's.
FOREIGN = "expression of another kind than training's, so the thresholds do not hold"

#: What goes with every number.
NOT_CLINICAL = "hypothesis-generating, not for clinical use"

#: What holds for every row of a tier.
CAVEATS: Mapping[str, str] = {
    RISK_IN_TARGET_HIGH: f"prognosis where the target is high: unmet need, not response; {NOT_CLINICAL}",
    TARGET_CONTEXT: "putative: a rule of target and context, not learned from response; mRNA is not surface protein; "
    f"{NOT_CLINICAL}",
    TRANSFERRED_SENSITIVITY: "learned on cell lines: no stroma, vessels or immune cells, and adhesion to plastic is "
    f"itself integrin-driven; no response of a patient was seen; {NOT_CLINICAL}",
    BENEFIT: f"how the arms of one cohort differed at such a score, not what this patient will gain; {NOT_CLINICAL}",
}

#: What holds for every row of a class of agents, besides.
CLASS_CAVEATS: Mapping[str, str] = {
    "integrin_antagonist": "",
    "integrin_expression_inhibitor": "lowers the expression of the integrin; no antagonist of binding",
    "integrin_directed_adc": "the integrin is an address, not antagonism",
    "integrin_directed_delivery": "the integrin is an address, not antagonism",
    "downstream_comparator": "comparator below integrins, no integrin antagonist",
    CONTROL: "control: random genes as the target, no drug",
}


def word_caveat(tier: str, agent_class: str, disagree: bool = False) -> str:
    """Put the caveats of a row into words.

    Parameters
    ----------
    tier : str
        Name of the tier.
    agent_class : str
        Class of the agent.
    disagree : bool
        Whether markers of the agent point different ways in different trials.

    Returns
    -------
    str
        In one line.

    Examples
    --------
    >>> word_caveat(TARGET_CONTEXT, "integrin_directed_adc").split(";")[0]
    'the integrin is an address, not antagonism'
    """
    markers = "markers of this agent disagree between trials: see the report" if disagree else ""
    return "; ".join(filter(None, [CLASS_CAVEATS.get(agent_class, ""), markers, CAVEATS[tier]]))


def lay_out(
    tier: str,
    patients: Sequence[str],
    agents: Mapping[str, str],
    cells: Mapping[str, npt.NDArray[np.generic]],
    outside: npt.NDArray[np.bool_] | None = None,
    disagree: Collection[str] = (),
) -> pd.DataFrame:
    """Lay a tier out, one row a patient and agent; equal texts are one object, so that many rows need little room.

    Parameters
    ----------
    tier : str
        Name of the tier.
    patients : sequence of str, shape (n_patients,)
        Patients.
    agents : mapping of str to str, length n_agents
        Id of each agent -> its class.
    cells : mapping of str to ndarray, shape (n_patients, n_agents)
        Column -> values; one row or column stands for all of them.
    outside : ndarray of bool, shape (n_patients,), optional
        Patients whose caveat says that thresholds do not hold.
    disagree : collection of str
        Agents whose caveat says that their markers disagree.

    Returns
    -------
    DataFrame, n_patients x n_agents rows
        patient, agent, class, tier, the cells, caveat; the agents of a patient together.

    Examples
    --------
    >>> lay_out(BENEFIT, ["a", "b"], {"x": "control"}, {"value": np.array([[0.5], [1.0]])})["value"].tolist()
    [0.5, 1.0]
    """
    shape = len(patients), len(agents)
    plain = [word_caveat(tier, kind, name in disagree) for name, kind in agents.items()]
    caveats = np.array([plain, [f"{FOREIGN}; {text}" for text in plain]], dtype=object)
    unlike = np.zeros(shape[0], dtype=np.intp) if outside is None else outside.astype(np.intp)
    everything = {
        "patient": np.array(patients, dtype=object)[:, None],
        "agent": np.array(list(agents), dtype=object),
        "class": np.array(list(agents.values()), dtype=object),
        "tier": np.array(tier, dtype=object),
        **cells,
        "caveat": caveats[unlike],
    }
    return pd.DataFrame({name: np.broadcast_to(column, shape).ravel() for name, column in everything.items()})


def name_marked(names: npt.NDArray[np.generic], marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """Name what is marked in each row; rows alike in that share the work.

    Parameters
    ----------
    names : ndarray of str, shape (n_names,)
        Names.
    marked : ndarray of bool, shape (n_rows, n_names)
        Marks.

    Returns
    -------
    ndarray of str, shape (n_rows,)
        Names with commas between them, each once.

    Examples
    --------
    >>> name_marked(np.array(["a", "b"]), np.array([[True, True], [False, False], [False, True]])).tolist()
    ['a, b', '', 'b']
    """
    some = marked.any(axis=0)
    names, marked = names[some], marked[:, some]
    patterns = [row.tobytes() for row in marked]
    words = {
        pattern: ", ".join(dict.fromkeys(map(str, names[np.frombuffer(pattern, dtype=bool)])))
        for pattern in dict.fromkeys(patterns)
    }
    return np.array([words[pattern] for pattern in patterns], dtype=object)
