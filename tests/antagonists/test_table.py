"""The four tiers in one table: every agent has all of them for everybody; absent, withheld or told, never joined."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.benefit import analyse_benefit
from itgstrat.antagonists.benefit_record import record_benefit
from itgstrat.antagonists.tiers import BENEFIT, TIERS, TRANSFERRED_SENSITIVITY
from itgstrat.antagonists.transfer import tabulate_transfer
from itgstrat.errors import BundleError, ModelError
from itgstrat.fitting.transfer import Alignment, LineData, learn_transfer
from itgstrat.learned import BenefitModel, ModelBundle, TransferModel
from itgstrat.prediction import predict
from tests.antagonists.test_context import NEW, TRAINING, without
from tests.antagonists.test_risk import BUNDLE, TOLD
from tests.antagonists.trials import draw_trial

GENES = [gene for gene in NEW.expression.columns if gene.startswith("ITG")]


def make_lines(agent="cilengitide", reason=""):
    """A model of made lines by the ranks of all genes of the training cohort."""
    random = np.random.default_rng(0)
    lines = [f"line{n}" for n in range(60)]
    values = pd.DataFrame(random.normal(size=(60, TRAINING.shape[1])), lines, TRAINING.expression.columns)
    response = pd.Series(values[GENES[0]] + 0.1 * random.normal(size=60), lines)
    lineage = pd.Series(np.resize(["a", "b", "c"], 60), lines)
    data = LineData.join(
        (agent, "integrin_antagonist", "drug"), ("made lines", "-ln IC50", "mRNA"), values, response, lineage,
        tuple(GENES[:6]), (GENES[0],), {gene: gene for gene in values.columns},
    )  # fmt: skip
    return learn_transfer(data, Alignment("ranks", TRAINING.expression, "made"), reason=reason)


def make_benefit(agent="abituzumab", score="risk", interaction=-1.2, n=400, **how):
    """A record of a trial in whom the score is spread as the predictions are."""
    trial = draw_trial(3, n, interaction=interaction, treatment=-0.3, design=how.pop("design", "randomised"))
    trial = replace(trial, score=trial.score * TOLD.table["risk"].std() + TOLD.table["risk"].mean(), **how)
    found = analyse_benefit(trial, draws=5, permutations=9)
    return record_benefit(found, BUNDLE, agent, score, "made trial")


LINES, ARMS = make_lines(), make_benefit()
FULL = BUNDLE.attach(LINES, make_lines("defactinib", "no more than its lineage"), ARMS)
ALL = predict(FULL, NEW)
INSIDE = ~ALL.table["out_of_distribution"].to_numpy()


def of(table, tier, agent):
    return table[(table["tier"] == tier) & (table["agent"] == agent)].reset_index(drop=True)


def test_every_agent_has_its_four_rows_in_every_patient():
    rows = ALL.agents.groupby(["patient", "agent"], sort=False)["tier"].agg(tuple)
    assert len(rows) == len(NEW) * len(BUNDLE.agents.agents)
    assert set(rows) == {TIERS}
    asked = ["patient", "agent", "class", "tier", "value", "call", "decided_by", "missing", "caveat"]
    assert [name for name in ALL.agents.columns if name in asked] == asked
    assert ALL.agents["caveat"].str.endswith("hypothesis-generating, not for clinical use").all()


def test_tiers_that_are_not_attached_say_so_and_how_to_attach():
    for tier, what, how in (
        (TRANSFERRED_SENSITIVITY, "no model of cell lines for this agent in the bundle", "--transfer"),
        (BENEFIT, "no cohort with arms of this agent in the bundle", "--benefit"),
    ):
        own = TOLD.agents[TOLD.agents["tier"] == tier]
        assert set(own["call"]) == {"cannot tell"}
        assert own["value"].isna().all()
        assert own["decided_by"].str.startswith(what).all()
        assert own["decided_by"].str.contains(f"itgstrat agents attach {how}", regex=False).all()


def test_attaching_changes_no_other_row():
    attached = {
        (TRANSFERRED_SENSITIVITY, "cilengitide"),
        (TRANSFERRED_SENSITIVITY, "defactinib"),
        (BENEFIT, "abituzumab"),
    }
    same = [key not in attached for key in zip(ALL.agents["tier"], ALL.agents["agent"], strict=True)]
    pd.testing.assert_frame_equal(ALL.agents[same], TOLD.agents[same])
    pd.testing.assert_frame_equal(ALL.table, TOLD.table)


def test_what_cell_lines_say_is_the_models_own():
    own = of(ALL.agents, TRANSFERRED_SENSITIVITY, "cilengitide")
    told = LINES.apply(NEW.expression.to_numpy(), list(NEW.genes))
    np.testing.assert_allclose(own["value"], told.value)
    assert set(own["call"]) == {"scored"}
    stopped = of(ALL.agents, TRANSFERRED_SENSITIVITY, "defactinib")
    assert set(stopped["call"]) == {"withheld"}
    assert set(stopped["decided_by"]) == {"no more than its lineage"}
    assert stopped["value"].isna().all()


def test_the_hazard_ratio_of_treatment_is_that_of_the_patients_risk():
    own = of(ALL.agents, BENEFIT, "abituzumab")[INSIDE]
    risk = ALL.table["risk"].to_numpy()[INSIDE]
    by_hand = ARMS.coef[0] + ARMS.coef[1] * (risk - ARMS.center) / ARMS.scale
    np.testing.assert_allclose(own["value"], by_hand)
    high = own["call"] == "lower hazard on treatment"
    assert 0.2 < high.mean() < 1
    assert (own["value"][high] < 0).all()
    assert set(own["call"]) <= {"lower hazard on treatment", "higher hazard on treatment", "no difference shown"}
    first = own["decided_by"].iloc[0]
    assert first.startswith(f"hazard ratio {np.exp(by_hand[0]):.2f} (")
    assert own["source"].str.contains("below 0: lower hazard on treated").all()


def test_the_context_can_be_the_score_and_where_it_is_unknown_nothing_is_told():
    value = TOLD.agents[TOLD.agents["tier"] == TIERS[1]].set_index("agent")["value"]
    spread = (value["gsk3008348"] - value["gsk3008348"].mean()) / value["gsk3008348"].std()
    trial = draw_trial(3, 400, interaction=-1.2)
    found = analyse_benefit(
        replace(trial, score=trial.score * value["gsk3008348"].std() + value["gsk3008348"].mean()), None, 5, 9
    )
    bundle = BUNDLE.attach(record_benefit(found, BUNDLE, "gsk3008348", "target_context", "made trial"))
    own = of(predict(bundle, NEW).agents, BENEFIT, "gsk3008348")
    assert own["value"].isna().tolist() == (~INSIDE).tolist()
    assert np.corrcoef(own["value"].to_numpy()[INSIDE], spread.to_numpy()[INSIDE])[0, 1] == pytest.approx(-1)
    gap = of(predict(bundle, without(NEW, "ITGB6")).agents, BENEFIT, "gsk3008348")
    assert set(gap["call"]) == {"cannot tell"}
    assert set(gap["decided_by"]) == {"the target_context is not known", "the patient is out of distribution"}


def test_a_score_beyond_those_of_the_trial_is_not_told():
    risk = TOLD.table["risk"]
    narrow = replace(ARMS, score_low=float(risk.median()), score_high=float(risk.max()))
    own = of(predict(BUNDLE.attach(narrow), NEW).agents, BENEFIT, "abituzumab")
    beyond = (risk < risk.median()).to_numpy()
    assert (own["call"] == "cannot tell").to_numpy().tolist() == (beyond | ~INSIDE).tolist()
    assert own["value"].isna().to_numpy().tolist() == (beyond | ~INSIDE).tolist()
    assert own["decided_by"][beyond & INSIDE].str.startswith("the risk is beyond those of the cohort").all()


def test_an_interaction_that_was_not_shown_is_withheld():
    model = make_benefit(interaction=0.0, n=120)
    assert model.withheld
    own = of(predict(BUNDLE.attach(model), NEW).agents, BENEFIT, "abituzumab")
    assert set(own["call"]) == {"withheld"}
    assert own["value"].isna().all()
    assert own["decided_by"].str.contains(r"was not shown \(p = 0\.", regex=True).all()


def test_a_score_learned_on_the_patients_of_the_trial_is_withheld():
    out_of_fold = make_benefit(learned="out-of-fold")
    assert out_of_fold.reason.startswith("the score was learned out of fold on these very patients")
    found = analyse_benefit(draw_trial(3, 400, interaction=-1.2), draws=5, permutations=9)
    trained = replace(BUNDLE, info={**BUNDLE.info, "cohorts": {"made trial": 400}})
    here = record_benefit(found, trained, "abituzumab", "risk", "made trial")
    assert here.reason == "the score was learned on these very patients: the model was trained on made trial"
    found = analyse_benefit(replace(draw_trial(3, 400, interaction=-1.2), learned="out-of-fold"), None, 5, 9)
    assert not record_benefit(found, BUNDLE, "abituzumab", "risk", "t", permutation_p=0.01).withheld
    assert record_benefit(found, BUNDLE, "abituzumab", "risk", "t", permutation_p=0.2).reason.endswith("(p = 0.20)")


def test_observational_stands_in_every_row():
    trial = draw_trial(4, 600, interaction=-1.0, chosen=0.5, design="observational")
    found = analyse_benefit(trial, draws=5, permutations=9)
    bundle = BUNDLE.attach(record_benefit(found, BUNDLE, "abituzumab", "risk", "registry"))
    own = of(predict(bundle, NEW).agents, BENEFIT, "abituzumab")
    assert own["source"].str.contains("registry, observational").all()
    told = own[own["value"].notna()]
    assert len(told)
    assert told["decided_by"].str.startswith("observational hazard ratio").all()


def test_one_patient_alone_is_as_among_all():
    alone = predict(FULL, NEW[np.array([5])]).agents
    same = ALL.agents[ALL.agents["patient"] == NEW.patients[5]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, same, rtol=0, atol=1e-9)


def test_a_saved_model_tells_the_same(tmp_path):
    loaded = ModelBundle.load(FULL.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(predict(loaded, NEW).agents, ALL.agents)


def test_records_come_back_from_files_of_their_own(tmp_path):
    lines = TransferModel.load(LINES.save(tmp_path / "lines.npz"))
    arms = BenefitModel.load(ARMS.save(tmp_path / "arms.npz"))
    pd.testing.assert_frame_equal(
        predict(BUNDLE.attach(lines, arms), NEW).agents, predict(BUNDLE.attach(LINES, ARMS), NEW).agents
    )
    with pytest.raises(BundleError, match=r"lines\.npz holds TransferModel; needed is BenefitModel"):
        BenefitModel.load(tmp_path / "lines.npz")


def test_what_does_not_belong_to_a_model_is_refused():
    with pytest.raises(BundleError, match="no agent 'aspirin', it has cilengitide"):
        BUNDLE.attach(make_lines("aspirin"))
    with pytest.raises(BundleError, match="two records of tier T2 for cilengitide"):
        FULL.attach(LINES)
    other = replace(BUNDLE, model=replace(BUNDLE.model, coef=BUNDLE.model.coef * 2))
    with pytest.raises(BundleError, match=r"a benefit of abituzumab by the risk of another model \(simulated\)"):
        other.attach(ARMS)
    with pytest.raises(BundleError, match="holds no rules of agents"):
        replace(BUNDLE, agents=None).attach(LINES)
    found = analyse_benefit(draw_trial(3, 200), draws=5, permutations=9)
    with pytest.raises(ModelError, match="has no agent 'aspirin'"):
        record_benefit(found, BUNDLE, "aspirin", "risk", "t")


def test_patients_unlike_training_get_no_hazard_ratio():
    from itgstrat.antagonists.benefit_tier import tabulate_benefit

    foreign = np.array([True, False])
    table = tabulate_benefit(
        [ARMS], {"risk": np.zeros((2, 1))}, ["a", "b"], {"abituzumab": "integrin_antagonist"}, foreign
    )
    assert table["value"].isna().tolist() == [True, False]
    assert table["caveat"].str.startswith("expression of another kind").tolist() == [True, False]


@pytest.mark.parametrize("score", ["risk", "target_context"])
def test_scores_of_another_reference_are_not_held_against_those_of_the_trial(score):
    arms = make_benefit(score=score)
    agents = predict(BUNDLE.attach(arms), NEW, "cohort").agents
    own = of(agents, BENEFIT, "abituzumab")
    assert own["value"].isna().all()
    assert set(own["call"]) == {"cannot tell"}
    assert own["decided_by"].str.startswith("scores by the reference cohort are not on the scale of the trial").all()


def test_a_risk_out_of_distribution_or_on_imputed_values_gets_no_hazard_ratio():
    from itgstrat.antagonists.table import tabulate_agents

    assert 0 < (~INSIDE).sum() < len(NEW)
    own = of(ALL.agents, BENEFIT, "abituzumab")
    assert own["value"].isna().tolist() == (~INSIDE).tolist()
    assert set(own["decided_by"][~INSIDE]) == {"the patient is out of distribution"}
    told = ALL.table.assign(imputed=["age", *[""] * (len(NEW) - 1)], out_of_distribution=False)
    own = of(tabulate_agents(FULL, NEW, told), BENEFIT, "abituzumab")
    assert own["value"].isna().tolist() == [True, *[False] * (len(NEW) - 1)]
    assert own["decided_by"][0] == "the risk rests on imputed values: age"


def test_too_little_measured_for_the_cell_lines_is_said():
    table = tabulate_transfer(
        [LINES], np.ones((1, 1)), ["G0"], ["a"], {"cilengitide": "integrin_antagonist", "x": "control"}
    )
    assert table["call"].tolist() == ["cannot tell", "cannot tell"]
    assert GENES[0] in table["missing"][0]
