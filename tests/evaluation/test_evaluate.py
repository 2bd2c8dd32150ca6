import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.config import build_config
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation import cells, evaluate
from itgstrat.evaluation.designs import Entry, designs_of
from itgstrat.evaluation.splits import leave_one_batch_out, repeated_folds
from itgstrat.evaluation.trials import Trial
from itgstrat.fitting.panel import rank_cohort
from itgstrat.outcome import Outcome
from tests.simulate import simulate_cohort

EFFECTS = dict.fromkeys(("ITGAV", "ITGB3", "ITGB5", "ITGA5", "ITGB1"), 0.6)


def make_config(covariates=("age",), signatures=("heterodimers",), evaluation=None, **sections):
    settings = {"folds": 3, "repeats": 1, "random_signatures": 3, "without_random": True, "bootstrap": 100}
    settings["permutations"] = 0
    return build_config(
        {
            "name": "test",
            "cohorts": [{"name": "one", "source": "nowhere.tsv", "columns": {name: name for name in covariates}}],
            "endpoint": {"event": "event", "time": "time"},
            "features": {"signatures": list(signatures), "covariates": list(covariates)},
            "model": {"inner_folds": 3, "n_alphas": 8},
            "evaluation": settings | (evaluation or {}),
            "strata": {"horizons": [1, 3]},
            "compute": {"n_jobs": 1},
            "seed": 1,
        }
        | sections
    )


def judge(cohort, config=None, names=("model",)):
    """Out-of-fold predictions of some rows, without the summaries: name -> (Judged, splits)."""
    config = config or make_config()
    ranked = rank_cohort(cohort, config.features.score)
    splits = repeated_folds(cohort.require_outcome(), 3, 1, seed=1)
    trial = Trial("cross-validation", "one", ("batch",), ranked, ranked, tuple(splits))
    times = np.array([200.0, 800.0])
    designs, judged = designs_of(config), {}
    for name in names:
        found = cells.run_cells(config, cells.list_cells(Entry(name, designs[name]), trial, times), None)
        judged[name] = cells.assemble(trial, "batch", list(found))
    return judged, splits


@pytest.fixture(scope="module")
def planted():
    simulated = simulate_cohort(240, len(load_catalogue().genes()), EFFECTS, age_effect=0.3, seed=3)
    return simulated, evaluate(make_config(evaluation={"random_signatures": 20}), simulated.cohort)


def test_a_planted_integrin_effect_is_found(planted):
    simulated, found = planted
    inside = found.internal
    model, clinical = inside.row("model").harrell, inside.row("clinical").harrell
    assert model.estimate > clinical.estimate + 0.1
    assert inside.difference("clinical").harrell.low > 0
    assert inside.random.high < model.estimate
    assert inside.row("model").brier.estimate < inside.row("kaplan_meier").brier.estimate
    assert "add prognostic information beyond clinical variables" in found.finding
    correlation = np.corrcoef(inside.patients["risk"], simulated.log_hazard)[0, 1]
    assert correlation > 0.6


def test_every_baseline_stands_beside_the_model(planted):
    inside = planted[1].internal
    baselines = ["signatures", "clinical", "clinical_proliferation", "proliferation", "kaplan_meier"]
    assert [row.model for row in inside.rows] == ["model", *baselines]
    assert [item.against for item in inside.differences] == baselines
    assert len(inside.random.concordance) == 20
    for item in inside.differences[:-1]:
        gain = inside.row("model").harrell.estimate - inside.row(item.against).harrell.estimate
        assert item.harrell.estimate == pytest.approx(gain)


def test_every_patient_is_judged_with_a_stratum_and_survival(planted):
    patients = planted[1].internal.patients
    assert len(patients) == 240
    assert set(patients["stratum"]) == {"low", "intermediate", "high"}
    assert patients["survival_365_days"].between(0, 1).all()
    assert (patients["survival_1096_days"] <= patients["survival_365_days"]).all()


def test_without_an_effect_nothing_is_claimed():
    estimates = []
    for seed in range(4):
        found = evaluate(make_config(evaluation={"random_signatures": 0}), simulate_cohort(160, 150, seed=seed).cohort)
        assert "add nothing here that could be shown beyond clinical variables" in found.finding
        estimates.append(found.internal.row("model").harrell.estimate)
    assert np.mean(estimates) == pytest.approx(0.5, abs=0.05)


def test_without_covariates_there_is_no_clinical_row():
    found = evaluate(make_config(covariates=()), simulate_cohort(120, 150, EFFECTS).cohort)
    assert found.internal.row("clinical") is None
    assert found.internal.row("signatures") is None
    assert "chance" in found.finding


def test_a_baseline_that_cannot_be_had_is_noted_and_ends_no_run():
    found = evaluate(make_config(evaluation={"random_signatures": 0}), simulate_cohort(90, 60, EFFECTS).cohort)
    assert [row.model for row in found.internal.rows] == ["model", "signatures", "clinical", "kaplan_meier"]
    note = "cross-validation: simulated: no baseline 'proliferation only' (no feature can be computed"
    assert any(text.startswith(note) for text in found.notes)


def test_the_only_cohort_with_clinical_variables_can_be_left_out():
    cohort = simulate_cohort(120, 100, EFFECTS, batches=("one", "two")).cohort
    clinical = cohort.clinical.copy()
    clinical.loc[cohort.batch == "two"] = np.nan
    found = evaluate(make_config(evaluation={"random_signatures": 0}), replace(cohort, clinical=clinical))
    without_one = next(item for item in found.comparisons if item.cohort == "one")
    assert without_one.row("model") is not None
    assert without_one.row("clinical") is None
    assert any("leave-one-cohort-out: one: no baseline 'clinical only'" in note for note in found.notes)


def test_a_model_that_cannot_be_had_ends_the_run():
    with pytest.raises(ModelError, match="no feature can be computed"):
        evaluate(make_config(covariates=(), signatures=("proliferation",)), simulate_cohort(90, 60).cohort)


def test_a_cohort_with_too_few_events_is_judged_but_not_trained_on_alone():
    cohort = simulate_cohort(120, 100, EFFECTS, batches=("one", "two")).cohort
    outcome = cohort.outcome
    few = outcome.event & ((cohort.batch == "one") | (np.cumsum(outcome.event & (cohort.batch == "two")) <= 3))
    cohort = replace(cohort, outcome=Outcome(few, outcome.time_days, outcome.stratum))
    found = evaluate(make_config(evaluation={"random_signatures": 0}), cohort)
    assert {item.cohort for item in found.comparisons[1:]} == {"two"}
    assert any(
        note.startswith("cohort one was not left out: 3 events among 60 patients; training without one needs")
        for note in found.notes
    )


def test_the_same_run_gives_the_same_bytes_however_it_is_computed():
    cohort = simulate_cohort(90, 100, EFFECTS, missing=0.02).cohort
    ways = [{"n_jobs": 1}, {"n_jobs": 1}, {"n_jobs": 2}, {"n_jobs": 2, "backend": "threading"}]
    texts = {json.dumps(evaluate(make_config(compute=way), cohort).as_dict(), allow_nan=False) for way in ways}
    assert len(texts) == 1


def test_each_cohort_is_left_out_once_and_never_trained_on(monkeypatch):
    cohort = simulate_cohort(150, 150, EFFECTS, batches=("one", "two", "three")).cohort
    seen = []
    fit = cells.clone

    def spy(pipeline):
        fresh = fit(pipeline)
        inner = fresh.fit
        fresh.fit = lambda X, y: (seen.append(({name.split("-")[0] for name in X.index}, set(y.stratum))), inner(X, y))[
            1
        ]
        return fresh

    monkeypatch.setattr(cells, "clone", spy)
    found = evaluate(make_config(evaluation={"random_signatures": 0}), cohort)
    outside = [item for item in found.comparisons if item.kind == "leave-one-cohort-out"]
    assert [(item.cohort, item.reference) for item in outside] == [
        (name, reference) for name in ("one", "three", "two") for reference in ("pooled", "cohort")
    ]
    for item in outside:
        assert set(item.patients["cohort"]) == {item.cohort}
    # three models: none of proliferation, whose genes these cohorts do not have
    trained = [batches for batches, strata in seen if len(batches) == 2 and batches == strata]
    assert sorted(map(sorted, trained)) == sorted(
        [sorted({"one", "two", "three"} - {name}) for name in ("one", "two", "three") for _ in range(3)]
    )


def test_one_cohort_cannot_be_left_out():
    assert leave_one_batch_out(np.array(["one", "one"])) == []


def test_folds_part_the_patients_with_events_and_cohorts_spread():
    outcome = simulate_cohort(120, 100, batches=("one", "two")).outcome
    splits = repeated_folds(outcome, 4, 3, seed=5)
    assert [split.repeat for split in splits] == [0] * 4 + [1] * 4 + [2] * 4
    for repeat in range(3):
        own = [split for split in splits if split.repeat == repeat]
        assert sorted(np.concatenate([split.test for split in own])) == list(range(120))
        for split in own:
            assert not set(split.train) & set(split.test)
            assert outcome[split.test].n_events == pytest.approx(outcome.n_events / 4, abs=2)
    assert splits[0].test.tolist() != splits[4].test.tolist()
    with pytest.raises(OutcomeError, match="200 folds with an event each needs at least 200"):
        repeated_folds(outcome, 200, 1, seed=0)


def test_outcomes_of_the_test_fold_do_not_reach_its_predictions(monkeypatch):
    cohort = simulate_cohort(90, 150, EFFECTS).cohort
    before, splits = judge(cohort, names=("model", "clinical"))
    outcome, test = cohort.outcome, splits[0].test
    event, time = outcome.event.copy(), outcome.time_days.copy()
    event[test], time[test] = ~event[test], time[test][::-1]
    shuffled = replace(cohort, outcome=Outcome(event, time, outcome.stratum))
    monkeypatch.setitem(globals(), "repeated_folds", lambda *_, **__: splits)  # the same folds for both
    after, _ = judge(shuffled, names=("model", "clinical"))
    others = np.setdiff1d(np.arange(90), test)
    for name in before:
        np.testing.assert_array_equal(before[name].risk[0, test], after[name].risk[0, test])
        np.testing.assert_array_equal(before[name].survival[0, test], after[name].survival[0, test])
        assert (before[name].stratum[0, test] == after[name].stratum[0, test]).all()
        assert (before[name].risk[0, others] != after[name].risk[0, others]).any()


@pytest.mark.parametrize("score", ["singscore", "zscore"])
def test_a_test_patient_changes_nobody_else_in_the_fold(score):
    cohort = simulate_cohort(90, 150, EFFECTS).cohort
    features = {"signatures": ["heterodimers"], "covariates": ["age"], "score": score}
    config = make_config(features=features)
    before, splits = judge(cohort, config)
    patient, *rest = splits[0].test
    expression = cohort.expression.copy()
    expression.iloc[patient] = expression.iloc[patient].to_numpy()[::-1] + 5
    clinical = cohort.clinical.copy()
    clinical.iloc[patient, 0] = 200.0
    after, _ = judge(replace(cohort, expression=expression, clinical=clinical), config)
    np.testing.assert_array_equal(before["model"].risk[0, rest], after["model"].risk[0, rest])
    assert before["model"].risk[0, patient] != after["model"].risk[0, patient]


def test_external_cohorts_are_judged_by_both_references():
    training = simulate_cohort(120, 150, EFFECTS, seed=1).cohort
    outside = named(simulate_cohort(60, 150, EFFECTS, seed=2).cohort, "other")
    found = evaluate(make_config(evaluation={"random_signatures": 0}), training, [outside])
    assert [(item.cohort, item.reference) for item in found.external] == [("other", "pooled"), ("other", "cohort")]
    assert found.external[0].row("model").harrell.estimate > 0.6
    assert "external other, pooled reference, C" in found.finding
    few = evaluate(make_config(evaluation={"random_signatures": 0}), training, [outside[np.arange(29)]])
    assert [item.reference for item in few.external] == ["pooled"]


def test_external_follow_up_beyond_that_of_training_leaves_no_gap():
    training = simulate_cohort(120, 150, EFFECTS, seed=1).cohort
    outcome = training.outcome
    seen = outcome.time_days <= 400
    training = replace(
        training, outcome=Outcome(outcome.event & seen, np.minimum(outcome.time_days, 400.0), outcome.stratum)
    )
    outside = named(simulate_cohort(60, 150, EFFECTS, seed=2).cohort, "other")
    found = evaluate(make_config(evaluation={"random_signatures": 0}), training, [outside])
    for item in found.external:
        assert item.times_days[1] < 400
        assert np.isfinite([row.brier.estimate for row in item.rows]).all()
        assert "1095.75" not in item.calibration
    assert any(
        note.startswith("external: other: follow-up carries no horizon of 1096 days") and "judged at" in note
        for note in found.notes
    )
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_cohort_in_which_nobody_can_be_compared_is_refused_before_the_work():
    training = simulate_cohort(60, 150, EFFECTS, seed=1).cohort
    outside = named(simulate_cohort(40, 150, seed=2).cohort, "other")
    last = np.argmax(outside.outcome.time_days)
    event = np.arange(40) == last
    outside = replace(outside, outcome=Outcome(event, outside.outcome.time_days, outside.outcome.stratum))
    steps = []
    with pytest.raises(OutcomeError, match=r"external: other: no two patients can be compared \(40 patients, 1 events"):
        evaluate(make_config(), training, [outside], lambda *step: steps.append(step))
    assert steps == []


def test_progress_names_each_step():
    cohort = simulate_cohort(90, 150, EFFECTS, batches=("one", "two")).cohort
    steps = []
    evaluate(make_config(), cohort, progress=lambda *step: steps.append(step))
    names = list(dict.fromkeys(name for name, _, _ in steps))
    trials = ["cross-validation: simulated", "leave-one-cohort-out: one", "leave-one-cohort-out: two"]
    assert names == ["evaluation", *trials]
    n_models = 6 + 3  # rows and random draws; the first trial has three folds
    sizes = dict(zip(names, [5 * n_models, 3 * n_models, n_models, n_models], strict=True))
    for name, size in sizes.items():
        assert [step[1:] for step in steps if step[0] == name] == [(done, size) for done in range(1, size + 1)]


def test_few_events_a_feature_are_noted():
    found = evaluate(make_config(evaluation={"random_signatures": 0}), simulate_cohort(60, 150, EFFECTS).cohort)
    count = len(load_catalogue().select(["heterodimers"])) + 1
    assert f"events for {count} candidate features" in found.notes[0]


def named(cohort, name):
    """The cohort under another name, batch and stratum."""
    outcome = cohort.outcome
    return replace(
        cohort,
        name=name,
        batch=np.full(len(cohort), name),
        outcome=Outcome(outcome.event, outcome.time_days, np.full(len(cohort), name)),
        expression=cohort.expression.set_axis(pd.Index([f"{name}-{p}" for p in cohort.patients], name="patient")),
        clinical=cohort.clinical.set_axis(pd.Index([f"{name}-{p}" for p in cohort.patients], name="patient")),
    )
