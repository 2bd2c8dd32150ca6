"""Which columns of a new clinical file a model reads, by name or as one of its training cohorts did."""

from collections.abc import Iterator

import pandas as pd
import typer

from itgstrat.errors import InputError, name_some
from itgstrat.learned import ModelBundle
from itgstrat.readers import ColumnRule
from itgstrat.readers.tables import as_text

#: Cohort that the model was trained or validated on -> our name of a variable -> where it stood there.
StoredRules = dict[str, dict[str, ColumnRule]]


def choose_columns(
    bundle: ModelBundle, table: pd.DataFrame | None, like: str | None = None
) -> dict[str, ColumnRule] | None:
    """Find the columns for the variables that a model asks for; what it asks for in vain is told on standard error.

    Parameters
    ----------
    bundle : ModelBundle
        The model.
    table : DataFrame or None
        Clinical table of the new patients; None where it comes with the expression.
    like : str, optional
        Cohort of the model's own configuration whose names and codes the table follows. Without it, columns must have
        the model's names and codes.

    Returns
    -------
    dict of str to ColumnRule, or None
        Our name -> their column, as `read_cohort` takes it; None for all columns as they stand.

    Raises
    ------
    InputError
        If the model's configuration has no columns of such a cohort.
    """
    stored = stored_rules(bundle)
    if like is not None and like not in stored:
        known = name_some(stored, 12) or "no cohort: columns must have its own names"
        raise InputError(f"--columns-like {like}: the model knows the columns of {known}")
    rules = stored[like] if like is not None else {}
    tumour_type = [bundle.agents.tumour_type] if bundle.agents else []
    required = list(bundle.info["covariates"])
    asked = list(dict.fromkeys([*required, *tumour_type]))
    if table is None:
        return {name: rules[name] for name in asked if name in rules} if like is not None else None
    columns = {name: rules[name] for name in asked if name in rules and rules[name].column in table}
    columns |= {name: ColumnRule(name) for name in asked if name not in columns and name in table}
    for warning in _find_traps(table, columns, asked, required, stored):
        typer.echo(f"note: clinical file: {warning}", err=True)
    return columns


def stored_rules(bundle: ModelBundle) -> StoredRules:
    """Tell from which columns the cohorts of a model's configuration were read.

    Parameters
    ----------
    bundle : ModelBundle
        The model.

    Returns
    -------
    dict of str to dict of str to ColumnRule
        Cohort -> our name -> its column and codes; cohorts without such rules are left out.
    """
    config = bundle.info.get("config", {})
    cohorts = [*config.get("cohorts", ()), *config.get("validation", {}).get("external", ())]
    return {
        cohort["name"]: {
            name: ColumnRule(rule) if isinstance(rule, str) else ColumnRule(rule["column"], rule.get("values"))
            for name, rule in cohort["columns"].items()
        }
        for cohort in cohorts
        if cohort.get("columns")
    }


def _find_traps(
    table: pd.DataFrame, columns: dict[str, ColumnRule], asked: list[str], required: list[str], stored: StoredRules
) -> Iterator[str]:
    """Tell of variables that are not there by name though training's column is, and of codes that training recodes."""
    for name in asked:
        there = {cohort: rules[name] for cohort, rules in stored.items() if name in rules}
        if name not in columns:
            found = next(((cohort, rule) for cohort, rule in there.items() if rule.column in table), None)
            if found:
                yield (
                    f"no column {name!r}, so it counts as missing, but there is {found[1].column!r}, which the model "
                    f"read as {name!r} in {found[0]}: --columns-like {found[0]} reads it so; or rename the column"
                    + (f" and recode it ({say_values(found[1])})" if found[1].values else "")
                )
            elif name in required:
                yield f"no column {name!r}, which the model asks for; it counts as missing"
        elif columns[name].values is None:
            for cohort, rule in there.items():
                if raw := _raw_values(table[columns[name].column], rule):
                    yield (
                        f"the column {name!r} is taken as it stands, but holds {name_some(raw)}, which the model "
                        f"recoded in {cohort} ({say_values(rule)}): --columns-like {cohort} does so; or recode it"
                    )
                    break


def say_values(rule: ColumnRule) -> str:
    """Say how a rule recodes: ``0 -> no, 1 -> yes``; empty where it does not."""
    return name_some([f"{key} -> {_say_value(ours)}" for key, ours in (rule.values or {}).items()])


def _say_value(ours: float | str | None) -> str:
    return "missing" if ours is None else f"{ours:g}" if isinstance(ours, float | int) else ours


def _raw_values(column: "pd.Series[str]", rule: ColumnRule) -> list[str]:
    """Find values that a rule recodes to something else, and that are none of what it recodes to."""
    values = rule.values or {}
    ours = set(map(_say_value, values.values()))
    return sorted({str(value) for value in as_text(column).dropna()} & set(values) - ours)
