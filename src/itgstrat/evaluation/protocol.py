"""What is compared: the predictions of each model, and the patients and folds that they are judged on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]
Kind = Literal["cross-validation", "leave-one-cohort-out", "external"]


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
