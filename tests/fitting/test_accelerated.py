"""Accelerated failure time models: records predict what lifelines predicts, and find what was put in."""

import numpy as np
import pandas as pd
import pytest
from lifelines import LogNormalAFTFitter, WeibullAFTFitter

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.survival import LogNormalAFT, WeibullAFT
from itgstrat.outcome import make_outcome
from tests.fitting.test_forest import simulate

LIBRARY = {WeibullAFT: WeibullAFTFitter, LogNormalAFT: LogNormalAFTFitter}
MODELS = list(LIBRARY)
X, Y = simulate(200)
NEW = simulate(60, seed=5)[0]
TIMES = [10.0, 300.0, 1500.0]


@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize("model", MODELS)
def test_the_record_predicts_what_lifelines_predicts(model, ridge):
    record = model(ridge).fit(X, Y).model_
    # the very table that ours was fitted on: lifelines stops short of the maximum, at another place in other units
    unit, center = np.exp(np.log(Y.time_days).mean()), X.to_numpy().mean(axis=0)
    table = pd.DataFrame(X.to_numpy() - center).add_prefix("x")
    fitted = LIBRARY[model](penalizer=ridge).fit(table.assign(time=Y.time_days / unit, event=Y.event), "time", "event")
    new = pd.DataFrame(NEW.to_numpy() - center).add_prefix("x")
    median = fitted.predict_median(new).to_numpy() * unit
    at_mean = fitted.predict_median(new[:1] * 0).to_numpy() * unit
    np.testing.assert_allclose(record.risk(NEW.to_numpy()), np.log(at_mean / median), rtol=0, atol=1e-12)
    expected = fitted.predict_survival_function(new, np.array(TIMES) / unit).T
    np.testing.assert_allclose(record.survival(NEW.to_numpy(), TIMES), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_units_of_time_only_shift_the_intercept(model):
    days, years = model().fit(X, Y).model_, model().fit(X, make_outcome(Y.event, Y.time_days / 365.25)).model_
    np.testing.assert_allclose(days.coef, years.coef, rtol=0, atol=1e-12)
    assert days.intercept - years.intercept == pytest.approx(np.log(365.25))


@pytest.mark.parametrize("model", MODELS)
def test_known_coefficients_are_found(model):
    random = np.random.default_rng(0)
    features = pd.DataFrame(random.standard_normal((3000, 3)), columns=["a", "b", "c"])
    noise = random.standard_normal(3000) if model is LogNormalAFT else np.log(random.exponential(size=3000))
    time = np.exp(6.0 - features.to_numpy() @ [0.5, -0.3, 0.0] + 0.8 * noise)
    censoring = random.exponential(2000, 3000)
    record = model(0.0).fit(features, make_outcome(time <= censoring, np.minimum(time, censoring))).model_
    np.testing.assert_allclose(record.coef, [0.5, -0.3, 0.0], atol=0.05)
    assert record.scale == pytest.approx(0.8, abs=0.04)
    assert record.intercept == pytest.approx(6.0, abs=0.06)


@pytest.mark.parametrize("model", MODELS)
def test_a_constant_feature_has_no_coefficient_and_names_need_not_be_words(model):
    named = X.assign(f3=4.0).set_axis(["Intercept", "time", "event", "a + b", "grade=<3>", "x", "~", "C(x)"], axis=1)
    record = model().fit(named, Y).model_
    assert record.coef[3] == 0
    np.testing.assert_array_equal(record.coef, model().fit(X.assign(f3=4.0), Y).model_.coef)
    assert np.isfinite(record.coef).all()


@pytest.mark.parametrize("model", MODELS)
def test_what_cannot_be_fitted_is_told(model):
    with pytest.raises(OutcomeError, match=r"1 events among 200 patients; a .* failure time model needs at least 2"):
        model().fit(X, make_outcome(np.arange(200) < 1, Y.time_days))
    with pytest.raises(ModelError, match="every feature is the same in all 200 patients"):
        model().fit(X * 0, Y)
    with pytest.raises(ModelError, match=r"events are at the same time; a .* has no finite scale"):
        model().fit(X, make_outcome(Y.event, np.full(200, 30.0)))


@pytest.mark.parametrize("model", MODELS)
def test_more_features_than_patients_have_no_maximum(model):
    features, outcome = simulate(40, 120)
    with pytest.raises(ModelError, match="finds no maximum of its likelihood: there are more features than"):
        model().fit(features, outcome)
