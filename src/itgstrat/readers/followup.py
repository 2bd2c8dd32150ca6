"""Overall survival from vital status, days to death and days to last follow-up, as TCGA and the GDC record them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.errors import name_some
from itgstrat.readers.tables import Column, as_text

Numbers = npt.NDArray[np.float64]

_DEAD, _ALIVE = {"dead", "deceased", "1"}, {"alive", "living", "0"}


@dataclass(frozen=True, eq=False)
class FollowUp:
    """Overall survival that was derived, and how.

    Parameters
    ----------
    event : ndarray of float64, shape (n_rows,)
        1 dead, 0 alive, NaN not known.
    time_days : ndarray of float64, shape (n_rows,)
        Days to death of the dead, to last follow-up of the living; NaN not known.
    notes : tuple of str
        The rule, and for whom it gave nothing.
    """

    event: Numbers
    time_days: Numbers
    notes: tuple[str, ...]


def derive_survival(vital: Column, death: Column, last: Column, ids: Column) -> FollowUp:
    """Derive overall survival: the dead at days to death, the living at days to last follow-up.

    A death without a day, a day below zero and a vital status that is not known give no survival time; nothing is
    filled in.

    Parameters
    ----------
    vital : Series
        Vital status: Dead or Alive, also 1 or 0.
    death, last : Series
        Days from diagnosis to death, and to the last follow-up.
    ids : Series
        Names of the patients, for the notes.

    Returns
    -------
    FollowUp
        Event, days and notes.

    Examples
    --------
    >>> columns = [pd.Series(column) for column in (["Dead", "Alive"], [300, None], [200, 900], ["A", "B"])]
    >>> derive_survival(*columns).time_days.tolist()
    [300.0, 900.0]
    """
    words = [word.casefold() if isinstance(word, str) else "" for word in as_text(vital)]
    event = np.array([1.0 if word in _DEAD else 0.0 if word in _ALIVE else np.nan for word in words])
    days_to_death, days_to_last = _days(death), _days(last)
    time = np.where(event == 1, days_to_death, np.where(event == 0, days_to_last, np.nan))
    notes = [
        f"OS derived: event = {vital.name} dead; OS.time = {death.name} of the dead, {last.name} of the living "
        f"({int((event == 1).sum())} dead, {int((event == 0).sum())} alive)"
    ]
    names = as_text(ids).to_numpy()
    negative = time < 0
    time = np.where(negative, np.nan, time)
    for what, concerned in (
        ("are of unknown vital status", np.isnan(event)),
        (f"are dead without {death.name}", (event == 1) & np.isnan(time) & ~negative),
        (f"are alive without {last.name}", (event == 0) & np.isnan(time) & ~negative),
        ("have a negative time", negative),
        (f"are alive by {vital.name}, but have {death.name} (taken as alive)", (event == 0) & ~np.isnan(days_to_death)),
    ):
        if concerned.any():
            notes.append(f"OS: {int(concerned.sum())} patients {what}: {name_some(names[concerned])}")
    return FollowUp(event, time, tuple(notes))


def _days(column: Column) -> Numbers:
    return pd.to_numeric(as_text(column), errors="coerce").to_numpy(dtype=np.float64)


def add_survival(
    table: pd.DataFrame, vital: str, death: str, last: str, ids: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add the columns ``OS`` and ``OS.time`` to a clinical table that has none.

    Parameters
    ----------
    table : DataFrame
        Clinical table, one row a patient.
    vital, death, last, ids : str
        Columns of the vital status, days to death, days to last follow-up, and patient; death or last may be absent.

    Returns
    -------
    tuple of DataFrame and tuple of str
        The table, and how OS was derived.
    """
    if "OS" in table or vital not in table:
        return table, () if "OS" in table else (f"no column {vital!r}: overall survival is not derived",)
    nothing = pd.Series(np.nan, index=table.index)
    columns = [table[name] if name in table else nothing.rename(name) for name in (death, last)]
    found = derive_survival(table[vital], columns[0], columns[1], table[ids])
    return table.assign(OS=found.event, **{"OS.time": found.time_days}), found.notes
