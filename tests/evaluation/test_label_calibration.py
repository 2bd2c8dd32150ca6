"""Calibration of a label: the regression is scikit-learn's, groups are counted by hand, a true model is on the line."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from itgstrat.evaluation.calibration_curve import fit_spline, label_calibration_curve
from itgstrat.evaluation.classification import bootstrap_patients, calibration_groups
from itgstrat.evaluation.response_table import Panel, compare_responses
from itgstrat.evaluation.weak_calibration import transform
from itgstrat.evaluation.weighted_logistic import fit_weighted_logistic
from itgstrat.learned.response import expit
from itgstrat.response import Response


def simulate(n=400, wrong=1.0, seed=0):
    """Labels drawn from a probability; what is predicted is `wrong` times its log odds."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.3, 1.2, n)
    return random.random(n) < expit(odds), expit(wrong * odds)


def fit_theirs(columns, label, weights):
    return LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(columns, label, weights)


def test_the_weighted_regression_is_that_of_scikit_learn():
    random = np.random.default_rng(1)
    columns, label = random.normal(size=(150, 2, 3)), random.random(150) < 0.4
    weights = random.integers(0, 4, (150, 5)).astype(float)
    found = fit_weighted_logistic(label, columns, weights)
    for number in range(5):
        theirs = fit_theirs(columns.reshape(300, 3), np.repeat(label, 2), np.repeat(weights[:, number] / 2, 2))
        assert found[:, number] == pytest.approx([theirs.intercept_[0], *theirs.coef_[0]], abs=1e-5)


def test_separated_classes_and_one_class_have_no_fit():
    label, column = np.arange(20) < 10, np.arange(20.0)[:, None, None]
    weights = np.stack([np.ones(20), label.astype(float)], axis=1)
    assert np.isnan(fit_weighted_logistic(label, column - 9.5, weights)).all()


@pytest.mark.parametrize(("n", "knots"), [(90, 3), (600, 4)])
def test_the_curve_is_a_regression_on_the_spline(n, knots):
    label, probability = simulate(n, 2.0)
    found = label_calibration_curve(label, probability[None], bootstrap_patients(n, 30, 0).astype(np.float32))
    score = transform(probability, "logit")
    spline = fit_spline(score, knots)
    theirs = fit_theirs(spline(score), label, None)
    grid = spline(transform(np.array(found.predicted), "logit"))
    assert found.observed == pytest.approx(theirs.predict_proba(grid)[:, 1], abs=1e-5)
    distance = np.abs(theirs.predict_proba(spline(score))[:, 1] - probability)
    assert found.ici.estimate == pytest.approx(distance.mean(), abs=1e-5)
    assert (found.e50, found.e90) == pytest.approx(np.quantile(distance, [0.5, 0.9]), abs=1e-5)
    assert (np.array(found.low) <= found.observed).all()
    assert (np.array(found.observed) <= found.high).all()


def test_a_true_model_is_nearer_to_the_line_than_one_that_tells_patients_too_far_apart():
    weights = bootstrap_patients(2000, 100, 0).astype(np.float32)
    right, wrong = (
        label_calibration_curve(label, probability[None], weights)
        for label, probability in (simulate(2000), simulate(2000, 2.5))
    )
    assert right.ici.high < 0.05 < wrong.ici.low


def test_the_band_covers_the_line_of_a_true_model():
    inside = []
    for seed in range(25):
        label, probability = simulate(400, seed=seed)
        found = label_calibration_curve(label, probability[None], bootstrap_patients(400, 100, seed).astype(np.float32))
        inside += [low <= p <= high for low, p, high in zip(found.low, found.predicted, found.high, strict=True)]
    assert 0.88 < np.mean(inside) < 0.99


def test_repetitions_have_one_share_of_their_patient():
    label, probability = simulate(120)
    weights = bootstrap_patients(120, 20, 0).astype(np.float32)
    one, three = (label_calibration_curve(label, np.tile(probability, (r, 1)), weights) for r in (1, 3))
    assert three.observed == pytest.approx(one.observed, abs=0.01)  # the knots move a little
    assert three.ici.high == pytest.approx(one.ici.high, abs=0.01)


def test_where_there_is_no_curve():
    label, probability = simulate(60)
    weights = bootstrap_patients(60, 20, 0).astype(np.float32)
    assert label_calibration_curve(label, np.full((1, 60), 0.4), weights) is None
    assert label_calibration_curve(np.arange(60) < 9, probability[None], weights) is None
    split = np.arange(60) < 30
    assert label_calibration_curve(split, np.linspace(0.9, 0.1, 60)[None], weights) is None  # separated


def test_groups_are_counted_by_hand():
    label = np.arange(53) % 3 == 0
    probability = np.linspace(0.9, 0.1, 53)
    table = calibration_groups(label, probability)
    assert [row["patients"] for row in table] == [11, 11, 11, 10, 10]
    assert sum(row["positive"] for row in table) == label.sum()
    rows = np.argsort(probability)[:11]
    share, z = label[rows].mean(), 1.959963984540054
    middle = (share + z**2 / 22) / (1 + z**2 / 11)
    half = z * np.sqrt(share * (1 - share) / 11 + z**2 / 484) / (1 + z**2 / 11)
    first = table[0]
    assert (first["predicted"], first["observed"]) == pytest.approx((probability[rows].mean(), share))
    assert (first["low"], first["high"]) == pytest.approx((middle - half, middle + half))
    assert len(calibration_groups(label[:25], probability[:25])) == 2


def compare(label, predicted, groups):
    names, response = list(map(str, range(len(label)))), Response(label, np.full(len(label), "x"))
    panel = Panel("external", "x", "pooled", names, response, groups, 50, 0)
    return compare_responses(panel, {"model": predicted, "prevalence": np.full_like(predicted, 0.4)}, [])


def test_a_comparison_holds_the_calibration_of_a_model_that_tells_patients_apart():
    label, probability = simulate(100)
    groups = np.zeros((1, 100), dtype=np.intp)
    found = compare(label, probability[None], groups)
    assert set(found.roc) == {"model"}  # the prevalence has no curve
    assert len(found.calibration) == 5
    assert found.curve is not None
    content = found.as_dict()
    assert content["curve"]["ici"]["estimate"] == found.curve.ici.estimate
    assert content["roc"]["model"]["true_positive"][-1] == 1
    folds = (np.arange(100) % 2)[None]
    flat = compare(label, np.where(folds == 0, 0.3, 0.5), folds)  # one probability a fold
    assert (flat.roc, flat.calibration, flat.curve) == ({}, [], None)
    rare = compare(np.arange(100) < 9, probability[None], groups)
    assert (set(rare.roc), rare.calibration, rare.curve) == ({"model"}, [], None)
