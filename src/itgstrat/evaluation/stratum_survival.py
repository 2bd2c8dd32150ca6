"""Survival of the training patients by out-of-fold stratum, on a coarse grid: what a bundle may hold of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sksurv.nonparametric import kaplan_meier_estimator

#: Points of the grid, 0 included; few enough that no patient's own time can be read off.
POINTS = 25

#: Patients below which nothing is told of a stratum, and followed patients below which its curve ends.
LEAST_PATIENTS, LEAST_FOLLOWED = 10, 5


def summarise_strata(patients: pd.DataFrame, labels: Sequence[str]) -> dict[str, Any]:
    """Read Kaplan-Meier's curve of each stratum at even times.

    Parameters
    ----------
    patients : DataFrame with columns event, time_days, stratum
        Patients with their out-of-fold stratum, as `Comparison.patients` holds them.
    labels : sequence of str
        Strata, low to high.

    Returns
    -------
    dict
        Plain JSON: ``time_days`` (25 numbers), and ``strata``: for each with at least 10 patients its patients,
        events, and survival at these times, None where fewer than 5 of them are followed. Empty where there is none.

    Examples
    --------
    >>> table = pd.DataFrame({"event": [1, 0] * 6, "time_days": range(100, 1300, 100), "stratum": "low"})
    >>> found = summarise_strata(table, ["low", "high"])
    >>> list(found["strata"]), found["time_days"][-1], found["strata"]["low"]["survival"][0]
    (['low'], 800.0, 1.0)
    """
    groups = {label: patients[patients["stratum"] == label] for label in labels}
    groups = {label: own for label, own in groups.items() if len(own) >= LEAST_PATIENTS}
    if not groups:
        return {}
    ends = {label: float(np.sort(own["time_days"])[-LEAST_FOLLOWED]) for label, own in groups.items()}
    grid = np.linspace(0.0, max(ends.values()), POINTS)
    strata = {}
    for label, own in groups.items():
        times, survival = kaplan_meier_estimator(own["event"].to_numpy(dtype=bool), own["time_days"].to_numpy(float))
        at = np.concatenate([[1.0], survival])[np.searchsorted(times, grid, side="right")]
        strata[label] = {
            "patients": len(own),
            "events": int(own["event"].sum()),
            "survival": [round(float(s), 3) if day <= ends[label] else None for s, day in zip(at, grid, strict=True)],
        }
    return {"time_days": [round(float(day), 1) for day in grid], "strata": strata}
