"""The ROC curve: its area is the AUC, of one block it is scikit-learn's, and of no pair there is none."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_curve

from itgstrat.evaluation.response_table import Panel, compare_responses
from itgstrat.evaluation.roc import MOST_RATES, label_blocks, roc_curve
from itgstrat.response import Response


def draw(n, repeats=1, folds=1, cohorts=("a",), seed=0, digits=1):
    random = np.random.default_rng(seed)
    label = random.random(n) < 0.4
    predicted = np.clip(random.random((repeats, n)) * 0.6 + 0.3 * label, 0, 1).round(digits)
    groups = np.stack([random.permutation(n) % folds for _ in range(repeats)])
    return Response(label, np.array(cohorts)[np.arange(n) % len(cohorts)]), predicted, groups


def curve_of(response, predicted, groups):
    return roc_curve([label_blocks(response, own) for own in groups], predicted)


def area(curve):
    return np.trapezoid(curve.true_positive, curve.false_positive)


@pytest.mark.parametrize("digits", [1, 9])  # many ties, none
@pytest.mark.parametrize("seed", range(4))
def test_the_area_is_the_auc_over_cohorts_folds_and_repetitions(seed, digits):
    response, predicted, groups = draw(90, 3, 4, ("a", "b"), seed, digits)
    panel = Panel("cross-validation", "c", "batch", list(map(str, range(90))), response, groups, 20, 0)
    found = compare_responses(panel, {"model": predicted}, [])
    curve = found.roc["model"]
    assert area(curve) == pytest.approx(found.row("model").auc.estimate, abs=1e-12)


@pytest.mark.parametrize("digits", [1, 9])
def test_of_one_model_and_cohort_it_is_that_of_scikit_learn(digits):
    response, predicted, groups = draw(60, digits=digits)
    curve = curve_of(response, predicted, groups)
    false_positive, true_positive, _ = sklearn_curve(response.label, predicted[0], drop_intermediate=False)
    theirs = set(zip(false_positive.round(12), true_positive.round(12), strict=True))
    ours = set(zip(np.round(curve.false_positive, 12), np.round(curve.true_positive, 12), strict=True))
    assert ours <= theirs  # of a step of several patients the ends are kept
    assert area(curve) == pytest.approx(roc_auc_score(response.label, predicted[0]), abs=1e-12)


def test_it_rises_from_corner_to_corner():
    curve = curve_of(*draw(80, 2, 3, ("a", "b")))
    assert (curve.false_positive[0], curve.true_positive[0]) == (0, 0)
    assert (curve.false_positive[-1], curve.true_positive[-1]) == (1, 1)
    assert (np.diff(curve.false_positive) >= 0).all()
    assert (np.diff(curve.true_positive) >= -1e-12).all()


def test_a_perfect_a_wrong_and_a_blind_order():
    response = Response(np.array([True, True, False, False]), np.full(4, "a"))
    groups = np.zeros((1, 4))
    perfect = curve_of(response, np.array([[0.9, 0.8, 0.2, 0.1]]), groups)
    assert (1.0 in perfect.true_positive[:3], area(perfect)) == (True, 1.0)
    assert area(curve_of(response, np.array([[0.1, 0.2, 0.8, 0.9]]), groups)) == 0
    blind = curve_of(response, np.full((1, 4), 0.3), groups)
    assert (blind.false_positive, blind.true_positive) == ((0.0, 1.0), (0.0, 1.0))


def test_many_rates_are_thinned_and_without_a_pair_there_is_no_curve():
    response, predicted, groups = draw(3000, digits=9)
    curve = curve_of(response, predicted, groups)
    assert len(set(curve.false_positive)) == MOST_RATES
    assert area(curve) == pytest.approx(roc_auc_score(response.label, predicted[0]), abs=1e-3)
    alone = Response(np.ones(3, dtype=bool), np.full(3, "a"))
    assert curve_of(alone, np.full((1, 3), 0.5), np.zeros((1, 3))) is None
