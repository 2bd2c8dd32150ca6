import json

import pytest

from itgstrat.config import build_config
from itgstrat.evaluation import evaluate
from itgstrat.reporting.closer import tabulate_closer_look
from tests.simulate import INTEGRINS, simulate_cohort


def judge(**changes):
    content = {
        "name": "test",
        "cohorts": [{"name": "simulated", "source": "x.tsv", "columns": {"age": "age"}}],
        "endpoint": {"event": "event", "time": "time"},
        "features": {"covariates": ["age"]},
        "model": {"n_alphas": 5, "inner_folds": 3},
        "evaluation": {
            "folds": 3, "repeats": 1, "random_signatures": 0, "without_random": True, "permutations": 0,
            "bootstrap": 100, **changes.pop("evaluation", {}),
        },
        "compute": {"n_jobs": 1},
    }  # fmt: skip
    effects = dict.fromkeys(INTEGRINS[:4], 0.5)
    cohort = simulate_cohort(150, 150, effects, age_effect=0.8, batches=("one", "two"), seed=3).cohort
    return evaluate(build_config(content | changes), cohort)


@pytest.fixture(scope="module")
def found():
    return judge(
        evaluation={"optimism": {"method": "bootstrap", "draws": 10}, "leave_one_cohort_out": False},
        strata={"rule": "maximally_selected"},
    )


def test_strata_are_judged_out_of_fold(found):
    separation = found.closer.separation
    assert [(one.stratum, one.against) for one in separation.ratios] == [("high", "low")]
    assert separation.ratios[0].low > 1
    assert separation.p_value < 0.01
    assert found.closer.cut.p_permuted < 0.05
    assert found.closer.cut.p_value == found.closer.cut.p_permuted


def test_subgroups_are_those_of_the_clinical_table(found):
    assert [one.variable for one in found.closer.subgroups] == [
        *["age"] * 2,
        *["sex"] * 2,
        *["grade"] * 3,
        *["cohort"] * 2,
    ]
    assert sum(one.n_patients for one in found.closer.subgroups[:2]) == 150


def test_optimism_is_taken_off(found):
    one = found.closer.optimism.measure("harrell")
    out_of_fold = found.internal.row("model").harrell.estimate
    assert one.apparent > one.corrected
    assert abs(one.corrected - out_of_fold) < 0.08


def test_too_few_patients_are_the_first_note(found):
    assert not found.closer.sample_size.enough
    assert found.notes[0] == found.closer.sample_size.say()


def test_json_and_tables(found):
    text = json.dumps(found.as_dict(), allow_nan=False)
    assert json.loads(text)["closer"]["separation"]["degrees"] == 1
    tables = tabulate_closer_look(found.closer)
    assert [len(table.rows) for table in tables] == [1, 3, 2, 9, 20, 3, 6]
    assert "p corrected for the search" in tables[0].caption
    assert "it finds unmet need, not response" in tables[4].caption
    for row in tables[4].rows:  # nothing of fewer than 10 events, and what is shown has an interval
        assert row[3] == "under 10 events" if int(row[2]) < 10 else " to " in row[3]
    assert tables[4].rows[-1][0].startswith("random pair of genes")
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert tabulate_closer_look(None) == ()


def test_by_default_nothing_is_selected_and_nothing_resampled():
    plain = judge(evaluation={"leave_one_cohort_out": False}).closer
    assert plain.cut is plain.optimism is None
    assert len(plain.separation.ratios) == 2
