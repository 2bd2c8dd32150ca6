import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.evaluation.nulls import random_signatures

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
