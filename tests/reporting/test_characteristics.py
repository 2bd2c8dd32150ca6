"""Table 1: medians, counts and missing values as counted by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd

from itgstrat.cohort import concat_cohorts
from itgstrat.reporting.characteristics import (
    MOST_LEVELS,
    part_cohorts,
    tabulate_characteristics,
    tabulate_characteristics_by_label,
    tabulate_groups,
)
from tests.reporting.conftest import STRATA, make_cohort, make_comparison, make_evaluation
from tests.reporting.label_builders import make_response_comparison, make_response_evaluation


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


def labelled(n=40):
    """Two cohorts whose patients a made-up comparison judged, and that comparison."""
    item = make_response_comparison(n=n)
    own = item.patients.assign(best=np.where(item.patients["label"] == 1, "R", "NR"), age=np.arange(float(n)))
    cohorts = []
    for name, part in own.groupby("cohort"):
        cohort = make_cohort(name, len(part))
        index = pd.Index(part["patient"])
        clinical = part.set_index("patient")[["best", "age"]]
        cohorts.append(replace(cohort, expression=cohort.expression.set_axis(index), clinical=clinical, outcome=None))
    return cohorts, make_response_evaluation(item), own


def test_the_training_patients_by_label_without_the_label_itself():
    cohorts, evaluation, own = labelled()
    whole, split = tabulate_characteristics_by_label(cohorts, evaluation, ("R", "NR"), "best")
    assert whole.columns == ("", "C1", "C2")
    assert "best: NR" in rows_of(whole)
    assert split.columns == ("", "R", "NR")
    assert list(rows_of(split)) == ["patients", "age"]
    assert rows_of(split)["patients"] == (str((own["best"] == "R").sum()), str((own["best"] == "NR").sum()))
    median = own["age"][own["best"] == "R"].median()
    assert rows_of(split)["age"][0].startswith(f"{median:.3g} [")
    bare = [replace(one, clinical=one.clinical[["best"]]) for one in cohorts]
    # there is nothing to compare
    assert len(tabulate_characteristics_by_label(bare, evaluation, ("R", "NR"), "best")) == 1


def test_a_label_of_several_values_is_left_out_too():
    cohorts, evaluation, _ = labelled()
    finer = [one.clinical.assign(best=one.clinical["best"].replace({"NR": "PD", "R": "PR"})) for one in cohorts]
    cohorts = [replace(one, clinical=table) for one, table in zip(cohorts, finer, strict=True)]
    _, split = tabulate_characteristics_by_label(cohorts, evaluation, ("R", "NR"), "best")
    assert list(rows_of(split)) == ["patients", "age"]


def test_joined_cohorts_are_taken_apart_again():
    cohorts, _, _ = labelled()
    apart = part_cohorts([concat_cohorts(cohorts)])
    assert [one.name for one in apart] == ["C1", "C2"]
    for one, before in zip(apart, cohorts, strict=True):
        assert one.patients.tolist() == before.patients.tolist()
    assert part_cohorts(cohorts)[0] is cohorts[0]
