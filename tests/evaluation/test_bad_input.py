"""Data that cannot carry what is asked: a clear message, or a fallback that the notes tell of."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation import cells, evaluate
from itgstrat.outcome import Outcome
from tests.simulate import simulate_cohort

from .test_evaluate import EFFECTS, make_config

NO_DRAWS = {"random_signatures": 0}


def with_outcome(cohort, event=None, time=None, stratum=None):
    old = cohort.outcome
    event = old.event if event is None else event
    return replace(cohort, outcome=Outcome(event, old.time_days if time is None else time, stratum or old.stratum))


def judge(cohort, config=None):
    found = evaluate(config or make_config(evaluation=NO_DRAWS), cohort)
    json.dumps(found.as_dict(), allow_nan=False)
    return found


def test_fewer_events_than_folds():
    cohort = simulate_cohort(60, 60, EFFECTS).cohort
    event = np.isin(np.arange(60), np.flatnonzero(cohort.outcome.event)[:9])
    config = make_config(evaluation=NO_DRAWS | {"folds": 10})
    with pytest.raises(OutcomeError, match=r"9 events among 60 patients; training on 9 of 10 folds needs at least 10"):
        judge(with_outcome(cohort, event), config)


def test_all_censored_after_the_horizon():
    cohort = simulate_cohort(90, 100, EFFECTS).cohort
    cut = float(np.quantile(cohort.outcome.time_days, 0.6))
    event = cohort.outcome.event & (cohort.outcome.time_days < cut)
    time = np.where(event, cohort.outcome.time_days, np.minimum(cohort.outcome.time_days, cut))
    found = judge(with_outcome(cohort, event, time), make_config(evaluation=NO_DRAWS, strata={"horizons": [0.5, 50]}))
    (note,) = [note for note in found.notes if "follow-up carries no horizon" in note]
    assert note.startswith("cross-validation: simulated: follow-up carries no horizon of 18262 days")
    assert "judged at" in note
    survival = [name for name in found.internal.patients if name.startswith("survival_")]
    assert "survival_18262_days" not in survival
    assert "survival_183_days" in survival


def test_tied_times():
    cohort = simulate_cohort(90, 100, EFFECTS).cohort
    time = np.ceil(cohort.outcome.time_days / 500) * 500
    assert len(np.unique(time)) < 25
    found = judge(with_outcome(cohort, time=time))
    assert found.internal.row("model").harrell.estimate > 0.55


def test_features_without_variance():
    cohort = simulate_cohort(90, 100, EFFECTS).cohort
    constant = cohort.expression.copy()
    constant["ITGAV"] = 5.0
    changed = replace(cohort, expression=constant, clinical=cohort.clinical.assign(age=60.0))
    found = judge(changed, make_config(evaluation=NO_DRAWS, features={"signatures": ["heterodimers"],
                                       "covariates": ["age"], "score": "zscore"}))  # fmt: skip
    assert found.internal.row("model").harrell.estimate > 0.5
    assert found.internal.row("clinical") is None
    assert any("no baseline 'clinical only' (no feature can be computed (age: missing in every patient or the same" in n
               for n in found.notes)  # fmt: skip
    flat = replace(cohort, expression=constant * 0 + 5)
    with pytest.raises(ModelError, match=r"the same in all|nothing to fit"):
        judge(flat, make_config(covariates=(), evaluation=NO_DRAWS))


def separated():
    """Age says who dies, and in which order."""
    cohort = simulate_cohort(90, 100, EFFECTS).cohort
    order = np.argsort(np.argsort(cohort.outcome.time_days))
    return with_outcome(replace(cohort, clinical=cohort.clinical.assign(age=-order.astype(float))), np.full(90, True))


def test_a_covariate_that_separates_perfectly():
    for penalised in (False, True):
        model = {"inner_folds": 3, "n_alphas": 8, "penalise_covariates": penalised}
        found = judge(separated(), make_config(evaluation=NO_DRAWS, model=model))
        for row in ("model", "clinical"):  # what a free covariate has to be held by, and plain Cox models have anyway
            assert found.internal.row(row).harrell.estimate > 0.9


def test_more_features_than_patients():
    cohort = simulate_cohort(40, 1500, EFFECTS, censored=0.1).cohort
    config = make_config(signatures=("all",), evaluation=NO_DRAWS)
    found = judge(cohort, config)
    assert any("events for" in note and "candidate features (0." in note for note in found.notes)
    assert np.isfinite(found.internal.row("model").harrell.estimate)


def test_a_cohort_of_one_patient():
    cohort = simulate_cohort(91, 100, EFFECTS, batches=("one", "two")).cohort
    few = cohort[np.flatnonzero((cohort.batch == "one") | (np.arange(91) == 1))]
    found = judge(few)
    assert np.isfinite(found.internal.row("model").harrell.estimate)
    assert found.internal.patients.loc[few.batch == "two", "risk"].notna().all()
    assert any(note.startswith("cohort two was not left out: ") and "no two patients can be compared" in note
               for note in found.notes)  # fmt: skip


def test_a_clinical_variable_that_is_missing_in_everybody_in_a_fold():
    cohort = simulate_cohort(90, 100, EFFECTS).cohort
    age = cohort.clinical["age"].where(np.arange(90) == 0)
    found = judge(replace(cohort, clinical=cohort.clinical.assign(age=age)))
    assert found.internal.row("clinical") is None
    assert np.isfinite(found.internal.row("model").harrell.estimate)


def test_draws_that_cannot_be_fitted_are_left_out_and_counted(monkeypatch):
    work, seen = cells._run_cell, Counter()

    def fail_in_the_second_fold(fold, task, entry, pipeline):
        seen[entry.name] += 1
        if entry.name in ("random 1", "permuted 0") and seen[entry.name] == 2:
            return ModelError("no finite coefficients")
        return work(fold, task, entry, pipeline)

    monkeypatch.setattr(cells, "_run_cell", fail_in_the_second_fold)
    found = judge(simulate_cohort(90, 100, EFFECTS).cohort, make_config(evaluation={"permutations": 3}))
    assert len(found.internal.random.concordance) == 2
    assert len(found.permuted.concordance) == 2
    for role in ("random", "permuted"):
        assert any(f"1 fits of {role} models failed and are left out (no finite" in note for note in found.notes)


def test_permutations_that_leave_a_fold_without_events_are_left_out_and_counted():
    cohort = simulate_cohort(60, 100, EFFECTS).cohort
    event = np.isin(np.arange(60), np.flatnonzero(cohort.outcome.event)[:9])
    found = judge(with_outcome(cohort, event), make_config(evaluation=NO_DRAWS | {"folds": 2, "permutations": 12}))
    (note,) = [note for note in found.notes if "of permuted models failed and are left out" in note]
    assert "events among 30 patients" in note
    assert 0 < len(found.permuted.concordance) < 12
