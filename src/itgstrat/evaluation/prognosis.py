"""What out-of-fold risk tells beside clinical variables: hazard ratios, their tests, and mean survival by stratum."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.errors import ItgstratError
from itgstrat.fitting.inference import Inference, infer, likelihood_ratio, restricted_means
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Name of the risk among the features of the Cox model; no clinical variable is called so.
RISK = "out-of-fold risk"

#: Patients of each stratum that must be followed to the horizon of the mean survival.
LEAST_FOLLOWED = 5


@dataclass(frozen=True)
class Effect:
    """One hazard ratio.

    Parameters
    ----------
    name : str
        Variable, with its unit or level.
    ratio, low, high : float
        Hazard ratio with its 95% Wald interval.
    p_value : float
        Wald test.
    proportional_p : float
        Test of proportional hazards; small: the ratio changes over time.
    """

    name: str
    ratio: float
    low: float
    high: float
    p_value: float
    proportional_p: float


@dataclass(frozen=True)
class MeanSurvival:
    """Restricted mean survival of one risk stratum.

    Parameters
    ----------
    stratum : str
        Its name.
    n_patients, n_events : int
        In it.
    days, low, high : float
        Mean survival up to the horizon, with its 95% interval.
    difference_days, difference_low, difference_high, p_value : float
        The same minus that of the first stratum; NaN in the first.
    """

    stratum: str
    n_patients: int
    n_events: int
    days: float
    low: float
    high: float
    difference_days: float
    difference_low: float
    difference_high: float
    p_value: float


@dataclass(frozen=True)
class Prognosis:
    """What the out-of-fold risk tells beside clinical variables.

    Parameters
    ----------
    n_patients, n_events : int
        With every clinical variable known; the two models rest on these.
    alone : Effect or None
        The risk by itself, per SD.
    adjusted : tuple of Effect
        The risk beside the clinical variables, then these; empty where there are none.
    added_chi_square, added_p : float or None
        Likelihood-ratio test of the risk on top of the clinical variables, one degree of freedom.
    horizon_days : float
        Days that survival is averaged over.
    means : tuple of MeanSurvival
        Restricted mean survival of the out-of-fold strata, low to high.
    notes : tuple of str
        What could not be had, and why.
    """

    n_patients: int
    n_events: int
    alone: Effect | None
    adjusted: tuple[Effect, ...]
    added_chi_square: float | None
    added_p: float | None
    horizon_days: float
    means: tuple[MeanSurvival, ...]
    notes: tuple[str, ...]


def judge_prognosis(
    outcome: Outcome,
    risk: Floats,
    stratum: npt.NDArray[np.generic],
    labels: Sequence[str],
    clinical: pd.DataFrame,
    horizon_days: float,
) -> Prognosis:
    """Ask what out-of-fold risks tell beside clinical variables.

    The risks are taken as given: the tests do not know that the models of two folds share patients, and are a little
    too sure.

    Parameters
    ----------
    outcome : Outcome
        Outcome; with cohort and fold as stratum, so that risks of one model are compared.
    risk : ndarray of float64, shape (n_patients,)
        Out-of-fold risk; NaN is left out.
    stratum : ndarray of str, shape (n_patients,)
        Out-of-fold risk stratum.
    labels : sequence of str
        Strata, low to high; others (withheld) are left out.
    clinical : DataFrame, shape (n_patients, n_variables)
        Clinical variables: numbers are told per SD, categories against the most frequent one. Patients without all of
        them are left out of the hazard ratios.
    horizon_days : float
        Horizon of the mean survival; earlier where a stratum is not followed so long.

    Returns
    -------
    Prognosis
        What could not be had is a note.

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome([1, 1, 0, 1, 1, 1], [1, 5, 4, 2, 3, 6])
    >>> risk = np.array([0.9, 0.1, 0.2, 0.3, 0.5, -0.4])
    >>> groups = np.where(risk > 0.25, "high", "low")
    >>> age = pd.DataFrame({"age": [60, 50, 61, 70, 54, 58]})
    >>> found = judge_prognosis(outcome, risk, groups, ["low", "high"], age, 3.0)
    >>> found.n_patients, found.alone.ratio > 1, [one.stratum for one in found.means]
    (6, True, ['low', 'high'])
    """
    coded = code_clinical(clinical)
    rows = coded.notna().all(axis=1).to_numpy() & ~np.isnan(risk)
    features, own = coded[rows], outcome[rows]
    spread = float(np.std(risk[rows])) if rows.any() else 0.0
    risks = pd.DataFrame({RISK: risk[rows] / spread if spread else risk[rows]}, index=features.index)
    both = pd.concat([risks, features], axis=1)
    notes: list[str] = []
    alone = adjusted = added = None
    try:
        alone = infer(risks, own)
        if features.shape[1]:
            adjusted, added = infer(both, own), likelihood_ratio(features, both, own)
    except ItgstratError as error:
        notes.append(f"hazard ratio of the out-of-fold risk: {error}")
    means, horizon, told = _average(outcome, np.asarray(stratum, dtype=str), labels, horizon_days)
    return Prognosis(
        n_patients=int(rows.sum()),
        n_events=own.n_events,
        alone=_effects(alone)[0] if alone else None,
        adjusted=_effects(adjusted) if adjusted else (),
        added_chi_square=float(added.statistic) if added else None,
        added_p=float(added.p) if added else None,
        horizon_days=horizon,
        means=means,
        notes=(*notes, *told),
    )


def code_clinical(clinical: pd.DataFrame) -> pd.DataFrame:
    """Code clinical variables for a Cox model without penalty.

    Parameters
    ----------
    clinical : DataFrame, shape (n_patients, n_variables)
        Numbers or categories.

    Returns
    -------
    DataFrame, shape (n_patients, n_features)
        Numbers with more than two values in SDs; of two values and of categories an indicator of each level but the
        most frequent one. Missing stays missing; what does not vary is left out.

    Examples
    --------
    >>> code_clinical(pd.DataFrame({"age": [50.0, 60, 70], "sex": ["f", "m", "f"]})).columns.tolist()
    ['age (per SD, 10)', 'sex: m over f']
    """
    columns: dict[str, Any] = {}
    for name, column in clinical.items():
        known = column.dropna()
        if pd.api.types.is_numeric_dtype(known) and known.nunique() > 2:
            sd = float(known.astype(float).std())
            columns[f"{name} (per SD, {sd:.3g})"] = column.astype(float) / sd
            continue
        levels = known.map(lambda value: f"{value:g}" if isinstance(value, float) else str(value))
        counts = levels.value_counts()
        for level in sorted(counts.index[1:]):
            member = (levels == level).astype(float)
            columns[f"{name}: {level} over {counts.index[0]}"] = member.reindex(column.index)
    return pd.DataFrame(columns, index=clinical.index)


def _effects(found: Inference) -> tuple[Effect, ...]:
    columns = ["hazard_ratio", "lower", "upper", "p", "proportional_p"]
    return tuple(
        Effect(str(name), *map(float, values))
        for name, values in zip(found.table.index, found.table[columns].to_numpy(dtype=float), strict=True)
    )


def _average(
    outcome: Outcome, stratum: npt.NDArray[np.str_], labels: Sequence[str], horizon_days: float
) -> tuple[tuple[MeanSurvival, ...], float, list[str]]:
    present = [label for label in labels if (stratum == label).any()]
    if not present:
        return (), horizon_days, []
    rows = np.isin(stratum, present)
    followed = [np.sort(outcome.time_days[stratum == label])[::-1] for label in present]
    horizon = min(horizon_days, *(float(own[min(LEAST_FOLLOWED, len(own)) - 1]) for own in followed))
    try:
        # numbered, so that they come back from low to high
        number = np.array([present.index(name) if name in present else -1 for name in stratum])
        found = restricted_means(outcome[rows], number[rows], horizon)
    except ItgstratError as error:
        return (), horizon, [f"restricted mean survival: {error}"]
    names = ["days", "lower", "upper", "p"]
    means = found.groups.to_numpy(dtype=float)
    apart = found.differences.reindex(found.groups.index)[names].to_numpy(dtype=float)
    told = [
        MeanSurvival(label, int(one[0]), int(one[1]), *map(float, one[2:]), *map(float, other))
        for label, one, other in zip(present, means, apart, strict=True)
    ]
    return tuple(told), horizon, []
