"""The one time-to-event type: did the event happen, after how many days, in which stratum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from itgstrat.errors import OutcomeError, name_some

TimeUnit = Literal["days", "weeks", "months", "years"]

#: Days per unit; a month is 365.25 / 12 days, as TCGA-derived tables count it.
DAYS_PER_UNIT: dict[str, float] = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}


@dataclass(frozen=True)
class Endpoint:
    """Which columns of a clinical table hold the outcome.

    Parameters
    ----------
    event : str
        Column with 1 (event) and 0 (censored).
    time : str
        Column with the time to event or censoring.
    unit : {"days", "weeks", "months", "years"}
        Unit of the time column.
    """

    event: str
    time: str
    unit: TimeUnit = "days"


@dataclass(frozen=True, eq=False)
class Outcome:
    """Right-censored survival outcome of a set of patients.

    Parameters
    ----------
    event : ndarray of bool, shape (n_patients,)
        True where the event was seen, False where the patient was censored.
    time_days : ndarray of float64, shape (n_patients,)
        Time to event or censoring in days, greater than zero.
    stratum : ndarray of str, shape (n_patients,)
        Stratum of the baseline hazard (the cohort by default).
    patient : ndarray of int, shape (n_patients,), optional
        Rows with the same number are one patient, as in a bootstrap sample; None where every row is one of its own.

    Raises
    ------
    OutcomeError
        If lengths differ, or a time is missing, infinite, zero or negative.
    """

    event: npt.NDArray[np.bool_]
    time_days: npt.NDArray[np.float64]
    stratum: npt.NDArray[np.str_]
    patient: npt.NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        if not len(self.event) == len(self.time_days) == len(self.stratum):
            raise OutcomeError(
                f"outcome arrays differ in length: {len(self.event)} events, "
                f"{len(self.time_days)} times, {len(self.stratum)} strata"
            )
        if self.patient is not None and len(self.patient) != len(self.event):
            raise OutcomeError(
                f"outcome arrays differ in length: {len(self.patient)} patients, {len(self.event)} events"
            )
        bad = ~(np.isfinite(self.time_days) & (self.time_days > 0))
        if bad.any():
            raise OutcomeError(
                f"{int(bad.sum())} times are missing, zero or negative "
                f"(positions {name_some(np.flatnonzero(bad))}); every patient needs a time above zero"
            )

    def __repr__(self) -> str:
        """Count patients and events."""
        n_patients = len(self) if self.patient is None else len(np.unique(self.patient))
        strata = "stratum" if (n_strata := len(np.unique(self.stratum))) == 1 else "strata"
        last = f"; the longest follow-up is {self.time_days.max():,.0f} days" if len(self) else ""
        return f"Outcome({n_patients:,} patients, {self.n_events:,} events, {n_strata} {strata}{last})"

    @property
    def shape(self) -> tuple[int]:
        """Shape as scikit-learn asks for it."""
        return (len(self.event),)

    @property
    def n_events(self) -> int:
        """Number of patients with an event."""
        return int(self.event.sum())

    def __len__(self) -> int:
        return len(self.event)

    def __getitem__(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "Outcome":
        patient = None if self.patient is None else self.patient[rows]
        return Outcome(self.event[rows], self.time_days[rows], self.stratum[rows], patient)

    def by_stratum(self) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
        """Go through the strata in sorted order.

        Yields
        ------
        tuple of str and ndarray of int
            Name of the stratum and the positions of its patients.
        """
        for name in np.unique(self.stratum):
            yield str(name), np.flatnonzero(self.stratum == name)


def make_outcome(
    event: Sequence[object] | npt.NDArray[np.generic],
    time: Sequence[float] | npt.NDArray[np.generic],
    unit: TimeUnit = "days",
    stratum: str | Sequence[str] | npt.NDArray[np.str_] = "all",
) -> Outcome:
    """Build an outcome from an event column and a time column.

    Parameters
    ----------
    event : array of bool or 0/1, shape (n_patients,)
        Whether the event was seen.
    time : array of float, shape (n_patients,)
        Time to event or censoring, in `unit`.
    unit : {"days", "weeks", "months", "years"}
        Unit of `time`; a month counts 365.25 / 12 days.
    stratum : str or array of str
        Stratum of the baseline hazard, one for all or one a patient.

    Returns
    -------
    Outcome
        Events, times in days and strata.

    Raises
    ------
    OutcomeError
        If events are not 0 and 1, the unit is unknown, or a time is not above zero.

    Examples
    --------
    >>> make_outcome([1, 0], [12, 24], unit="months").time_days
    array([365.25, 730.5 ])
    """
    if unit not in get_args(TimeUnit):
        raise OutcomeError(f"time unit {unit!r} is not known; use one of {', '.join(get_args(TimeUnit))}")
    values = np.asarray(event)
    if values.dtype != bool:
        found = {str(value) for value in np.unique(values.astype(str))}
        if not found <= {"0", "1", "0.0", "1.0", "True", "False"}:
            raise OutcomeError(
                f"the event column holds {name_some(sorted(found))}; it needs 1 (event) and 0 (censored)"
            )
        values = np.isin(values.astype(str), ["1", "1.0", "True"])
    days = np.asarray(time, dtype=np.float64) * DAYS_PER_UNIT[unit]
    strata = np.full(len(days), stratum) if isinstance(stratum, str) else np.asarray(stratum, dtype=str)
    return Outcome(values, days, strata)


def require_events(outcome: Outcome, needed: int, purpose: str) -> None:
    """Check that there are enough events for what is to be done.

    Parameters
    ----------
    outcome : Outcome
        The patients at hand.
    needed : int
        Smallest number of events that will do.
    purpose : str
        What they are needed for, for the message.

    Raises
    ------
    OutcomeError
        If there are fewer events.
    """
    if outcome.n_events < needed:
        raise OutcomeError(
            f"{outcome.n_events} events among {len(outcome)} patients; {purpose} needs at least {needed}: "
            "use an endpoint with more events, more patients, or fewer folds"
        )
