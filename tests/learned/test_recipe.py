"""A recipe gives a patient the same features in any company, and its references are what they are said to be."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import CohortError, ModelError
from itgstrat.fitting.panel import FeaturePanel, rank_cohort
from itgstrat.learned import LEAST_FOR_REFERENCE
from itgstrat.scoring import SCORES, rank_columns
from tests.simulate import INTEGRINS, SIGNATURES, make_signature, simulate_cohort

TRAINING = simulate_cohort(90, 80, batches=("one", "two"), missing=0.03, seed=1).cohort
WHOLE = simulate_cohort(90, 80, batches=("one", "two"), seed=1).cohort
NEW = simulate_cohort(40, 80, batches=("two", "three"), missing=0.05, seed=2).cohort
PANELS = {name: FeaturePanel(SIGNATURES, name, ("age", "sex", "grade")).fit(TRAINING) for name in SCORES}


def with_expression(cohort, table):
    return replace(cohort, expression=table)


DAMAGES = {
    "as it is": lambda table: table,
    "genes of the table missing": lambda table: table.drop(columns=[*INTEGRINS[3:5], "FILL0001"], errors="ignore"),
    "a subunit missing": lambda table: table.drop(columns=INTEGRINS[12]),
    "half of the values missing": lambda table: table.mask(np.random.default_rng(0).random(table.shape) < 0.5),
    "extra genes": lambda table: table.assign(EXTRA1=np.float32(3), EXTRA2=np.float32(30)),
    "genes shuffled": lambda table: table.sample(frac=1, axis=1, random_state=3),
}


def featurise(recipe, cohort, reference="batch"):
    return recipe.featurise(**cohort.arrays(), reference=reference).features


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reference", ["batch", "pooled"])
@pytest.mark.parametrize("score", SCORES)
def test_one_patient_alone_equals_the_same_patient_among_many(score, reference, damage):
    recipe = PANELS[score].recipe_
    cohort = with_expression(NEW, DAMAGES[damage](NEW.expression))
    together = featurise(recipe, cohort, reference)
    assert np.isfinite(together.values).all()
    for patient in range(0, len(cohort), 7):
        alone = featurise(recipe, cohort[[patient]], reference)
        np.testing.assert_allclose(alone.values[0], together.values[patient], rtol=0, atol=1e-9)
        np.testing.assert_array_equal(alone.missing[0], together.missing[patient])
        assert alone.coverage[0] == together.coverage[patient]


@pytest.mark.parametrize("damage", ["extra genes", "genes shuffled"])
@pytest.mark.parametrize("score", SCORES)
def test_the_layout_of_the_table_does_not_matter(score, damage):
    recipe = PANELS[score].recipe_
    changed = featurise(recipe, with_expression(NEW, DAMAGES[damage](NEW.expression)))
    np.testing.assert_allclose(changed.values, featurise(recipe, NEW).values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_a_gene_of_another_name_is_as_good_as_none(score):
    recipe = PANELS[score].recipe_
    gone = with_expression(NEW, NEW.expression.drop(columns=INTEGRINS[5]))
    blank = with_expression(NEW, NEW.expression.assign(**{INTEGRINS[5]: np.float32("nan")}))
    np.testing.assert_array_equal(featurise(recipe, gone).values, featurise(recipe, blank).values)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("cohort", [TRAINING, WHOLE], ids=["missing values", "complete"])
def test_every_platform_is_standardised_by_itself(score, cohort):
    panel = FeaturePanel(SIGNATURES, score).fit(cohort)
    features = panel.features(cohort)
    for batch in ("one", "two"):
        for column in range(len(features.names)):
            own = features.values[(cohort.batch == batch) & ~features.missing[:, column], column]
            assert own.mean() == pytest.approx(0, abs=1e-9)
            silent = score == "aucell" and not own.any()  # a set of which no gene is ever in the top 5%
            assert silent or own.std(ddof=1) == pytest.approx(1)


def test_a_shifted_and_scaled_platform_gives_the_same_zscores():
    alone = simulate_cohort(60, 60, seed=5).cohort
    table = alone.expression.astype(float)
    shifted = with_expression(alone, table * 2 + 5)
    both = [FeaturePanel(SIGNATURES, "zscore").fit(cohort).transform(cohort) for cohort in (alone, shifted)]
    pd.testing.assert_frame_equal(both[0], both[1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("score", SCORES)
def test_the_pooled_reference_is_the_overall_mean_and_the_sd_within_batches(score):
    recipe = PANELS[score].recipe_
    measured = recipe.measure(TRAINING.expression.to_numpy(), list(TRAINING.genes))
    rows = np.full(len(TRAINING), 2)
    for values, mean, sd in (
        (measured.values, recipe.gene_mean, recipe.gene_sd),
        (recipe.raw_scores(measured, rows), recipe.signature_mean, recipe.signature_sd),
    ):
        np.testing.assert_allclose(mean[-1], np.nanmean(values, axis=0), atol=1e-12)
        squares, freedom = 0, 0
        for batch in ("one", "two"):
            own = values[TRAINING.batch == batch]
            squares = squares + np.nansum((own - np.nanmean(own, axis=0)) ** 2, axis=0)
            freedom = freedom + (~np.isnan(own)).sum(axis=0) - 1
        np.testing.assert_allclose(sd[-1], np.sqrt(squares / freedom), rtol=1e-10)


@pytest.mark.parametrize("score", SCORES)
def test_with_one_platform_pooled_and_own_reference_are_the_same(score):
    cohort = simulate_cohort(40, 60, missing=0.05, seed=3).cohort
    recipe = FeaturePanel(SIGNATURES, score).fit(cohort).recipe_
    pooled, own = (featurise(recipe, cohort, reference).values for reference in ("pooled", "batch"))
    np.testing.assert_allclose(pooled, own, atol=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_learning_again_from_the_same_patients_gives_the_same_recipe(score):
    recipe = PANELS[score].recipe_
    measured = recipe.measure(TRAINING.expression.to_numpy(), list(TRAINING.genes))
    again = recipe.relearned(measured, TRAINING.batch)
    for field in fields(recipe):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(recipe, field.name), err_msg=field.name)


@pytest.mark.parametrize("score", SCORES)
def test_learning_changes_neither_the_panel_nor_the_cohort(score):
    table = TRAINING.expression.copy()
    panel = FeaturePanel(SIGNATURES, score, ("age", "sex", "grade")).fit(TRAINING)
    pd.testing.assert_frame_equal(TRAINING.expression, table)
    for field in fields(panel.recipe_):
        np.testing.assert_array_equal(getattr(panel.recipe_, field.name), getattr(PANELS[score].recipe_, field.name))


@pytest.mark.parametrize("score", SCORES)
def test_ranked_input_gives_the_same_as_raw_input(score):
    ranked = rank_cohort(TRAINING, score)
    assert (ranked.unit == "rank") == (SCORES[score].values == "rank")
    assert rank_cohort(ranked, score) is ranked
    fitted = FeaturePanel(SIGNATURES, score, ("age", "sex", "grade")).fit(ranked).recipe_
    np.testing.assert_allclose(fitted.signature_mean, PANELS[score].recipe_.signature_mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(featurise(fitted, ranked).values, featurise(fitted, TRAINING).values, atol=1e-12)


def test_ranks_over_other_genes_are_refused():
    ranked = rank_cohort(TRAINING, "singscore")
    uncounted, fewer = replace(ranked, n_ranked=None), ranked.expression.iloc[:, :-1]
    more = ranked.expression.assign(EXTRA=1.0)
    for cohort, table in ((uncounted, fewer), (uncounted, more), (ranked, more)):
        with pytest.raises(CohortError, match="ranks were taken over other genes than the recipe's; give expression"):
            featurise(PANELS["singscore"].recipe_, with_expression(cohort, table))


def test_ranks_are_exact_in_float32():
    values = np.random.default_rng(0).integers(0, 50_000, (1, 70_000)).astype(np.float32)
    ranks, _ = rank_columns(values, np.arange(70_000))
    np.testing.assert_array_equal(ranks.astype(np.float32).astype(float), ranks)


@pytest.mark.parametrize("n_patients", [40, 6000])
def test_a_gene_that_is_constant_in_training_says_nothing(n_patients):
    # at 6,000 patients the rounding of a plain mean is larger than the least spread that counts
    cohort = simulate_cohort(n_patients, 20, seed=4).cohort
    constant = with_expression(cohort, cohort.expression.assign(**{INTEGRINS[0]: np.float32(-9.9658)}))
    panel = FeaturePanel((make_signature("flat", INTEGRINS[:1]), SIGNATURES[0]), "zscore").fit(constant)
    assert panel.recipe_.gene_sd[:, 0].tolist() == [0, 0]
    features = panel.features(cohort)  # where it does vary
    assert (features.values[:, 0] == 0).all()
    assert not features.missing.any()
    assert (np.abs(features.values[:, 1]) < 10).all()


def test_a_platform_with_a_single_patient_takes_the_pooled_reference():
    batch = np.where(np.arange(len(TRAINING)) == 3, "lone", TRAINING.batch)
    cohort = replace(TRAINING, batch=batch)
    for score in SCORES:
        recipe = FeaturePanel(SIGNATURES, score).fit(cohort).recipe_
        own, pooled = (featurise(recipe, cohort[[3]], reference).values for reference in ("batch", "pooled"))
        np.testing.assert_array_equal(own, pooled)
        lone = list(recipe.batches).index("lone")
        np.testing.assert_array_equal(recipe.gene_mean[lone], recipe.gene_mean[-1])  # not the patient's own values


def test_a_score_is_withheld_below_its_coverage():
    panel = FeaturePanel((make_signature("four", INTEGRINS[:4]), SIGNATURES[2]), min_coverage=0.5).fit(WHOLE)
    table = NEW[[0, 1, 2]].expression.copy()
    table.loc[:, INTEGRINS] = 5.0
    table.iloc[1, [table.columns.get_loc(gene) for gene in INTEGRINS[1:3]]] = np.nan
    table.iloc[2, [table.columns.get_loc(gene) for gene in INTEGRINS[:3]]] = np.nan
    features = featurise(panel.recipe_, with_expression(NEW[[0, 1, 2]], table))
    assert features.missing.tolist() == [[False, False], [False, False], [True, True]]
    assert features.values[2].tolist() == [0, 0]
    np.testing.assert_allclose(features.coverage, [1, 3 / 5, 2 / 5])


def test_an_unknown_platform_is_standardised_by_the_pooled_reference():
    recipe = PANELS["zscore"].recipe_
    three = NEW[NEW.batch == "three"]
    np.testing.assert_array_equal(featurise(recipe, three, "batch").values, featurise(recipe, three, "pooled").values)
    assert recipe.reference_rows(np.array(["two", "three", "one"])).tolist() == [1, 2, 0]


def test_a_cohort_without_a_signature_gene_is_refused():
    table = NEW.expression.rename(columns=lambda gene: f"probe_{gene}")
    message = r"none of the 16 signature genes is among the 80 genes given \(probe_ITGA1, .*\(80 in all\)\); HGNC"
    with pytest.raises(CohortError, match=message):
        featurise(PANELS["singscore"].recipe_, with_expression(NEW, table))


@pytest.mark.parametrize("score", SCORES)
def test_a_clinical_model_needs_no_gene(score):
    recipe = FeaturePanel((), score, ("age",)).fit(TRAINING).recipe_
    strange = with_expression(NEW, NEW.expression.rename(columns=lambda gene: f"probe_{gene}"))
    np.testing.assert_array_equal(featurise(recipe, strange).values, featurise(recipe, NEW).values)
    assert (featurise(recipe, strange).coverage == 1).all()


@pytest.mark.parametrize("score", SCORES)
def test_the_cohorts_own_reference_gives_mean_0_and_sd_1(score):
    panel = FeaturePanel(SIGNATURES, score).fit(WHOLE)
    shifted = with_expression(WHOLE, WHOLE.expression * np.linspace(0.5, 2, 80, dtype=np.float32) - 4)
    values = featurise(panel.recipe_, shifted, "cohort").values
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-9)
    silent = (score == "aucell") & ~values.any(axis=0)  # sets of which no gene is ever in the top 5%
    np.testing.assert_allclose(values.std(axis=0, ddof=1), ~silent)


def test_the_cohorts_own_reference_needs_thirty_patients():
    recipe = PANELS["singscore"].recipe_
    few = NEW[np.arange(LEAST_FOR_REFERENCE - 1)]
    with pytest.raises(CohortError, match="needs 30 patients, found 29; use the pooled reference"):
        featurise(recipe, few, "cohort")
    assert featurise(recipe, NEW[np.arange(LEAST_FOR_REFERENCE)], "cohort").values.shape == (30, 8)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reference", ["batch", "pooled", "cohort"])
@pytest.mark.parametrize("score", SCORES)
def test_shares_of_genes_and_the_rest_add_up_to_the_score(score, reference, damage):
    cohort = with_expression(NEW, DAMAGES[damage](NEW.expression))
    done = PANELS[score].recipe_.featurise(**cohort.arrays(), reference=reference)
    shares, rest = done.recipe.split_over_genes(done.measured, done.batch)
    sums = np.stack([shares[:, done.recipe.entries(f)].sum(axis=1) for f in range(len(SIGNATURES))], axis=1)
    np.testing.assert_allclose(sums + rest, done.features.values[:, : len(SIGNATURES)], rtol=0, atol=1e-12)


@pytest.mark.parametrize("reference", ["batch", "pooled"])
@pytest.mark.parametrize("score", SCORES)
def test_nothing_is_left_where_every_gene_was_measured(score, reference):
    done = FeaturePanel(SIGNATURES, score).fit(WHOLE).recipe_.featurise(**WHOLE.arrays(), reference=reference)
    _, rest = done.recipe.split_over_genes(done.measured, done.batch)
    np.testing.assert_allclose(rest, 0, atol=1e-9)


def test_a_dimer_is_the_lower_of_its_subunits():
    recipe = FeaturePanel(SIGNATURES[2:3]).fit(WHOLE).recipe_
    done = recipe.featurise(**WHOLE.arrays())
    z = recipe.gene_z(done.measured, recipe.reference_rows(WHOLE.batch))[:, recipe.gene]
    raw = recipe.raw_scores(done.measured, recipe.reference_rows(WHOLE.batch))
    np.testing.assert_array_equal(raw[:, 0], z.min(axis=1))
    shares, _ = recipe.split_over_genes(done.measured, WHOLE.batch)
    assert ((shares != 0).sum(axis=1) == 1).all()


def test_signatures_that_training_cannot_score_are_left_out_and_told():
    asked = (
        make_signature("half", [INTEGRINS[0], "NOPE"]),
        make_signature("third", [INTEGRINS[0], "NOPE", "NIL"]),
        make_signature("dimer", [INTEGRINS[0], "NOPE"], "lower_subunit"),
        make_signature("joint", ["NOPE", INTEGRINS[0]], "lower_part", (("a", ("NOPE",)), ("b", (INTEGRINS[0],)))),
    )
    panel = FeaturePanel(asked, min_coverage=0.5).fit(WHOLE)
    assert panel.recipe_.names == ("half",)
    assert panel.left_out_ == {
        "third": "NOPE, NIL not measured",
        "dimer": "NOPE not measured",
        "joint": "NOPE not measured",
    }
    with pytest.raises(ModelError, match=r"no feature can be computed \(third: NOPE, NIL not measured; dimer: NOPE"):
        FeaturePanel(asked[1:]).fit(WHOLE)
    with pytest.raises(ModelError, match="none was asked for"):
        FeaturePanel().fit(WHOLE)
