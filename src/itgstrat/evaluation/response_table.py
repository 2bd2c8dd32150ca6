"""The comparison of a classifier with its baselines: rows, paired differences, random signatures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.display import remarks_html, table_html
from itgstrat.evaluation.calibration_curve import (
    CURVE_DRAWS,
    LEAST_FOR_CURVE,
    CalibrationCurve,
    label_calibration_curve,
)
from itgstrat.evaluation.classification import (
    bootstrap_patients,
    calibration_groups,
    judge_probabilities,
    subtract_probabilities,
)
from itgstrat.evaluation.discrimination import Block, resampled_concordance
from itgstrat.evaluation.interval import Interval, from_draws
from itgstrat.evaluation.protocol import Kind
from itgstrat.evaluation.records import null_nan
from itgstrat.evaluation.roc import RocCurve, label_blocks, roc_curve
from itgstrat.response import Response

Floats = npt.NDArray[np.float64]

#: Rows of a comparison: key in tables -> words in the report.
RESPONSE_LABELS = {
    "model": "the model",
    "signatures": "signatures only",
    "clinical": "clinical only",
    "inflamed": "T-cell-inflamed score only",
    "beside_inflamed": "the model with the T-cell-inflamed score",
    "proliferation": "proliferation only",
    "prevalence": "prevalence only",
    "leaking": "leak: withheld genes put back",
}


@dataclass(frozen=True)
class ResponseRow:
    """How one classifier did.

    Parameters
    ----------
    model, label : str
        Key of the model, and its name in words.
    auc : Interval
        Area under the ROC curve, over pairs of one cohort that one model judged; 0.5 is chance.
    average_precision : Interval
        The share of positive patients is chance.
    brier, log_loss : Interval
        0 is perfect.
    intercept, slope : Interval
        Calibration; 0 and 1 are perfect.
    """

    model: str
    label: str
    auc: Interval
    average_precision: Interval
    brier: Interval
    log_loss: Interval
    intercept: Interval
    slope: Interval


@dataclass(frozen=True)
class ResponseDifference:
    """A paired difference of two classifiers on the same patients and folds.

    Parameters
    ----------
    model, against : str
        Keys of the two models.
    auc, average_precision : Interval
        Above 0 the first is better.
    brier, log_loss : Interval
        Below 0 the first is better.
    """

    model: str
    against: str
    auc: Interval
    average_precision: Interval
    brier: Interval
    log_loss: Interval


@dataclass(frozen=True)
class RandomAuc:
    """How the classifier does against the same classifier on random genes.

    Parameters
    ----------
    auc : tuple of float
        AUC of each draw.
    median, low, high : float
        Median and 2.5th and 97.5th percentile over draws.
    p_value : float
        (1 + draws at least as good as the model) / (1 + draws).
    """

    auc: tuple[float, ...]
    median: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, eq=False)
class ResponseComparison:
    """A classifier and its baselines on one set of patients.

    Parameters
    ----------
    kind : {"cross-validation", "leave-one-cohort-out", "external"}
        How training and test were kept apart.
    cohort, reference : str
        Patients judged, and the reference their features were standardised by.
    n_patients, n_positive : int
        Patients, and those with the positive label.
    rows : tuple of ResponseRow
        The classifiers.
    differences : tuple of ResponseDifference
        The model minus each baseline, and the model with the T-cell-inflamed score minus that score.
    random : RandomAuc or None
        AUC of the same classifier on random genes.
    patients : DataFrame
        patient, cohort, label, probability, and the probability by each other row.
    roc : mapping of str to RocCurve
        Of each row that tells patients apart.
    calibration : list of dict
        Of the model, in groups, by its probabilities of the first repetition; see `calibration_groups`. Empty with
        fewer than 10 patients of either label, or where the model does not tell patients apart.
    curve : CalibrationCurve or None
        The same, smoothed, over all repetitions.
    """

    kind: Kind
    cohort: str
    reference: str
    n_patients: int
    n_positive: int
    rows: tuple[ResponseRow, ...]
    differences: tuple[ResponseDifference, ...]
    random: RandomAuc | None
    patients: pd.DataFrame
    roc: Mapping[str, RocCurve] = field(default_factory=dict)
    calibration: list[dict[str, float]] = field(default_factory=list)
    curve: CalibrationCurve | None = None

    def row(self, model: str) -> ResponseRow | None:
        """Give the row of a model, or None."""
        return next((row for row in self.rows if row.model == model), None)

    def difference(self, against: str, model: str = "model") -> ResponseDifference | None:
        """Give the difference of a model to a baseline, or None."""
        return next((one for one in self.differences if (one.model, one.against) == (model, against)), None)

    def as_dict(self) -> dict[str, Any]:
        """Give everything but the patients as plain JSON types; what cannot be computed is None."""
        content = {key: value for key, value in self.__dict__.items() if key != "patients"}
        content["rows"] = [asdict(row) for row in self.rows]
        content["differences"] = [asdict(item) for item in self.differences]
        content["random"] = asdict(self.random) if self.random else None
        content["roc"] = {model: asdict(curve) for model, curve in self.roc.items()}
        content["curve"] = asdict(self.curve) if self.curve else None
        return {key: null_nan(value) for key, value in content.items()}


@dataclass(frozen=True, eq=False)
class ResponseEvaluation:
    """All comparisons of a run that learns a label, and what they amount to.

    Parameters
    ----------
    finding : str
        One sentence.
    comparisons : tuple of ResponseComparison
        Cross-validation first, then left-out cohorts (all of them together first), then external cohorts.
    notes : tuple of str
        What the reader must know.
    """

    finding: str
    comparisons: tuple[ResponseComparison, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Say the finding."""
        return f"ResponseEvaluation({self.finding})"

    def _repr_html_(self) -> str:
        """Show the finding, then every classifier beside its baselines, in a notebook."""
        shown = [item for item in self.comparisons if item.kind != "leave-one-cohort-out"]
        rows = [line for item in shown for line in _lines(item)]
        left_out = [f"also judged with left out: {item.cohort}" for item in self.comparisons if item not in shown]
        headings = ("judged on", "", "AUC (95% interval)", "model minus it", "Brier score")
        return table_html(self.finding, headings, rows) + remarks_html([*self.notes, *left_out], 3)

    @property
    def internal(self) -> ResponseComparison:
        """The cross-validation."""
        return self.comparisons[0]

    def as_dict(self) -> dict[str, Any]:
        """Give the evaluation as plain JSON types; the same run gives the same bytes."""
        return {
            "finding": self.finding,
            "notes": list(self.notes),
            "comparisons": [comparison.as_dict() for comparison in self.comparisons],
        }


def _lines(item: ResponseComparison) -> Iterator[tuple[str, ...]]:
    """Rows of a comparison as a notebook shows them; the first says who was judged."""
    where = f"{item.kind}, {item.cohort} ({item.n_patients} patients, {item.n_positive} with the label)"
    if item.kind == "external":
        where += f", {item.reference} reference"
    for row in item.rows:
        gain = item.difference(row.model)
        yield where, row.label, str(row.auc), gain.auc.signed() if gain else "", f"{row.brier.estimate:.3f}"
        where = ""
    if drawn := item.random:
        reach = f"{drawn.median:.3f} ({drawn.low:.3f} to {drawn.high:.3f}), p = {drawn.p_value:.3f}"
        yield where, f"random genes, {len(drawn.auc)} draws", reach, "", ""


@dataclass(frozen=True, eq=False)
class Panel:
    """Who is judged, and by which folds.

    Parameters
    ----------
    kind, cohort, reference : str
        As in `ResponseComparison`.
    names : sequence of str
        Patients.
    response : Response
        Their labels; pairs are compared within stratum.
    groups : ndarray of int, shape (n_repeats, n_patients)
        Fold whose model judged each patient; pairs are compared within it.
    draws, seed : int
        Bootstrap.
    """

    kind: Kind
    cohort: str
    reference: str
    names: Sequence[str]
    response: Response
    groups: npt.NDArray[np.intp]
    draws: int
    seed: int


def compare_responses(panel: Panel, judged: Mapping[str, Floats], random: Sequence[Floats]) -> ResponseComparison:
    """Lay a classifier beside its baselines.

    Parameters
    ----------
    panel : Panel
        Who is judged.
    judged : mapping of str to ndarray of float64, shape (n_repeats, n_patients)
        Probabilities by row; ``model`` is the one that the others are baselines of.
    random : sequence of ndarray of float64, shape (n_repeats, n_patients)
        Probabilities of the draws of random signatures.

    Returns
    -------
    ResponseComparison
        Rows, paired differences and random signatures.
    """
    response, names = panel.response, list(judged)
    blocks = [label_blocks(response, groups) for groups in panel.groups]
    point, drawn = _resample(blocks, list(judged.values()), _bootstrap(response, panel.draws, panel.seed))
    auc = {name: (float(point[k]), drawn[k]) for k, name in enumerate(names)}
    against = [("model", name) for name in names if name not in ("model", "beside_inflamed")]
    if "beside_inflamed" in names:
        against.append(("beside_inflamed", "inflamed"))
    curves = {name: roc_curve(blocks, own) for name, own in judged.items() if _varies(panel.groups, own)}
    calibration, curve = _calibrate(panel, judged["model"])
    return ResponseComparison(
        kind=panel.kind,
        cohort=panel.cohort,
        reference=panel.reference,
        n_patients=len(response),
        n_positive=response.n_positive,
        rows=tuple(_row(panel, name, judged[name], from_draws(*auc[name])) for name in names),
        differences=tuple(_subtract(panel, judged, auc, one, other) for one, other in against),
        random=_summarise(blocks, random, auc["model"][0]) if len(random) else None,
        patients=_tabulate(panel, judged),
        roc={name: found for name, found in curves.items() if found},
        calibration=calibration,
        curve=curve,
    )


def _calibrate(panel: Panel, probability: Floats) -> tuple[list[dict[str, float]], CalibrationCurve | None]:
    label = panel.response.label
    rarer = min(panel.response.n_positive, panel.response.n_negative)
    if rarer < LEAST_FOR_CURVE or not _varies(panel.groups, probability):
        return [], None
    weights = bootstrap_patients(len(label), min(panel.draws, CURVE_DRAWS), panel.seed).astype(np.float32)
    return calibration_groups(label, probability[0]), label_calibration_curve(label, probability, weights)


def _row(panel: Panel, name: str, probability: Floats, auc: Interval) -> ResponseRow:
    found = judge_probabilities(panel.response.label, probability, panel.draws, panel.seed)
    return ResponseRow(
        name,
        RESPONSE_LABELS[name],
        auc,
        found.average_precision,
        found.brier,
        found.log_loss,
        found.intercept,
        # one probability a fold differs between folds only, against the labels that were left out of each
        found.slope if _varies(panel.groups, probability) else Interval(np.nan, np.nan, np.nan),
    )


def _varies(groups: npt.NDArray[np.intp], probability: Floats) -> bool:
    """Whether any fold's model tells patients apart."""
    return any(
        np.ptp(own[fold == number]) > 1e-12
        for fold, own in zip(groups, probability, strict=True)
        for number in np.unique(fold)
    )


def _subtract(
    panel: Panel, judged: Mapping[str, Floats], auc: Mapping[str, tuple[float, Floats]], one: str, other: str
) -> ResponseDifference:
    found = subtract_probabilities(panel.response.label, judged[one], judged[other], panel.draws, panel.seed)
    gain = from_draws(auc[one][0] - auc[other][0], auc[one][1] - auc[other][1])
    return ResponseDifference(one, other, gain, found.average_precision, found.brier, found.log_loss)


def _bootstrap(response: Response, draws: int, seed: int) -> npt.NDArray[np.float32]:
    """How often each patient is drawn; each label of each cohort keeps its size, so that every draw has an AUC."""
    generator = np.random.default_rng(seed)
    weights = np.zeros((len(response), draws), dtype=np.float32)
    for _, own in response.by_stratum():
        for rows in (own[response.label[own]], own[~response.label[own]]):
            if len(rows):
                weights[rows] = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), draws).T
    return weights


def _resample(
    blocks: Sequence[Sequence[Block]], judged: Sequence[Floats], weights: npt.NDArray[np.float32]
) -> tuple[Floats, Floats]:
    """AUC of each model, shape (n_models,), and of each bootstrap sample, shape (n_models, draws)."""
    stacked = [np.stack([own[repeat] for own in judged], axis=1) for repeat in range(len(blocks))]
    point, drawn = resampled_concordance(blocks, stacked, np.ones((1, len(weights))), weights)
    return point[0], drawn[0]


def _summarise(blocks: Sequence[Sequence[Block]], random: Sequence[Floats], model: float) -> RandomAuc:
    values, _ = _resample(blocks, random, np.ones((random[0].shape[1], 1), dtype=np.float32))
    low, median, high = np.percentile(values, [2.5, 50, 97.5])
    p_value = (1 + int((values >= model - 1e-12).sum())) / (1 + len(values))
    return RandomAuc(tuple(map(float, values)), float(median), float(low), float(high), p_value)


def _tabulate(panel: Panel, judged: Mapping[str, Floats]) -> pd.DataFrame:
    """Probabilities of the first repetition."""
    table = pd.DataFrame(
        {
            "patient": list(panel.names),
            "cohort": panel.response.stratum,
            "label": panel.response.label.astype(int),
            "probability": judged["model"][0],
        }
    )
    return table.assign(**{f"probability_{name}": own[0] for name, own in judged.items() if name != "model"})
