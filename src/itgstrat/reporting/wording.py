"""Numbers, times and intervals as the reports write them."""

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from itgstrat.biology import load_catalogue
from itgstrat.learned import AcceleratedModel, BoostedModel, ForestModel, LinearModel, StackedModel, SurvivalModel
from itgstrat.learned.recalibrated import RecalibratedModel

if TYPE_CHECKING:
    from itgstrat.evaluation.compare import Comparison, Interval

NOTHING = "–"

#: What a unit of risk is; the risk of a kind that is not here tells the order of patients alone.
_RISK_UNITS: dict[type[SurvivalModel], str] = {
    LinearModel: "log hazard relative to the training mean",
    BoostedModel: "log hazard",
    AcceleratedModel: "log of how many times shorter the median survival is than at the training mean",
    StackedModel: "log hazard relative to the training mean",
    ForestModel: "cumulative hazard, added up over the event times of training",
}

#: Forms of a whole signature; any other is one of its parts.
_WHOLE = ("product", "adjusted")

_DAYS = (("years", 365.25), ("months", 365.25 / 12), ("weeks", 7.0))


def say_risk_unit(model: SurvivalModel) -> str:
    """Say what a model's risk is measured in."""
    if isinstance(model, RecalibratedModel):  # the risk stays that of the model as it was trained
        return say_risk_unit(model.inner)
    return _RISK_UNITS.get(type(model), "in the units of the model")


def say_number(value: float, digits: int = 3, signed: bool = False) -> str:
    """Write a number, or a dash where there is none.

    Parameters
    ----------
    value : float
        Number; NaN is none.
    digits : int
        Digits behind the point.
    signed : bool
        Write a plus, too.

    Returns
    -------
    str
        The number.

    Examples
    --------
    >>> say_number(0.12345), say_number(0.1, 2, signed=True), say_number(float("nan"))
    ('0.123', '+0.10', '–')
    """
    if math.isnan(value):
        return NOTHING
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text if float(text) else text.lstrip("+-")


def say_share(value: float, digits: int = 0) -> str:
    """Write a share as a percentage, or a dash where there is none."""
    return NOTHING if math.isnan(value) else f"{value:.{digits}%}"


def say_p(value: float) -> str:
    """Write a p-value.

    Parameters
    ----------
    value : float
        p-value; NaN where nothing was tested.

    Returns
    -------
    str
        With its sign.

    Examples
    --------
    >>> say_p(0.0301), say_p(1e-6), say_p(0.4449)
    ('p = 0.030', 'p < 0.001', 'p = 0.44')
    """
    if math.isnan(value):
        return NOTHING
    if value < 0.001:
        return "p < 0.001"
    return f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"


def say_interval(value: "Interval | None", signed: bool = False) -> str:
    """Write an estimate with its 95% interval.

    Parameters
    ----------
    value : Interval or None
        Estimate and limits.
    signed : bool
        Write pluses, too, as for a difference.

    Returns
    -------
    str
        For instance ``0.612 (0.540 to 0.690)``.
    """
    if value is None or math.isnan(value.estimate):
        return NOTHING
    estimate, low, high = (say_number(number, 3, signed) for number in (value.estimate, value.low, value.high))
    return f"{estimate} ({low} to {high})"


def say_time(days: float) -> str:
    """Write a time in the largest unit that it fills evenly.

    Parameters
    ----------
    days : float
        Time in days.

    Returns
    -------
    str
        Years, months, weeks or days.

    Examples
    --------
    >>> say_time(730.5), say_time(365.25), say_time(365.25 / 2), say_time(100)
    ('2 years', '1 year', '6 months', '100 days')
    """
    for unit, length in _DAYS:
        number = days / length
        if round(number) and abs(number - round(number)) < 1e-3 * number:
            return f"{round(number)} {unit if round(number) > 1 else unit[:-1]}"
    return f"{days:g} days"


def say_years(days: float) -> str:
    """Write a time in years with one decimal, or a dash where there is none."""
    return NOTHING if math.isnan(days) else f"{days / 365.25:.1f}"


def say_months(days: float) -> str:
    """Write a time in months, to a tenth below ten.

    Parameters
    ----------
    days : float
        Time in days; NaN is none.

    Returns
    -------
    str
        Months.

    Examples
    --------
    >>> say_months(730.5), say_months(40), say_months(float("nan"))
    ('24 months', '1.3 months', '–')
    """
    months = days / (365.25 / 12)
    return NOTHING if math.isnan(days) else f"{months:.{0 if months >= 9.95 else 1}f} months"


def say_odds(share: float) -> str:
    """Write a share as so many of so many.

    Parameters
    ----------
    share : float
        Between 0 and 1.

    Returns
    -------
    str
        The nearest fraction with a denominator of at most 100.

    Examples
    --------
    >>> say_odds(0.9), say_odds(0.95)
    ('9 of 10', '19 of 20')
    """
    nearest = Fraction(share).limit_denominator(100)
    return f"{nearest.numerator} of {nearest.denominator}"


def count(number: int, noun: str) -> str:
    """Write a number of things.

    Parameters
    ----------
    number : int
        How many.
    noun : str
        One of them.

    Returns
    -------
    str
        Number and noun.

    Examples
    --------
    >>> count(1, "patient"), count(1200, "gene")
    ('1 patient', '1,200 genes')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def join_words(words: list[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def shorten(text: str, length: int) -> str:
    """Cut a text that is too long for its place; the cut shows."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def name_comparison(item: "Comparison") -> str:
    """Name a comparison in words.

    Parameters
    ----------
    item : Comparison
        The comparison.

    Returns
    -------
    str
        For instance ``External: GSE1992, pooled reference``.
    """
    if item.kind == "cross-validation":
        return "Cross-validation" if item.cohort == "training" else f"Cross-validation: {item.cohort}"
    if item.kind == "leave-one-cohort-out":
        return f"Left out: {item.cohort}, {item.reference} reference"
    return f"External: {item.cohort}, {item.reference} reference"


def title_feature(name: str) -> str:
    """Give a feature the words of its signature, where it is one, and those of the form it is computed in.

    Parameters
    ----------
    name : str
        Feature.

    Returns
    -------
    str
        Title of the signature and its form; any other feature keeps its name.

    Examples
    --------
    >>> title_feature("age"), title_feature("joint_avb5_egfr:product")
    ('age', 'avb5 with EGFR, product')
    """
    known, form = split_form(name)
    signature = load_catalogue().signatures.get(known)
    return f"{signature.title}{form}" if signature else name


def split_form(name: str) -> tuple[str, str]:
    """Part a feature into the signature that it comes from and the words for its form.

    Parameters
    ----------
    name : str
        Feature; a signature of the catalogue, one of its forms, or anything else.

    Returns
    -------
    name, form : str
        Id of the signature, and words to set behind its title, empty for the signature as it stands; a feature of no
        signature of the catalogue keeps its name.

    Examples
    --------
    >>> split_form("joint_avb5_egfr:receptor"), split_form("grade:G3")
    (('joint_avb5_egfr', ', receptor part'), ('grade:G3', ''))
    """
    signatures = load_catalogue().signatures
    whole, _, form = name.partition(":")
    plain, _, left_out = whole.partition("_without_")
    if name in signatures or plain not in signatures:
        return name, ""
    without = f" without {left_out}" if left_out else ""
    return plain, without + (f", {form}{'' if form in _WHOLE else ' part'}" if form else "")
