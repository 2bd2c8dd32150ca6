"""What an evaluation leaves behind: rows, paired differences and curves of each comparison, and the finding."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from itgstrat.display import remarks_html, table_html
from itgstrat.evaluation.calibration import DCalibration
from itgstrat.evaluation.calibration_curve import CalibrationCurve
from itgstrat.evaluation.closer import CloserLook
from itgstrat.evaluation.interval import Interval
from itgstrat.evaluation.nulls import PermutedSummary
from itgstrat.evaluation.protocol import Kind


@dataclass(frozen=True)
class HorizonMeasures:
    """How one model did at one horizon.

    Parameters
    ----------
    horizon_days : float
        Horizon.
    brier : Interval
        Brier score.
    observed_expected : Interval
        Observed over expected events; 1 is perfect, above 1 more patients fail than predicted.
    auc : Interval or None
        Time-dependent AUC; None for Kaplan-Meier, as are the measures below but `ipa`.
    ipa : Interval or None
        Index of prediction accuracy, 1 - Brier / Brier of Kaplan-Meier on the same folds; above 0 is better than
        looking at no patient. None without that row.
    intercept, slope : Interval or None
        Calibration intercept and slope on the complementary log-log scale; 0 and 1 are perfect.
    ici : Interval or None
        Integrated calibration index; None where there is no smooth curve.
    e50, e90 : float or None
        Median and 90th percentile of the distance between observed and predicted.
    """

    horizon_days: float
    brier: Interval
    observed_expected: Interval
    auc: Interval | None = None
    ipa: Interval | None = None
    intercept: Interval | None = None
    slope: Interval | None = None
    ici: Interval | None = None
    e50: float | None = None
    e90: float | None = None


@dataclass(frozen=True)
class HorizonDifference:
    """A paired difference at one horizon, model minus baseline.

    Parameters
    ----------
    horizon_days : float
        Horizon.
    brier : Interval
        Difference in Brier score; below 0 the model is better.
    auc, ipa : Interval or None
        Differences; above 0 the model is better.
    """

    horizon_days: float
    brier: Interval
    auc: Interval | None = None
    ipa: Interval | None = None


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
    slope : Interval or None
        Calibration slope over all of follow-up; None for Kaplan-Meier.
    d_calibration : DCalibration or None
        Whether the whole predicted distribution is right.
    horizons : tuple of HorizonMeasures
        At each horizon that is followed to and of which the model tells.
    """

    model: str
    label: str
    harrell: Interval | None
    uno: Interval | None
    brier: Interval
    slope: Interval | None = None
    d_calibration: DCalibration | None = None
    horizons: tuple[HorizonMeasures, ...] = ()


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
    horizons : tuple of HorizonDifference
        At each horizon that both are judged at.
    """

    model: str
    against: str
    harrell: Interval | None
    brier: Interval
    horizons: tuple[HorizonDifference, ...] = ()


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
    curves : mapping of str to CalibrationCurve
        Horizon in days -> smooth calibration of the model, where there is one.
    decisions : mapping of str to list
        Horizon in days -> net benefit over thresholds, see `decision_table`.
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
    curves: Mapping[str, CalibrationCurve] = field(default_factory=dict)
    decisions: Mapping[str, list[dict[str, float]]] = field(default_factory=dict)

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
        content["curves"] = {horizon: asdict(curve) for horizon, curve in self.curves.items()}
        content["decisions"] = dict(self.decisions)
        return {key: null_nan(value) for key, value in content.items()}


def null_nan(value: Any) -> Any:
    """None for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: null_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [null_nan(item) for item in value]
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
    permuted : PermutedSummary or None
        What the same pipeline reaches where there is nothing to find.
    closer : CloserLook or None
        Strata, subgroups, optimism and sample size of the configured model.
    """

    finding: str
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]
    permuted: PermutedSummary | None = None
    closer: CloserLook | None = None

    def __repr__(self) -> str:
        """Say the finding."""
        return f"Evaluation({self.finding})"

    def _repr_html_(self) -> str:
        """Show the finding, then every model beside its baselines, in a notebook."""
        shown = [item for item in self.comparisons if item.kind != "leave-one-cohort-out"]
        rows = [line for item in shown for line in _lines(item)]
        left_out = [f"also judged with {item.cohort} left out" for item in self.comparisons if item not in shown]
        headings = ("judged on", "", "Harrell's C (95% interval)", "model minus it", "integrated Brier score")
        return table_html(self.finding, headings, rows) + remarks_html([*self.notes, *left_out], 3)

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
            "permuted": asdict(self.permuted) if self.permuted else None,
            "closer": null_nan(self.closer.as_dict()) if self.closer else None,
            "comparisons": [comparison.as_dict() for comparison in self.comparisons],
        }


def _lines(item: Comparison) -> Iterator[tuple[str, ...]]:
    """Rows of a comparison as a notebook shows them; the first says who was judged."""
    where = f"{item.kind}, {item.cohort} ({item.n_patients} patients, {item.n_events} events)"
    if item.kind == "external":
        where += f", {item.reference} reference"
    for row in item.rows:
        gain = item.difference(row.model)
        gained = gain.harrell.signed() if gain and gain.harrell else ""
        yield where, row.label, str(row.harrell or ""), gained, f"{row.brier.estimate:.3f}"
        where = ""
    if item.random:
        drawn = item.random
        reach = f"{drawn.median:.3f} ({drawn.low:.3f} to {drawn.high:.3f}), p = {drawn.p_value:.3f}"
        yield where, f"random genes, {len(drawn.concordance)} draws", reach, "", ""
