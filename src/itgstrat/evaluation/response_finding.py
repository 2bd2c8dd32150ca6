"""The finding of a run that learns a label, in one sentence, good or bad."""

from collections.abc import Sequence

from itgstrat.evaluation.interval import Interval
from itgstrat.evaluation.response_table import ResponseComparison


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
    main = next((item for item in comparisons if item.kind == "leave-one-cohort-out"), comparisons[0])
    parts = [_say(main, "leaving one cohort out" if main is not comparisons[0] else "cross-validation")]
    inflamed, gain = main.row("inflamed"), main.difference("inflamed", "beside_inflamed")
    if inflamed and gain:
        parts.append(f"T-cell-inflamed score alone {inflamed.auc}, {_signed(gain.auc)} with the signatures beside it")
    if main.random is not None:
        drawn = main.random
        parts.append(f"random genes of the same number reach {drawn.median:.3f} (p = {drawn.p_value:.3f})")
    others = [item for item in comparisons if item.kind == "external" or item is comparisons[0] is not main]
    parts += [_say(item, f"{item.kind} {item.cohort}") for item in others]
    return f"{_verdict(what, label, main)}: {'; '.join(parts)}."


def _verdict(what: str, label: str, main: ResponseComparison) -> str:
    row, gain = main.row("model"), main.difference("inflamed", "beside_inflamed")
    if row is None:
        raise ValueError("the comparison has no row for the model")
    if not row.auc.low > 0.5:
        return f"{what} do not tell {label} in a way that could be shown"
    if main.random is not None and main.random.p_value >= 0.05:
        return f"{what} tell {label} no better than random genes of the same number do"
    if gain is None:
        return f"{what} tell {label} apart"
    adds = "and add to" if gain.auc.low > 0 else "but add nothing that could be shown to"
    return f"{what} tell {label}, {adds} the T-cell-inflamed score"


def _say(item: ResponseComparison, where: str) -> str:
    row = item.row("model")
    if row is None:
        raise ValueError("the comparison has no row for the model")
    return f"AUC {row.auc} {where}, {item.n_patients} patients, {item.n_positive} positive"


def _signed(value: Interval) -> str:
    return f"{value.estimate:+.3f} ({value.low:+.3f} to {value.high:+.3f})"
