"""The names of the tiers, and what stands beside every number of them."""

from collections.abc import Mapping

#: Prognosis among patients whose target is high.
RISK_IN_TARGET_HIGH = "T0 risk_in_target_high"
#: Target and context against frozen thresholds.
TARGET_CONTEXT = "T1 target_context"

#: Class of the control that is no agent: random genes as the target.
CONTROL = "control"

#: Why nothing is told of a patient whose expression is of another kind than training's.
FOREIGN = "expression of another kind than training's, so the thresholds do not hold"

#: What holds for every row of a tier.
CAVEATS: Mapping[str, str] = {
    RISK_IN_TARGET_HIGH: "prognosis where the target is high: unmet need, not response; hypothesis-generating, "
    "not for clinical use",
    TARGET_CONTEXT: "putative: a rule of target and context, not learned from response; mRNA is not surface protein; "
    "hypothesis-generating, not for clinical use",
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
