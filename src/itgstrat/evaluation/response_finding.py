"""The finding of a run that learns a label, in one sentence, good or bad."""

from collections.abc import Sequence

from itgstrat.evaluation.response_table import RandomAuc, ResponseComparison
from itgstrat.response import RECOVERY


def state_response_finding(what: str, label: str, comparisons: Sequence[ResponseComparison]) -> str:
    """Say what the evaluation found, on left-out cohorts where there are several.

    The signatures *tell* the labels apart only if the interval of the AUC lies above 0.5 and random signatures of
    the same sizes reach it in fewer than 5% of draws; they *add* to the T-cell-inflamed score only if the interval
    of the difference lies above 0.

    Parameters
    ----------
    what : str
        The signatures in words.
    label : str
        The label in words.
    comparisons : sequence of ResponseComparison
        Cross-validation first, then all left-out cohorts together where there are several.

    Returns
    -------
    str
        One sentence with its numbers.

    Raises
    ------
    ValueError
        If a comparison holds no row for the model.
    """
    main = _find_main(comparisons)
    parts = [_say(main, "leaving one cohort out" if main is not comparisons[0] else "cross-validation")]
    inflamed, gain = main.row("inflamed"), main.difference("inflamed", "beside_inflamed")
    if inflamed and gain:
        parts.append(f"T-cell-inflamed score alone {inflamed.auc}, {gain.auc.signed()} with the signatures beside it")
    if main.random is not None:
        parts.append(_say_random(main.random))
    parts += _say_others(comparisons, main)
    return f"{_verdict(what, label, main)}: {'; '.join(parts)}."


def state_recovery(what: str, agent: str, n_withheld: int, comparisons: Sequence[ResponseComparison]) -> str:
    """Say how well a surrogate label, made by the rule of an agent, is recovered without the genes of the rule.

    Parameters
    ----------
    what : str
        The signatures in words.
    agent : str
        Name of the agent.
    n_withheld : int
        Genes withheld.
    comparisons : sequence of ResponseComparison
        Cross-validation first, then all left-out cohorts together where there are several.

    Returns
    -------
    str
        One sentence with its numbers.

    Raises
    ------
    ValueError
        If a comparison holds no row for the model.
    """
    main = _find_main(comparisons)
    parts = [_say(main, "leaving one cohort out" if main is not comparisons[0] else "cross-validation")]
    if main.random is not None:
        parts.append(_say_random(main.random))
    growth, leak = main.row("proliferation"), main.row("leaking")
    parts += [f"proliferation alone {growth.auc}"] if growth else []
    parts += [f"with the withheld genes put back, which leaks, {leak.auc}"] if leak else []
    parts += _say_others(comparisons, main)
    opening = f"{RECOVERY[0].upper()}{RECOVERY[1:]}, T1 rule of {agent} with its {n_withheld} genes withheld"
    verdict = _judge_alone(f"{what[0].lower()}{what[1:]}", "eligible from not eligible patients", main)
    return f"{opening}, {verdict}: {'; '.join(parts)}."


def _find_main(comparisons: Sequence[ResponseComparison]) -> ResponseComparison:
    return next((item for item in comparisons if item.kind == "leave-one-cohort-out"), comparisons[0])


def _say_random(drawn: RandomAuc) -> str:
    return f"random genes of the same number reach {drawn.median:.3f} (p = {drawn.p_value:.3f})"


def _say_others(comparisons: Sequence[ResponseComparison], main: ResponseComparison) -> list[str]:
    others = [item for item in comparisons if item.kind == "external" or item is comparisons[0] is not main]
    return [_say(item, f"{item.kind} {item.cohort}") for item in others]


def _verdict(what: str, label: str, main: ResponseComparison) -> str:
    alone, gain = _judge_alone(what, label, main), main.difference("inflamed", "beside_inflamed")
    if gain is None or not alone.endswith(" apart"):
        return alone
    adds = "and add to" if gain.auc.low > 0 else "but add nothing that could be shown to"
    return f"{what} tell {label}, {adds} the T-cell-inflamed score"


def _judge_alone(what: str, label: str, main: ResponseComparison) -> str:
    row = main.row("model")
    if row is None:
        raise ValueError("the comparison has no row for the model")
    if not row.auc.low > 0.5:
        return f"{what} do not tell {label} in a way that could be shown"
    if main.random is not None and main.random.p_value >= 0.05:
        return f"{what} tell {label} no better than random genes of the same number do"
    return f"{what} tell {label} apart"


def _say(item: ResponseComparison, where: str) -> str:
    row = item.row("model")
    if row is None:
        raise ValueError("the comparison has no row for the model")
    return f"AUC {row.auc} {where}, {item.n_patients} patients, {item.n_positive} positive"
