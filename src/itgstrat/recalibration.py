"""recalibrate(bundle, cohort): a new model folder whose survival fits another population; the old one is untouched."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from itgstrat.cohort import Cohort
from itgstrat.errors import ModelError
from itgstrat.evaluation.updating import Method, Updates, judge_updates, recalibrate_model
from itgstrat.learned import ModelBundle, Reference
from itgstrat.prediction import take_alterations_of

_METHODS = {"none": "as it was trained", "intercept": "baseline", "slope": "baseline and spread"}


@dataclass(frozen=True, eq=False)
class Recalibration:
    """A recalibrated model, and what that brought.

    Parameters
    ----------
    bundle : ModelBundle
        The new model; its card says what it is.
    updates : Updates
        Before and after, on held-out folds of the cohort.
    """

    bundle: ModelBundle
    updates: Updates


def recalibrate(
    bundle: ModelBundle, cohort: Cohort, method: Method = "slope", reference: Reference = "pooled", seed: int = 0
) -> Recalibration:
    """Recalibrate the survival that a frozen model tells on a cohort with outcome; risk and strata stay.

    Parameters
    ----------
    bundle : ModelBundle
        The model; it is not changed.
    cohort : Cohort
        Patients that it was not trained on, with outcome.
    method : {"intercept", "slope"}
        Baseline alone, or baseline and spread; see `recalibrate_model`.
    reference : {"pooled", "batch", "cohort"}
        Reference the features are standardised by; new patients must be predicted by the same.
    seed : int
        Seed of folds and bootstrap.

    Returns
    -------
    Recalibration
        A new bundle, and the comparison on held-out folds.

    Raises
    ------
    ModelError
        If the model was trained on this cohort or recalibrated before, or ranks the patients the wrong way round.
    OutcomeError
        If there are too few events.
    BundleError
        If the model is none of survival.
    """
    trained_on = sorted(set(map(str, cohort.batch)) & set(bundle.info.get("cohorts", {})))
    if trained_on:
        raise ModelError(
            f"the model was trained on a cohort named {', '.join(trained_on)}; recalibration needs other patients "
            "(if these are others, name the cohort otherwise with --name)"
        )
    model, cohort = bundle.survival_model, take_alterations_of(bundle, cohort)
    outcome = cohort.require_outcome()
    features = bundle.recipe.featurise(**cohort.arrays(), reference=reference).features.values
    new = recalibrate_model(model, features, outcome, method)
    updates = judge_updates(model, features, outcome, bundle.horizons_days[0], seed=seed)
    record = {
        "cohort": cohort.name,
        "method": method,
        "reference": reference,
        "intercept": new.intercept,
        "slope": new.slope,
        "patients": len(outcome),
        "events": outcome.n_events,
        "held_out": updates.as_dict(),
    }
    info = {**bundle.info, "recalibration": record}
    made = replace(bundle, model=new, info=info, card=bundle.card + _card(record, updates), lower_bound=None)
    return Recalibration(made, updates)


def tabulate_updates(updates: Updates) -> pd.DataFrame:
    """Lay out before and after recalibration.

    Parameters
    ----------
    updates : Updates
        From `judge_updates`.

    Returns
    -------
    DataFrame with columns recalibrated, brier, gain, observed_expected
        Numbers with intervals as text.
    """
    rows = [
        (_METHODS[row.method], str(row.brier), str(row.gain or ""), str(row.observed_expected)) for row in updates.rows
    ]
    return pd.DataFrame(rows, columns=["recalibrated", "brier", "gain", "observed_expected"])


def _card(record: Mapping[str, Any], updates: Updates) -> str:
    """Section of the model card."""
    table = tabulate_updates(updates)
    lines = ["| " + " | ".join(row) + " |" for row in table.itertuples(index=False, name=None)]
    return "\n".join(
        [
            "\n## Recalibration\n",
            f"**The survival that this model tells was recalibrated on {record['cohort']}** "
            f"({record['patients']} patients, {record['events']} events; {_METHODS[record['method']]}, "
            f"{record['reference']} reference): the cumulative hazard is scaled by exp({record['intercept']:.3f}), the "
            f"spread of the log hazard by {record['slope']:.3f}. Risk, strata and explanations are those of the model "
            "as it was trained; the evaluation above is that of the model before this step.\n",
            f"On {updates.folds} held-out folds of that cohort, observed over expected at "
            f"{updates.horizon_days:.0f} days:\n",
            "| Recalibrated | Integrated Brier score | Difference to the trained model | Observed / expected |",
            "| --- | --- | --- | --- |",
            *lines,
            "",
        ]
    )
