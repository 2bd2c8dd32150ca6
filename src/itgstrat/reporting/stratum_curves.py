"""Survival of the training patients of each stratum, as a bundle holds it, drawn by a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itgstrat.reporting.wording import count, say_share

#: Size of the drawing, in its own units; letters stand left and below.
LEFT, TOP, RIGHT, BOTTOM = 34.0, 6.0, 336.0, 160.0


@dataclass(frozen=True)
class StratumCurves:
    """Kaplan-Meier curves of the strata, one of them the patient's own, and the patient's predicted survival.

    Parameters
    ----------
    name : str
        Name of the file that it is downloaded as.
    own : str
        Path of the curve of the patient's stratum.
    others : tuple of str
        Paths of the others.
    years : tuple of (float, str)
        Ticks: place and words.
    points : tuple of (float, float)
        Predicted survival at each horizon: places.
    label, caption : str
        All of it in words; and what it shows.
    """

    name: str
    own: str
    others: tuple[str, ...]
    years: tuple[tuple[float, str], ...]
    points: tuple[tuple[float, float], ...]
    label: str
    caption: str


def draw_stratum_curves(
    name: str, found: Mapping[str, Any], stratum: str, predicted: Mapping[float, float]
) -> StratumCurves | None:
    """Draw the survival of the patients of training that were in the same stratum.

    Parameters
    ----------
    name : str
        Name of the figure.
    found : mapping
        ``strata_survival`` of a bundle: time_days, and for each stratum patients, events and survival.
    stratum : str
        The patient's stratum.
    predicted : mapping of float to float
        Horizon in days -> the patient's predicted survival; NaN is left out.

    Returns
    -------
    StratumCurves or None
        None where nothing is known of that stratum.

    Examples
    --------
    >>> strata = {"low": {"patients": 12, "events": 3, "survival": [1.0, 0.75]}}
    >>> drawn = draw_stratum_curves("km", {"time_days": [0, 730.5], "strata": strata}, "low", {730.5: 0.8})
    >>> drawn.own, drawn.points
    ('M34 6H336V44.5', ((336.0, 36.8),))
    """
    strata = found.get("strata", {})
    if stratum not in strata:
        return None
    days = [float(value) for value in found["time_days"]]
    until = days[-1]

    def across(time: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * time / until, 1)

    def down(survival: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * survival, 1)

    def path(values: Sequence[float | None]) -> str:
        known = [(day, value) for day, value in zip(days, values, strict=True) if value is not None]
        steps = "".join(f"H{across(day):g}V{down(value):g}" for day, value in known[1:])
        return f"M{LEFT:g} {TOP:g}{steps}"

    own = strata[stratum]
    within = {day: value for day, value in predicted.items() if value == value and day <= until}
    told = [
        f"{say_share(value)} at {day / 365.25:.1f} years"
        for day, value in zip(days, own["survival"], strict=True)
        if value is not None and day
    ]
    who = f"{count(own['patients'], 'training patient')} of stratum {stratum}, {count(own['events'], 'event')}"
    step = next((n for n in (1, 2, 5, 10) if until / 365.25 / n <= 6), 20)
    return StratumCurves(
        name=name,
        own=path(own["survival"]),
        others=tuple(path(one["survival"]) for label, one in strata.items() if label != stratum),
        years=tuple((across(year * 365.25), str(year)) for year in range(0, int(until / 365.25) + 1, step)),
        points=tuple((across(day), down(value)) for day, value in within.items()),
        label=f"Survival of {who}: {', '.join(told[-1:])}",
        caption=f"Survival (years): {who} (dark; others grey). Dots: predicted for this patient.",
    )
