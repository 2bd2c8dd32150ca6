"""Table 1: medians, counts and missing values as counted by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd

from itgstrat.reporting.characteristics import MOST_LEVELS, tabulate_characteristics, tabulate_groups
from tests.reporting.conftest import STRATA, make_cohort, make_comparison, make_evaluation


def rows_of(table):
    return {row[0]: row[1:] for row in table.rows}


def test_numbers_levels_and_missing_by_group():
    first = pd.DataFrame({"age": [40.0, 50, 60, np.nan], "grade": ["G1", "G1", None, "G2"], "only": [1.0, 2, 3, 4]})
    second = pd.DataFrame({"age": [30.0, 70.0], "grade": ["G3", "G3"]})
    rows = rows_of(tabulate_groups("Who", {"A": first, "B": second}))
    assert rows == {
        "patients": ("4", "2"),
        "age": ("50 [45 to 55]", "50 [40 to 60]"),
        "age: missing": ("1", "0"),
        "grade: G1": ("2 (67%)", "0 (0%)"),
        "grade: G2": ("1 (33%)", "0 (0%)"),
        "grade: G3": ("0 (0%)", "2 (100%)"),
        "grade: missing": ("1", "0"),
        "only": ("2.5 [1.75 to 3.25]", "–"),
    }


def test_two_numbers_are_categories_and_mixed_types_are_text():
    rows = rows_of(tabulate_groups("Who", {"A": pd.DataFrame({"er": [0.0, 1, 1], "stage": ["I", 2, 2]})}))
    assert rows["er: 0"] == ("1 (33%)",)
    assert rows["er: 1"] == ("2 (67%)",)
    assert rows["stage: 2"] == ("2 (67%)",)


def test_many_levels_are_told_together():
    letters = [*"aabbccddeeffgghh", *"ijk"]
    rows = rows_of(tabulate_groups("Who", {"A": pd.DataFrame({"site": letters})}))
    assert len(rows) == 1 + MOST_LEVELS + 1
    assert rows["site: 3 others"] == ("3 (16%)",)


def test_cohorts_side_by_side_and_the_training_patients_by_stratum():
    cohort = make_cohort("C1", 30)
    age = pd.DataFrame({"age": np.arange(30.0)}, index=cohort.patients)
    cohort = cohort.with_clinical(age)
    comparison = make_comparison(cohort="C1")
    patients = comparison.patients.head(30).assign(patient=cohort.patients, cohort="C1")
    evaluation = make_evaluation([replace(comparison, patients=patients)])
    whole, split = tabulate_characteristics([cohort, make_cohort("X", 5)], evaluation, STRATA)
    assert whole.columns == ("", "C1", "X")
    assert rows_of(whole)["patients"] == ("30", "5")
    assert rows_of(whole)["age"] == ("14.5 [7.25 to 21.8]", "–")
    assert split.columns == ("", "low", "intermediate", "high")
    counts = patients["stratum"].value_counts()
    assert rows_of(split)["patients"] == tuple(str(counts[name]) for name in split.columns[1:])
    low = age["age"][patients.set_index("patient")["stratum"].eq("low").to_numpy()]
    assert rows_of(split)["age"][0].startswith(f"{low.median():.3g} [")
