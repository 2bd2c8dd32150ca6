"""A run on a surrogate label: from the configuration to a saved model that needs no withheld gene."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.tiers import TARGET_CONTEXT
from itgstrat.config import load_config
from itgstrat.learned import ModelBundle
from itgstrat.prediction import predict
from itgstrat.training import train
from tests.cli.builders import call, write_run

#: GLPG0187 asks for its target alone: six subunits.
GENES = {"ITGA5", "ITGAV", "ITGB1", "ITGB3", "ITGB5", "ITGB6"}
RESPONSE = {"surrogate": "GLPG0187", "n_alphas": 5, "inner_folds": 2}


def share(table):
    """Integrins go up and down together, so that those that are left tell of those that are withheld."""
    factor = np.random.default_rng(2).standard_normal(len(table))
    integrins = [gene for gene in table if gene.startswith("ITG")]
    return table.assign(**{gene: table[gene] + 2 * factor for gene in integrins})


def write_surrogate_run(folder, **sections):
    quick = {"folds": 2, "repeats": 1, "random_signatures": 2, "without_random": True, "bootstrap": 100}
    settings = {"endpoint": None, "response": RESPONSE, "evaluation": quick}
    return write_run(folder, 90, change_expression=share, **(settings | sections))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train(load_config(write_surrogate_run(tmp_path_factory.mktemp("run"))))


def test_the_model_holds_no_withheld_gene_and_says_so(trained):
    bundle = trained.bundle
    assert not GENES & set(bundle.recipe.genes)
    assert bundle.info["surrogate"] == {"agent": "glpg0187", "withheld": sorted(GENES)}
    assert trained.left_out["itg_avb3"] == "ITGAV, ITGB3 withheld, because the label is made of them"
    assert "6 genes dropped: withheld, because the label (T1 rule of GLPG0187) is made of them" in str(
        trained.cohorts[0].dropped[-1]
    )


def test_a_cohort_without_the_withheld_genes_gets_the_same_numbers(trained, tmp_path):
    loaded = ModelBundle.load(trained.save(tmp_path / "out") / "model")
    new = trained.cohorts[0]
    random = np.random.default_rng(1)
    with_genes = new.expression.assign(**{gene: random.normal(8, 5, len(new)) for gene in sorted(GENES)})
    bare, full = predict(loaded, new), predict(loaded, replace(new, expression=with_genes))
    pd.testing.assert_frame_equal(bare.table, full.table)
    pd.testing.assert_frame_equal(bare.explanations, full.explanations)
    assert np.ptp(bare.table["probability"]) > 0.1
    assert set(bare.table["label"]) == {
        "surrogate-label recovery, T1 rule of GLPG0187: eligible, against not eligible (putative)"
    }


def test_agents_are_told_from_the_genes_that_the_model_may_not_see(trained):
    rules = trained.bundle.agents
    assert {gene for names in rules.genes for gene in names.split()} >= GENES
    new = trained.cohorts[0]
    told = predict(trained.bundle, new).agents
    own = told[(told["agent"] == "glpg0187") & (told["tier"] == TARGET_CONTEXT)]
    assert set(own["call"]) == {"cannot tell"}


def test_report_and_card_call_it_recovery(trained, tmp_path):
    folder = trained.save(tmp_path / "out")
    report, card = (folder / "report.html").read_text(), (folder / "model" / "card.md").read_text()
    for text in (report, card):
        assert "Surrogate-label recovery; hypothesis-generating; not for clinical use." in text
        assert "Surrogate-label recovery, T1 rule of GLPG0187 with its 6 genes withheld" in text
        assert "leaks" in text
        assert "T-cell-inflamed" not in text
        assert "that the training cohorts recorded" not in text
        for word in ("accuracy", "responder", "responds"):
            assert word not in text.lower()
    assert "response" not in card.lower()


def test_the_command_line_calls_it_recovery(tmp_path):
    path = write_surrogate_run(tmp_path)
    called = call("train", path, "--out", tmp_path / "out")
    assert called.code == 0, called.err
    assert "Surrogate-label recovery, T1 rule of GLPG0187" in called.out.replace("\n", " ")
    assert "leak: withheld genes put back" in called.out
    assert "response" not in called.out
    model = tmp_path / "out" / "model"
    called = call("predict", model, tmp_path / "expression.tsv", "--clinical", tmp_path / "clinical.tsv",
                  "--out", tmp_path / "new")  # fmt: skip
    assert called.code == 0, called.err
    assert "response" not in called.out
    table = pd.read_csv(tmp_path / "new" / "predictions.tsv", sep="\t")
    assert len(table) == 90
    assert table["label"].str.startswith("surrogate-label recovery").all()
    report = (tmp_path / "new" / "report.html").read_text()
    assert "Surrogate-label recovery; hypothesis-generating" in report
