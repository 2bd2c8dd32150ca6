import numpy as np
import pytest

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.errors import ConfigError
from itgstrat.evaluation import evaluate
from itgstrat.evaluation.designs import designs_of, leave_integrins_out
from itgstrat.fitting.pipeline import Design, design_of
from tests.simulate import simulate_cohort

from .test_evaluate import EFFECTS, make_config

CATALOGUE = load_catalogue()
INTEGRINS = set(CATALOGUE.integrin_genes())
ALL_GENES = len(CATALOGUE.genes())


def test_every_integrin_goes_and_the_rest_of_every_signature_stays():
    chosen = CATALOGUE.select(["heterodimers", "receptors", "joint_pairs", "hallmark_angiogenesis", "proliferation"])
    rest = {one.id: one for one in leave_integrins_out(Design(chosen, ("age",))).signatures}
    for one in chosen:
        others = set(one.genes) - INTEGRINS
        if one.rule == "lower_subunit":
            assert one.id not in rest
        else:
            assert set(rest[one.id].genes) == others
            assert {gene for _, part in rest[one.id].parts for gene in part} == (others if one.parts else set())
    assert leave_integrins_out(Design(chosen, ("age",))).covariates == ("age",)


def test_nothing_but_integrins_and_no_integrin_at_all_make_no_row():
    assert leave_integrins_out(Design(CATALOGUE.select(["heterodimers"]), ("age",))) is None
    assert leave_integrins_out(Design(CATALOGUE.select(["proliferation"]), ())) is None
    assert "without_integrins" not in designs_of(make_config())


def test_what_the_integrins_bring_is_measured_on_the_same_folds():
    config = make_config(signatures=("heterodimers", "receptors"), evaluation={"random_signatures": 0})
    found = evaluate(config, simulate_cohort(240, ALL_GENES, EFFECTS, age_effect=0.3, seed=3).cohort)
    brought = found.internal.difference("without_integrins").harrell
    assert brought.low > 0.05
    assert f"{brought.estimate:+.3f}" in found.finding
    assert "against the same model without integrin genes" in found.finding
    nothing = {"FILL0000": 1.0}
    found = evaluate(config, simulate_cohort(240, ALL_GENES + 1, nothing, age_effect=0.6, seed=3).cohort)
    assert found.internal.difference("without_integrins").harrell.low < 0


def test_clinical_and_proliferation_are_one_model_too():
    designs = designs_of(make_config())
    main = design_of(make_config())
    assert designs["clinical_proliferation"] == Design(CATALOGUE.select(["proliferation"]), main.covariates)
    assert "clinical_proliferation" not in designs_of(make_config(covariates=()))


def test_the_tumour_type_is_a_row_of_its_own():
    cohorts = [{"name": "one", "source": "nowhere.tsv", "columns": {"age": "age", "grade": "grade"}}]
    config = make_config(evaluation={"random_signatures": 0, "tumour_type": "grade"}, cohorts=cohorts)
    cohort = simulate_cohort(90, ALL_GENES, EFFECTS).cohort
    found = evaluate(config, cohort)
    row = found.internal.row("tumour_type")
    assert row.label == "tumour type only"
    assert 0.3 < row.harrell.estimate < 0.7
    with pytest.raises(ConfigError, match="tumour type 'grade' is in no training cohort's `columns`"):
        make_config(evaluation={"tumour_type": "grade"})


def test_the_pipeline_finds_nothing_where_there_is_nothing():
    cohort = simulate_cohort(150, 150, EFFECTS, age_effect=0.5, batches=("one", "two")).cohort
    config = make_config(evaluation={"random_signatures": 0, "permutations": 12, "repeats": 2})
    found = evaluate(config, cohort)
    assert found.internal.row("model").harrell.low > 0.55
    assert found.permuted.mean == pytest.approx(0.5, abs=0.03)
    assert found.permuted.low < 0.5 < found.permuted.high
    assert len(found.permuted.concordance) == 12
    assert len(np.unique(found.permuted.concordance)) == 12
    assert found.as_dict()["permuted"]["mean"] == found.permuted.mean
    assert any(note.startswith("with outcomes dealt out at random within cohorts") for note in found.notes)
    none = evaluate(make_config(evaluation={"random_signatures": 0}), cohort)
    assert none.permuted is None
    assert any(note.startswith("no permutations") for note in none.notes)
    assert any(note.startswith("random genes were switched off") for note in none.notes)
