"""Measures of class probabilities against scikit-learn and a general optimiser, and on simulated truth."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from itgstrat.errors import ModelError
from itgstrat.evaluation.classification import judge_probabilities, subtract_probabilities
from itgstrat.evaluation.weak_calibration import regress_calibration


def make_labels(n=400, slope=1.0, seed=0):
    """Labels drawn from a logistic model, and predictions whose logits are `slope` times the truth."""
    random = np.random.default_rng(seed)
    logit = random.normal(-0.5, 1.2, n)
    label = random.random(n) < 1 / (1 + np.exp(-logit))
    return label, 1 / (1 + np.exp(-slope * logit))


@pytest.mark.parametrize("digits", [1, 6])
def test_measures_are_those_of_scikit_learn_with_ties(digits):
    label, probability = make_labels(120)
    probability = probability.round(digits).clip(0.05, 0.95)
    found = judge_probabilities(label, probability, draws=50)
    assert found.auc.estimate == pytest.approx(roc_auc_score(label, probability), abs=1e-12)
    assert found.average_precision.estimate == pytest.approx(average_precision_score(label, probability), abs=1e-12)
    assert found.brier.estimate == pytest.approx(brier_score_loss(label, probability), abs=1e-12)
    assert found.log_loss.estimate == pytest.approx(log_loss(label, probability), abs=1e-12)
    assert (found.n_patients, found.n_positive) == (120, label.sum())


def test_a_bootstrap_interval_is_that_of_the_drawn_patients():
    label, probability = make_labels(80)
    found = judge_probabilities(label, probability, draws=60, seed=3)
    counts = np.random.default_rng(3).multinomial(80, np.full(80, 1 / 80), 60)
    drawn = [roc_auc_score(np.repeat(label, row), np.repeat(probability, row)) for row in counts]
    assert (found.auc.low, found.auc.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=1e-12)


def test_repetitions_are_averaged():
    label, probability = make_labels(100)
    other = np.roll(probability, 1)
    both = judge_probabilities(label, np.stack([probability, other]), draws=20)
    alone = [judge_probabilities(label, one, draws=20) for one in (probability, other)]
    for name in ("auc", "average_precision", "brier", "log_loss"):
        assert getattr(both, name).estimate == pytest.approx(np.mean([getattr(one, name).estimate for one in alone]))
    twice = judge_probabilities(label, np.stack([probability, probability]), draws=20)
    assert twice.slope.low == pytest.approx(alone[0].slope.low, abs=1e-9)  # one patient is one cluster


@pytest.mark.parametrize("spread", [1.0, 2.0, 0.5])
def test_the_slope_gives_back_the_known_spread(spread):
    label, probability = make_labels(6000, spread)
    found = judge_probabilities(label, probability, draws=20)
    assert found.slope.low < 1 / spread < found.slope.high
    assert found.slope.high - found.slope.low < 0.5 / spread
    assert (found.intercept.low < 0 < found.intercept.high) == (spread == 1.0)


def test_recalibration_is_the_maximum_of_the_weighted_likelihood():
    label, probability = make_labels(150, 1.5)
    weights = np.random.default_rng(5).random(150)
    x = np.log(-np.log1p(-probability))

    def loss(beta):
        hazard = np.exp(np.clip(beta[0] + beta[1] * x, -100, 100))
        return -(weights * np.where(label, np.log(-np.expm1(-hazard)), -hazard)).sum()

    _, slope = regress_calibration(label, probability, "cloglog", weights)
    assert slope.estimate == pytest.approx(minimize(loss, [0.0, 1.0], tol=1e-12).x[1], abs=1e-5)


def test_permutations_find_signal_and_no_signal():
    label, probability = make_labels(200)
    assert judge_probabilities(label, probability, draws=199).p_value == 1 / 200
    random = np.random.default_rng(0)
    values = [judge_probabilities(random.random(60) < 0.4, random.random(60), 99, seed).p_value for seed in range(200)]
    assert np.mean(np.array(values) <= 0.05) < 0.1
    assert 0.4 < np.mean(values) < 0.6


def test_a_model_minus_itself_is_nothing_and_minus_noise_is_something():
    label, probability = make_labels(300)
    same = subtract_probabilities(label, probability, probability, draws=50)
    assert (same.auc.estimate, same.auc.low, same.log_loss.high) == (0, 0, 0)
    noise = np.random.default_rng(1).random(300)
    found = subtract_probabilities(label, probability, noise, draws=200)
    assert found.auc.low > 0
    assert found.average_precision.low > 0
    assert found.brier.high < 0
    assert found.log_loss.high < 0


def test_one_class_equal_predictions_and_separation_are_not_a_number():
    found = judge_probabilities([1, 1, 1], [0.5, 0.6, 0.7], draws=20)
    assert np.isnan([found.auc.estimate, found.slope.estimate, found.intercept.estimate, found.p_value]).all()
    equal = judge_probabilities([0, 1, 0, 1], [0.3] * 4, draws=20)
    assert equal.auc.estimate == 0.5
    assert np.isnan(equal.slope.estimate)
    assert equal.intercept.estimate == pytest.approx(np.log(7 / 3))
    apart = judge_probabilities([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], draws=20)
    assert np.isnan(apart.slope.estimate)


@pytest.mark.parametrize(
    ("label", "probability", "message"),
    [
        ([0, 2], [0.1, 0.2], r"labels hold 2; .*1 \(of the class\) and 0"),
        ([0, 1], [0.1], "one label and one probability a patient"),
        ([0, 1], [0.1, np.nan], "1 patients have a probability that is missing or outside 0 to 1"),
        ([0, 1], [0.1, 1.2], r"positions 1"),
        ([], [], "one label and one probability a patient"),
    ],
)
def test_bad_input_is_refused(label, probability, message):
    with pytest.raises(ModelError, match=message):
        judge_probabilities(label, probability)
