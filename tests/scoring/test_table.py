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
    with pytest.raises(InputError, match="R GSVA's rule for ssgsea"):
        score(table, ["ucell"], ties="gsva")
    with pytest.raises(InputError, match="no gene of these sets is in the table: empty"):
        score_sets(table.to_numpy().T, list(table.index), {"empty": {"nowhere": 1}})
    with pytest.raises(InputError, match="takes no missing values"):
        score(table.mask(table > 12), ["ssgsea"], ties="gsva")
