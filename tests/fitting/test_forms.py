"""Forms of the integrin features: joint pairs as products and parts, heterodimers adjusted for other scores."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import ModelError
from itgstrat.fitting import CoxPlain, FeaturePanel
from itgstrat.fitting.rows import spell_out
from itgstrat.learned import ModelBundle, Strata
from itgstrat.prediction import predict
from itgstrat.scoring import SCORES
from tests.simulate import INTEGRINS, SIGNATURES, make_signature, simulate_cohort

COHORT = simulate_cohort(160, 80, {INTEGRINS[0]: 1.0}, ("one", "two"), missing=0.02, seed=1).cohort
NEW = simulate_cohort(40, 80, batches=("new",), missing=0.08, seed=2).cohort
STROMA = make_signature("stroma", INTEGRINS[18:24])
ALL = (*SIGNATURES, STROMA, make_signature("platelet", [INTEGRINS[20], INTEGRINS[21]], "lower_subunit"))
FORMS = {"joint": ("lower", "product", "parts"), "adjust_for": ("stroma", "platelet", "age")}


def make_panel(score="singscore", **settings):
    return FeaturePanel(ALL, score, ("age",), **FORMS | settings)


def mixed(cohort, weight=0.8):
    """The same patients, the genes of the dimer now rising with the stroma."""
    table = cohort.expression.copy()
    stroma = table[list(STROMA.genes)].mean(axis=1)
    for gene in (INTEGRINS[0], INTEGRINS[12]):
        table[gene] += np.float32(weight) * (stroma - stroma.mean())
    return replace(cohort, expression=table)


PANELS = {score: make_panel(score).fit(mixed(COHORT)) for score in SCORES}
PANEL = PANELS["singscore"]


def bundle_of(panel, cohort):
    features = panel.transform(cohort)
    model = CoxPlain().fit(features, cohort.require_outcome())
    strata = Strata.learn(model.predict(features), [0.5], ["low", "high"])
    info = {"name": "forms", "horizons_days": [365.25]}
    return ModelBundle(panel.recipe_, model.model_, strata, panel.familiarity_, info, "# A card\n")


BUNDLE = bundle_of(make_panel(joint=("lower", "product")).fit(mixed(COHORT)), mixed(COHORT))


def test_a_joint_pair_becomes_the_forms_that_are_chosen():
    names = PANEL.recipe_.names
    assert names == (
        *("up", "up_down", "dimer:adjusted", "joint", "joint:product", "joint:integrin", "joint:receptor"),
        *("stroma", "platelet", "age"),
    )
    assert [row.name for row in spell_out(SIGNATURES[3], ("parts",))] == ["joint:integrin", "joint:receptor"]
    assert [row.name for row in spell_out(SIGNATURES[2], ("parts",))] == ["dimer"]


def test_parts_lower_and_product_are_of_the_same_values():
    recipe = PANEL.recipe_
    measured = recipe.measure(COHORT.expression.to_numpy(), list(COHORT.genes))
    scores = recipe.raw_scores(measured, recipe.reference_rows(COHORT.batch))
    lower, product, integrin, receptor = scores[:, 3:7].T
    np.testing.assert_array_equal(lower, np.minimum(integrin, receptor))
    sign = np.where((integrin > 0) & (receptor > 0), 1, -1)
    np.testing.assert_allclose(product, sign * np.abs(integrin * receptor), atol=1e-12)


@pytest.mark.parametrize("reference", ["batch", "pooled"])
@pytest.mark.parametrize("score", SCORES)
def test_one_patient_alone_equals_the_same_patient_among_many(score, reference):
    recipe, cohort = PANELS[score].recipe_, replace(NEW, batch=np.repeat(["one", "new"], 20))
    together = recipe.featurise(**cohort.arrays(), reference=reference).features
    assert np.isfinite(together.values).all()
    for patient in range(0, 40, 7):
        alone = recipe.featurise(**cohort[[patient]].arrays(), reference=reference).features
        np.testing.assert_allclose(alone.values[0], together.values[patient], rtol=0, atol=1e-9)


def test_an_adjusted_heterodimer_is_free_of_what_it_was_adjusted_for():
    whole = mixed(simulate_cohort(160, 80, batches=("one", "two"), seed=1).cohort)
    adjusted = make_panel().fit(whole).transform(whole)
    plain = make_panel(adjust_for=()).fit(whole).transform(whole)
    assert abs(plain["dimer"].corr(plain["stroma"])) > 0.2
    for name in ("stroma", "platelet", "age"):
        assert abs(adjusted["dimer:adjusted"].corr(adjusted[name])) < 1e-9
    assert adjusted["dimer:adjusted"].std() == pytest.approx(1, abs=0.02)
    pd.testing.assert_frame_equal(adjusted.drop(columns="dimer:adjusted"), plain.drop(columns="dimer"))


def test_the_adjustment_is_the_residual_of_a_regression_done_by_hand():
    whole = simulate_cohort(120, 60, batches=("one", "two"), seed=4).cohort
    plain = make_panel(adjust_for=()).fit(whole).transform(whole)
    names = ["stroma", "platelet", "age"]
    beta, *_ = np.linalg.lstsq(plain[names].to_numpy(), plain["dimer"].to_numpy(), rcond=None)
    residual = plain["dimer"] - plain[names] @ beta
    by_hand = residual / np.sqrt((residual**2).sum() / (120 - 3))
    np.testing.assert_allclose(make_panel().fit(whole).transform(whole)["dimer:adjusted"], by_hand, atol=1e-9)


def test_the_coefficients_come_from_training_patients_only():
    train, test = np.arange(100), np.arange(100, 160)
    loud = COHORT.expression.copy()
    loud.iloc[test] *= 100
    fits = [make_panel().fit(cohort[train]).recipe_ for cohort in (COHORT, replace(COHORT, expression=loud))]
    np.testing.assert_array_equal(fits[0].mix, fits[1].mix)
    other = make_panel().fit(COHORT[test]).recipe_
    assert not np.allclose(fits[0].mix, other.mix)
    again = fits[0].featurise(**COHORT.arrays(), reference="cohort").recipe
    np.testing.assert_array_equal(again.mix, fits[0].mix)  # frozen, also where location and scale are learned anew


def test_no_outcome_enters_the_adjustment():
    blind = replace(COHORT, outcome=None)
    np.testing.assert_array_equal(make_panel().fit(blind).recipe_.mix, make_panel().fit(COHORT).recipe_.mix)


def test_an_adjusted_heterodimer_that_was_not_measured_is_at_the_training_mean():
    gone = replace(NEW, expression=NEW.expression.drop(columns=INTEGRINS[12]))
    features = PANEL.features(gone)
    column = features.names.index("dimer:adjusted")
    assert (features.values[:, column] == 0).all()
    assert features.missing[:, column].all()


@pytest.mark.parametrize("reference", ["pooled", "cohort"])
def test_a_saved_bundle_predicts_and_explains_the_same(reference, tmp_path):
    loaded = ModelBundle.load(BUNDLE.save(tmp_path / "model"))
    assert "dimer:adjusted" in loaded.recipe.names
    here, there = predict(BUNDLE, NEW, reference), predict(loaded, NEW, reference)
    pd.testing.assert_frame_equal(here.table, there.table)
    pd.testing.assert_frame_equal(here.genes, there.genes)


@pytest.mark.parametrize("drop", [[], [INTEGRINS[12]], list(STROMA.genes)[:5]], ids=["all", "no subunit", "no stroma"])
def test_explanations_of_adjusted_features_add_up_to_the_risk(drop):
    told = predict(BUNDLE, replace(NEW, expression=NEW.expression.drop(columns=drop)))
    for table in (told.explanations, told.genes):
        sums = table.groupby("patient")["contribution"].sum()[told.table["patient"]]
        np.testing.assert_allclose(sums, told.table["risk"], rtol=0, atol=1e-9)


def test_genes_that_were_adjusted_for_have_a_share_of_the_risk():
    whole = mixed(simulate_cohort(160, 80, {INTEGRINS[0]: 1.0}, ("one", "two"), seed=1).cohort)
    bundle = bundle_of(make_panel(joint=("lower",)).fit(whole), whole)
    told = predict(bundle, whole, "batch").genes
    rest = told[told["gene"].str.startswith("(")]["contribution"]
    np.testing.assert_allclose(rest, 0, atol=1e-9)


def test_a_panel_that_cannot_be_adjusted_says_why():
    with pytest.raises(ModelError, match="the heterodimers cannot be adjusted: nothing of caf can be computed here"):
        make_panel(adjust_for=("caf",)).fit(COHORT)
    with pytest.raises(ModelError, match="dimer cannot be adjusted for 3 scores: 4 patients have all of them, 5 or"):
        make_panel().fit(simulate_cohort(4, 80, seed=1).cohort)
    assert FeaturePanel(SIGNATURES[:2], adjust_for=("up",)).fit(COHORT).recipe_.mix.size == 0
