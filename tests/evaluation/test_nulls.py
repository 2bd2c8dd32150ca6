import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.evaluation.nulls import WINDOW, describe_genes, find_matches, permute_outcome, random_signatures
from tests.simulate import simulate_cohort

REAL = load_catalogue().select(["heterodimers", "receptors", "joint_pairs", "proliferation"])
GENES = sorted({gene for signature in REAL for gene in signature.genes})


def measured_of(seed):
    """Some of the real genes, and many others."""
    random = np.random.default_rng(seed)
    return [*random.choice(GENES, len(GENES) * 3 // 4, replace=False), *(f"OTHER{n}" for n in range(500))]


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**31))
def test_sizes_signs_rules_and_coverage_stay(seed):
    measured = set(measured_of(seed))
    for real, drawn in zip(REAL, random_signatures(REAL, sorted(measured), seed), strict=True):
        assert (drawn.id, drawn.rule, len(drawn.genes)) == (real.id, real.rule, len(real.genes))
        assert list(drawn.genes.values()) == list(real.genes.values())
        assert [len(members) for _, members in drawn.parts] == [len(members) for _, members in real.parts]
        assert len(measured & set(drawn.genes)) == len(measured & set(real.genes))
        known = {gene for gene in drawn.genes if not gene.startswith("not measured")}
        assert known <= measured


def test_what_signatures_share_stays_shared():
    drawn = random_signatures(REAL, measured_of(0), 7)
    for i in range(len(REAL)):
        for j in range(i):
            shared = len(set(REAL[i].genes) & set(REAL[j].genes))
            assert len(set(drawn[i].genes) & set(drawn[j].genes)) == shared


def test_parts_hold_the_drawn_genes():
    for real, drawn in zip(REAL, random_signatures(REAL, measured_of(0), 7), strict=True):
        assert {gene for _, part in drawn.parts for gene in part} == (set(drawn.genes) if real.parts else set())


def test_the_seed_decides():
    measured = measured_of(0)
    assert random_signatures(REAL, measured, 1) == random_signatures(REAL, measured[::-1], 1)
    assert random_signatures(REAL, measured, 1) != random_signatures(REAL, measured, 2)


def test_every_gene_is_as_likely_as_another():
    one = [signature for signature in REAL if signature.rule == "lower_subunit"][:1]
    pool = [f"G{number}" for number in range(5)] + list(one[0].genes)
    counts = dict.fromkeys(pool, 0)
    for seed in range(700):
        for gene in random_signatures(one, pool, seed)[0].genes:
            counts[gene] += 1
    assert np.array(list(counts.values())) == pytest.approx(200, abs=50)


def test_matched_genes_have_the_level_and_spread_of_those_they_stand_for():
    random = np.random.default_rng(0)
    genes = [*GENES, *(f"OTHER{number}" for number in range(4000))]
    level, spread = random.uniform(2, 12, len(genes)), random.uniform(0.2, 2, len(genes))
    level[: len(GENES)], spread[: len(GENES)] = random.uniform(9, 12, len(GENES)), random.uniform(1.5, 2, len(GENES))
    values = level + spread * random.standard_normal((60, len(genes)))
    cohort = cohort_of(values, genes)
    of_gene = dict(zip(genes, describe_genes(cohort), strict=True))
    matches = find_matches(REAL, cohort)
    distances = []
    for real, drawn in zip(REAL, random_signatures(REAL, genes, 5, matches), strict=True):
        assert not set(drawn.genes) & set(GENES)
        pairs = zip(real.genes, drawn.genes, strict=True)
        distances += [np.abs(of_gene[one] - of_gene[other]).max() for one, other in pairs]
    assert np.median(distances) < WINDOW
    unmatched = random_signatures(REAL, genes, 5)
    apart = [
        np.abs(of_gene[one] - of_gene[other]).max()
        for real, drawn in zip(REAL, unmatched, strict=True)
        for one, other in zip(real.genes, drawn.genes, strict=True)
    ]
    assert np.median(apart) > 5 * np.median(distances)


def test_matched_draws_keep_what_unmatched_draws_keep():
    genes = measured_of(0)
    values = np.random.default_rng(1).normal(size=(20, len(genes)))
    matches = find_matches(REAL, cohort_of(values, genes))
    drawn = random_signatures(REAL, genes, 7, matches)
    assert drawn == random_signatures(REAL, genes[::-1], 7, find_matches(REAL, cohort_of(values[:, ::-1], genes[::-1])))
    assert drawn != random_signatures(REAL, genes, 8, matches)
    for i, real in enumerate(REAL):
        assert list(drawn[i].genes.values()) == list(real.genes.values())
        for j in range(i):
            assert len(set(drawn[i].genes) & set(drawn[j].genes)) == len(set(real.genes) & set(REAL[j].genes))


def test_a_gene_may_stand_for_itself_only_where_there_are_few_others():
    values = np.random.default_rng(1).normal(size=(20, len(GENES) + 10))
    few = cohort_of(values, [*GENES, *(f"OTHER{number}" for number in range(10))])
    matches = find_matches(REAL, few)
    assert all(len(own) >= 10 for own in matches.values())
    drawn = [gene for one in random_signatures(REAL, list(few.genes), 3, matches) for gene in one.genes]
    assert len(set(drawn)) == len(GENES)
    assert set(drawn) & set(GENES)


def test_where_all_matches_are_taken_any_other_gene_stands_in():
    genes = [*GENES, *(f"OTHER{number}" for number in range(3 * len(GENES)))]
    level = np.arange(len(genes), dtype=float)
    level[: len(GENES)] = 1e6 + np.arange(len(GENES))  # all of them match the same few
    cohort = cohort_of(level + np.random.default_rng(0).normal(size=(20, len(genes))), genes)
    matches = find_matches(REAL, cohort)
    assert len(set().union(*matches.values())) < len(GENES)
    drawn = {gene for one in random_signatures(REAL, genes, 3, matches) for gene in one.genes}
    assert len(drawn) == len(GENES)
    assert not drawn & set(GENES)


def test_places_of_genes_are_means_over_cohorts_of_shares_of_lower_genes():
    first = np.array([[1.0, 5.0, 3.0], [1.2, 9.0, 3.1]])
    second = np.array([[50.0, np.nan, 30.0], [70.0, np.nan, 20.0]])
    cohort = cohort_of(np.vstack([first, second]), ["A", "B", "C"], np.array(["one", "one", "two", "two"]))
    thirds = np.array([1 / 6, 3 / 6, 5 / 6])
    np.testing.assert_allclose(describe_genes(cohort)[:, 0], (thirds[[0, 2, 1]] + thirds[[2, 0, 1]]) / 2)
    np.testing.assert_allclose(describe_genes(cohort)[:, 1], (thirds[[1, 2, 0]] + thirds[[2, 0, 1]]) / 2)


def test_permuted_outcomes_stay_in_their_stratum_and_belong_to_others():
    outcome = simulate_cohort(60, 60, batches=("one", "two")).outcome
    dealt = permute_outcome(outcome, 3)
    for name, rows in outcome.by_stratum():
        assert (dealt.stratum[rows] == name).all()
        before = sorted(zip(outcome.time_days[rows], outcome.event[rows], strict=True))
        assert sorted(zip(dealt.time_days[rows], dealt.event[rows], strict=True)) == before
    assert (dealt.time_days != outcome.time_days).mean() > 0.8
    assert (permute_outcome(outcome, 3).time_days == dealt.time_days).all()
    assert (permute_outcome(outcome, 4).time_days != dealt.time_days).any()


def cohort_of(values, genes, batch=None):
    patients = pd.Index([f"P{number}" for number in range(len(values))])
    return Cohort(
        name="made",
        expression=pd.DataFrame(values, index=patients, columns=list(genes)),
        clinical=pd.DataFrame(index=patients),
        batch=np.full(len(values), "one") if batch is None else batch,
    )
