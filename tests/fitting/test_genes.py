"""Genes as features of their own, all of them or those of groups, and alterations that hardly vary."""

import numpy as np
import pytest

from itgstrat.biology import every_gene, single_gene
from itgstrat.evaluation.designs import leave_integrins_out
from itgstrat.fitting import FeaturePanel
from itgstrat.fitting.pipeline import Design
from tests.simulate import INTEGRINS, SIGNATURES, make_signature, simulate_cohort

COHORT = simulate_cohort(80, 50, {INTEGRINS[0]: 1.0}, ("one", "two"), seed=1).cohort


@pytest.mark.parametrize("score", ["singscore", "weighted_mean"])
def test_a_gene_is_its_standardised_value(score):
    panel = FeaturePanel((single_gene(INTEGRINS[0]), SIGNATURES[2]), score).fit(COHORT)
    values = panel.transform(COHORT)
    column = COHORT.expression[INTEGRINS[0]].to_numpy(float)
    if score == "singscore":
        column = COHORT.expression.rank(axis=1)[INTEGRINS[0]].to_numpy()
    for batch in ("one", "two"):
        mine = COHORT.batch == batch
        expected = (column[mine] - column[mine].mean()) / column[mine].std(ddof=1)
        assert values.loc[mine, INTEGRINS[0]].to_numpy() == pytest.approx(expected, abs=1e-6)


def test_every_gene_is_there_but_those_left_out():
    panel = FeaturePanel((every_gene(but=INTEGRINS[:2]),), "weighted_mean").fit(COHORT)
    assert set(panel.recipe_.names) == set(COHORT.genes) - set(INTEGRINS[:2])


def test_a_gene_not_measured_is_left_out_and_missing_in_a_patient_is_the_mean():
    panel = FeaturePanel((single_gene("NOSUCH"), single_gene(INTEGRINS[1])), "weighted_mean").fit(COHORT)
    assert panel.left_out_ == {"NOSUCH": "NOSUCH not measured"}
    holed = simulate_cohort(10, 50, missing=0.0, seed=3).cohort
    holed.expression.loc[holed.patients[0], INTEGRINS[1]] = np.nan
    features = panel.features(holed)
    assert features.missing[0, 0]
    assert features.values[0, 0] == 0


def test_shares_of_genes_add_up_to_the_features():
    panel = FeaturePanel((*SIGNATURES, every_gene()), "weighted_mean").fit(COHORT)
    found = panel.recipe_.featurise(**COHORT.arrays())
    shares, rest = panel.recipe_.split_over_genes(found.measured, found.batch)
    owner = np.repeat(np.arange(len(panel.recipe_.signatures)), np.diff(panel.recipe_.start))
    total = rest.copy()
    np.add.at(total.T, owner, shares.T)
    assert total == pytest.approx(found.features.values, abs=1e-9)


def test_leaving_integrins_out_leaves_them_out_of_all_genes():
    subunit = "ITGB6"
    design = Design((every_gene(), single_gene(subunit), make_signature("mixed", [subunit, "GENE1"])), ())
    rest = leave_integrins_out(design)
    assert rest is not None
    assert [one.rule for one in rest.signatures] == ["every_gene", "set"]
    assert subunit in rest.signatures[0].parts[0][1]


def test_an_alteration_that_nearly_nobody_has_is_left_out():
    rare, common = np.zeros(80), np.arange(80) % 4 == 0
    rare[0] = 1
    clinical = COHORT.clinical.assign(rare_mut=rare, common_mut=common.astype(float))
    cohort = COHORT.with_clinical(clinical)
    names = ("age", "rare_mut", "common_mut")
    panel = FeaturePanel((), covariates=names, alterations=("rare_mut", "common_mut")).fit(cohort)
    assert panel.recipe_.names == ("age", "common_mut")
    assert panel.left_out_ == {"rare_mut": "the same in more than 98% of the patients"}
    kept = FeaturePanel((), covariates=names, alterations=names[1:], min_variation=0.0).fit(cohort)
    assert kept.recipe_.names == names
