"""The evaluation of a label: planted signals come back, none gives 0.5, and every baseline is there."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from itgstrat.config import build_config
from itgstrat.errors import OutcomeError
from itgstrat.evaluation.response import evaluate_response
from itgstrat.evaluation.response_table import Panel, compare_responses
from itgstrat.learned.response import expit
from itgstrat.response import Response
from tests.simulate import simulate_cohort

EFFECTS = dict.fromkeys(("ITGAV", "ITGB3", "ITGB5", "ITGA5", "ITGB1"), 0.9)


def simulate(n=150, effects=EFFECTS, seed=0, batches=("one", "two", "three"), n_genes=2600):
    drawn = simulate_cohort(n, n_genes, effects, batches, seed=seed)
    label = np.random.default_rng(seed).random(n) < expit(drawn.log_hazard)
    text = np.where(label, "R", "NR")
    return drawn.cohort.with_clinical(pd.DataFrame({"response": text}, index=drawn.cohort.patients))


def configure(**sections):
    content = {
        "name": "label",
        "cohorts": [{"name": "one", "source": "x.tsv", "columns": {"age": "age"}}],
        "response": {"column": "response", "positive": ["R"], "negative": ["NR"], "n_alphas": 6, "inner_folds": 3},
        "evaluation": {"folds": 3, "repeats": 1, "random_signatures": 5, "without_random": True, "bootstrap": 200},
        "compute": {"n_jobs": 1, "backend": "threading"},
        "seed": 3,
    }
    return build_config(content | sections)


def run():
    external = simulate(60, seed=9, batches=("x",))
    return evaluate_response(configure(features={"covariates": ["age"]}), simulate(), [external])


@pytest.fixture(scope="module")
def evaluation():
    return run()


def test_every_baseline_and_every_cohort_is_there(evaluation):
    kinds = [(item.kind, item.cohort, item.reference) for item in evaluation.comparisons]
    assert kinds == [
        ("cross-validation", "simulated", "batch"),
        *(("leave-one-cohort-out", name, "pooled") for name in ("all", "one", "three", "two")),
        ("external", "simulated", "pooled"),
        ("external", "simulated", "cohort"),
    ]
    inside = evaluation.internal
    assert [row.model for row in inside.rows] == [
        "model", "signatures", "clinical", "inflamed", "beside_inflamed", "proliferation", "prevalence",
    ]  # fmt: skip
    assert len(inside.random.auc) == 5
    assert inside.row("prevalence").auc.estimate == 0.5
    assert np.isnan(inside.row("prevalence").slope.estimate)
    assert np.isfinite(inside.row("model").slope.estimate)
    assert inside.difference("inflamed", "beside_inflamed").auc.estimate == pytest.approx(
        inside.row("beside_inflamed").auc.estimate - inside.row("inflamed").auc.estimate
    )
    json.dumps(evaluation.as_dict(), allow_nan=False)


def test_a_planted_signal_is_found_in_every_way_of_judging(evaluation):
    for item in (one for one in evaluation.comparisons if one.n_patients > 50):
        assert item.row("model").auc.low > 0.5, item.kind
        assert item.difference("prevalence").auc.estimate > 0.1
        assert item.difference("prevalence").brier.estimate < 0
    assert evaluation.finding.startswith("The 24 signatures (heterodimers) tell response R, against NR")


def test_left_out_cohorts_together_are_the_patients_of_each(evaluation):
    together, *apart = (item for item in evaluation.comparisons if item.kind == "leave-one-cohort-out")
    assert sum(item.n_patients for item in apart) == together.n_patients == 150
    for item in apart:
        own = together.patients[together.patients["cohort"] == item.cohort]
        np.testing.assert_array_equal(own["probability"], item.patients["probability"])
        expected = roc_auc_score(own["label"], own["probability"])
        assert item.row("model").auc.estimate == pytest.approx(expected, abs=1e-7)


def test_the_same_run_gives_the_same_numbers(evaluation):
    assert run().as_dict() == evaluation.as_dict()


def test_no_signal_is_chance():
    quick = {"folds": 3, "repeats": 2, "random_signatures": 0, "without_random": True, "leave_one_cohort_out": False}
    found = [
        evaluate_response(configure(evaluation=quick), simulate(effects={}, seed=seed, n_genes=150))
        .internal.row("model")
        .auc.estimate
        for seed in range(6)
    ]
    assert abs(np.mean(found) - 0.5) < 0.05


def test_the_auc_compares_within_cohort_and_fold():
    random = np.random.default_rng(0)
    label, stratum = random.random(60) < 0.4, np.array(["a", "b"])[np.arange(60) % 2]
    groups = np.arange(60)[None] // 20
    predicted = random.random((1, 60)).round(1)
    panel = Panel("cross-validation", "c", "batch", list(map(str, range(60))), Response(label, stratum), groups, 100, 0)
    right = total = 0.0
    for i in range(60):
        for j in range(60):
            if label[i] and not label[j] and stratum[i] == stratum[j] and groups[0, i] == groups[0, j]:
                total += 1
                right += (predicted[0, i] > predicted[0, j]) + 0.5 * (predicted[0, i] == predicted[0, j])
    found = compare_responses(panel, {"model": predicted}, [predicted, 1 - predicted])
    assert found.row("model").auc.estimate == pytest.approx(right / total)
    assert found.random.auc == pytest.approx((right / total, 1 - right / total))
    assert found.random.p_value == pytest.approx(2 / 3 if right / total >= 0.5 else 1)


def test_a_cohort_with_one_label_is_not_left_out_and_said():
    cohort = simulate()
    clinical = cohort.clinical.assign(response=np.where((cohort.batch == "two"), "R", cohort.clinical["response"]))
    found = evaluate_response(configure(), cohort.with_clinical(clinical[["response"]]))
    assert [item.cohort for item in found.comparisons] == ["simulated", "all", "one", "three"]
    assert any(note.startswith("cohort two was not left out: 50 positive and 0 negative") for note in found.notes)


def test_too_few_labels_for_the_folds():
    cohort = simulate()
    clinical = pd.DataFrame({"response": np.where(np.arange(150) < 5, "R", "NR")}, index=cohort.patients)
    with pytest.raises(OutcomeError, match=r"5 positive and 145 negative .* training on 2 of 3 folds needs at least 6"):
        evaluate_response(configure(), cohort.with_clinical(clinical))
