"""Every response model: fitted, cloned, cross-validated, saved, loaded; the record predicts what the library does."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.response import RESPONSE_MODELS, HistogramBoosting, PlainLogistic, RandomForest, split_by_label
from itgstrat.fitting.response.base import learn_calibration
from itgstrat.fitting.response.logistic import ElasticNetLogistic
from itgstrat.fitting.response.path import fit_path
from itgstrat.learned.model import pack_model, unpack_model
from itgstrat.learned.response import expit
from itgstrat.response import Response

QUICK = {
    "elastic_net_logistic": {"n_alphas": 8},
    "histogram_boosting": {"n_trees": 20},
    "random_forest": {"n_trees": 20},
}
EVERY = [*RESPONSE_MODELS, "plain_logistic"]


def make(name, **settings):
    if name == "plain_logistic":
        return PlainLogistic()
    return RESPONSE_MODELS[name](**{**QUICK[name], **settings})


def simulate(n=200, p=8, effect=1.0, intercept=-0.5, seed=0):
    """Draw labels whose log odds are known."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.standard_normal((n, p)), columns=[f"f{k}" for k in range(p)])
    log_odds = intercept + effect * (X["f0"] - X["f1"]).to_numpy()
    label = random.random(n) < expit(log_odds)
    return X, Response(label, np.array(["one", "two"])[np.arange(n) % 2], "R"), log_odds


@pytest.mark.parametrize("name", EVERY)
def test_fit_clone_cross_validate_save_load(name):
    X, y, _ = simulate()
    fitted = make(name).fit(X, y)
    again = clone(fitted).fit(X, y)
    probability = fitted.predict_proba(X)
    np.testing.assert_array_equal(again.predict_proba(X), probability)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    np.testing.assert_allclose(expit(fitted.decision_function(X)), probability[:, 1], atol=1e-12)
    loaded = unpack_model(pack_model(fitted.model_))
    assert type(loaded) is type(fitted.model_)
    np.testing.assert_array_equal(loaded.probability(X.to_numpy()), probability[:, 1])
    assert fitted.model_.label == "R"
    assert {"f0", "f1"} <= set(fitted.model_.features[fitted.model_.used])
    scores = cross_val_score(make(name), X, y, cv=StratifiedKFold(3).split(X, y.label))
    assert scores.mean() > 0.65
    alone = np.concatenate([fitted.model_.probability(row[None]) for row in X.to_numpy()[:5]])
    np.testing.assert_allclose(alone, probability[:5, 1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("weight", [None, "balanced"])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("kind", [HistogramBoosting, RandomForest])
def test_trees_score_as_the_library_does(kind, missing, weight):
    X, y, _ = simulate(300, intercept=-1)
    random = np.random.default_rng(1)
    X = X.mask(random.random(X.shape) < missing)
    fitted = kind(n_trees=30, class_weight=weight).fit(X, y)
    fresh = simulate(400, seed=2)[0]
    fresh = fresh.mask(random.random(fresh.shape) < missing).to_numpy()
    # values exactly on a threshold, and one float above and below it
    trees, threshold = fitted.model_, fitted.model_.threshold[fitted.model_.feature >= 0]
    asked = trees.feature[trees.feature >= 0]
    asked, threshold = asked[np.isfinite(threshold)], threshold[np.isfinite(threshold)]  # infinite: missing or not
    for k, (feature, value) in enumerate(zip(asked[:100], threshold[:100], strict=False)):
        fresh[3 * k : 3 * k + 3, feature] = np.nextafter(value, -9), value, np.nextafter(value, 9)
    np.testing.assert_allclose(trees.score(fresh), fitted.raw_score(fitted.library_, fresh), rtol=0, atol=1e-12)


def test_trees_kept_in_another_way_are_noticed(monkeypatch):
    X, y, _ = simulate(80)
    whole = HistogramBoosting.export
    monkeypatch.setattr(HistogramBoosting, "export", lambda self, fitted: {**whole(self, fitted), "base": 0.1})
    with pytest.raises(ModelError, match="taken out of HistGradientBoostingClassifier give other scores"):
        HistogramBoosting(n_trees=5).fit(X, y)
    with pytest.raises(ModelError, match="keeps boosted trees in another way"):
        whole(HistogramBoosting(), LogisticRegression())


@pytest.mark.parametrize("l1_ratio", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("weight", [None, "balanced"])
def test_the_path_is_that_of_saga(l1_ratio, weight):
    X, y, _ = simulate(120, 20, intercept=-1)
    values = X.to_numpy()
    alphas = np.array([0.1, 0.03, 0.01])
    own = np.full(len(y), 1 / len(y)) if weight is None else np.where(y.label, 0.5 / y.n_positive, 0.5 / y.n_negative)
    ones = np.ones((20, 3))
    coef, offset = fit_path(values, y.label, own, ones * alphas * l1_ratio, ones * alphas * (1 - l1_ratio), 1e-11)
    for k, alpha in enumerate(alphas):
        saga = LogisticRegression(
            C=1 / (alpha * len(y)), l1_ratio=l1_ratio, solver="saga", tol=1e-13, max_iter=100_000, class_weight=weight
        ).fit(values, y.label)
        np.testing.assert_allclose(coef[:, k], saga.coef_[0], atol=2e-6)
        np.testing.assert_allclose(offset[k], saga.intercept_[0], atol=2e-6)


def test_the_largest_penalty_leaves_nothing_but_what_carries_none():
    X, y, _ = simulate()
    fitted = ElasticNetLogistic(unpenalised=("f0",), n_alphas=5).fit(X, y)
    alone = ElasticNetLogistic(unpenalised=("f0",), n_alphas=5)
    values = X.to_numpy() - X.to_numpy().mean(axis=0)
    free = np.arange(8) > 0
    largest = fitted.path_["alpha"].to_numpy()[:1]
    at_largest, _ = alone._fit(values, y, free, largest * 1.0001, 1e-10)
    below, _ = alone._fit(values, y, free, largest * 0.99, 1e-10)
    assert np.flatnonzero(at_largest[:, 0]).tolist() == [0]
    assert np.count_nonzero(below[:, 0]) == 2
    assert fitted.alpha_ == fitted.path_["alpha"][fitted.path_["log_loss"].argmin()]


def test_plain_logistic_is_the_libraries():
    X, y, _ = simulate()
    library = LogisticRegression(C=10, tol=1e-12, max_iter=10_000).fit(X - X.mean(), y.label)
    ours = PlainLogistic(ridge=0.1).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(ours, library.predict_proba(X - X.mean()), atol=1e-6)


def test_platts_map_is_that_of_scikit_learn():
    X, y, _ = simulate(300)
    forest = RandomForest(n_trees=20).fit(X, y)
    folds = list(split_by_label(y, 5, 0))
    library = CalibratedClassifierCV(forest.make(), method="sigmoid", cv=folds, ensemble=False)
    library.fit(X.to_numpy(), y.label)
    np.testing.assert_allclose(forest.predict_proba(X), library.predict_proba(X.to_numpy()), atol=1e-4)


def test_the_isotonic_map_is_that_of_scikit_learn():
    X, y, log_odds = simulate(500)
    learned = learn_calibration(log_odds, y, "isotonic")
    edge = 1 / 502
    library = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(log_odds, y.label)
    asked = np.linspace(-6, 6, 400)
    ours = np.interp(asked, learned["knots"], learned["heights"])
    np.testing.assert_allclose(ours, library.predict(asked), rtol=0, atol=1e-12)
    fitted = make("random_forest", calibration="isotonic").fit(X, y)
    probability = fitted.model_.probability(X.to_numpy())
    assert ((probability > 0) & (probability < 1)).all()
    assert np.isfinite(fitted.decision_function(X)).all()
    assert len(fitted.model_.knots)


def test_a_map_that_would_turn_the_order_around_is_flat():
    _, y, log_odds = simulate(300)
    learned = learn_calibration(-log_odds, y, "logistic")
    assert learned["slope"] == 0
    assert abs(expit(np.array(learned["intercept"])) - y.label.mean()) < 0.01
    assert learn_calibration(np.ones(300), y, "auto")["slope"] == 0


def test_auto_is_isotonic_for_many_patients_only():
    for n, isotonic in ((999, False), (1000, True)):
        _, y, log_odds = simulate(n)
        assert bool(len(learn_calibration(log_odds, y, "auto")["knots"])) is isotonic


def test_a_folded_model_gives_the_same_probabilities_and_its_score_is_the_log_odds():
    X, y, _ = simulate()
    model = make("elastic_net_logistic").fit(X, y).model_
    folded = model.fold()
    assert model.slope != 1
    np.testing.assert_allclose(folded.probability(X.to_numpy()), model.probability(X.to_numpy()), atol=1e-14)
    told = folded.offset + folded.contributions(X.to_numpy()).sum(axis=1)
    np.testing.assert_allclose(told, model.log_odds(X.to_numpy()), atol=1e-12)
    isotonic = make("elastic_net_logistic", calibration="isotonic").fit(X, y).model_
    assert isotonic.fold() is isotonic


@pytest.mark.parametrize("name", EVERY)
def test_one_label_only_and_too_few_of_one(name):
    X, y, _ = simulate(60)
    with pytest.raises(OutcomeError, match="60 positive and 0 negative labels"):
        make(name).fit(X, Response(np.ones(60, dtype=bool), y.stratum))
    with pytest.raises(OutcomeError, match=r"3 positive and 57 negative labels .* needs at least 4 of either"):
        make(name).fit(X, Response(np.arange(60) < 3, y.stratum))
    make(name).fit(X, Response(np.arange(60) < 4, y.stratum))


@pytest.mark.parametrize("name", EVERY)
def test_features_that_say_nothing(name):
    X, y, _ = simulate(60)
    with pytest.raises(ModelError, match="every feature is the same in all patients"):
        make(name).fit(X * 0, y)
    half = X.assign(f3=1.0)
    assert "f3" not in set(make(name).fit(half, y).model_.features[make(name).fit(half, y).model_.used])


def test_a_penalised_feature_must_vary():
    X, y, _ = simulate(60, 2)
    with pytest.raises(ModelError, match="no feature with a penalty varies"):
        ElasticNetLogistic(unpenalised=("f0",)).fit(X.assign(f1=1.0), y)


@pytest.mark.parametrize("name", EVERY)
def test_more_features_than_patients_and_labels_that_are_separated(name):
    X, y, _ = simulate(40, 90)
    assert np.isfinite(make(name).fit(X, y).decision_function(X)).all()
    apart = X.assign(f0=np.where(y.label, 1.0, -1.0))
    assert make(name).fit(apart, y).score(apart, y) > 0.95


@pytest.mark.parametrize("name", EVERY)
def test_a_known_logit_comes_back_calibrated(name):
    X, y, _ = simulate(600, 5, effect=1.2, seed=3)
    fresh, truth, log_odds = simulate(4000, 5, effect=1.2, seed=4)
    fitted = make(name, **({"n_trees": 60} if "trees" in QUICK.get(name, {}) else {})).fit(X, y)
    best = roc_auc_score(truth.label, log_odds)
    linear = "logistic" in name
    assert fitted.score(fresh, truth) > best - (0.01 if linear else 0.05)
    predicted = fitted.decision_function(fresh)
    slope = LogisticRegression(C=np.inf).fit(predicted[:, None], truth.label).coef_[0, 0]
    assert abs(slope - 1) < 0.25
    assert abs(expit(predicted).mean() - truth.label.mean()) < 0.04


@pytest.mark.parametrize("name", RESPONSE_MODELS)
def test_no_signal_is_chance_and_the_probability_is_near_the_prevalence(name):
    scores, losses = [], []
    for seed in range(6):
        X, y, _ = simulate(120, 6, effect=0, seed=seed)
        fresh, truth, _ = simulate(800, 6, effect=0, seed=100 + seed)
        fitted = make(name).fit(X, y)
        scores.append(fitted.score(fresh, truth))
        blind = np.full(len(truth), y.label.mean())
        losses.append(log_loss(truth.label, fitted.predict_proba(fresh)) - log_loss(truth.label, blind))
    assert abs(np.mean(scores) - 0.5) < 0.03
    assert np.mean(losses) < 0.02


def test_weights_make_a_rare_label_count():
    X, y, _ = simulate(400, 4, intercept=-2.5)
    plain, weighted = (ElasticNetLogistic(class_weight=w).fit(X, y) for w in (None, "balanced"))
    assert weighted.model_.offset > plain.model_.offset + 1
    # the calibration map brings the probabilities back to the prevalence
    assert abs(weighted.predict_proba(X)[:, 1].mean() - y.label.mean()) < 0.03


def test_folds_hold_both_labels_of_every_cohort():
    _, y, _ = simulate(100)
    for train, test in split_by_label(y, 5, 0):
        assert not set(train) & set(test)
        kinds = y.label[test].astype(int) + 2 * (y.stratum[test] == "two")
        assert set(kinds) == {0, 1, 2, 3}
    with pytest.raises(OutcomeError, match="51 folds with both labels each needs at least 51"):
        split_by_label(y, 51, 0)
