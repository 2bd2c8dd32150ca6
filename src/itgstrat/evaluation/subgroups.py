"""Performance in subgroups: by sex, age, site, stage; with intervals, and nothing from fewer than ten events."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.evaluation.calibration import observed_expected
from itgstrat.evaluation.discrimination import harrell_blocks, resampled_concordance
from itgstrat.evaluation.interval import Interval, from_draws
from itgstrat.evaluation.metrics import bootstrap_weights, followed_until
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Fewest events of a subgroup whose numbers are shown.
LEAST_EVENTS = 10

#: Most levels of a variable that makes subgroups; more are numbers, or names of patients.
MOST_LEVELS = 12


@dataclass(frozen=True)
class Subgroup:
    """How the model did in some of the patients.

    Parameters
    ----------
    variable, level : str
        For instance ``sex`` and ``female``.
    n_patients, n_events : int
        Patients and events.
    harrell : Interval or None
        Harrell's concordance within the subgroup; None with fewer than 10 events.
    observed_expected : Interval or None
        Observed over expected events at the horizon; None with fewer than 10 events, or where the subgroup was not
        followed to the horizon.
    """

    variable: str
    level: str
    n_patients: int
    n_events: int
    harrell: Interval | None
    observed_expected: Interval | None

    def as_dict(self) -> dict[str, Any]:
        """Give plain types."""
        return asdict(self)


def judge_subgroups(
    outcome: Outcome,
    risk: Floats,
    groups: npt.NDArray[np.intp],
    survival: Floats,
    horizon_days: float,
    variables: Mapping[str, pd.Series],
    draws: int = 1000,
    seed: int = 0,
) -> tuple[Subgroup, ...]:
    """Judge out-of-fold predictions subgroup by subgroup.

    The intervals are those of each subgroup; that one subgroup's excludes another's estimate is no test of a
    difference, and of many subgroups some differ by chance.

    Parameters
    ----------
    outcome : Outcome
        Outcome with cohorts as strata.
    risk : ndarray of float64, shape (n_repeats, n_patients)
        Out-of-fold risk.
    groups : ndarray of int, shape (n_repeats, n_patients)
        Fold whose model judged each patient; only pairs judged by one model are compared.
    survival : ndarray of float64, shape (n_repeats, n_patients)
        Out-of-fold survival at the horizon.
    horizon_days : float
        Horizon.
    variables : mapping of str to Series, length n_patients
        Clinical variables; numbers with more than 12 values are cut at their median. A variable with one level, or
        text with more than 12, makes no subgroups.
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    tuple of Subgroup
        Levels in order; patients without a value are in no subgroup of that variable.

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome([1] * 24, range(1, 25))
    >>> found = judge_subgroups(
    ...     outcome,
    ...     -np.arange(24.0)[None],
    ...     np.zeros((1, 24), int),
    ...     np.full((1, 24), 0.5),
    ...     6.0,
    ...     {"sex": pd.Series(["f", "m"] * 12)},
    ...     draws=100,
    ... )
    >>> [(one.level, one.harrell.estimate) for one in found]
    [('f', 1.0), ('m', 1.0)]
    """
    found = []
    for name, column in variables.items():
        levels = name_levels(column)
        for level in dict.fromkeys(levels.dropna().sort_values()) if levels.nunique() > 1 else ():
            rows = np.flatnonzero((levels == level).to_numpy(dtype=bool, na_value=False))
            found.append(
                judge_subgroup(str(name), str(level), rows, outcome, risk, groups, survival, horizon_days, draws, seed)
            )
    return tuple(found)


def judge_subgroup(
    variable: str,
    level: str,
    rows: npt.NDArray[np.intp],
    outcome: Outcome,
    risk: Floats,
    groups: npt.NDArray[np.intp],
    survival: Floats,
    horizon_days: float,
    draws: int = 1000,
    seed: int = 0,
) -> Subgroup:
    """Judge the out-of-fold predictions of some patients.

    Parameters
    ----------
    variable, level : str
        What they are called.
    rows : ndarray of int, shape (n_some,)
        The patients.
    outcome, risk, groups, survival, horizon_days, draws, seed
        As in `judge_subgroups`.

    Returns
    -------
    Subgroup
        Without performance where they have fewer than 10 events.
    """
    own, harrell, calibration = outcome[rows], None, None
    if own.n_events >= LEAST_EVENTS:
        weights = bootstrap_weights(own, draws, seed)
        harrell = _concordance(own, risk[:, rows], groups[:, rows], weights)
        if horizon_days < followed_until(own) and not np.isnan(survival[:, rows]).any():
            calibration = observed_expected(own, survival[:, rows], horizon_days, weights)
    return Subgroup(variable, level, len(own), own.n_events, harrell, calibration)


def name_levels(column: pd.Series) -> pd.Series:
    """Name the subgroup of each patient by one variable.

    Parameters
    ----------
    column : Series
        Numbers or text.

    Returns
    -------
    Series of ordered categories
        Levels as they are, or halves at the median, rounded to about a tenth of the interquartile range (the cut
        is where the name says); all missing where text has more than 12 levels.

    Examples
    --------
    >>> name_levels(pd.Series(range(40, 60))).cat.categories.tolist()
    ['below 49.5', '49.5 and above']
    """
    known = column.dropna()
    is_number = pd.api.types.is_numeric_dtype(known) and not pd.api.types.is_bool_dtype(known)
    if known.nunique() <= MOST_LEVELS:
        order = sorted(known.unique(), key=(lambda value: value) if is_number else str)
        labels = [f"{value:g}" if is_number else str(value) for value in order]
        return pd.Series(
            pd.Categorical(column.map(dict(zip(order, labels, strict=True))), labels, ordered=True), column.index
        )
    if not is_number:
        return pd.Series(pd.Categorical([None] * len(column)), column.index)
    middle = _round_median(known.to_numpy(dtype=float))
    labels = [f"below {middle:.10g}", f"{middle:.10g} and above"]
    halves = column.map(lambda value: labels[int(value >= middle)], na_action="ignore")
    return pd.Series(pd.Categorical(halves, labels, ordered=True), column.index)


def _round_median(values: Floats) -> float:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    if high <= low:
        return float(middle)
    rounded = round(float(middle), -math.floor(math.log10((high - low) / 10)))
    return rounded if values.min() < rounded <= values.max() else float(middle)  # neither half is empty


def _concordance(
    outcome: Outcome, risk: Floats, groups: npt.NDArray[np.intp], weights: npt.NDArray[np.float32]
) -> Interval | None:
    """Harrell's concordance with its interval; None where no pair was judged by one model."""
    blocks = [harrell_blocks(outcome, own) for own in groups]
    point, drawn = resampled_concordance(blocks, [one[:, None] for one in risk], np.ones((1, len(outcome))), weights)
    return None if np.isnan(point[0, 0]) else from_draws(float(point[0, 0]), drawn[0, 0])
