"""From features to genes and systems: by the scores' own arithmetic, whole, and steady near the training mean."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.biology import load_catalogue
from itgstrat.explanation import REST, explain
from itgstrat.explanation.genes import NEAR, Origin, split_over_genes
from itgstrat.explanation.systems import CLINICAL, GENES, OWN, name_systems
from itgstrat.fitting import CoxElasticNet, FeaturePanel
from itgstrat.fitting.survival import CoxPlain, ExtraSurvivalTrees
from itgstrat.learned import ModelBundle
from itgstrat.scoring import SCORES
from tests.simulate import INTEGRINS, SIGNATURES, make_bundle, make_signature, simulate_cohort

TRAINING = simulate_cohort(120, 80, {INTEGRINS[0]: 1.0}, ("one", "two"), age_effect=0.5, missing=0.02, seed=1).cohort
NEW = simulate_cohort(35, 80, missing=0.05, seed=2).cohort
NAMES = list(map(str, NEW.patients))
TREES = ExtraSurvivalTrees(n_trees=20)
LINEAR = {score: make_bundle(TRAINING, score=score) for score in SCORES}
FOREST = {score: make_bundle(TRAINING, score=score, model=TREES) for score in SCORES}
SPARSE = make_bundle(TRAINING, model=CoxElasticNet(l1_ratio=1.0, n_alphas=2, alpha_min_ratio=0.6))


def without(*genes):
    return replace(NEW, expression=NEW.expression.drop(columns=list(genes)))


COHORTS = {
    "as it is": NEW,
    "genes missing": without(*INTEGRINS[2:6]),
    "a subunit missing": without(INTEGRINS[0]),
    "covariates missing": replace(NEW, clinical=NEW.clinical[[]]),
}


def told_of(bundle, cohort=NEW, reference="pooled"):
    featurised = bundle.recipe.featurise(**cohort.arrays(), reference=reference)
    return explain(bundle, featurised, list(map(str, cohort.patients)))


def genes_of(bundle, cohort=NEW, reference="pooled"):
    return told_of(bundle, cohort, reference).by_gene().pivot(index="patient", columns="gene", values="contribution")


@pytest.mark.parametrize("cohort", COHORTS.values(), ids=COHORTS)
@pytest.mark.parametrize("reference", ["batch", "pooled", "cohort"])
@pytest.mark.parametrize("models", [LINEAR, FOREST], ids=["linear", "forest"])
@pytest.mark.parametrize("score", SCORES)
def test_every_level_adds_up(score, models, reference, cohort):
    told = told_of(models[score], cohort, reference)
    for table in (told.by_feature(), told.by_gene(), told.by_system()):
        sums = table.groupby("patient", sort=False)["contribution"].sum()[NAMES]
        np.testing.assert_allclose(sums + told.base, told.output, rtol=1e-13, atol=1e-12)


def test_only_what_the_model_uses_is_listed():
    told, model = told_of(SPARSE), SPARSE.model
    used = model.features[model.coef != 0]
    assert 0 < len(used) < len(model.features)
    table = told.by_feature()
    assert table["feature"].tolist() == list(used) * len(NAMES)
    assert list(table.columns) == ["patient", "feature", "value", "contribution", "imputed"]
    genes = {gene for one in SIGNATURES if one.id in used for gene in one.genes}
    assert set(told.by_gene()["gene"]) - {REST, "age", "sex=male"} == genes


def test_values_are_the_features():
    done = SPARSE.recipe.featurise(**NEW.arrays(), reference="pooled")
    table = explain(SPARSE, done, NAMES).by_feature().pivot(index="patient", columns="feature", values="value")
    columns = [done.features.names.index(name) for name in table.columns]
    np.testing.assert_array_equal(table.loc[NAMES], done.features.values[:, columns])


@pytest.mark.parametrize("bundle", [LINEAR["singscore"], FOREST["singscore"]], ids=["linear", "forest"])
def test_every_gene_and_covariate_is_listed_once_a_patient(bundle):
    table = told_of(bundle).by_gene()
    genes = {gene for signature in SIGNATURES for gene in signature.genes}
    listed = table["gene"][table["patient"] == NAMES[3]].tolist()
    assert len(listed) == len(set(listed))
    assert set(listed) == genes | {"age", "sex=male", REST}
    assert listed[-1] == REST


@pytest.mark.parametrize("bundle", [LINEAR["zscore"], FOREST["zscore"]], ids=["linear", "forest"])
def test_covariates_contribute_the_same_in_every_table(bundle):
    told = told_of(bundle)
    tables = told.by_feature(), told.by_gene().rename(columns={"gene": "feature"})
    first, second = (table.query("feature == 'age'")["contribution"].to_numpy() for table in tables)
    np.testing.assert_array_equal(first, second)
    assert np.abs(first).max() > 0
    third = told.by_system().query("system == 'age'")["contribution"].to_numpy()
    np.testing.assert_array_equal(first, third)


@pytest.mark.parametrize("bundle", [LINEAR["zscore"], FOREST["zscore"]], ids=["linear", "forest"])
def test_a_gene_that_was_not_measured_contributes_nothing(bundle):
    assert (genes_of(bundle, without(INTEGRINS[2]))[INTEGRINS[2]] == 0).all()


@pytest.mark.parametrize("models", [LINEAR, FOREST], ids=["linear", "forest"])
@pytest.mark.parametrize("score", SCORES)
def test_nothing_is_left_over_where_all_was_measured(score, models):
    complete = simulate_cohort(120, 80, {INTEGRINS[0]: 1.0}, seed=1).cohort
    bundle = make_bundle(complete, score=score, model=TREES if models is FOREST else None)
    rest = genes_of(bundle, complete)[REST]
    if models is LINEAR:  # but for the constant, which is of no gene
        rest = rest + bundle.model.center[: len(SIGNATURES)] @ bundle.model.coef[: len(SIGNATURES)]
    np.testing.assert_allclose(rest, 0, atol=1e-9)


@pytest.mark.parametrize("model", [CoxPlain(), ExtraSurvivalTrees(n_trees=50)], ids=["linear", "forest"])
def test_the_gene_that_drives_the_hazard_drives_the_risk(model):
    alone = simulate_cohort(300, 60, {INTEGRINS[1]: 1.5}, seed=4).cohort
    singles = tuple(make_signature(f"s{k}", INTEGRINS[2 * k : 2 * k + 2]) for k in range(4))
    spread = genes_of(make_bundle(alone, singles, covariates=(), score="zscore", model=model), alone).std()
    assert spread.idxmax() in INTEGRINS[:2]


@pytest.mark.parametrize("bundle", [LINEAR["singscore"], FOREST["singscore"]], ids=["linear", "forest"])
def test_a_patient_alone_gets_the_same_explanation(bundle):
    together = genes_of(bundle)
    for patient in (0, 7, 30):
        alone = genes_of(bundle, NEW[[patient]])
        np.testing.assert_allclose(alone.iloc[0], together.loc[NAMES[patient]], rtol=0, atol=1e-9)


def split_by_hand(bundle, phi):
    """Split one contribution of the signature ``up`` in every patient by the written rule."""
    done = bundle.recipe.featurise(**TRAINING.arrays(), reference="batch")
    shares, rest = bundle.recipe.split_over_genes(done.measured, done.batch)
    n_genes = len(SIGNATURES[0].genes)
    z = done.features.values[:, 0]
    shares, rest = shares[:, :n_genes], rest[:, 0]
    rescaled = phi * z / np.maximum(z**2, NEAR**2)
    left = phi - rescaled * z
    size = np.abs(shares).sum(axis=1) + np.abs(rest)
    expected = rescaled[:, None] * shares + (left / size)[:, None] * np.abs(shares)
    origin = Origin(done, np.array([0]), np.zeros(1), np.zeros(1), np.ones((len(z), 1)))
    names, told = split_over_genes(origin, np.full((len(z), 1, 1), phi))
    order = [names.index(gene) for gene in bundle.recipe.genes[bundle.recipe.members[bundle.recipe.gene[:n_genes]]]]
    return z, shares, size, expected, told[:, order, 0], told[:, -1, 0]


def test_far_from_the_mean_the_rescale_rule_holds_and_near_it_nothing_blows_up():
    z, shares, size, expected, told, rest = split_by_hand(FOREST["zscore"], 0.7)
    np.testing.assert_allclose(told, expected, atol=1e-12)
    np.testing.assert_allclose(told.sum(axis=1) + rest, 0.7, atol=1e-12)
    far = np.abs(z) >= NEAR
    assert 5 < far.sum() < len(z) - 5
    np.testing.assert_allclose(told[far], (0.7 / z[far])[:, None] * shares[far], atol=1e-12)
    bound = 0.7 * np.abs(shares) * (1 / NEAR + 1 / size)[:, None]
    assert (np.abs(told) <= bound + 1e-12).all()
    naive = np.abs(0.7 / z)[:, None] * np.abs(shares)
    assert naive[~far].max() > 2 * np.abs(told[~far]).max()


def test_a_single_gene_gets_its_whole_contribution_wherever_it_is():
    single = tuple(make_signature(gene, [gene], "gene") for gene in INTEGRINS[:2])
    complete = simulate_cohort(120, 80, {INTEGRINS[0]: 1.0}, seed=1).cohort
    bundle = make_bundle(complete, single, covariates=(), score="zscore", model=TREES)
    told = told_of(bundle, complete)
    genes = genes_of(bundle, complete).loc[list(told.patients), list(INTEGRINS[:2])]
    np.testing.assert_allclose(genes, told.contributions, atol=1e-12)
    assert set(told.by_system()["system"]) == {"integrin subunits"}


@pytest.mark.parametrize("model", [CoxPlain(), TREES], ids=["linear", "forest"])
def test_adjusted_features_go_back_to_the_genes_of_all_scores_behind_them(model):
    stroma = make_signature("stroma", INTEGRINS[18:24])
    panel = FeaturePanel((*SIGNATURES, stroma), "zscore", ("age",), adjust_for=("stroma", "age")).fit(TRAINING)
    plain = make_bundle(TRAINING)
    fitted = model.fit(panel.transform(TRAINING), TRAINING.require_outcome())
    bundle = ModelBundle(panel.recipe_, fitted.model_, plain.strata, panel.familiarity_, plain.info, "")
    told = told_of(bundle)
    assert "dimer:adjusted" in told.features
    at = np.array(told.features) == "dimer:adjusted"
    line = {name: np.where(at, getattr(told.origin, name), 0.0) for name in ("slope", "constant")}
    alone = np.where(at, told.contributions, 0.0)  # of the dimer, and of nothing else
    names, split = split_over_genes(replace(told.origin, **line), alone[:, :, None])
    by_gene = dict(zip(names, split[:, :, 0].T, strict=True))
    mine = np.abs([by_gene[gene] for gene in (INTEGRINS[0], INTEGRINS[12], *stroma.genes)]).max(axis=1)
    assert (mine > 0).all()  # the genes of the stroma, too
    np.testing.assert_allclose(split.sum(axis=1)[:, 0], told.contributions[:, at][:, 0], atol=1e-12)


def test_systems_are_named_as_the_catalogue_does():
    catalogue = load_catalogue()
    signature = catalogue.signatures["joint_avb6_egfr_erbb2"]
    forms = ["joint_avb6_egfr_erbb2", "joint_avb6_egfr_erbb2:product", "joint_avb6_egfr_erbb2:adjusted"]
    (system,) = set(name_systems([*forms, "joint_avb6_egfr_erbb2_without_ITGB6"]))
    assert system == ("Joint signalling of integrins and receptors", signature.title)
    assert name_systems(["itg_avb6"])[0][0] == "Integrins, their pairs and their ligands"
    assert name_systems(["sex=male", "age", "KRAS_mut=not assessed"]) == [
        (CLINICAL, name) for name in ("sex", "age", "KRAS_mut")
    ]


def test_systems_sum_the_forms_of_a_signature():
    catalogue = load_catalogue()
    chosen = catalogue.select(["joint_avb6_egfr_erbb2", "gfr_egfr", "itg_avb6"])
    cohort = simulate_cohort(150, 400, {INTEGRINS[0]: 0.5}, seed=3).cohort
    genes = dict.fromkeys([*(gene for one in chosen for gene in one.genes), *cohort.genes])
    cohort = replace(cohort, expression=cohort.expression.set_axis(list(genes)[:400], axis=1))
    panel = FeaturePanel((*chosen, SIGNATURES[0]), "zscore", ("age", "sex"), joint=("lower", "product")).fit(cohort)
    fitted = CoxPlain().fit(panel.transform(cohort), cohort.require_outcome())
    plain = make_bundle(TRAINING)
    bundle = ModelBundle(panel.recipe_, fitted.model_, plain.strata, panel.familiarity_, plain.info, "")
    told = told_of(bundle, cohort)
    table = told.by_system()
    joint = catalogue.signatures["joint_avb6_egfr_erbb2"].title
    own = [told.features.index(name) for name in ("joint_avb6_egfr_erbb2", "joint_avb6_egfr_erbb2:product")]
    np.testing.assert_allclose(
        table[table["system"] == joint]["contribution"], told.contributions[:, own].sum(axis=1), atol=1e-12
    )
    first = table[table["patient"] == table["patient"][0]]
    assert dict(zip(first["system"], first["theme"], strict=True))["up"] == OWN
    assert first["system"].is_unique
    assert GENES not in set(first["theme"])
    assert isinstance(table, pd.DataFrame)
