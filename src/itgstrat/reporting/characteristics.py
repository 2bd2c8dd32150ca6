"""Table 1: who the patients are, by cohort, and by stratum of risk or by label."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from itgstrat.cohort import Cohort
from itgstrat.reporting.parts import Table
from itgstrat.reporting.wording import NOTHING, say_share

if TYPE_CHECKING:
    from itgstrat.evaluation.compare import Evaluation
    from itgstrat.evaluation.response_table import ResponseEvaluation

#: Levels of a category that are told; the others are told together.
MOST_LEVELS = 8


def tabulate_characteristics(
    cohorts: Sequence[Cohort], evaluation: "Evaluation", labels: Sequence[str]
) -> tuple[Table, ...]:
    """Lay out clinical variables and outcome: all cohorts side by side, then the training patients by stratum.

    Parameters
    ----------
    cohorts : sequence of Cohort
        Training cohorts, then external ones.
    evaluation : Evaluation
        Tells the out-of-fold stratum of each training patient.
    labels : sequence of str
        Strata, low to high; whoever is in none of them is in the first table alone.

    Returns
    -------
    tuple of Table
        By cohort; by stratum, where two strata have patients.
    """
    known = evaluation.internal.patients.set_index(["cohort", "patient"])["stratum"].astype(str)
    return _tabulate(cohorts, known, labels, "Table 1, by out-of-fold stratum of risk (training patients)")


def tabulate_characteristics_by_label(
    cohorts: Sequence[Cohort], evaluation: "ResponseEvaluation", names: tuple[str, str], column: str
) -> tuple[Table, ...]:
    """Lay out clinical variables: all cohorts side by side, then the training patients by label.

    Parameters
    ----------
    cohorts : sequence of Cohort
        Training cohorts, then external ones, apart; see `part_cohorts`.
    evaluation : ResponseEvaluation
        Tells the label of each training patient.
    names : tuple of str
        What the positive and the negative label are called.
    column : str
        Clinical variable that the label is read from; empty for a surrogate.

    Returns
    -------
    tuple of Table
        By cohort; by label, without what is the label itself.
    """
    known = evaluation.internal.patients.set_index(["cohort", "patient"])["label"].map({1: names[0], 0: names[1]})
    return _tabulate(cohorts, known, names, "Table 1, by label (training patients)", column)


def part_cohorts(cohorts: Sequence[Cohort]) -> tuple[Cohort, ...]:
    """Take joined cohorts apart again.

    Parameters
    ----------
    cohorts : sequence of Cohort
        Cohorts, some of several batches.

    Returns
    -------
    tuple of Cohort
        One a batch, under its name; a cohort of one batch stays as it is.
    """
    apart: list[Cohort] = []
    for cohort in cohorts:
        names = list(dict.fromkeys(map(str, cohort.batch)))
        several = [replace(cohort[cohort.batch == name], name=name) for name in names]
        apart += several if len(names) > 1 else [cohort]
    return tuple(apart)


def _tabulate(
    cohorts: Sequence[Cohort], known: "pd.Series[str]", names: Sequence[str], caption: str, own_column: str = ""
) -> tuple[Table, ...]:
    """All cohorts side by side; then patients by group, `known` by cohort and patient, where two groups have some."""
    tables = {cohort.name: _describe_cohort(cohort) for cohort in cohorts}
    found = [tabulate_groups("Table 1. Patients of each cohort, as they were read", tables)]
    parts = [table.set_index(pd.MultiIndex.from_product([[name], table.index])) for name, table in tables.items()]
    everyone = pd.concat(parts)
    known = known[known.index.isin(everyone.index)]
    present = [name for name in names if (known == name).any()]
    if len(present) > 1:
        own = everyone.loc[known.index]
        same = [
            name for name in own if name == own_column or (own[name].astype(str) == known).all()
        ]  # the group itself
        own = own.drop(columns=same)
        if len(own.columns):
            found.append(tabulate_groups(caption, {name: own[(known == name).to_numpy()] for name in present}))
    return tuple(found)


def _describe_cohort(cohort: Cohort) -> pd.DataFrame:
    """Clinical variables with the outcome in front."""
    table = cohort.clinical.copy()
    if cohort.outcome is not None:
        table.insert(0, "event", np.where(cohort.outcome.event, "yes", "no"), allow_duplicates=True)
        table.insert(1, "years of follow-up", cohort.outcome.time_days / 365.25, allow_duplicates=True)
    return table.loc[:, ~table.columns.duplicated()]


def tabulate_groups(caption: str, groups: Mapping[str, pd.DataFrame]) -> Table:
    """Describe the variables of groups of patients: median [quartiles] of numbers, n (%) of categories.

    Parameters
    ----------
    caption : str
        What the groups are.
    groups : mapping of str to DataFrame, shape (n_patients, n_variables)
        Variables of each group; one that a group does not have is a dash there.

    Returns
    -------
    Table
        A row a number or level, and one for the missing of a variable; shares are of the known.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [50.0, 60, 70, None], "sex": ["f", "m", "f", "f"]})
    >>> tabulate_groups("Who", {"A": table}).rows
    (('patients', '4'), ('age', '60 [55 to 65]'), ('age: missing', '1'), ('sex: f', '3 (75%)'), ('sex: m', '1 (25%)'))
    """
    names = list(dict.fromkeys(str(name) for table in groups.values() for name in table.columns))
    rows = [("patients", *(f"{len(table):,}" for table in groups.values()))]
    for name in names:
        rows += _rows_of(name, [table.get(name) for table in groups.values()])
    full = f"{caption}: median [quartiles] of numbers, patients (share of the known) of categories"
    return Table(full, ("", *groups), tuple(rows), fixed=True)


def _rows_of(name: str, columns: "Sequence[pd.Series[Any] | None]") -> Iterator[tuple[str, ...]]:
    known = [None if column is None else column.dropna() for column in columns]
    everything = pd.concat([column.astype(object) for column in known if column is not None])
    if all(column is None or pd.api.types.is_numeric_dtype(column) for column in known) and everything.nunique() > 2:
        yield (name, *map(_say_quartiles, known))
    else:
        yield from _say_levels(name, known, everything)
    missing = [0 if column is None else int(column.isna().sum()) for column in columns]
    if any(missing):
        absent = (NOTHING if column is None else f"{n:,}" for column, n in zip(columns, missing, strict=True))
        yield (f"{name}: missing", *absent)


def _say_quartiles(column: "pd.Series[Any] | None") -> str:
    if column is None or column.empty:
        return NOTHING
    low, middle, high = (f"{value:.3g}" for value in np.percentile(column.astype(float), [25, 50, 75]))
    return f"{middle} [{low} to {high}]"


def _say_levels(
    name: str, known: "Sequence[pd.Series[Any] | None]", everything: "pd.Series[Any]"
) -> Iterator[tuple[str, ...]]:
    named = [None if column is None else column.map(_name_level) for column in known]
    levels = list(everything.map(_name_level).value_counts().index)
    first, others = sorted(levels[:MOST_LEVELS]), levels[MOST_LEVELS:]
    for level in first:
        yield (f"{name}: {level}", *(_say_count(column, [level]) for column in named))
    if others:
        yield (f"{name}: {len(others)} others", *(_say_count(column, others) for column in named))


def _name_level(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _say_count(column: "pd.Series[Any] | None", levels: Sequence[str]) -> str:
    if column is None or column.empty:
        return NOTHING
    number = int(column.isin(levels).sum())
    return f"{number:,} ({say_share(number / len(column))})"
