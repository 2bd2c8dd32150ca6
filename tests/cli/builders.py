"""The command line called as a user calls it, and small files for it."""

import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from unittest.mock import patch

import numpy as np
import yaml

from itgstrat.cli import main
from tests.simulate import simulate_cohort

EFFECTS = dict.fromkeys(("ITGAV", "ITGB3", "ITGB5", "ITGA5", "ITGB1"), 0.6)


@dataclass(frozen=True)
class Called:
    """What a call left behind."""

    code: int
    out: str
    err: str


def call(*words):
    """Call `itgstrat` in this process, exit code and streams caught."""
    out, err = StringIO(), StringIO()
    argv = ["itgstrat", *map(str, words)]
    with patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Called(code, out.getvalue(), err.getvalue())


def write_matrix(path, table):
    """Write patients x genes as genes x patients, to the last digit."""
    table.T.rename_axis("gene").to_csv(path, sep="\t", float_format="%.9g")
    return path


def write_table(path, table):
    table.to_csv(path, sep="\t", index=False)
    return path


def write_run(folder, n_patients=60, change_expression=None, change_clinical=None, **sections):
    """Write a simulated cohort and the configuration that trains on it."""
    cohort = simulate_cohort(n_patients, 120, EFFECTS, age_effect=0.5, seed=5).cohort
    expression = cohort.expression
    clinical = cohort.clinical.assign(
        OS=cohort.outcome.event.astype(int), **{"OS.time": np.round(cohort.outcome.time_days, 2)}
    ).reset_index()
    if change_expression:
        expression = change_expression(expression)
    if change_clinical:
        clinical = change_clinical(clinical)
    write_matrix(folder / "expression.tsv", expression)
    write_table(folder / "clinical.tsv", clinical)
    content = {
        "name": "small",
        "cohorts": [
            {"name": "ours", "source": "expression.tsv", "clinical": "clinical.tsv", "columns": {"age": "age"}}
        ],
        "endpoint": {"event": "OS", "time": "OS.time"},
        "features": {"covariates": ["age"]},
        "model": {"n_alphas": 5, "inner_folds": 2},
        "evaluation": {"folds": 2, "repeats": 1, "random_signatures": 2, "without_random": True, "bootstrap": 100},
        "strata": {"horizons": [1]},
        "uncertainty": {"level": 0.8, "folds": 2, "samples": 3},
        "compute": {"n_jobs": 1},
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(content | sections), encoding="utf-8")
    return path
