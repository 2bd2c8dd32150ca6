"""Scoring a table against stored numbers of gseapy and decoupler (tests/golden/peers.py, peers_versions.txt)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itgstrat.scoring import score_sets

GOLDEN = Path(__file__).parents[1] / "golden"
SETS = {"a": {f"g{i}": 1 for i in (1, 5, 9, 33, 57)}, "b": {f"g{i}": 1 for i in range(2, 61, 3)}}


def read(name):
    return pd.read_csv(GOLDEN / f"{name}.csv", index_col=0, skipinitialspace=True).T


def score(table, method, **options):
    return score_sets(table.to_numpy(), list(table.columns), SETS, [method], **options)[method]


@pytest.mark.parametrize(
    ("data", "peer", "method"),
    [
        ("gsva_free", "peers_free_ssgsea", "ssgsea"),
        ("gsva_free", "peers_free_aucell", "aucell"),
        ("gsva_tied", "peers_tied_aucell", "aucell"),
        ("peers_wide", "peers_wide_aucell", "aucell"),
        ("gsva_free", "peers_free_gsva", "gsva"),
        ("gsva_tied", "peers_tied_gsva", "gsva"),
    ],
)
def test_equal_where_the_same_is_defined(data, peer, method):
    np.testing.assert_allclose(score(read(data), method), read(peer).to_numpy(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("ties", ["average", "gsva"])
def test_gseapy_breaks_ties_by_a_rule_of_its_own(ties):
    ours = score(read("gsva_tied"), "ssgsea", ties=ties)
    assert np.abs(ours - read("peers_tied_ssgsea").to_numpy()).max() > 1


def test_what_decoupler_calls_rokai_is_ksea():
    table = read("gsva_free")
    values, theirs = table.to_numpy(), read("peers_free_rokai")["a"].to_numpy()
    mean, sd = table[list(SETS["a"])].mean(axis=1).to_numpy(), values.std(axis=1, ddof=1)
    np.testing.assert_allclose(theirs, (mean - values.mean(axis=1)) * np.sqrt(5) / sd, atol=1e-9)
    assert np.abs(theirs - mean * np.sqrt(5) / sd).min() > 1  # RoKAI by their own documentation
