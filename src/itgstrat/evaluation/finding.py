"""The finding of a run in one sentence, good or bad."""

from collections.abc import Sequence

from itgstrat.evaluation.compare import Comparison, Interval

#: With fewer draws the p-value against random signatures, at least 1 / (1 + draws), cannot fall below 0.05.
FEWEST_DRAWS = 20


def state_finding(what: str, comparisons: Sequence[Comparison]) -> str:
    """Say what the evaluation found.

    The signatures *add* something only if the interval of their increment over the clinical model (over chance
    where there is none) lies above 0 and random signatures of the same sizes reach the model in fewer than 5%
    of draws; fewer than 20 draws cannot tell.

    Parameters
    ----------
    what : str
        The signatures in words.
    comparisons : sequence of Comparison
        Cross-validation first.

    Returns
    -------
    str
        One sentence with its numbers.

    Raises
    ------
    ValueError
        If the first comparison holds no row for the model.
    """
    internal = comparisons[0]
    model = internal.row("model")
    if model is None or model.harrell is None:
        raise ValueError("the first comparison has no row for the model")
    clinical = internal.difference("clinical")
    increment = clinical.harrell if clinical else None
    parts = [f"C {model.harrell} in {internal.n_patients} patients with {internal.n_events} events"]
    if increment is not None:
        parts.append(f"{_signed(increment)} against clinical variables alone")
    if internal.random is not None:
        parts.append(
            f"random genes of the same number reach {internal.random.median:.3f} "
            f"(as good in {_share(internal)} of draws)"
        )
    proliferation = internal.row("proliferation")
    if proliferation is not None and proliferation.harrell is not None:
        parts.append(f"proliferation alone {proliferation.harrell.estimate:.3f}")
    parts += [_external(item) for item in comparisons if item.kind == "external"]
    return f"{_verdict(what, internal, model.harrell, increment)}: {'; '.join(parts)}."


def _verdict(what: str, internal: Comparison, model: Interval, increment: Interval | None) -> str:
    beyond = "clinical variables" if increment is not None else "chance"
    adds = increment.low > 0 if increment is not None else model.low > 0.5
    better_than_random = internal.random is None or internal.random.p_value < 0.05
    if adds and better_than_random:
        return f"{what} add prognostic information beyond {beyond}"
    if adds and internal.random is not None and len(internal.random.concordance) < FEWEST_DRAWS:
        return f"{what} add to {beyond}; too few draws of random genes to say whether those do as well"
    if adds:
        return f"{what} add to {beyond} no more than random genes of the same number do"
    return f"{what} add nothing here that could be shown beyond {beyond}"


def _share(internal: Comparison) -> str:
    random = internal.random
    if random is None or internal.row("model") is None:
        return "none"
    as_good = round(random.p_value * (1 + len(random.concordance))) - 1
    return f"{as_good / len(random.concordance):.0%}"


def _signed(value: Interval) -> str:
    return f"{value.estimate:+.3f} ({value.low:+.3f} to {value.high:+.3f})"


def _external(item: Comparison) -> str:
    row, clinical = item.row("model"), item.difference("clinical")
    text = f"external {item.cohort}, {item.reference} reference, C {row.harrell if row else '-'}"
    if clinical is not None and clinical.harrell is not None:
        text += f", {_signed(clinical.harrell)} against clinical"
    return text
