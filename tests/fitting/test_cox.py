"""Cox models: the records predict what scikit-survival, lifelines and R predict, and find what was put in."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting import CoxElasticNet, CoxPlain
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox
from itgstrat.fitting.survival.base import breslow_baselines, linear_model, split_by_events, to_structured
from itgstrat.outcome import make_outcome
from tests.simulate import simulate_outcome

GOLDEN = Path(__file__).parents[1] / "golden"
R_SAYS = json.loads((GOLDEN / "survival.json").read_text())
R_DATA = pd.read_csv(GOLDEN / "survival.csv")
R_FEATURES = R_DATA[["x1", "x2", "x3"]].astype(float)
R_OUTCOME = make_outcome(R_DATA["event"], R_DATA["time"], stratum=R_DATA["stratum"].to_numpy(str))
WHOLE = make_outcome(R_DATA["event"], R_DATA["time"])


def simulate(n=150, p=12, effects=(0.8, -0.5), seed=0, **settings):
    features = np.random.default_rng(seed).standard_normal((n, p))
    truth = features[:, : len(effects)] @ np.array(effects)
    outcome = simulate_outcome(truth, seed=seed + 1, **settings)
    return pd.DataFrame(features, columns=[f"f{i}" for i in range(p)]), outcome, truth


X, Y, _ = simulate()
STRATA = np.where(np.arange(150) % 3 == 0, "a", "b")
# At event times, because lifelines interpolates between them and scikit-survival takes the first step before it.
TIMES = np.sort(Y.time_days[Y.event])[[0, 10, 40, 80]]


def fit_coxnet(model, features, outcome, **settings):
    """Fit the path up to the chosen penalty with scikit-survival itself."""
    alphas = model.path_["alpha"].to_numpy()
    alphas = alphas[alphas >= model.alpha_]
    coxnet = CoxnetSurvivalAnalysis(l1_ratio=model.l1_ratio, alphas=alphas, tol=1e-12, max_iter=10**6, **settings)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="all coefficients are zero")
        return coxnet.fit(features.to_numpy(), to_structured(outcome))


@pytest.mark.parametrize("l1_ratio", [0.05, 0.5, 1.0])
def test_the_elastic_net_record_predicts_what_scikit_survival_predicts(l1_ratio):
    model = CoxElasticNet(l1_ratio=l1_ratio).fit(X, Y)
    theirs = fit_coxnet(model, X, Y, fit_baseline_model=True)
    values = X.to_numpy()
    np.testing.assert_allclose(model.model_.coef, theirs.coef_[:, -1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(model.predict(X), theirs.predict(values, alpha=model.alpha_), rtol=0, atol=1e-12)
    curves = theirs.predict_survival_function(values, alpha=model.alpha_)
    ours = model.model_.survival(values, TIMES)
    np.testing.assert_allclose(ours, [curve(TIMES) for curve in curves], rtol=0, atol=1e-12)


def test_a_path_to_the_end_gives_the_same_coefficients():
    model = CoxElasticNet(n_alphas=10).fit(X, Y)
    assert len(model.path_) == 10
    assert model.alpha_ in model.path_["alpha"].to_numpy()
    theirs = CoxnetSurvivalAnalysis(l1_ratio=0.5, alphas=model.path_["alpha"].to_numpy(), tol=1e-12, max_iter=10**6)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="all coefficients are zero")
        theirs.fit(X.to_numpy(), to_structured(Y))
    np.testing.assert_allclose(model.model_.coef, theirs.coef_[:, list(theirs.alphas_).index(model.alpha_)], atol=1e-12)


def test_the_chosen_penalty_is_the_largest_of_the_best():
    path = CoxElasticNet().fit(X, Y).path_
    best = path["alpha"][path["concordance"] == path["concordance"].max()].max()
    assert CoxElasticNet().fit(X, Y).alpha_ == best
    assert path["alpha"].is_monotonic_decreasing


def test_features_without_a_penalty_are_never_shrunk_to_zero():
    features = X.rename(columns={"f10": "grade=2", "f11": "grade=3"})
    model = CoxElasticNet(l1_ratio=1.0, unpenalised=("grade",)).fit(features, Y)
    strict = CoxElasticNet(l1_ratio=1.0, n_alphas=2, alpha_min_ratio=0.999, unpenalised=("grade",)).fit(features, Y)
    for fitted in (model, strict):
        assert (fitted.model_.coef[-2:] != 0).all()
    assert np.abs(strict.model_.coef[:-2]).max() < 0.01


@pytest.mark.parametrize("ridge", [0.1, 5.0])
def test_the_plain_record_predicts_what_scikit_survival_predicts(ridge):
    theirs = CoxPHSurvivalAnalysis(alpha=ridge, ties="breslow", tol=1e-12).fit(X.to_numpy(), to_structured(Y))
    model = CoxPlain(ridge).fit(X, Y)
    center = X.to_numpy().mean(axis=0) @ theirs.coef_
    np.testing.assert_allclose(model.predict(X), theirs.predict(X.to_numpy()) - center, rtol=0, atol=1e-12)
    curves = theirs.predict_survival_function(X.to_numpy())
    ours = model.model_.survival(X.to_numpy(), TIMES)
    np.testing.assert_allclose(ours, [curve(TIMES) for curve in curves], rtol=0, atol=1e-12)


def test_without_ties_the_plain_model_equals_lifelines():
    table = X.assign(time=Y.time_days, event=Y.event)
    theirs = CoxPHFitter().fit(table, "time", "event", fit_options={"precision": 1e-12})
    model = CoxPlain(ridge=0.0).fit(X, Y).model_
    np.testing.assert_allclose(model.coef, theirs.params_, atol=1e-7)
    np.testing.assert_allclose(
        model.survival(X.to_numpy(), TIMES), theirs.predict_survival_function(X, TIMES).T, atol=1e-6
    )


def test_ties_are_broken_as_efron_does_in_r():
    model = CoxPlain(ridge=0.0).fit(R_FEATURES, WHOLE).model_
    np.testing.assert_allclose(model.coef, R_SAYS["coef_efron"], rtol=0, atol=1e-8)


def test_survival_with_breslows_ties_equals_r():
    coef = fit_cox(R_FEATURES.to_numpy(), RiskSets.of(WHOLE, "breslow"), np.zeros(3))
    np.testing.assert_allclose(coef, R_SAYS["coef_breslow"], rtol=0, atol=1e-8)
    new = np.array(R_SAYS["new_patients"]).reshape(2, 3)
    survival = linear_model(R_FEATURES, WHOLE, coef).survival(new, R_SAYS["horizons"])
    np.testing.assert_allclose(survival, np.array(R_SAYS["survival_breslow"]).reshape(3, 2).T, atol=1e-8)


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_baseline_of_each_stratum_equals_r(name):
    fields = breslow_baselines(R_OUTCOME, R_DATA["risk"].to_numpy())
    own = slice(*fields["start"][list(fields["strata"]).index(name) :][:2])
    steps = np.searchsorted(fields["times_days"][own], R_SAYS[f"baseline_times_{name}"], side="right")
    ours = np.concatenate([[0], fields["cumulative_hazard"][own]])[steps]
    np.testing.assert_allclose(ours, R_SAYS[f"baseline_hazard_{name}"], rtol=0, atol=1e-12)


def test_the_last_baseline_is_of_all_patients():
    risk = R_DATA["risk"].to_numpy()
    both, alone = breslow_baselines(R_OUTCOME, risk), breslow_baselines(WHOLE, risk)
    last, own = (slice(*fields["start"][-2:]) for fields in (both, alone))
    np.testing.assert_array_equal(both["cumulative_hazard"][last], alone["cumulative_hazard"][own])
    assert both["followed_days"].tolist() == [*R_DATA.groupby("stratum")["time"].max(), R_DATA["time"].max()]


def test_a_stratum_without_events_has_a_baseline_of_zero():
    outcome = make_outcome(Y.event & (STRATA == "a"), Y.time_days, stratum=STRATA)
    model = CoxPlain().fit(X, outcome).model_
    alive = model.survival(X.to_numpy()[:3], [50.0], np.array(["b"] * 3))
    assert alive.tolist() == [[1.0]] * 3
    assert (model.survival(X.to_numpy()[:3], [50.0], np.array(["a"] * 3)) < 1).all()


@pytest.mark.parametrize("model", [CoxElasticNet(seed=3), CoxPlain()])
def test_fitting_twice_gives_the_same_bits(model):
    first = model.fit(X, Y).model_.to_arrays()
    again = model.fit(X, Y).model_.to_arrays()
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)


@pytest.mark.parametrize("model", [CoxElasticNet(), CoxPlain()])
def test_risk_is_centred_on_the_training_mean(model):
    shifted = X + 5
    fitted = model.fit(shifted, Y)
    assert fitted.predict(shifted).mean() == pytest.approx(0, abs=1e-9)
    assert fitted.score(shifted, Y) == pytest.approx(comparable_pairs(Y).concordance(fitted.predict(shifted)))


def test_a_known_log_hazard_ratio_is_found_within_its_interval():
    features, outcome, _ = simulate(n=2000, p=3, effects=(0.7, -0.3, 0.0), seed=4)
    table = features.assign(time=outcome.time_days, event=outcome.event)
    theirs = CoxPHFitter().fit(table, "time", "event")
    found = CoxPlain().fit(features, outcome).model_.coef
    assert (np.abs(found - [0.7, -0.3, 0.0]) < 1.96 * theirs.standard_errors_).all()


def test_the_elastic_net_finds_the_signal_and_its_concordance():
    features, outcome, truth = simulate(n=600, p=30, effects=(0.8, -0.8), seed=5)
    train, test = np.arange(300), np.arange(300, 600)
    model = CoxElasticNet().fit(features.iloc[train], outcome[train])
    assert set(np.argsort(-np.abs(model.model_.coef))[:2]) == {0, 1}
    pairs = comparable_pairs(outcome[test])
    found, best = pairs.concordance(model.predict(features.iloc[test])), pairs.concordance(truth[test])
    assert best > 0.75
    assert found > best - 0.02


@pytest.mark.parametrize("model", [CoxElasticNet(), CoxPlain()])
def test_without_events_there_is_no_model(model):
    with pytest.raises(OutcomeError, match=r"0 events among 150 patients; a.* Cox model .*needs at least"):
        model.fit(X, make_outcome(np.zeros(150, bool), Y.time_days))


def test_a_single_patient_is_no_cohort():
    with pytest.raises(OutcomeError, match="1 events among 1 patients"):
        CoxElasticNet().fit(X[:1], make_outcome([1], [5]))
    with pytest.raises(ModelError, match="a Cox model compares patients; found only one"):
        CoxPlain().fit(X[:1], make_outcome([1], [5]))


def test_constant_features():
    constant = pd.DataFrame(0.0, index=X.index, columns=X.columns)
    with pytest.raises(ModelError, match="every feature with a penalty is the same in all patients"):
        CoxElasticNet().fit(constant, Y)
    assert CoxPlain().fit(constant, Y).model_.coef.tolist() == [0] * 12
    one = X.assign(f3=0.0)
    for model in (CoxElasticNet(), CoxPlain()):
        assert model.fit(one, Y).model_.coef[3] == 0


def test_only_unpenalised_features_are_refused():
    with pytest.raises(ModelError, match="no feature carries a penalty; use a plain Cox model"):
        CoxElasticNet(unpenalised=tuple(X.columns)).fit(X, Y)


@pytest.mark.parametrize("model", [CoxElasticNet(), CoxElasticNet(l1_ratio=0.01), CoxPlain()])
def test_more_features_than_patients(model):
    features, outcome, _ = simulate(n=40, p=120)
    fitted = model.fit(features, outcome)
    assert np.isfinite(fitted.predict(features)).all()
    assert fitted.score(features, outcome) > 0.5


def separate(n=60):
    """The first feature puts the patients in the order of their events."""
    outcome = make_outcome(np.arange(n) % 4 > 0, np.arange(1, n + 1))
    features = np.random.default_rng(0).standard_normal((n, 3))
    features[:, 0] = -(np.arange(n) - n / 2) / 17
    return pd.DataFrame(features, columns=["order", "f1", "f2"]), outcome


@pytest.mark.parametrize("model", [CoxElasticNet(), CoxPlain()])
def test_a_penalty_tames_a_perfect_separation(model):
    features, outcome = separate()
    fitted = model.fit(features, outcome)
    assert fitted.score(features, outcome) > 0.95
    survival = fitted.model_.survival(features.to_numpy(), [1.0, 30, 60])
    assert ((survival >= 0) & (survival <= 1)).all()


def test_a_perfect_separation_without_a_penalty_is_told():
    with pytest.raises(ModelError, match="has no finite coefficients: a feature separates early from late events"):
        CoxPlain(ridge=0.0).fit(*separate())


@pytest.mark.parametrize("strata", [1, 2])
@pytest.mark.parametrize("p", [3, 80])
def test_a_free_covariate_that_separates_is_held_by_a_slight_ridge(strata, p):
    features, outcome = separate()
    rng = np.random.default_rng(1)
    features = features.join(pd.DataFrame(rng.standard_normal((60, p)), columns=[f"more{i}" for i in range(p)]))
    features["rare"] = np.arange(60) == 59  # never had an event; in some inner folds there is none
    outcome = make_outcome(outcome.event, outcome.time_days, stratum=np.arange(60) % strata)
    fitted = CoxElasticNet(unpenalised=("order", "rare")).fit(features.astype(float), outcome)
    assert fitted.score(features, outcome) > 0.95
    assert 1 < np.abs(fitted.model_.coef[0]) < 100
    assert np.abs(fitted.model_.coef[-1]) < 5


def test_a_free_covariate_that_does_not_separate_carries_no_penalty():
    outcome = make_outcome(Y.event, Y.time_days, stratum=STRATA)
    for y in (Y, outcome):
        fitted = CoxElasticNet(unpenalised=("f0",)).fit(X, y)
        sets = RiskSets.of(y, "breslow")
        slope = X.to_numpy()[sets.order].T @ sets.residuals((X.to_numpy() @ fitted.model_.coef)[sets.order])
        assert abs(slope[0]) < 1e-4  # the likelihood is at its maximum there
        assert np.abs(slope[1:]).max() > 1


@pytest.mark.parametrize("model", [CoxElasticNet(), CoxPlain()])
def test_times_that_are_all_tied(model):
    fitted = model.fit(X, make_outcome(Y.event, np.full(150, 30.0)))
    assert np.isfinite(fitted.predict(X)).all()
    assert len(fitted.model_.times_days) == 2  # one step of the stratum, one pooled


def test_a_shift_between_strata_does_not_bias():
    """In stratum b everyone has more of feature 0 and dies ten times as fast, for another reason."""
    features, _, truth = simulate(n=1200, p=4, effects=(0.0, 0.6), seed=8)
    stratum = np.where(np.arange(1200) % 2, "a", "b")
    features.loc[stratum == "b", "f0"] += 1.5
    outcome = simulate_outcome(truth, stratum, np.where(stratum == "b", 200.0, 2000.0), seed=9)
    pooled = make_outcome(outcome.event, outcome.time_days)
    for model in (CoxPlain(), CoxElasticNet(), CoxElasticNet(rule="partial_likelihood")):
        assert np.abs(model.fit(features, outcome).model_.coef - [0, 0.6, 0, 0]).max() < 0.1
        assert model.fit(features, pooled).model_.coef[0] > 0.1


@pytest.mark.parametrize("p", [12, 200])
def test_both_ways_to_the_path_give_the_same_model(p):
    """A second stratum of one patient adds nothing to the likelihood, but takes the way for strata."""
    features, outcome, _ = simulate(n=120, p=p, seed=10)
    lone = np.append(outcome.stratum, "lone")
    more = make_outcome(np.append(outcome.event, True), np.append(outcome.time_days, 50.0), stratum=lone)
    values, penalties = features.to_numpy(), np.append(0.0, np.ones(p - 1))
    with_lone = np.vstack([values, values[0]])
    alphas = np.geomspace(0.2, 0.05, 8)
    tight = CoxElasticNet(tol=1e-17)
    theirs = tight._run_coxnet(values, outcome, penalties, 1e-17, alphas=alphas).coef_
    scale = len(values) / len(with_lone)  # the mean over patients counts the one who adds nothing
    ours = tight._fit_path(with_lone, more, penalties, alphas * scale, 1e-12)
    np.testing.assert_allclose(ours[:, : theirs.shape[1]], theirs, rtol=0, atol=1e-7 if p > 100 else 1e-8)


def test_the_largest_penalty_is_found_after_the_free_features_are_fitted():
    strong = X.assign(f11=X["f0"] + 0.1 * X["f1"])
    stratified = make_outcome(Y.event, Y.time_days, stratum=STRATA)
    for outcome in (Y, stratified):
        model = CoxElasticNet(unpenalised=("f0",)).fit(strong, outcome)
        first, second = model.path_["alpha"][:2]
        penalties = np.append(0.0, np.ones(11))
        paths = model._fit_path(strong.to_numpy(), outcome, penalties, np.array([first * 1.001, second]), 1e-12)
        assert np.count_nonzero(paths[1:, 0]) == 0
        assert np.count_nonzero(paths[1:, 1]) > 0
        assert first < CoxElasticNet().fit(strong, outcome).path_["alpha"][0]


def test_one_standard_error_takes_the_larger_penalty():
    for rule in ("concordance", "partial_likelihood"):
        best, strict = CoxElasticNet(rule=rule).fit(X, Y), CoxElasticNet(rule=rule, one_se=True).fit(X, Y)
        assert strict.alpha_ > best.alpha_
        assert strict.path_[rule].tolist() == best.path_[rule].tolist()
        assert np.count_nonzero(strict.model_.coef) <= np.count_nonzero(best.model_.coef)


def test_folds_spread_events_and_strata():
    outcome = make_outcome(Y.event, Y.time_days, stratum=STRATA)
    folds = split_by_events(outcome, 5, seed=0)
    assert np.sort(np.concatenate([test for _, test in folds])).tolist() == list(range(150))
    for cells in (outcome.event & (STRATA == "a"), outcome.event & (STRATA == "b")):
        counts = [cells[test].sum() for _, test in folds]
        assert max(counts) - min(counts) <= 1


def test_fewer_events_than_folds_are_refused():
    few = make_outcome(np.arange(150) < 3, Y.time_days)
    with pytest.raises(OutcomeError, match="3 events among 150 patients; 5 folds with an event each needs at least 5"):
        split_by_events(few, 5, seed=0)
    with pytest.raises(OutcomeError, match="an elastic-net Cox model with inner cross-validation needs at least 4"):
        CoxElasticNet().fit(X, few)
    CoxElasticNet().fit(X, make_outcome(np.arange(150) % 30 == 0, Y.time_days))  # 5 events: two inner folds


def test_small_strata_do_not_stop_the_folds():
    outcome = make_outcome(Y.event, Y.time_days, stratum=np.where(np.arange(150) < 2, "tiny", "main"))
    folds = split_by_events(outcome, 5, seed=0)
    assert all(outcome[test].n_events > 0 for _, test in folds)
