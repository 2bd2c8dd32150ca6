from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.errors import CohortError, ModelError
from itgstrat.evaluation import evaluate
from itgstrat.evaluation.fold import Fold, keep_needed
from itgstrat.evaluation.split import Split
from itgstrat.fitting import FeaturePanel
from itgstrat.fitting.panel import rank_cohort
from tests.simulate import SIGNATURES, simulate_cohort

from .test_evaluate import EFFECTS, make_config

COHORT = simulate_cohort(90, 600, EFFECTS, batches=("one", "two"), missing=0.02).cohort
ABROAD = simulate_cohort(40, 580, EFFECTS, batches=("three",), seed=4).cohort
SPLIT = Split(0, np.arange(0, 90, 2), np.arange(1, 90, 2))
GENES = load_catalogue().select(["proliferation"])


def by_itself(panel, train, test, split, reference):
    """What a panel makes of whole cohorts."""
    fitted = panel.fit(train[split.train])
    values = fitted.recipe_.featurise(**test[split.test].arrays(), reference=reference).features.values
    return fitted.transform(train[split.train]), values


@pytest.mark.parametrize("score", ["singscore", "ssgsea", "zscore", "plage", "gsva"])
@pytest.mark.parametrize("adjust_for", [(), ("age",)])
def test_shared_features_are_those_of_the_panel_by_itself_to_the_last_bit(score, adjust_for):
    fold = Fold(train := rank_cohort(COHORT, score), train, SPLIT, ["batch", "pooled"])
    for signatures, covariates in ((SIGNATURES, ("age", "sex")), (SIGNATURES, ()), ((), ("age", "sex"))):
        given = tuple(name for name in adjust_for if name in covariates)
        panel = FeaturePanel(signatures, score, covariates, adjust_for=given)
        made = fold.features(panel)
        for reference, values in made.test.items():
            own, others = by_itself(panel, train, train, SPLIT, reference)
            assert values.tobytes() == others.tobytes()
        assert made.train.equals(own)
        assert made.train.to_numpy().flags == own.to_numpy().flags  # sums depend on the layout


def test_ranks_that_were_taken_once_serve_a_cohort_with_other_genes_too():
    split = Split(0, np.arange(90), np.arange(40))
    panel = FeaturePanel(SIGNATURES, "singscore", ("age",))
    ranked = rank_cohort(ABROAD, "singscore", COHORT.genes)
    assert set(ranked.genes) == set(COHORT.genes) & set(ABROAD.genes)
    made = Fold(rank_cohort(COHORT, "singscore"), ranked, split, ["pooled", "cohort"]).features(panel)
    for reference, values in made.test.items():
        np.testing.assert_allclose(values, by_itself(panel, COHORT, ABROAD, split, reference)[1], atol=1e-13)


@pytest.mark.parametrize("genes", [ABROAD.genes[::-1], ABROAD.genes[1:]], ids=["reversed", "without the first"])
def test_the_order_of_genes_in_another_cohort_is_its_own(genes):
    train = rank_cohort(COHORT, "singscore")
    other = replace(ABROAD, expression=ABROAD.expression[genes])
    split = Split(0, np.arange(90), np.arange(40))
    for panel in (FeaturePanel((), "singscore", ("age",)), FeaturePanel(SIGNATURES, "singscore", ("age",))):
        made = Fold(train, rank_cohort(other, "singscore", COHORT.genes), split, ["pooled"]).features(panel)
        expected = by_itself(panel, COHORT, other, split, "pooled")[1]
        np.testing.assert_allclose(made.test["pooled"], expected, atol=1e-13)


def test_each_feature_of_a_fold_is_computed_once(monkeypatch):
    whole = simulate_cohort(90, len(load_catalogue().genes()), EFFECTS).cohort
    learned, learn = Counter(), FeaturePanel.learn_recipe

    def count(panel, cohort):
        found = learn(panel, cohort)
        learned[(len(panel.signatures), panel.covariates)] += len(cohort) < len(whole)
        return found

    monkeypatch.setattr(FeaturePanel, "learn_recipe", count)
    settings = {"permutations": 4, "random_signatures": 0}
    evaluate(make_config(signatures=("heterodimers", "receptors"), evaluation=settings), whole)
    # three folds: the signatures, those without integrins, proliferation, and the covariate; not one a model
    assert sorted(+learned) == [(0, ("age",)), (2, ()), (11, ()), (35, ())]
    assert set((+learned).values()) == {3}


def test_only_genes_that_are_needed_are_copied():
    ranked = rank_cohort(COHORT, "singscore")
    genes = {gene for one in SIGNATURES for gene in one.genes}
    kept = keep_needed(ranked, FeaturePanel(SIGNATURES, "singscore"))
    assert set(kept.genes) == genes
    assert (kept.n_ranked == COHORT.expression.notna().sum(axis=1)).all()
    assert keep_needed(ranked, FeaturePanel((), "singscore", ("age",))).shape == (90, 1)
    assert keep_needed(COHORT, FeaturePanel(SIGNATURES, "gsva")) is COHORT  # its densities rank all genes


def test_covariates_that_say_nothing_leave_the_scores_and_no_feature_at_all_is_told():
    same = replace(COHORT, clinical=COHORT.clinical.assign(age=50.0))
    fold = Fold(ranked := rank_cohort(same, "singscore"), ranked, SPLIT, ["batch"])
    assert list(fold.features(FeaturePanel(SIGNATURES, "singscore", ("age",))).train) == [s.id for s in SIGNATURES]
    with pytest.raises(ModelError, match="no feature can be computed"):
        fold.features(FeaturePanel((), "singscore", ("age",)))
    unknown = tuple(replace(one, genes={"NOSUCH": 1}, parts=()) for one in GENES)
    with pytest.raises(ModelError, match="no feature can be computed"):
        fold.features(FeaturePanel(unknown, "singscore", ("age",)))


def test_a_cohort_without_a_gene_of_the_signatures_is_told():
    with pytest.raises(CohortError, match="none of NOSUCH is among its 600 genes"):
        COHORT.keep_genes(["NOSUCH"])
    elsewhere = ABROAD.keep_genes([gene for gene in ABROAD.genes if gene.startswith("FILL")] or ABROAD.genes[-3:])
    fold = Fold(
        rank_cohort(COHORT, "singscore"),
        rank_cohort(elsewhere, "singscore"),
        Split(0, *2 * [np.arange(40)]),
        ["pooled"],
    )
    with pytest.raises(CohortError, match=r"none of the [0-9]+ signature genes"):
        fold.features(FeaturePanel(SIGNATURES, "singscore"))


def test_ranks_may_take_the_place_of_expression_and_give_the_same_recipe_to_the_bit():
    ranked = rank_cohort(COHORT, "singscore")
    mine = replace(COHORT, expression=COHORT.expression.copy())
    there = rank_cohort(mine, "singscore", in_place=True)
    assert np.shares_memory(there.expression.to_numpy(), mine.expression.to_numpy())
    pd.testing.assert_frame_equal(there.expression, ranked.expression)
    panel = FeaturePanel(signatures=load_catalogue().select(["heterodimers"]))
    plain, by_ranks = panel.learn_recipe(COHORT)[0], panel.learn_recipe(ranked)[0]
    for name in ("gene_mean", "gene_sd", "signature_mean", "signature_sd", "term_mean"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(by_ranks, name))
