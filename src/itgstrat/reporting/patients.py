"""The patients of a prediction report: a row each, and a page each."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from itgstrat.antagonists.board import word_patients
from itgstrat.learned import ModelBundle
from itgstrat.prediction import Prediction
from itgstrat.reporting.stratum_curves import StratumCurves, draw_stratum_curves
from itgstrat.reporting.waterfall import Waterfall, lay_out_waterfall
from itgstrat.reporting.wording import (
    NOTHING,
    say_months,
    say_number,
    say_odds,
    say_share,
    say_time,
    title_feature,
)

#: Patients that a prediction report shows; predictions.tsv holds all of them.
MOST_PATIENTS = 500

#: Contributions named in a patient's row, and drawn on the patient's page; explanations.tsv holds all of them.
MOST_NAMED, MOST_DRAWN = 3, 12


@dataclass(frozen=True)
class PatientPart:
    """One patient as the prediction report shows them.

    Parameters
    ----------
    key : str
        Anchor in the page.
    name, stratum, coverage, why, imputed : str
        What is told; `why` and `imputed` are empty where there is nothing to tell.
    told : tuple of str
        What the model says, in the order of `name_told`.
    bound : str
        Lower bound of survival as a sentence; empty where the model has none.
    largest : tuple of (str, str)
        Feature and signed contribution, the largest first.
    falls : tuple of Waterfall
        Contributions by feature, and by system.
    similar : StratumCurves or None
        Survival of the training patients of the same stratum.
    agents : str
        What a tumour board would read of the agents; empty where the model holds no rules.
    """

    key: str
    name: str
    stratum: str
    coverage: str
    why: str
    imputed: str
    told: tuple[str, ...]
    bound: str
    largest: tuple[tuple[str, str], ...]
    falls: tuple[Waterfall, ...]
    similar: StratumCurves | None
    agents: str


def describe_patients(prediction: Prediction, bundle: ModelBundle) -> list[PatientPart]:
    """Lay out the first 500 patients of a prediction.

    Parameters
    ----------
    prediction : Prediction
        What the model says of them.
    bundle : ModelBundle
        The model; its info may hold the survival of the training patients by stratum.

    Returns
    -------
    list of PatientPart
        In the order of the prediction.
    """
    table = prediction.table.head(MOST_PATIENTS)
    features = _by_patient(prediction.explanations, table)
    systems = _by_patient(prediction.systems, table)
    agents = _word_agents(prediction.agents, table)
    return [
        _describe(number, row, prediction, bundle, features, systems, agents.get(str(row["patient"]), ""))
        for number, row in enumerate(table.to_dict("records"), start=1)
    ]


def _word_agents(agents: pd.DataFrame, table: pd.DataFrame) -> dict[str, str]:
    if agents.empty:
        return {}
    worded = word_patients(agents[agents["patient"].isin(table["patient"])])
    return dict(zip(worded["patient"].astype(str), worded["sentence"].astype(str), strict=True))


def _by_patient(explanations: pd.DataFrame, table: pd.DataFrame) -> dict[Hashable, pd.DataFrame]:
    if explanations.empty:
        return {}
    shown = explanations[explanations["patient"].isin(table["patient"])]
    return dict(iter(shown.groupby("patient", sort=False)))


def name_told(prediction: Prediction, bundle: ModelBundle) -> tuple[str, ...]:
    """Name what the model says of each patient: the heads of the columns that `PatientPart.told` fills.

    Parameters
    ----------
    prediction : Prediction
        What the model says.
    bundle : ModelBundle
        The model.

    Returns
    -------
    tuple of str
        For a label probability and log odds; else the risk, its interval, survival at the horizons and its lower bound,
        as far as the model tells them.
    """
    if "log_odds" in prediction.table:
        return ("Probability", "Log odds")
    names = ["Risk", *(["95% of bootstrap refits"] if "risk_low" in prediction.table else [])]
    names += [f"Survival at {say_time(days)}" for days in bundle.horizons_days]
    if bundle.lower_bound is not None and "lower_bound_days" in prediction.table:
        names.append(f"{say_odds(bundle.lower_bound.level)} outlive")
    return tuple(names)


def _tell(row: Mapping[Hashable, Any], bundle: ModelBundle) -> tuple[tuple[str, ...], str]:
    """Fill the columns, and put the lower bound into a sentence."""
    if "log_odds" in row:
        return (say_number(float(row["probability"]), 2), say_number(float(row["log_odds"]), 2, signed=True)), ""
    told = [say_number(float(row["risk"]), 2, signed=True)]
    if "risk_low" in row:
        low, high = (say_number(float(row[name]), 2, signed=True) for name in ("risk_low", "risk_high"))
        told.append(NOTHING if np.isnan(row["risk_low"]) else f"{low} to {high}")
    told += [say_share(float(row[name])) for name in row if str(name).startswith("survival_")]
    if bundle.lower_bound is None or "lower_bound_days" not in row:
        return tuple(told), ""
    months, odds = say_months(float(row["lower_bound_days"])), say_odds(bundle.lower_bound.level)
    if months == NOTHING:
        return (*told, NOTHING), "How long such patients live at least is not told."
    if row["lower_bound_capped"]:
        return (
            *told,
            f"≥ {months}",
        ), f"{odds} such patients live at least {months}, the longest that could be calibrated."
    return (*told, months), f"{odds} such patients live longer than {months}."


def _describe(
    number: int,
    row: Mapping[Hashable, Any],
    prediction: Prediction,
    bundle: ModelBundle,
    features: Mapping[Hashable, pd.DataFrame],
    systems: Mapping[Hashable, pd.DataFrame],
    agents: str,
) -> PatientPart:
    key, base, what = f"patient-{number}", prediction.base, "log odds" if "log_odds" in row else "risk"
    known = not np.isnan(float(row["log_odds" if "log_odds" in row else "risk"]))
    own, by_system = (found.get(row["patient"]) if known else None for found in (features, systems))
    falls = []
    if own is not None:
        caption, values = f"Contributions to the {what}, by feature.", list(own["contribution"])
        named = _name_features(own)
        falls.append(lay_out_waterfall(f"{key}-features", caption, named, values, base, MOST_DRAWN, what))
    if by_system is not None:
        themes = by_system.groupby("theme", sort=False)["contribution"].sum()
        caption, named = "The same, by group of biological systems.", list(map(str, themes.index))
        falls.append(lay_out_waterfall(f"{key}-systems", caption, named, list(themes), base, MOST_DRAWN, what))
    told, bound = _tell(row, bundle)
    survival = [float(row[name]) for name in row if str(name).startswith("survival_")]
    return PatientPart(
        key=key,
        name=str(row["patient"]),
        stratum=str(row["stratum"]),
        coverage=say_share(float(row["coverage"])),
        why=str(row["why"]) if row["out_of_distribution"] else "",
        imputed=", ".join(map(title_feature, filter(None, str(row.get("imputed", "")).split(", ")))),
        told=told,
        bound=bound,
        largest=() if own is None else _name_largest(own),
        falls=tuple(falls),
        similar=draw_stratum_curves(
            f"{key}-survival",
            bundle.info.get("strata_survival", {}),
            str(row["stratum"]),
            dict(zip(bundle.horizons_days, survival, strict=True)),
        ),
        agents=agents,
    )


def _name_features(own: pd.DataFrame) -> list[str]:
    """Each feature with its value, or a word that it was imputed."""
    imputed = own["imputed"] if "imputed" in own else np.zeros(len(own), dtype=bool)
    return [
        f"{title_feature(str(name))} ({'imputed' if guessed else say_number(float(value), 1, signed=True)})"
        for name, value, guessed in zip(own["feature"], own["value"], imputed, strict=True)
    ]


def _name_largest(own: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    values, names = own["contribution"].to_numpy(dtype=float), own["feature"].tolist()
    order: Sequence[int] = np.argsort(-np.abs(values), kind="stable")[:MOST_NAMED].tolist()
    return tuple((title_feature(str(names[i])), say_number(values[i], 2, signed=True)) for i in order if values[i])
