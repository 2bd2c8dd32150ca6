"""The model card: everything a reader needs, no patient, the same bytes."""

import pytest

from itgstrat.evaluation.compare import LABELS
from itgstrat.reporting import model_card
from tests.reporting.conftest import make_bundle, make_comparison, make_config, make_evaluation, mark_up


@pytest.fixture
def card(config, evaluation, bundle):
    return model_card(config, evaluation, bundle.info)


def test_the_card_has_its_sections(card, evaluation):
    headings = [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]
    assert headings == [
        "Finding",
        "What it is",
        "Intended use",
        "Out of scope",
        "Training data",
        "Features",
        "Evaluation",
        "Caveats",
        "Ethics",
        "Made with",
    ]
    assert card.startswith("# Model card: made-up\n")
    assert evaluation.finding in card
    assert "not for clinical use" in card
    assert "response to an integrin antagonist" in card
    assert "mRNA is not protein" in card


def test_the_card_lays_the_model_beside_its_baselines(card):
    assert card.count("| the model | 0.650 (0.570 to 0.720) |") == 5
    assert card.count("| 0.180 (0.150 to 0.210) | 0.850 (0.700 to 1.020) |") == 5 * (len(LABELS) - 1)  # Brier, slope
    assert card.count("| clinical only |") == 5
    assert card.count("| random genes, 100 draws |") == 5
    assert "The model minus clinical only: +0.020 (-0.030 to +0.070)" in card


def test_the_card_names_no_patient(card, evaluation):
    assert not [name for name in evaluation.internal.patients["patient"] if f" {name} " in card]


def test_the_same_run_gives_the_same_card(card, config, bundle):
    assert model_card(config, make_evaluation(), bundle.info) == card


def test_tables_have_as_many_cells_as_headings(config, evaluation, bundle):
    nasty = mark_up(evaluation)
    card = model_card(config, nasty, bundle.info | {"cohorts": {"a|b <i>": 3}})
    assert "<script" not in card
    assert "a\\|b &lt;i&gt;" in card


def test_a_run_without_covariates():
    config = make_config(covariates=(), external=False, cohorts=1)
    evaluation = make_evaluation([make_comparison(models=("model", "kaplan_meier"), draws=0)])
    card = model_card(config, evaluation, make_bundle(config).info)
    assert "Covariates: none" in card
    assert "clinical only" not in card
