"""Every system that the reviews name gets scores that are real, finite and vary, or says why it has none."""

import os
from pathlib import Path

import numpy as np
import pytest

from itgstrat.biology import load_catalogue
from itgstrat.fitting.panel import FeaturePanel
from itgstrat.readers import read_cohort

FOLDER = os.environ.get("ITGSTRAT_DATA")
CATALOGUE = load_catalogue()
UNSCORED = {"S3-38"}  # a technology, not a process; the facts say so in `why_none`


def read_gse1992():
    pytest.importorskip("SurvSet", reason="the extra `demo` is not installed")
    return read_cohort("survset:gse1992")


def read_acc():
    if not FOLDER:
        pytest.skip("ITGSTRAT_DATA is not set: the public cohorts are not at hand")
    folder = Path(FOLDER) / "cohorts" / "tcga-rnaseq-acc"
    return read_cohort(folder / "expression.parquet", clinical=folder / "clinical.tsv")


@pytest.fixture(
    scope="module", params=[read_gse1992, pytest.param(read_acc, marks=pytest.mark.data)], ids=["gse1992", "acc"]
)
def scored(request):
    """Scores of all signatures before standardisation, and those left out with the reason."""
    cohort = request.param()
    panel = FeaturePanel(signatures=tuple(CATALOGUE.signatures.values())).fit(cohort)
    arrays = cohort.arrays()
    measured = panel.recipe_.measure(arrays["expression"], arrays["genes"])
    scores = panel.recipe_.raw_scores(measured, panel.recipe_.reference_rows(cohort.batch))
    columns = dict(zip(map(str, panel.recipe_.signatures), scores.T, strict=True))
    return cohort, columns, panel.left_out_


def is_real(values):
    return bool(np.isfinite(values).all() and values.std() > 1e-6)


def test_all_112_systems_are_scored_or_say_why_not(scored):
    _, columns, _ = scored
    assert len(CATALOGUE.systems) == 112
    failing = {}
    for code, system in CATALOGUE.systems.items():
        if not any(name in columns and is_real(columns[name]) for name in system.signatures):
            failing[code] = system.why_none
    assert {code for code, why in failing.items() if not why} == set(), "systems without a score and a reason"
    assert set(failing) == UNSCORED
    assert all(failing.values())


def test_every_score_is_real(scored):
    _, columns, _ = scored
    assert [name for name, values in columns.items() if not is_real(values)] == []


def test_every_signature_is_scored_or_names_the_genes_that_the_platform_lacks(scored):
    cohort, columns, left_out = scored
    assert set(columns) | set(left_out) == set(CATALOGUE.signatures)
    assert not set(columns) & set(left_out)
    for name, why in left_out.items():
        lacking = [gene for gene in CATALOGUE.signatures[name].genes if gene not in set(cohort.genes)]
        assert why == f"{', '.join(lacking)} not measured", name
    assert len(left_out) <= 2, "these two platforms measure nearly every gene of the catalogue"


def test_all_rules_are_among_the_scores(scored):
    _, columns, _ = scored
    rules = {CATALOGUE.signatures[name].rule for name in columns}
    assert rules == {"set", "lower_subunit", "lower_part"}
