"""Explanations add up to the risk, in features and in genes."""

from dataclasses import replace

import numpy as np
import pytest

from itgstrat.explanation import explain_features, explain_genes
from itgstrat.explanation.linear import REST
from itgstrat.fitting import CoxElasticNet
from itgstrat.scoring import SCORES
from tests.simulate import INTEGRINS, SIGNATURES, make_bundle, simulate_cohort

TRAINING = simulate_cohort(120, 80, {INTEGRINS[0]: 1.0}, ("one", "two"), age_effect=0.5, missing=0.02, seed=1).cohort
NEW = simulate_cohort(35, 80, missing=0.05, seed=2).cohort
BUNDLES = {score: make_bundle(TRAINING, score=score) for score in SCORES}
SPARSE = make_bundle(TRAINING, model=CoxElasticNet(l1_ratio=1.0, n_alphas=2, alpha_min_ratio=0.6))
NAMES = list(NEW.patients)


def featurise(bundle, cohort=NEW, reference="pooled"):
    return bundle.recipe.featurise(**cohort.arrays(), reference=reference)


def without(*genes):
    return replace(NEW, expression=NEW.expression.drop(columns=list(genes)))


COHORTS = {
    "as it is": NEW,
    "genes missing": without(*INTEGRINS[2:6]),
    "a subunit missing": without(INTEGRINS[0]),
    "covariates missing": replace(NEW, clinical=NEW.clinical[[]]),
}


@pytest.mark.parametrize("cohort", COHORTS.values(), ids=COHORTS)
@pytest.mark.parametrize("reference", ["batch", "pooled", "cohort"])
@pytest.mark.parametrize("score", SCORES)
def test_features_and_genes_each_add_up_to_the_risk(score, reference, cohort):
    bundle = BUNDLES[score]
    done = featurise(bundle, cohort, reference)
    risk = bundle.model.risk(done.features.values)
    for explain in (explain_features, explain_genes):
        sums = explain(bundle.model, done, NAMES).groupby("patient")["contribution"].sum()[NAMES]
        np.testing.assert_allclose(sums, risk, rtol=0, atol=1e-12)


def test_only_features_with_a_coefficient_are_listed():
    table = explain_features(SPARSE.model, featurise(SPARSE), NAMES)
    used = SPARSE.model.features[SPARSE.model.coef != 0]
    assert 0 < len(used) < len(SPARSE.model.features)
    assert table["feature"].tolist() == list(used) * len(NAMES)
    assert list(table.columns) == ["patient", "feature", "value", "contribution", "imputed"]


def test_values_are_the_features():
    done = featurise(SPARSE)
    table = explain_features(SPARSE.model, done, NAMES).pivot(index="patient", columns="feature", values="value")
    columns = [done.features.names.index(name) for name in table.columns]
    np.testing.assert_array_equal(table.loc[NAMES], done.features.values[:, columns])


def test_every_gene_and_covariate_is_listed_once_a_patient():
    bundle = BUNDLES["singscore"]
    table = explain_genes(bundle.model, featurise(bundle), NAMES)
    genes = {gene for signature in SIGNATURES for gene in signature.genes}
    listed = table["gene"][table["patient"] == NAMES[3]].tolist()
    assert len(listed) == len(set(listed))
    assert set(listed) == genes | {"age", "sex=male", REST}


def test_covariates_contribute_the_same_in_both_tables():
    bundle = BUNDLES["zscore"]
    done = featurise(bundle)
    features = explain_features(bundle.model, done, NAMES).query("feature == 'age'")["contribution"].to_numpy()
    genes = explain_genes(bundle.model, done, NAMES).query("gene == 'age'")["contribution"].to_numpy()
    np.testing.assert_array_equal(features, genes)


def test_a_gene_that_was_not_measured_contributes_nothing():
    bundle = BUNDLES["zscore"]
    table = explain_genes(bundle.model, featurise(bundle, without(INTEGRINS[2])), NAMES)
    assert (table.query(f"gene == '{INTEGRINS[2]}'")["contribution"] == 0).all()


@pytest.mark.parametrize("score", SCORES)
def test_nothing_is_left_over_where_all_was_measured(score):
    complete = simulate_cohort(120, 80, {INTEGRINS[0]: 1.0}, seed=1).cohort
    bundle = make_bundle(complete, score=score)
    center = bundle.model.center[: len(SIGNATURES)] @ bundle.model.coef[: len(SIGNATURES)]
    rest = explain_genes(bundle.model, featurise(bundle, complete), list(complete.patients)).query(f"gene == '{REST}'")
    np.testing.assert_allclose(rest["contribution"] + center, 0, atol=1e-9)


def test_the_gene_that_drives_the_hazard_drives_the_risk():
    alone = simulate_cohort(300, 60, {INTEGRINS[1]: 1.5}, seed=4).cohort
    bundle = make_bundle(alone, covariates=(), score="zscore")
    table = explain_genes(bundle.model, featurise(bundle, alone), list(alone.patients))
    spread = table.groupby("gene")["contribution"].std()
    assert spread.idxmax() in SIGNATURES[0].genes


def test_a_patient_alone_gets_the_same_explanation():
    bundle = BUNDLES["singscore"]
    together = explain_genes(bundle.model, featurise(bundle), NAMES)
    for patient in (0, 7, 30):
        alone = explain_genes(bundle.model, featurise(bundle, NEW[[patient]]), [NAMES[patient]])
        own = together[together["patient"] == NAMES[patient]].reset_index(drop=True)
        assert alone["gene"].tolist() == own["gene"].tolist()
        np.testing.assert_allclose(alone["contribution"], own["contribution"], rtol=0, atol=1e-9)
