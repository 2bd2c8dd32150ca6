"""The finding of a run in a sentence or two, good or bad."""

from collections.abc import Sequence

from itgstrat.evaluation.interval import Interval
from itgstrat.evaluation.records import Comparison

#: With fewer draws the p-value against random signatures, at least 1 / (1 + draws), cannot fall below 0.05.
FEWEST_DRAWS = 20


def state_finding(what: str, comparisons: Sequence[Comparison]) -> str:
    """Say what the evaluation found.

    The signatures *add* something only if the interval of their increment over the clinical model (over chance
    where there is none) lies above 0 and random signatures of the same sizes reach the model in fewer than 5%
    of draws; fewer than 20 draws cannot tell. Where the interval lies below 0 they are said to do worse. What is
    added is put down to the integrin genes only if the interval of the difference to the same model without them
    lies above 0.

    Parameters
    ----------
    what : str
        The signatures in words.
    comparisons : sequence of Comparison
        Cross-validation first.

    Returns
    -------
    str
        One sentence with its numbers; a second one, where the first would promise too much: a model that is better
        without its integrin genes, an external cohort in which it is worse than clinical variables or the increment
        points the other way, survival that is told no better than by Kaplan-Meier.

    Raises
    ------
    ValueError
        If the first comparison holds no row for the model.
    """
    internal = comparisons[0]
    model = internal.row("model")
    if model is None or model.harrell is None:
        raise ValueError("the first comparison has no row for the model")
    increment, integrins = _gain(internal, "clinical"), _gain(internal, "without_integrins")
    parts = [f"C {model.harrell} in {internal.n_patients} patients with {internal.n_events} events"]
    if increment is not None:
        parts.append(f"{increment.signed()} against clinical variables alone")
    if integrins is not None:
        parts.append(f"{integrins.signed()} against the same model without integrin genes")
    if internal.random is not None:
        parts.append(
            f"random genes of the same number reach {internal.random.median:.3f} "
            f"(as good in {_share(internal)} of draws)"
        )
    proliferation = internal.row("proliferation")
    if proliferation is not None and proliferation.harrell is not None:
        parts.append(f"proliferation alone {proliferation.harrell.estimate:.3f}")
    external = [item for item in comparisons if item.kind == "external"]
    parts += [_external(item) for item in external]
    adds, verdict = _judge(what, internal, model.harrell, increment)
    if adds and integrins is not None and not integrins.low > 0:
        verdict += ", but not to be shown through their integrin genes"
    if adds and internal.random is None:
        verdict += ", not compared with random genes"
    worse = ["the same model without integrin genes does better"] if _harms(integrins) else []
    but = [*worse, *_contradictions(external, adds), *_note_survival(internal)]
    return f"{verdict}: {'; '.join(parts)}." + (f" But {'; '.join(but)}." if but else "")


def note_harm(comparisons: Sequence[Comparison]) -> list[str]:
    """Name where else the model does worse than without its signatures, which the finding does not say.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Of a run.

    Returns
    -------
    list of str
        A note for each external or left-out cohort and baseline where the interval of the increment lies below 0;
        of external cohorts the finding says it of clinical variables itself.
    """
    beside = {"clinical": "clinical variables alone", "without_integrins": "the same model without integrin genes"}
    notes = []
    for item in comparisons:
        for against, words in beside.items():
            lost = _gain(item, against)
            told = item.kind == "cross-validation" or (item.kind == "external" and against == "clinical")
            if lost is not None and _harms(lost) and not told:
                where = f"{item.kind}, {item.cohort}, {item.reference} reference"
                notes.append(f"{where}: the model does worse than {words}, {lost.signed()} in C")
    return notes


def _judge(what: str, internal: Comparison, model: Interval, increment: Interval | None) -> tuple[bool, str]:
    """Whether they add anything, and the verdict in words."""
    beyond = "clinical variables" if increment is not None else "chance"
    if _harms(increment):
        return False, f"{what} do worse than clinical variables alone"
    if increment is None and model.high < 0.5:
        return False, f"{what} rank patients worse than chance"
    adds = increment.low > 0 if increment is not None else model.low > 0.5
    better_than_random = internal.random is None or internal.random.p_value < 0.05
    if adds and better_than_random:
        return True, f"{what} add prognostic information beyond {beyond}"
    if adds and internal.random is not None and len(internal.random.concordance) < FEWEST_DRAWS:
        return True, f"{what} add to {beyond}; too few draws of random genes to say whether those do as well"
    if adds:
        return False, f"{what} add to {beyond} no more than random genes of the same number do"
    return False, f"{what} add nothing here that could be shown beyond {beyond}"


def _contradictions(external: Sequence[Comparison], adds: bool) -> list[str]:
    """External cohorts that are told worse, by either reference; where they add, those that point the other way."""
    against = []
    for item in external:
        row, increment = item.row("model"), _gain(item, "clinical")
        if _harms(increment):
            against.append(
                f"they do worse than clinical variables in external {item.cohort}, {item.reference} reference"
            )
        if adds and item.reference != "cohort" and row is not None and row.harrell is not None:
            if row.harrell.estimate <= 0.5:
                against.append(f"the model ranks external {item.cohort} no better than chance")
            elif increment is not None and increment.estimate <= 0 and not _harms(increment):
                against.append(f"they add nothing to clinical variables in external {item.cohort}")
    return against


def _note_survival(internal: Comparison) -> list[str]:
    """Survival that Kaplan-Meier tells as well."""
    difference = internal.difference("kaplan_meier")
    if difference is None or difference.brier.high < 0:
        return []
    return [
        "survival is not shown to be predicted more accurately than by Kaplan-Meier (integrated Brier score "
        f"{difference.brier.signed()})"
    ]


def _harms(increment: Interval | None) -> bool:
    return increment is not None and increment.high < 0


def _gain(item: Comparison, against: str) -> Interval | None:
    difference = item.difference(against)
    return difference.harrell if difference else None


def _share(internal: Comparison) -> str:
    random = internal.random
    if random is None or internal.row("model") is None:
        return "none"
    as_good = round(random.p_value * (1 + len(random.concordance))) - 1
    return f"{as_good / len(random.concordance):.0%}"


def _external(item: Comparison) -> str:
    row, increment = item.row("model"), _gain(item, "clinical")
    text = f"external {item.cohort}, {item.reference} reference, C {row.harrell if row else '-'}"
    return text if increment is None else f"{text}, {increment.signed()} against clinical"
