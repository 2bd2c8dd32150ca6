"""How good the model was where it was judged: the few numbers of an evaluation that travel with the model."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from itgstrat.evaluation.interval import Interval
from itgstrat.evaluation.records import Comparison, null_nan


def summarise_comparisons(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Give what a prediction has to be read with: discrimination, calibration, and Brier score beside Kaplan-Meier's.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Of a run, the cross-validation first.

    Returns
    -------
    list of dict
        Plain JSON, one a comparison: kind, cohort, reference, patients, events, followed_days (the end of the
        evaluation), horizons_days (those at which the model could be judged), concordance, slope, brier and
        kaplan_meier_brier (integrated). A measure is a dict of estimate, low and high; None where it could not be had.
    """
    return [_summarise(item) for item in comparisons]


def _summarise(item: Comparison) -> dict[str, Any]:
    model, blind = item.row("model"), item.row("kaplan_meier")
    return {
        "kind": item.kind,
        "cohort": item.cohort,
        "reference": item.reference,
        "patients": item.n_patients,
        "events": item.n_events,
        "followed_days": item.times_days[1],
        "horizons_days": [own.horizon_days for own in (model.horizons if model else ())],
        "concordance": _plain(model.harrell if model else None),
        "slope": _plain(model.slope if model else None),
        "brier": _plain(model.brier if model else None),
        "kaplan_meier_brier": _plain(blind.brier if blind else None),
    }


def _plain(value: Interval | None) -> dict[str, float | None] | None:
    told: dict[str, float | None] | None = None if value is None else null_nan(asdict(value))
    return told
