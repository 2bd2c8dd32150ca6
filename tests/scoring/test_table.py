"""Scoring a table, against R GSVA's stored numbers (tests/golden/gsva.R, gsva_versions.txt)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import InputError
from itgstrat.scoring import SCORES, score_sets

GOLDEN = Path(__file__).parents[1] / "golden"
SETS = {
    "a": {f"g{i}": 1 for i in (1, 5, 9, 33, 57)},
    "b": {f"g{i}": 1 for i in range(2, 61, 3)},
    "c": {"g60": 1},
}


def read(name):
    return pd.read_csv(GOLDEN / f"gsva_{name}.csv", index_col=0, skipinitialspace=True)


def score(table, methods, **options):
    return score_sets(table.to_numpy().T, list(table.index), SETS, methods, **options)


@pytest.mark.parametrize("kind", ["free", "tied"])
def test_ssgsea_with_rs_rule_for_ties_equals_r_gsva(kind):
    ours = score(read(kind), ["ssgsea"], ties="gsva")["ssgsea"]
    np.testing.assert_allclose(ours, read(f"{kind}_ssgsea").to_numpy().T, rtol=0, atol=1e-9)


def test_ssgsea_without_ties_equals_r_gsva_by_the_default_rule():
    ours = score(read("free"), ["ssgsea"])["ssgsea"]
    np.testing.assert_allclose(ours, read("free_ssgsea").to_numpy().T, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", ["free", "tied"])
def test_zscore_equals_r_gsva(kind):
    ours = score(read(kind), ["zscore"])["zscore"][:, :2]
    np.testing.assert_allclose(ours, read(f"{kind}_zscore").to_numpy().T, rtol=0, atol=1e-9)


@pytest.mark.parametrize("ties", ["average", "gsva"])
@pytest.mark.parametrize("kind", ["free", "tied"])
def test_gsva_equals_r_gsva(kind, ties):
    ours = score(read(kind), ["gsva"], ties=ties)["gsva"][:, :2]
    np.testing.assert_allclose(ours, read(f"{kind}_gsva").to_numpy().T, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", ["free", "tied"])
def test_plage_equals_r_gsva_up_to_the_sign(kind):
    ours, theirs = score(read(kind), ["plage"])["plage"][:, :2], read(f"{kind}_plage").to_numpy().T
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours * signs, theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("ties", ["average", "gsva"])
def test_constant_genes_are_dropped_from_gsva_as_r_does(ties):
    table = read("tied")
    more = pd.concat([table, pd.DataFrame(3.0, index=["k1", "k2"], columns=table.columns)])
    sets = SETS | {"a": SETS["a"] | {"k1": 1}}
    ours = score_sets(more.to_numpy().T, list(more.index), sets, ["gsva"], ties=ties)["gsva"]
    np.testing.assert_array_equal(ours, score(table, ["gsva"], ties=ties)["gsva"])


def test_gsva_does_not_depend_on_the_order_of_genes_where_densities_are_tied():
    copies = pd.concat([read("tied").set_axis([f"{name}{i}" for i in range(60)]) for name in "gh"])
    sets = {"s": {f"g{i}": 1 for i in (3, 7, 30, 31, 50)} | {"h7": 1}}
    there, back = (
        score_sets(table.to_numpy().T, list(table.index), sets, ["gsva"])["gsva"] for table in (copies, copies[::-1])
    )
    np.testing.assert_allclose(there, back, rtol=0, atol=1e-12)


def test_a_set_that_never_varies_has_no_score():
    table = read("free").mul(0.0)
    scores = score(table, ["zscore", "plage", "gsva"])
    assert np.isnan(scores["gsva"]).all()
    assert np.isnan(scores["plage"]).all()
    assert (scores["zscore"] == 0).all()


def test_the_order_of_genes_matters_to_r_and_not_to_us():
    table = read("tied")
    turned = table.iloc[::-1]
    ours, theirs = (score(t, ["ssgsea"])["ssgsea"] for t in (table, turned))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    r, r_turned = (score(t, ["ssgsea"], ties="gsva")["ssgsea"] for t in (table, turned))
    assert np.abs(r - r_turned).max() > 0.1


@pytest.mark.parametrize("name", [name for name, method in SCORES.items() if method.single_sample])
def test_one_patient_alone_scores_as_among_the_others(name):
    table = read("tied")
    alone = score(table[["s3"]], [name])[name]
    np.testing.assert_allclose(alone[0], score(table, [name])[name][2], rtol=0, atol=1e-9)


def test_blocks_do_not_show(monkeypatch):
    whole = score(read("tied"), list(SCORES))
    monkeypatch.setattr("itgstrat.scoring.table._BLOCK", 3)
    for name, scores in score(read("tied"), list(SCORES)).items():
        np.testing.assert_array_equal(scores, whole[name])


def test_bad_questions_get_a_clear_answer():
    table = read("free")
    with pytest.raises(InputError, match="not known: rank-o-matic; there are singscore"):
        score(table, ["rank-o-matic"])
    with pytest.raises(InputError, match="R GSVA's rule for ssgsea and gsva"):
        score(table, ["ucell"], ties="gsva")
    with pytest.raises(InputError, match="no gene of these sets is in the table: empty"):
        score_sets(table.to_numpy().T, list(table.index), {"empty": {"nowhere": 1}})
    with pytest.raises(InputError, match="takes no missing values"):
        score(table.mask(table > 12), ["ssgsea"], ties="gsva")
