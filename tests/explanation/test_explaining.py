"""Every kind of model: base and contributions add up to what it says, at every level, for risk and survival."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from itgstrat.errors import ModelError
from itgstrat.explanation import explain
from itgstrat.explanation.link import mean_slope
from itgstrat.explanation.permutation import permute
from itgstrat.learned import ForestModel, LinearRisk, RecalibratedModel, StackedModel, Trees
from itgstrat.learned.model import MODEL_KINDS
from itgstrat.prediction import predict
from tests.explanation.models import LABEL, NAMES, NEW, SURVIVAL, TIMES, bundle, featurise, slow_shapley

STRATA = np.array(["one", "two", "elsewhere"])[np.arange(len(NEW)) % 3]


def recalibrated(name):
    return replace(bundle(name), model=RecalibratedModel(bundle(name).model, 0.3, 0.6, 365.25, -0.5))


def hold(patient, known):
    """The patient with 0, the training mean, in every feature that is not known; one row."""
    return np.where(np.isin(np.arange(len(patient)), list(known)), patient, 0.0)[None]


def totals(explanation):
    """Base plus sum, by feature, gene and system, as (n_patients,) or (n_patients, n_times)."""
    shape = explanation.output.shape
    for table in (explanation.by_feature(), explanation.by_gene(), explanation.by_system()):
        keys = ["patient"] if len(shape) == 1 else ["patient", "time_days"]
        sums = table.groupby(keys, sort=False)["contribution"].sum(min_count=1).to_numpy().reshape(shape)
        yield sums + explanation.base


def test_every_kind_of_record_is_in_the_sweep():
    swept = {type(bundle(name).model) for name in (*SURVIVAL, *LABEL)} | {RecalibratedModel}
    assert swept == set(MODEL_KINDS.values())


@pytest.mark.parametrize("name", [*SURVIVAL, *LABEL])
def test_contributions_add_up_to_the_risk_or_the_log_odds(name):
    model = bundle(name).model
    explanation = explain(bundle(name), featurise(name), NAMES)
    expected = model.log_odds if name in LABEL else model.risk
    np.testing.assert_array_equal(explanation.output, expected(featurise(name).features.values))
    assert explanation.check(1e-12) < 1e-11
    for total in totals(explanation):
        np.testing.assert_allclose(total, explanation.output, rtol=1e-12, atol=1e-10)
    assert explanation.explains == ("log odds" if name in LABEL else "risk")
    assert isinstance(explanation.base, float)
    assert explanation.features == tuple(model.features[model.used])


@pytest.mark.parametrize("name", [*SURVIVAL, *LABEL])
def test_a_prediction_holds_the_explanation_at_every_level(name):
    told = predict(bundle(name), NEW)
    said = told.table.set_index("patient")["log_odds" if name in LABEL else "risk"]
    for table in (told.explanations, told.genes, told.systems):
        sums = table.groupby("patient", sort=False)["contribution"].sum() + told.base
        np.testing.assert_allclose(sums, said[sums.index], rtol=1e-12, atol=1e-10)
        assert len(sums) == len(NEW)


@pytest.mark.parametrize("strata", [None, STRATA], ids=["pooled", "strata"])
@pytest.mark.parametrize("again", [False, True], ids=["as trained", "recalibrated"])
@pytest.mark.parametrize("name", SURVIVAL)
def test_contributions_over_time_add_up_to_survival(name, again, strata):
    chosen = recalibrated(name) if again else bundle(name)
    explanation = explain(chosen, featurise(name), NAMES, TIMES, strata)
    values = featurise(name).features.values
    np.testing.assert_array_equal(explanation.output, chosen.model.survival(values, TIMES, strata))
    assert explanation.check(1e-12) < 1e-12
    for total in totals(explanation):
        np.testing.assert_allclose(total, explanation.output, rtol=0, atol=1e-12)
    assert explanation.contributions.shape == (len(NAMES), len(explanation.features), 4)
    assert np.isnan(explanation.contributions[:, :, 3]).all()  # beyond the follow-up
    assert np.abs(explanation.contributions[:, :, 0]).max() < 1e-15  # at time 0 all are alive
    assert explanation.explains == "survival"
    assert "permutation" not in explanation.method


@pytest.mark.parametrize("name", [*SURVIVAL, *LABEL])
def test_the_method_is_told(name):
    told, model = explain(bundle(name), featurise(name), NAMES).method, bundle(name).model
    if isinstance(model, StackedModel):
        assert set(told.split(" + ")) <= {"exact TreeSHAP", "closed form"}
    else:
        assert told.startswith("exact TreeSHAP" if isinstance(model, Trees) else "closed form")
    assert ("rescaled" in told) == (name == "isotonic")


def test_a_mixed_stack_is_the_weighted_sum_of_its_members():
    model, features = bundle("mixed stack").model, featurise("mixed stack")
    assert (model.weight > 0).all()
    whole = explain(model, features, NAMES)
    assert whole.method == "exact TreeSHAP + closed form"
    parts = [explain(member, features, NAMES) for member in model.members]
    expected = np.zeros((len(NAMES), len(model.features)))
    for weight, part in zip(model.weight, parts, strict=True):
        columns = [list(model.features).index(name) for name in part.features]
        expected[:, columns] += weight * part.contributions
    np.testing.assert_allclose(whole.contributions, expected[:, model.used], atol=1e-12)


def test_linear_contributions_are_coefficient_times_deviation():
    model, features = bundle("plain_cox").model, featurise("plain_cox")
    told = explain(model, features, NAMES)
    np.testing.assert_array_equal(told.contributions, model.coef * (features.features.values - model.center))
    assert told.base == 0


def test_recalibration_leaves_the_explanation_of_the_risk():
    before, after = (
        explain(one, featurise("plain_cox"), NAMES) for one in (bundle("plain_cox"), recalibrated("plain_cox"))
    )
    np.testing.assert_array_equal(before.contributions, after.contributions)


def test_survival_falls_where_the_risk_rises():
    features = featurise("boosted_cox")
    risk = explain(bundle("boosted_cox"), features, NAMES).contributions
    survival = explain(bundle("boosted_cox"), features, NAMES, [1000.0]).contributions[:, :, 0]
    assert (np.sign(survival) == -np.sign(risk)).all()


def test_a_forests_survival_at_one_time_is_the_shapley_value_by_definition():
    model, values = bundle("random_survival_forest").model, featurise("random_survival_forest").features.values[:2]
    told = explain(
        model, featurise("random_survival_forest"), NAMES, [700.0], background=np.zeros((1, values.shape[1]))
    )
    for patient, own in zip(values, told.contributions[:, :, 0], strict=False):
        slow = slow_shapley(lambda known, p=patient: model.survival(hold(p, known), [700.0])[0, 0], len(patient))
        np.testing.assert_allclose(own, slow[model.used], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["plain_cox", "boosted_cox", "mixed stack", "elastic_net_logistic", "random_forest"])
def test_a_background_moves_the_base_to_its_mean(name):
    values = featurise(name).features.values
    told = explain(bundle(name), featurise(name), NAMES, background=values)
    assert told.base == pytest.approx(told.output.mean(), abs=1e-9)
    assert told.check() < 1e-9


def test_one_patient_alone_is_explained_as_among_many():
    for name in ("plain_cox", "random_survival_forest", "mixed stack", "isotonic"):
        together = explain(bundle(name), featurise(name), NAMES).by_gene()
        for row in (0, 7):
            alone = explain(bundle(name), featurise(name, NEW[[row]]), [NAMES[row]]).by_gene()
            own = together[together["patient"] == NAMES[row]].reset_index(drop=True)
            assert alone["gene"].tolist() == own["gene"].tolist()
            np.testing.assert_allclose(alone["contribution"], own["contribution"], rtol=0, atol=1e-9)


def test_nobody_can_be_explained():
    for name in ("plain_cox", "random_survival_forest", "isotonic"):
        arrays_ = NEW.arrays()
        arrays_ |= {"expression": arrays_["expression"][:0], "batch": arrays_["batch"][:0], "covariates": {}}
        nobody = bundle(name).recipe.featurise(**arrays_, reference="pooled")
        told = explain(bundle(name), nobody, [])
        assert told.check() == 0
        assert len(told.by_feature()) == len(told.by_gene()) == len(told.by_system()) == 0
        assert told._repr_html_().count("<tr>") > 2


class Custom:
    """A model of no known kind."""

    features = np.array(bundle("plain_cox").model.features)
    used = np.arange(len(features))
    followed_until_days = 5000.0

    def risk(self, features):
        return np.tanh(features[:, 0]) * features[:, 4] + features[:, 1]

    def survival(self, features, times_days, strata=None):
        hazard = (
            np.where(np.arange(len(features)) >= 0, 1.0, 0.0) if strata is None else np.where(strata == "one", 2.0, 1.0)
        )
        return np.exp(-1e-4 * hazard[:, None] * np.exp(self.risk(features))[:, None] * np.asarray(times_days))


def test_an_unknown_kind_of_model_falls_back_loudly(caplog):
    with caplog.at_level(logging.WARNING):
        told = explain(Custom(), featurise("plain_cox"), NAMES)
    assert told.method == "permutation (fallback)"
    assert "sampled orders, against the training mean" in caplog.text
    assert told.check(1e-9) < 1e-9
    values = featurise("plain_cox").features.values
    slow = slow_shapley(lambda known: Custom().risk(hold(values[0], known))[0], 6)
    np.testing.assert_allclose(told.contributions[0], slow, atol=1e-12)
    over = explain(Custom(), featurise("plain_cox"), NAMES, [500.0, 900.0], STRATA)
    assert over.check(1e-9) < 1e-9
    assert over.base.shape == (len(NAMES), 2)


def test_trees_that_do_not_add_up_fall_back_loudly(monkeypatch, caplog):
    right = ForestModel.leaf_risk
    name = "random_survival_forest"
    monkeypatch.setattr(ForestModel, "leaf_risk", lambda self: right(self) * 1.001)
    monkeypatch.setattr(ForestModel, "risk", lambda self, x: right(self)[self.find_leaves(x)].sum(axis=1))
    with caplog.at_level(logging.WARNING):
        told = explain(bundle(name), featurise(name), NAMES)
    assert told.method == "permutation (fallback)"
    assert "exact TreeSHAP: base and contributions miss what the model says by" in caplog.text
    assert told.check(1e-9) < 1e-9


def test_sampled_orders_come_near_the_exact_values():
    random = np.random.default_rng(0)
    weights = random.standard_normal((12, 12)) / 5
    function = lambda rows, _: np.einsum("nf,fg,ng->n", rows, weights, rows)[:, None]  # noqa: E731
    patient = random.standard_normal((1, 12))
    base, told = permute(function, patient, np.zeros((1, 12)), np.arange(12))
    exact = patient[0] * ((weights + weights.T) / 2 @ patient[0])  # of a quadratic form
    assert base[0, 0] == 0
    np.testing.assert_allclose(told[0, :, 0], exact, atol=1e-12)  # forwards and backwards cancel what is of pairs


@settings(max_examples=50, deadline=None)
@given(
    start=arrays(float, (4, 1), elements=st.floats(-5, 5)),
    gap=arrays(float, (4, 1), elements=st.sampled_from([0.0, 1e-12, -1e-9, 1e-7, -1e-3, 0.5, -4.0])),
)
def test_a_mean_slope_times_the_way_is_the_difference(start, gap):
    curve = lambda x: np.exp(-0.3 * np.exp(x))  # noqa: E731
    slope = mean_slope(curve, start, start + gap)
    np.testing.assert_allclose(slope * gap, curve(start + gap) - curve(start), rtol=0, atol=1e-12)
    bounded = slope.ravel()
    assert ((bounded <= 1e-9) & (bounded > -0.4)).all()  # the steepest slope of this curve is -1/e


def test_what_does_not_fit_is_refused():
    with pytest.raises(ModelError, match="2 names for 12 patients"):
        explain(bundle("plain_cox"), featurise("plain_cox"), NAMES[:2])
    with pytest.raises(ModelError, match=r"predicts a label \(simulated\), not survival"):
        explain(bundle("isotonic"), featurise("isotonic"), NAMES, [1.0])
    told = explain(bundle("plain_cox"), featurise("plain_cox"), NAMES)
    with pytest.raises(ModelError, match=r"miss what the model says by 0\.1"):
        replace(told, output=told.output + 0.1).check()
    with pytest.raises(ModelError, match="not missing in the same places"):
        replace(told, output=np.full(len(NAMES), np.nan)).check()
    with pytest.raises(ModelError, match="does not know how features came from genes"):
        replace(told, origin=None).by_gene()


def test_tables_over_time_name_the_times():
    told = explain(bundle("random_survival_forest"), featurise("random_survival_forest"), NAMES, TIMES[:2])
    assert list(told.by_feature().columns) == ["patient", "feature", "time_days", "value", "contribution", "imputed"]
    assert list(told.by_gene().columns) == ["patient", "gene", "time_days", "contribution"]
    assert list(told.by_system().columns) == ["patient", "theme", "system", "time_days", "contribution"]
    first = told.by_feature().iloc[1]
    assert (first["patient"], first["feature"], first["time_days"]) == (NAMES[0], told.features[0], 365.25)
    assert first["contribution"] == told.contributions[0, 0, 1]
    mean = told.mean_absolute()
    assert list(mean.columns) == ["feature", "time_days", "mean_absolute"]
    own = mean[(mean["feature"] == told.features[2]) & (mean["time_days"] == 365.25)]["mean_absolute"].item()
    assert own == pytest.approx(np.abs(told.contributions[:, 2, 1]).mean())


def test_the_strongest_feature_comes_first_and_markup_is_text():
    told = explain(bundle("plain_cox"), featurise("plain_cox"), NAMES)
    mean = told.mean_absolute()
    assert mean["mean_absolute"].is_monotonic_decreasing
    pd.testing.assert_series_equal(
        mean.set_index("feature")["mean_absolute"].sort_index(),
        told.by_feature().groupby("feature")["contribution"].agg(lambda own: own.abs().mean()),
        check_names=False,
    )
    page = replace(told, features=("<script>", *told.features[1:]))._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert isinstance(bundle("plain_cox").model, LinearRisk)
