"""Surrogate labels: the label is the answer of the rule, and nothing of what the rule looks at reaches a feature."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.context import judge_cohort, tabulate_context
from itgstrat.biology import load_catalogue
from itgstrat.cohort import concat_cohorts
from itgstrat.config import build_config
from itgstrat.errors import ConfigError, ModelError, OutcomeError
from itgstrat.evaluation.response import evaluate_response
from itgstrat.fitting.agents import learn_agents
from itgstrat.fitting.response.pipeline import SURROGATE, build_response_pipeline, labelling_of, require_withheld
from itgstrat.response import read_response
from itgstrat.surrogate import explain_withheld, make_surrogate, withhold
from tests.simulate import INTEGRINS, simulate_cohort


def configure(agent="intetumumab", **sections):
    content = {
        "name": "recovery",
        "cohorts": [{"name": "one", "source": "x.tsv", "columns": {"age": "age"}}],
        "response": {"surrogate": agent, "n_alphas": 6, "inner_folds": 3},
        "evaluation": {"folds": 3, "repeats": 1, "random_signatures": 4, "without_random": True, "bootstrap": 200},
        "compute": {"n_jobs": 1, "backend": "threading"},
        "seed": 3,
    }
    return build_config(content | sections)


def simulate(n=160, batches=("one", "two"), seed=0, shared=0.0):
    """Genes that know nothing of each other, but for a factor that all integrins share."""
    named = [name for agent in ("intetumumab", "abituzumab") for name in configure(agent).response.withheld()]
    wanted = sorted({*INTEGRINS, *named, *load_catalogue().genes(["proliferation"])})
    cohort = simulate_cohort(n, len(wanted) + 200, batches=batches, seed=seed).cohort
    kept = cohort.expression.set_axis(wanted + [f"FILL{number:04d}" for number in range(200)], axis=1)
    factor = np.random.default_rng(seed + 1).standard_normal(len(cohort))
    kept[[*INTEGRINS]] += shared * factor[:, None].astype(np.float32)
    return replace(cohort, expression=kept, outcome=None)


CONFIG, COHORT = configure(), simulate()


@pytest.fixture(scope="module")
def made():
    return make_surrogate(CONFIG, COHORT, [simulate(60, ("x",), seed=9)])


def test_the_label_is_the_answer_that_the_agents_of_a_model_give(made):
    rules = learn_agents(configure(antagonists={"agents": ["cilengitide", "intetumumab"]}), COHORT)
    for cohort, whole, reference in (
        (COHORT, made.training, "batch"),
        (simulate(60, ("x",), 9), made.external[0], "pooled"),
    ):
        table = tabulate_context(judge_cohort(rules, cohort, reference))
        calls = table[table["agent"] == "intetumumab"].set_index("patient")["call"]
        assert whole.clinical[SURROGATE].to_dict() == calls.loc[list(whole.patients)].to_dict()
        assert set(calls) == {"eligible", "not eligible"}


def test_nothing_of_the_rule_is_left_and_the_genes_are_counted(made):
    genes = set(CONFIG.response.withheld())
    assert {"ITGAV", "ITGB3", "KDR", "VTN"} < genes
    for cohort, whole in zip((made.training, *made.external), made.whole, strict=True):
        assert not genes & set(cohort.genes)
        assert set(whole.genes) - set(cohort.genes) == genes & set(COHORT.genes)
        assert whole.patients.equals(cohort.patients)
        assert "withheld, because the label (T1 rule of intetumumab) is made of them" in str(cohort.dropped[-1])


def test_an_external_patient_is_held_against_frozen_thresholds(made):
    external = simulate(60, ("x",), seed=9)
    alone = make_surrogate(CONFIG, COHORT, [external[np.array([5, 7])]]).external[0]
    assert alone.clinical[SURROGATE].tolist() == made.external[0].clinical[SURROGATE].loc[alone.patients].tolist()


def test_patients_of_another_kind_of_data_have_no_label():
    external = simulate(40, ("x",), seed=9)
    foreign = replace(external, expression=-external.expression)
    with pytest.raises(OutcomeError, match=r"intetumumab cannot tell \(expression of another kind than training's\)"):
        make_surrogate(CONFIG, COHORT, [foreign])


def test_a_rule_that_asks_for_mutations_nobody_has_leaves_nobody():
    message = (
        r"abituzumab makes no label .* 0 eligible, \d+ cannot tell, \d+ not eligible .*assessed: KRAS_mut, NRAS_mut\)"
    )
    with pytest.raises(OutcomeError, match=message):
        make_surrogate(configure("abituzumab"), COHORT)
    fills = [gene for gene in COHORT.genes if gene not in configure("abituzumab").response.withheld()]
    with pytest.raises(ModelError, match="training measured no gene of abituzumab"):
        make_surrogate(configure("abituzumab"), replace(COHORT, expression=COHORT.expression[fills]))
    with pytest.raises(ModelError, match=r"no response\.surrogate"):
        make_surrogate(configure(response={"column": "best", "positive": ["R"], "negative": ["NR"]}), COHORT)


def test_mutations_of_the_rule_leave_covariates_alterations_and_features():
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {"KRAS_mut": random.random(len(COHORT)) < 0.3, "NRAS_mut": False, "TP53_mut": random.random(len(COHORT)) < 0.4},
        index=COHORT.patients,
    ).astype(float)
    table.iloc[:60, 0] = np.nan
    cohort = COHORT.with_alterations(table).with_clinical(table.fillna(0.0))
    config = configure("abituzumab", features={"covariates": ["age"], "alterations": ["KRAS_mut", "TP53_mut"]})
    made = make_surrogate(config, cohort)
    assert made.config.features.alterations == ("TP53_mut",)
    assert list(made.training.alterations) == ["TP53_mut"]
    assert not {"KRAS_mut", "NRAS_mut"} & set(made.training.clinical)
    assert not {"KRAS", "NRAS"} & set(made.training.genes)
    mutated = table["KRAS_mut"].loc[made.training.patients] == 1
    assert (made.training.clinical[SURROGATE][mutated] == "not eligible").all()
    assert "abituzumab cannot tell (not measured or assessed: KRAS_mut)" in str(made.training.dropped)
    fitted = build_response_pipeline(made.config).fit(
        made.training, read_response(made.training, labelling_of(made.config))
    )
    panel = fitted.named_steps["features"]
    assert panel.recipe_.covariate.tolist() == ["age", "TP53_mut"]
    assert explain_withheld(config, {}, ())["KRAS_mut"] == "withheld, because the label is made of it"


def fit(training):
    return build_response_pipeline(CONFIG).fit(training, read_response(training, labelling_of(CONFIG)))


def test_scrambled_withheld_genes_change_no_probability():
    """After the labels are made, what the withheld genes were makes no difference, in training or in prediction."""
    made = make_surrogate(CONFIG, simulate(shared=2.0))
    genes, random = CONFIG.response.withheld(), np.random.default_rng(4)
    scrambled = made.whole[0].expression.copy()
    for gene in set(genes) & set(scrambled):
        scrambled[gene] = random.permutation(scrambled[gene]) * 7 - 20
    other = withhold(replace(made.whole[0], expression=scrambled), genes, "intetumumab")
    probabilities = []
    for training in (made.training, other):
        model = build_response_pipeline(made.config).fit(training, read_response(training, labelling_of(CONFIG)))
        names = [*model.named_steps["features"].recipe_.genes]
        assert not set(names) & set(genes)
        require_withheld(CONFIG, names)
        probabilities += [
            model.predict_proba(cohort) for cohort in (made.training, replace(other, expression=scrambled))
        ]
    assert np.ptp(probabilities[0][:, 1]) > 0
    for probability in probabilities[1:]:
        np.testing.assert_array_equal(probability, probabilities[0])
    whole = made.whole[0]
    told = [fit(whole).predict_proba(one) for one in (whole, replace(whole, expression=scrambled))]
    assert np.abs(told[0] - told[1]).max() > 0.1


def test_a_withheld_gene_among_the_features_is_refused(made):
    with pytest.raises(ModelError, match=r"ITGAV.* the label is made of it, and a feature could hold it"):
        evaluate_response(CONFIG, made.whole[0])
    with pytest.raises(ModelError, match="ITGB3_amp: the label is made of it"):
        require_withheld(CONFIG, ["age", "ITGB3_amp", "ITGA4"])
    require_withheld(configure(response={"column": "best", "positive": ["R"], "negative": ["NR"]}), ["ITGB3"])


def test_independent_genes_recover_nothing_and_the_leak_is_worth_much(made):
    evaluation = evaluate_response(CONFIG, made.training, made.external, whole=made.whole)
    inside = evaluation.internal
    assert [row.model for row in inside.rows] == ["model", "proliferation", "prevalence", "leaking"]
    assert inside.row("model").auc.low < 0.5
    assert inside.row("leaking").auc.low > 0.6
    assert inside.difference("leaking").auc.high < 0
    assert [item.kind for item in evaluation.comparisons][-2:] == ["external", "external"]
    assert evaluation.finding.startswith("Surrogate-label recovery, T1 rule of intetumumab with its 17 genes withheld")
    assert "do not tell eligible from not eligible patients in a way that could be shown" in evaluation.finding
    assert "response" not in evaluation.finding
    note = next(text for text in evaluation.notes if text.startswith("surrogate-label recovery"))
    assert "nobody was seen to benefit" in note
    assert "ITGAV" in note


def test_what_goes_with_the_target_recovers_the_label():
    made = make_surrogate(CONFIG, simulate(shared=2.0))
    evaluation = evaluate_response(CONFIG, made.training, whole=made.whole)
    assert evaluation.internal.row("model").auc.low > 0.6
    assert "tell eligible from not eligible patients" in evaluation.finding


def test_a_signature_with_too_few_genes_left_is_told_as_withheld():
    reasons = {"itg_avb3": "ITGAV, ITGB3 not measured", "itg_a4b7": "ITGB7 not measured", "age": "the same in all"}
    told = explain_withheld(CONFIG, reasons, set(COHORT.genes))
    assert told == reasons | {"itg_avb3": "ITGAV, ITGB3 withheld, because the label is made of them"}
    assert explain_withheld(CONFIG, {"itg_a4b1": ""}, ["ITGAV"])["itg_a4b1"] == (
        "ITGB1 withheld, because the label is made of it; ITGA4 not measured"
    )


def test_joined_cohorts_share_the_thresholds_and_tell_who_was_left_out():
    first, second = simulate(80, ("one",)), simulate(80, ("two",), seed=2)
    altered = pd.DataFrame({"KRAS_mut": 0.0, "NRAS_mut": 0.0}, index=first.patients)
    made = make_surrogate(configure("abituzumab"), concat_cohorts([first.with_alterations(altered), second]))
    assert [(one.cohort, one.what) for one in made.training.dropped] == [("two", "patient"), ("training", "gene")]
    assert set(made.training.batch[made.training.clinical[SURROGATE] == "eligible"]) == {"one"}


@pytest.mark.parametrize(
    ("response", "messages"),
    [
        ({}, ["column, positive, negative: needed and missing or empty (or name an agent in surrogate)"]),
        ({"column": "best", "positive": ["R"]}, ["negative: needed and missing or empty"]),
        (
            {"surrogate": "cilengitid", "column": "best", "negative": ["NR"]},
            ["stands instead of column, negative; give one or the other", "did you mean 'cilengitide'"],
        ),
        ({"column": "best", "positive": ["R"], "negative": ["R"]}, ["R: is positive and negative"]),
    ],
)
def test_faults_of_the_configuration_come_together(response, messages):
    with pytest.raises(ConfigError) as error:
        configure(response=response | {"inner_folds": 1})
    assert "inner_folds" in str(error.value)
    with pytest.raises(ConfigError) as error:
        configure(response=response)
    for message in messages:
        assert message in str(error.value)
