"""The comparison of a model with its baselines: rows, paired differences, random signatures, and the finding."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.concordance import Pairs
from itgstrat.evaluation.metrics import (
    bootstrap_weights,
    calibration_table,
    harrell_pairs,
    integrated_brier,
    resampled_concordance,
    uno_pairs,
)
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]
Kind = Literal["cross-validation", "leave-one-cohort-out", "external"]

#: Rows of a comparison: key in tables -> words in the report.
LABELS = {
    "model": "the model",
    "signatures": "signatures only",
    "clinical": "clinical only",
    "proliferation": "proliferation only",
    "kaplan_meier": "Kaplan-Meier",
}


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95% bootstrap interval.

    Parameters
    ----------
    estimate, low, high : float
        Point estimate, 2.5th and 97.5th percentile.
    """

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Row:
    """How one model did.

    Parameters
    ----------
    model : str
        Key of the model.
    label : str
        Name in words.
    harrell, uno : Interval or None
        Concordance; None for Kaplan-Meier, which ranks nobody.
    brier : Interval
        Integrated Brier score.
    """

    model: str
    label: str
    harrell: Interval | None
    uno: Interval | None
    brier: Interval


@dataclass(frozen=True)
class Difference:
    """A paired difference, model minus baseline, on the same patients and folds.

    Parameters
    ----------
    model, against : str
        Keys of the two models.
    harrell : Interval or None
        Difference in Harrell's concordance; above 0 the model is better.
    brier : Interval
        Difference in integrated Brier score; below 0 the model is better.
    """

    model: str
    against: str
    harrell: Interval | None
    brier: Interval


@dataclass(frozen=True)
class RandomSummary:
    """How the model does against the same model on random genes.

    Parameters
    ----------
    concordance : tuple of float
        Harrell's concordance of each draw.
    median, low, high : float
        Median and 2.5th and 97.5th percentile over draws.
    p_value : float
        (1 + draws at least as good as the model) / (1 + draws).
    """

    concordance: tuple[float, ...]
    median: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """A model and its baselines on one set of patients.

    Parameters
    ----------
    kind : {"cross-validation", "leave-one-cohort-out", "external"}
        How training and test were kept apart.
    cohort : str
        Patients judged.
    reference : str
        Reference the features were standardised by: ``batch``, ``pooled`` or ``cohort``.
    n_patients, n_events : int
        Patients and events.
    times_days : tuple of float
        First and last time of the integrated Brier score; the last also truncates Uno's concordance.
    rows : tuple of Row
        The models.
    differences : tuple of Difference
        The model minus each baseline.
    random : RandomSummary or None
        Random signatures.
    calibration : mapping of str to list
        Horizon in days -> calibration table.
    patients : DataFrame
        patient, cohort, event, time_days, risk, stratum, survival columns; for figures and predictions.tsv.
    """

    kind: Kind
    cohort: str
    reference: str
    n_patients: int
    n_events: int
    times_days: tuple[float, float]
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    random: RandomSummary | None
    calibration: Mapping[str, list[dict[str, float]]]
    patients: pd.DataFrame

    def row(self, model: str) -> Row | None:
        """Give the row of a model, or None."""
        return next((row for row in self.rows if row.model == model), None)

    def difference(self, against: str) -> Difference | None:
        """Give the difference of the model to a baseline, or None."""
        return next((item for item in self.differences if item.against == against), None)

    def as_dict(self) -> dict[str, Any]:
        """Give everything but the patients as plain JSON types; what cannot be computed is None."""
        content = {key: value for key, value in self.__dict__.items() if key != "patients"}
        content["rows"] = [asdict(row) for row in self.rows]
        content["differences"] = [asdict(item) for item in self.differences]
        content["random"] = asdict(self.random) if self.random else None
        content["calibration"] = dict(self.calibration)
        return {key: _null_nan(value) for key, value in content.items()}


def _null_nan(value: Any) -> Any:
    """None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _null_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_null_nan(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All comparisons of a run, and what they amount to.

    Parameters
    ----------
    finding : str
        One sentence.
    comparisons : tuple of Comparison
        Cross-validation first, then each left-out cohort, then external cohorts.
    notes : tuple of str
        What the reader must know, such as few events.
    """

    finding: str
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]

    @property
    def internal(self) -> Comparison:
        """The cross-validation."""
        return self.comparisons[0]

    @property
    def external(self) -> tuple[Comparison, ...]:
        """External validations."""
        return tuple(item for item in self.comparisons if item.kind == "external")

    def as_dict(self) -> dict[str, Any]:
        """Give the evaluation as plain JSON types; the same run gives the same bytes."""
        return {
            "finding": self.finding,
            "notes": list(self.notes),
            "comparisons": [comparison.as_dict() for comparison in self.comparisons],
        }


@dataclass(frozen=True, eq=False)
class Judged:
    """Predictions of one model for patients that it was not trained on.

    Parameters
    ----------
    risk : ndarray of float64, shape (n_repeats, n_patients)
        Risk.
    survival : ndarray of float64, shape (n_repeats, n_patients, n_times)
        Survival at the evaluation times and, behind them, at the horizons.
    stratum : ndarray of object (str), shape (n_repeats, n_patients)
        Risk stratum.
    """

    risk: Floats
    survival: Floats
    stratum: npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Protocol:
    """Who is judged, and how.

    Parameters
    ----------
    kind, cohort, reference : str
        As in `Comparison`.
    names : sequence of str
        Patients.
    batch : ndarray of str, shape (n_patients,)
        Their cohorts.
    outcome : Outcome
        Their outcome.
    groups : ndarray of int, shape (n_repeats, n_patients)
        Fold whose model judged each patient; only pairs judged by one model are compared.
    times_days, horizons_days : ndarray of float64
        Evaluation times and horizons.
    draws : int
        Bootstrap draws.
    seed : int
        Seed of the bootstrap.
    """

    kind: Kind
    cohort: str
    reference: str
    names: Sequence[str]
    batch: npt.NDArray[np.str_]
    outcome: Outcome
    groups: npt.NDArray[np.intp]
    times_days: Floats
    horizons_days: Floats
    draws: int
    seed: int


def compare(protocol: Protocol, judged: Mapping[str, Judged], random: Sequence[Floats]) -> Comparison:
    """Lay a model beside its baselines.

    Parameters
    ----------
    protocol : Protocol
        Who is judged, and how.
    judged : mapping of str to Judged
        Predictions by model; ``model`` is the one that the others are baselines of.
    random : sequence of ndarray of float64, shape (n_repeats, n_patients)
        Risks of the draws of random signatures.

    Returns
    -------
    Comparison
        Rows, paired differences, random signatures and calibration.
    """
    outcome, times = protocol.outcome, protocol.times_days
    ranking = [name for name in judged if name != "kaplan_meier"]
    harrell = [harrell_pairs(outcome, groups) for groups in protocol.groups]
    uno = [uno_pairs(outcome, groups, times[-1]) for groups in protocol.groups]
    weights = bootstrap_weights(outcome, protocol.draws, protocol.seed)
    risks = [np.stack([judged[name].risk[r] for name in ranking], axis=1) for r in range(len(protocol.groups))]
    by_harrell = dict(zip(ranking, zip(*resampled_concordance(harrell, risks, weights), strict=True), strict=True))
    by_uno = dict(zip(ranking, zip(*resampled_concordance(uno, risks, weights), strict=True), strict=True))
    brier = {name: _resampled_brier(protocol, item, weights) for name, item in judged.items()}
    rows = tuple(
        Row(
            name,
            LABELS[name],
            _interval(by_harrell.get(name)),
            _interval(by_uno.get(name)),
            _need(brier[name]),
        )
        for name in judged
    )
    differences = tuple(
        Difference("model", name, _subtract(by_harrell, name), _need(_minus(brier["model"], brier[name])))
        for name in judged
        if name != "model"
    )
    n_times = len(times)
    main = judged["model"]
    return Comparison(
        kind=protocol.kind,
        cohort=protocol.cohort,
        reference=protocol.reference,
        n_patients=len(outcome),
        n_events=outcome.n_events,
        times_days=(float(times[0]), float(times[-1])),
        rows=rows,
        differences=differences,
        random=_summarise_random(harrell, random, float(by_harrell["model"][0])) if len(random) else None,
        calibration={
            f"{horizon:g}": calibration_table(outcome, main.survival[0, :, n_times + h], horizon)
            for h, horizon in enumerate(protocol.horizons_days)
        },
        patients=_patient_table(protocol, main),
    )


def _patient_table(protocol: Protocol, main: Judged) -> pd.DataFrame:
    """Predictions of the first repetition, with what happened."""
    table = pd.DataFrame(
        {
            "patient": protocol.names,
            "cohort": protocol.batch,
            "event": protocol.outcome.event.astype(int),
            "time_days": protocol.outcome.time_days,
            "risk": main.risk[0],
            "stratum": main.stratum[0],
        }
    )
    for h, horizon in enumerate(protocol.horizons_days):
        table[f"survival_{horizon:.0f}_days"] = main.survival[0, :, len(protocol.times_days) + h]
    return table


def _resampled_brier(protocol: Protocol, item: Judged, weights: npt.NDArray[np.float32]) -> tuple[float, Floats]:
    times = protocol.times_days
    own = np.mean(
        [integrated_brier(protocol.outcome, survival[:, : len(times)], times) for survival in item.survival],
        axis=0,
    )
    return float(own.mean()), own @ weights.astype(float) / len(own)


def _minus(one: tuple[float, Floats], other: tuple[float, Floats]) -> tuple[float, Floats]:
    return one[0] - other[0], one[1] - other[1]


def _subtract(results: Mapping[str, tuple[float, Floats]], against: str) -> Interval | None:
    return _interval(_minus(results["model"], results[against])) if against in results else None


def _interval(result: tuple[float, Floats] | None) -> Interval | None:
    return None if result is None else _need(result)


def _need(result: tuple[float, Floats]) -> Interval:
    drawn = result[1][~np.isnan(result[1])]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (np.nan, np.nan)
    return Interval(float(result[0]), float(low), float(high))


def _summarise_random(pairs: Sequence[Pairs], random: Sequence[Floats], model: float) -> RandomSummary:
    values = np.zeros(len(random))
    for own, risks in zip(pairs, np.stack(random, axis=2), strict=True):
        values += own.weight @ own.concordant(risks)
    values /= sum(own.weight.sum() for own in pairs)
    low, median, high = np.percentile(values, [2.5, 50, 97.5])
    p_value = (1 + int((values >= model - 1e-12).sum())) / (1 + len(values))
    return RandomSummary(tuple(map(float, values)), float(median), float(low), float(high), p_value)
