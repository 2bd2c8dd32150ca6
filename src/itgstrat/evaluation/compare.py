"""The comparison of a model with its baselines: rows, paired differences, random signatures and curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from itgstrat.evaluation.calibration import calibration_table, d_calibration, overall_slope
from itgstrat.evaluation.decision import decision_table
from itgstrat.evaluation.discrimination import Block, harrell_blocks, resampled_concordance, uno_weights
from itgstrat.evaluation.horizon import Judgement, Resampled, judge_horizon, minus, to_interval
from itgstrat.evaluation.interval import Interval
from itgstrat.evaluation.metrics import bootstrap_weights, integrated_brier, observed_weights
from itgstrat.evaluation.protocol import Judged, Kind, Protocol
from itgstrat.evaluation.records import (
    Comparison,
    Difference,
    Evaluation,
    HorizonDifference,
    HorizonMeasures,
    RandomSummary,
    Row,
)

Floats = npt.NDArray[np.float64]

__all__ = [
    "LABELS",
    "Comparison",
    "Difference",
    "Evaluation",
    "HorizonDifference",
    "HorizonMeasures",
    "Interval",
    "Judged",
    "Kind",
    "Protocol",
    "RandomSummary",
    "Row",
    "compare",
]

#: Rows of a comparison: key in tables -> words in the report.
LABELS = {
    "model": "the model",
    "without_integrins": "no integrin genes",
    "signatures": "signatures only",
    "clinical": "clinical only",
    "clinical_proliferation": "clinical + prolif.",
    "proliferation": "proliferation only",
    "tumour_type": "tumour type only",
    "kaplan_meier": "Kaplan-Meier",
}


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
    # one BLAS thread: the same bytes on any machine, and no quarrel with the other processes of a run
    with threadpool_limits(limits=1, user_api="blas"):
        return _compare(protocol, judged, random)


def _compare(protocol: Protocol, judged: Mapping[str, Judged], random: Sequence[Floats]) -> Comparison:
    outcome, times = protocol.outcome, protocol.times_days
    weights = bootstrap_weights(outcome, protocol.draws, protocol.seed)
    blocks = [harrell_blocks(outcome, groups) for groups in protocol.groups]
    overall = _judge_overall(protocol, judged, blocks, weights)
    horizons = [
        judge_horizon(protocol, judged, number, weights)
        for number, days in enumerate(protocol.horizons_days)
        if days < times[-1] + 1e-6  # later, too few patients are under observation
    ]
    main = judged["model"]
    return Comparison(
        kind=protocol.kind,
        cohort=protocol.cohort,
        reference=protocol.reference,
        n_patients=len(outcome),
        n_events=outcome.n_events,
        times_days=(float(times[0]), float(times[-1])),
        rows=tuple(_row(protocol, name, judged[name], overall[name], horizons) for name in judged),
        differences=tuple(_difference(name, overall, horizons) for name in judged if name != "model"),
        random=_summarise_random(blocks, random, overall["model"]) if len(random) else None,
        calibration={
            f"{horizon:g}": calibration_table(outcome, main.survival[0, :, len(times) + h], horizon)
            for h, horizon in enumerate(protocol.horizons_days)
        },
        patients=_patient_table(protocol, main),
        curves={f"{item.horizon_days:g}": item.curve for item in horizons if item.curve is not None},
        decisions={
            f"{item.horizon_days:g}": decision_table(outcome, item.survival, item.horizon_days, weights)
            for item in horizons
            if "model" in item.survival
        },
    )


@dataclass(frozen=True, eq=False)
class _Overall:
    """Measures of one model over all of follow-up: each estimate with its bootstrap draws."""

    harrell: Resampled | None
    uno: Resampled | None
    brier: Resampled


def _judge_overall(
    protocol: Protocol,
    judged: Mapping[str, Judged],
    blocks: Sequence[Sequence[Block]],
    weights: npt.NDArray[np.float32],
) -> dict[str, _Overall]:
    outcome, times = protocol.outcome, protocol.times_days
    ranking = [name for name in judged if name != "kaplan_meier"]
    risks = [np.stack([judged[name].risk[r] for name in ranking], axis=1) for r in range(len(blocks))]
    kinds = np.stack([np.ones(len(outcome)), uno_weights(outcome, times[-1])])
    point, drawn = resampled_concordance(blocks, risks, kinds, weights)
    observed, counts = observed_weights(outcome, times), weights.astype(float)
    found = {}
    for name, item in judged.items():
        own = integrated_brier(outcome, item.survival[..., : len(times)], times, observed).mean(axis=0)
        brier = (float(own.mean()), own @ counts / len(own))
        ranked: list[Resampled | None] = [None, None]
        if name in ranking:
            k = ranking.index(name)
            ranked = [(float(point[kind, k]), drawn[kind, k]) for kind in range(2)]
        found[name] = _Overall(ranked[0], ranked[1], brier)
    return found


def _row(protocol: Protocol, name: str, item: Judged, overall: _Overall, horizons: Sequence[Judgement]) -> Row:
    outcome, times = protocol.outcome, protocol.times_days
    survival = item.survival[..., : len(times)]
    return Row(
        model=name,
        label=LABELS[name],
        harrell=to_interval(overall.harrell),
        uno=to_interval(overall.uno),
        brier=to_interval(overall.brier),
        slope=None if overall.harrell is None else overall_slope(outcome, survival[..., -1], protocol.groups),
        d_calibration=d_calibration(outcome, survival, times),
        horizons=tuple(judgement.measures[name] for judgement in horizons if name in judgement.measures),
    )


def _difference(name: str, overall: Mapping[str, _Overall], horizons: Sequence[Judgement]) -> Difference:
    model, other = overall["model"], overall[name]
    return Difference(
        "model",
        name,
        to_interval(minus(model.harrell, other.harrell)),
        to_interval(minus(model.brier, other.brier)),
        tuple(found for judgement in horizons if (found := judgement.difference(name)) is not None),
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


def _summarise_random(blocks: Sequence[Sequence[Block]], random: Sequence[Floats], model: _Overall) -> RandomSummary:
    risks = list(np.stack(random, axis=2))
    n = risks[0].shape[0]
    values = resampled_concordance(blocks, risks, np.ones((1, n)), np.empty((n, 0), dtype=np.float32))[0][0]
    low, median, high = np.percentile(values, [2.5, 50, 97.5])
    reached = 0 if model.harrell is None else int((values >= model.harrell[0] - 1e-12).sum())
    p_value = (1 + reached) / (1 + len(values))
    return RandomSummary(tuple(map(float, values)), float(median), float(low), float(high), p_value)
