"""From clinical columns to a survival outcome, and which columns could give one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.outcome import Endpoint, Outcome, TimeUnit, make_outcome
from itgstrat.readers.tables import Column, as_text

Mask = npt.NDArray[np.bool_]

_EVENT = {
    *("1", "true", "yes", "dead", "deceased", "died", "death", "event", "recurrence", "recurred", "relapse"),
    *("relapsed", "progression", "progressed", "recurred/progressed", "deceased_or_recurrence"),
}
_NO_EVENT = {
    *("0", "false", "no", "alive", "living", "censored", "no event", "norecurrence", "no recurrence"),
    *("diseasefree", "disease free", "disease-free", "no relapse", "no progression", "living_norecurrence"),
}
_CODED = re.compile(r"([01]):.*")
#: A time column: of what, and the unit; "OS.time" and "OS_time" are in days by TCGA's custom.
_TIME = re.compile(r"(?:(?P<stem>.+?)_)??(?:time|(?:time_)?(?:in_)?(?P<unit>day|week|wk|month|mo|year|yr)s?)")
_UNITS: dict[str, TimeUnit] = {
    "day": "days",
    "week": "weeks",
    "wk": "weeks",
    "month": "months",
    "mo": "months",
    "year": "years",
    "yr": "years",
}
#: Calendar dates and ages: "death_year", "year", "years".
_NO_TIME = re.compile(r"(?:.*_)?(?:day|week|wk|month|year|yr)|years|yrs")
_EVENT_ENDINGS = ("", "_status", "_event", "_indicator")
#: A word that says of a stem that something can happen: "smoking" with "smoking_years" is no endpoint.
_ENDPOINT = re.compile(
    r"(?:os|[a-z]{1,4}f[si]|dss|css|tt[a-z]{1,3}|bcr)\d?|surv|survival|event|death|dead|died|deceased|vital|mortality|failure"
    r"|recurrence|recurred|recur|relapse|relapsed|progression|progressed|metastasis|metastases"
)
#: Names under which time and event of overall survival, and of an endpoint without a name, stand alone.
_SURVIVAL = ("os", "overall_survival", "overall", "survival", "surv")
_UNNAMED = ("", "follow_up", "followup", "fu")
_DEATH = (
    *("dead", "death", "deceased", "died", "is_dead", "vital_status", "vitalstatus", "survival_status"),
    *("os_status", "os_event", "os", "overall_survival_status", "overall_survival_event"),
)
_ANY_EVENT = ("event", "status", "event_status", "event_observed", "fustat")
_OTHER_SPELLINGS = {"futime": "time", "time_to_event": "time", "survivaltime": "survival_time"}
#: Pairs under names of their own: event, time, unit (curated* of Bioconductor, predictioR).
_NAMED_PAIRS: tuple[tuple[str, str, TimeUnit], ...] = (
    ("vital_status", "days_to_death", "days"),
    ("dfs_status", "days_to_recurrence_or_death", "days"),
    ("recurrence_status", "days_to_tumor_recurrence", "days"),
    ("event_occurred_os", "survival_time_os", "days"),
    ("event_occurred_pfs", "survival_time_pfs", "days"),
)
_INVERTED = re.compile(r"censor(ship|ed|ing)?|is_censored|cens|alive|is_alive", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class OutcomeReading:
    """An outcome read from clinical columns, and the patients without one.

    Parameters
    ----------
    kept : ndarray of bool, shape (n_patients,)
        Patients with an event status and a time above zero.
    outcome : Outcome
        Outcome of the patients kept.
    dropped : tuple of Dropped
        The others, by reason.
    """

    kept: Mask
    outcome: Outcome
    dropped: tuple[Dropped, ...]


def read_outcome(
    table: pd.DataFrame, matched: Mask, endpoint: Endpoint, cohort: str, source: str = "clinical table"
) -> OutcomeReading:
    """Read the survival outcome of each patient.

    Parameters
    ----------
    table : DataFrame, shape (n_patients, n_variables)
        Clinical table, one row a patient, index = patients.
    matched : ndarray of bool, shape (n_patients,)
        Whether the patient has a clinical row at all.
    endpoint : Endpoint
        Columns of the event and of the time, and the unit of the time.
    cohort : str
        Name of the cohort; the stratum of the baseline hazard.
    source : str
        File of the clinical table, for messages.

    Returns
    -------
    OutcomeReading
        Patients without event status or time, or with a time of zero, are dropped and named.

    Raises
    ------
    InputError
        If a column is not there, times are negative or text, the event column cannot be read, no patient is
        left, or no event is among those left.
    """
    missing = [column for column in (endpoint.event, endpoint.time) if column not in table.columns]
    if missing:
        offers = [f"{found.event} with {found.time}" for found in find_endpoints(table)]
        raise InputError(
            f"{source}: no column {name_some(missing)} for the endpoint; pairs found: {name_some(offers) or 'none'}"
        )
    event = read_events(table[endpoint.event], source)
    time = _read_times(table[endpoint.time], endpoint.time, source)
    reasons: list[tuple[str, Mask]] = [
        ("no row in the clinical table", ~matched),
        (f"event status {endpoint.event!r} missing", np.isnan(event)),
        (f"time {endpoint.time!r} missing", np.isnan(time)),
        (f"time {endpoint.time!r} is zero (no follow-up)", time == 0),
    ]
    kept = np.ones(len(table), dtype=bool)
    dropped = []
    for reason, concerned in reasons:
        lost = concerned & kept
        kept &= ~concerned
        if lost.any():
            dropped.append(Dropped("patient", tuple(map(str, table.index[lost])), reason, cohort))
    if not kept.any():
        raise InputError(f"{source}: no patient has an outcome: {'; '.join(map(str, dropped))}")
    if not (event[kept] == 1).any():
        raise InputError(
            f"{source}: no events: all {int(kept.sum())} patients are censored in {endpoint.event!r}; a "
            "survival model needs events: choose another endpoint, or check that 1 means event in this "
            "column"
        )
    outcome = make_outcome(event[kept] == 1, time[kept], endpoint.unit, cohort)
    return OutcomeReading(kept, outcome, tuple(dropped))


def read_events(column: Column, source: str = "clinical table") -> npt.NDArray[np.float64]:
    """Read an event column: 0 and 1, or words such as Dead / Alive, DECEASED / LIVING, 1:DECEASED.

    Parameters
    ----------
    column : Series
        Event status as written.
    source : str
        File, for messages.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        1 event, 0 censored, NaN missing.

    Raises
    ------
    InputError
        If a value is neither.

    Examples
    --------
    >>> read_events(pd.Series(["1:DECEASED", "0:LIVING"])).tolist()
    [1.0, 0.0]
    """
    words = [_CODED.sub(r"\1", value.casefold()) if isinstance(value, str) else "" for value in as_text(column)]
    strange = sorted({word for word in words if word} - _EVENT - _NO_EVENT)
    if strange:
        raise InputError(
            f"{source}: the event column {column.name!r} holds {name_some(strange)}; it needs 1 (event) "
            "and 0 (censored), or words such as Dead and Alive: recode it with a column rule and name the "
            "recoded column in the endpoint"
        )
    return np.array([1.0 if word in _EVENT else 0.0 if word in _NO_EVENT else np.nan for word in words])


def _read_times(column: Column, name: str, source: str) -> npt.NDArray[np.float64]:
    text = as_text(column)
    numbers = pd.to_numeric(text, errors="coerce")
    bad = numbers.isna() & text.notna() | np.isinf(numbers)
    if bad.any():
        cells = [f"{patient}: {value!r}" for patient, value in text[bad].items()]
        raise InputError(f"{source}: the time column {name!r} holds text: {name_some(cells)}; it needs numbers")
    times = numbers.to_numpy(dtype=np.float64)
    if (times < 0).any():
        cells = [f"{patient}: {value}" for patient, value in text[times < 0].items()]
        raise InputError(
            f"{source}: negative times in {name!r}: {name_some(cells)}; a time counts from diagnosis or "
            "start of therapy: correct or remove them"
        )
    return times


def find_endpoints(clinical: pd.DataFrame) -> tuple[Endpoint, ...]:
    """Find pairs of columns that could be an endpoint, such as OS with OS.time or OS_STATUS with OS_MONTHS.

    A time goes with the event of its own name (``OS.time`` with ``OS``, ``OS_STATUS`` or ``OS_EVENT``). Where there is
    none, the time of overall survival or of an endpoint without a name (``survival_months``, ``months``, ``time``) goes
    with the likeliest of the usual names (``dead``, ``vital_status``, ``status``, ``event``, ...). A pair counts if the
    event can be read, the times are numbers and not negative, and at least one patient has an event. A column that
    says *censored* or *alive* is left out (see `find_inverted`).

    Parameters
    ----------
    clinical : DataFrame
        Clinical table.

    Returns
    -------
    tuple of Endpoint
        In the order of the time columns. The unit follows the column's name, days where it does not say.

    Examples
    --------
    >>> find_endpoints(pd.DataFrame({"OS": [1, 0], "OS.time": [10, 20]}))
    (Endpoint(event='OS', time='OS.time', unit='days'),)
    """
    found = dict.fromkeys(endpoint for endpoint in _candidates(clinical) if count_events(clinical, endpoint)[0])
    return tuple(found)


def find_inverted(clinical: pd.DataFrame) -> tuple[str, ...]:
    """Find columns in which 1 most likely means censored.

    Parameters
    ----------
    clinical : DataFrame
        Clinical table.

    Returns
    -------
    tuple of str
        Names of the columns; recode them (1 -> 0, 0 -> 1) before use as event.
    """
    return tuple(str(name) for name in clinical.columns if _INVERTED.fullmatch(str(name)))


def count_events(clinical: pd.DataFrame, endpoint: Endpoint) -> tuple[int, int]:
    """Count events and usable patients of an endpoint.

    Parameters
    ----------
    clinical : DataFrame
        Clinical table.
    endpoint : Endpoint
        The columns.

    Returns
    -------
    tuple of int
        Events, and patients with event status and a time above zero; (0, 0) if the columns cannot be read.
    """
    try:
        event = read_events(clinical[endpoint.event])
        time = _read_times(clinical[endpoint.time], endpoint.time, "")
    except InputError:
        return 0, 0
    usable = np.isfinite(event) & np.isfinite(time) & (time > 0)
    if endpoint.time == "days_to_death" and (event[usable] == 1).all():
        return 0, 0  # TCGA and GDC leave the time of the living empty here: no follow-up, no endpoint
    return int((event[usable] == 1).sum()), int(usable.sum())


def _candidates(clinical: pd.DataFrame) -> Iterator[Endpoint]:
    names: dict[str, str] = {}
    for name in map(str, clinical.columns):
        names.setdefault(re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"), name)
    stated = _stated_unit(clinical, names)
    for plain, name in names.items():
        found = _read_time_name(plain)
        if found is None:
            continue
        stem, unit = found
        own = [names[event] for event in _own_events(stem) if event in names and names[event] != name]
        if own:
            yield from (Endpoint(event, name, unit or "days") for event in own)
            continue
        usual = [
            Endpoint(names[event], name, unit or stated or "days") for event in _usual_events(stem) if event in names
        ]
        yield from [pair for pair in usual if count_events(clinical, pair)[0]][:1]
    for event, time, unit in _NAMED_PAIRS:
        if event in names and time in names:
            yield Endpoint(names[event], names[time], stated or unit)


def _read_time_name(name: str) -> tuple[str, TimeUnit | None] | None:
    """Take the name of a time column apart: of which endpoint, and its unit; None for another column."""
    name = _OTHER_SPELLINGS.get(name, name)
    if _NO_TIME.fullmatch(name):
        return None
    if found := _TIME.fullmatch(name):
        return found["stem"] or "", _UNITS[found["unit"]] if found["unit"] else None
    prefixed = re.fullmatch(r"(?:t|time)_(.+)", name)
    return (f"_{prefixed[1]}", None) if prefixed else None


def _own_events(stem: str) -> list[str]:
    """Name the event columns that go with an endpoint by its name; a prefixed endpoint has prefixed ones."""
    if stem.startswith("_"):
        return [f"{prefix}{stem}" for prefix in ("e", "event", "status")]
    says = any(_ENDPOINT.fullmatch(word) for word in stem.split("_"))
    return [stem + end for end in _EVENT_ENDINGS if stem and (says or end == "_event")]


def _usual_events(stem: str) -> tuple[str, ...]:
    """Name the event columns of a time without one of its own, the likeliest first."""
    if stem in _SURVIVAL:
        return (*_DEATH, *_ANY_EVENT)
    return (*_ANY_EVENT, *_DEATH) if stem in _UNNAMED else ()


def _stated_unit(clinical: pd.DataFrame, names: dict[str, str]) -> TimeUnit | None:
    """Read the unit from a column ``survival_unit``, where there is one."""
    if "survival_unit" not in names:
        return None
    stated = {str(value).lower().rstrip("s") for value in clinical[names["survival_unit"]].dropna()}
    return _UNITS.get(stated.pop()) if len(stated) == 1 else None
