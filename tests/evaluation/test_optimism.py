"""Optimism: known truths, an independent refit loop, and no patient on both sides of an inner fold."""

from dataclasses import replace

import numpy as np
import pytest
from joblib import Parallel
from sklearn.pipeline import Pipeline

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError
from itgstrat.evaluation.metrics import integrated_brier
from itgstrat.evaluation.optimism import (
    MEASURES,
    SHARE,
    _brier_without_information,
    _plus,
    correct_optimism,
    draw_sample,
    take_sample,
)
from itgstrat.fitting import CoxElasticNet, CoxPlain, FeaturePanel
from itgstrat.fitting.survival.base import split_by_events
from tests.evaluation.builders import make_outcomes
from tests.simulate import INTEGRINS, make_signature, simulate_cohort


def single_genes(n):
    genes = simulate_cohort(5, 200).cohort.genes[:n]
    return tuple(make_signature(f"s_{gene}", [gene]) for gene in genes)


def plain(n_features):
    return Pipeline([("features", FeaturePanel(single_genes(n_features), "zscore")), ("model", CoxPlain())])


@pytest.fixture(scope="module")
def noise():
    return simulate_cohort(120, seed=5).cohort


def test_pure_noise_looks_good_and_is_put_right(noise):
    found = correct_optimism(plain(80), noise, "632plus", draws=25)
    for name in ("harrell", "uno"):
        one = found.measure(name)
        assert one.apparent > 0.72
        assert one.corrected == pytest.approx(0.5, abs=0.06)
    brier = found.measure("brier")
    assert brier.apparent < brier.corrected <= max(brier.left_out, brier.no_information)
    kind = correct_optimism(plain(80), noise, "bootstrap", draws=25).measure("harrell")
    assert kind.apparent == found.measure("harrell").apparent
    assert kind.optimism > 0.1
    assert kind.corrected > found.measure("harrell").corrected  # the bootstrap is too kind where a model overfits


def test_a_strong_signal_is_hardly_corrected():
    strong = simulate_cohort(200, effects={INTEGRINS[0]: 1.2}, seed=6)
    pipeline = Pipeline(
        [("features", FeaturePanel((make_signature("s", INTEGRINS[:1]),), "zscore")), ("model", CoxPlain())]
    )
    truth = float(comparable_pairs(strong.outcome).concordance(strong.log_hazard))
    for method in ("bootstrap", "632plus"):
        one = correct_optimism(pipeline, strong.cohort, method, draws=15).measure("harrell")
        assert abs(one.optimism) < 0.02
        assert one.corrected == pytest.approx(truth, abs=0.03)


def test_corrected_concordance_is_that_of_new_patients():
    effects = dict.fromkeys(simulate_cohort(5, 200).cohort.genes[:3], 0.5)
    train, new = (
        simulate_cohort(150, effects=effects, seed=7).cohort,
        simulate_cohort(2000, effects=effects, seed=8).cohort,
    )
    pipeline = plain(25)
    fitted = pipeline.fit(train, train.outcome)
    truth = fitted.score(new, new.outcome)
    for method in ("bootstrap", "632plus"):
        one = correct_optimism(plain(25), train, method, draws=30).measure("harrell")
        assert abs(one.corrected - truth) < 0.06 < one.apparent - truth


def test_bootstrap_correction_is_the_loop_of_the_textbook(noise):
    pipeline = plain(6)
    found = correct_optimism(pipeline, noise, "bootstrap", draws=3, seed=4).measure("harrell")
    outcome, lost = noise.outcome, []
    for seed in np.random.SeedSequence(4).generate_state(3):
        rows = draw_sample(outcome, "bootstrap", int(seed))
        sample = take_sample(noise, rows)
        model = plain(6).fit(sample, sample.outcome)
        lost.append(model.score(sample, sample.outcome) - model.score(noise, outcome))
    apparent = plain(6).fit(noise, outcome).score(noise, outcome)
    assert found.apparent == pytest.approx(apparent)
    assert found.corrected == pytest.approx(apparent - np.mean(lost))


def test_workers_and_seeds(noise):
    one = correct_optimism(plain(4), noise, draws=4, seed=1)
    assert correct_optimism(plain(4), noise, draws=4, seed=1, workers=Parallel(n_jobs=2, backend="threading")) == one
    assert correct_optimism(plain(4), noise, draws=4, seed=2) != one


def test_a_patient_drawn_twice_stays_on_one_side_of_inner_folds():
    cohort = simulate_cohort(80, batches=("one", "two"), seed=9).cohort
    rows = draw_sample(cohort.outcome, "bootstrap", 3)
    sample = take_sample(cohort, rows)
    assert len(np.unique(rows)) < len(rows) == len(set(sample.patients))
    assert (sample.batch == cohort.batch[rows]).all()
    covered = []
    for train, test in split_by_events(sample.outcome, 5, 0):
        assert not set(rows[train]) & set(rows[test])
        assert sample.outcome.event[test].any()
        covered += list(test)
    assert sorted(covered) == list(range(len(rows)))


def test_a_leak_between_inner_folds_would_make_noise_look_predictive(noise):
    model = CoxElasticNet(n_alphas=15, alpha_min_ratio=0.01, inner_tol=1e-5, tol=1e-7)
    panel = FeaturePanel(single_genes(80), "zscore").fit(noise)
    kept, leaky = [], []
    for seed in range(6):
        sample = take_sample(noise, draw_sample(noise.outcome, "bootstrap", seed))
        features, outcome = panel.transform(sample), sample.outcome
        kept.append(model.fit(features, outcome).path_["concordance"].iloc[-1])
        model.fit(features, replace(outcome, patient=None))
        leaky.append(model.path_["concordance"].iloc[-1])
    assert np.mean(kept) == pytest.approx(0.5, abs=0.06)
    assert np.mean(leaky) > 0.6


def test_subsamples_have_nobody_twice_and_keep_the_cohorts_shares():
    outcome = make_outcomes(100, strata=("a", "a", "b"))[1]
    rows = draw_sample(outcome, "632plus", 0)
    assert len(np.unique(rows)) == len(rows)
    for _, own in outcome.by_stratum():
        assert np.isin(own, rows).sum() == round(SHARE * len(own))


def test_brier_without_information_is_the_mean_over_all_pairs():
    risk, outcome = make_outcomes(30)
    times = np.linspace(100, 900, 7)
    survival = np.exp(-times * np.exp(risk)[:, None] / 1000)
    slow = np.mean([integrated_brier(outcome, np.tile(one, (30, 1)), times).mean() for one in survival])
    assert _brier_without_information(outcome, survival, times) == pytest.approx(slow)


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [(0.5, 0.5), (0.45, 0.5), (0.8, 0.8), (0.65, 0.683799)],  # R = 1, 1, 0, and (0.8 - 0.65) / (0.8 - 0.5)
)
def test_weight_grows_from_632_to_1_with_overfitting(left_out, expected):
    found = _plus("harrell", 0.8, left_out, 0.5).corrected
    assert found == pytest.approx(expected, abs=2e-5)
    assert list(MEASURES) == ["harrell", "uno", "brier"]


def test_too_many_samples_without_a_model_are_said(noise, monkeypatch):
    monkeypatch.setattr("itgstrat.evaluation.optimism._try", lambda *_: None)
    with pytest.raises(ModelError, match="3 of 3 samples of the patients carry no model"):
        correct_optimism(plain(3), noise, draws=3)


def test_everything_is_plain_json(noise):
    import json

    content = correct_optimism(plain(3), noise, "bootstrap", draws=3).as_dict()
    assert json.loads(json.dumps(content, allow_nan=False))["measures"][0]["left_out"] is None
