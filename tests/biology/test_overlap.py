"""Shared genes between signatures, and targets that stand inside the scores they are compared with."""

from itertools import combinations

import pytest

from itgstrat.biology import load_catalogue
from itgstrat.biology.overlap import find_circularities, find_overlaps
from itgstrat.errors import CatalogueError

CATALOGUE = load_catalogue()


def test_overlaps_equal_a_slow_count() -> None:
    chosen = CATALOGUE.select(["box1", "receptors", "emt_signed_panel"])
    expected = {}
    for one, two in combinations(chosen, 2):
        both = [gene for gene in one.genes if gene in two.genes]
        if both:
            expected[one.id, two.id] = len(both) / (len(one.genes) + len(two.genes) - len(both))
    found = find_overlaps(chosen)
    assert {(one.first, one.second): one.jaccard for one in found} == pytest.approx(expected)
    assert [one.jaccard for one in found] == sorted((one.jaccard for one in found), reverse=True)


def test_shared_genes_of_opposite_sign_are_told() -> None:
    found = CATALOGUE.overlap(["emt_signed_panel", "csc_core"])[0]
    assert (found.shared, found.opposed) == (("EPCAM",), ("EPCAM",))


def test_signatures_without_a_shared_gene_are_no_pair() -> None:
    assert CATALOGUE.overlap(["abc_bcrp", "gfr_met"]) == ()
    with pytest.raises(CatalogueError, match="'nothing'"):
        CATALOGUE.overlap(["nothing"])


def test_the_whole_catalogue_is_compared() -> None:
    assert CATALOGUE.overlap()[0].jaccard < 1
    assert {one.first for one in CATALOGUE.overlap()} <= set(CATALOGUE.signatures)


def test_circular_hallmarks_are_warned_of() -> None:
    found = {one.signature: one for one in CATALOGUE.circularity()}
    assert set(found["hallmark_emt"].targets) >= {"ITGAV", "ITGB1", "ITGB3", "ITGA5"}
    assert found["hallmark_angiogenesis"].targets == ("ITGAV",)
    assert not found["hallmark_emt"].expected
    assert found["axis_avb6_tgfb"].expected
    assert "itg_avb6" not in found
    assert "partly built in" in str(found["hallmark_emt"])


def test_targets_of_an_agent_can_be_asked_for() -> None:
    genes = CATALOGUE.agent("defactinib").genes
    found = {one.signature for one in CATALOGUE.circularity(["hallmark_angiogenesis", "abc_pgp"], genes)}
    assert found == {"hallmark_angiogenesis"}


def test_leaving_the_target_out_ends_the_circle() -> None:
    targets = CATALOGUE.integrin_genes()
    rest = CATALOGUE.signatures["hallmark_emt"].without(targets)
    assert find_circularities([rest], targets, []) == ()
