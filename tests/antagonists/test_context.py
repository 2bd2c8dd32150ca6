"""T1: every agent answers for every patient, alone as among many, and what was not measured is never taken as fine."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.context import count_calls, judge_cohort, tabulate_context, take_adjusted
from itgstrat.biology import load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.config import build_config
from itgstrat.fitting.agents import CONTROL, learn_agents
from tests.simulate import simulate_cohort

FACTS = load_catalogue()
N_GENES = len(FACTS.genes()) + 50
TRAINING = simulate_cohort(150, N_GENES, seed=1).cohort
NEW = simulate_cohort(60, N_GENES, seed=2).cohort
ALTERED = pd.DataFrame(
    {
        "KRAS_mut": np.resize([0.0, 1.0, np.nan], len(NEW)),
        "NRAS_mut": np.resize([0.0, 0.0, 0.0, 1.0], len(NEW)),
        "MGMT_methylated": np.resize([0.0, 1.0], len(NEW)),
    },
    index=NEW.patients,
)


def make_config(**sections):
    cohort = {"name": "one", "source": "x.tsv", "columns": {"age": "age", "type": "sex"}}
    endpoint = {"event": "event", "time": "time"}
    return build_config({"name": "run", "cohorts": [cohort], "endpoint": endpoint, **sections})


RULES = learn_agents(make_config(), TRAINING)


def tell(cohort: Cohort, rules=RULES, **settings) -> pd.DataFrame:
    return tabulate_context(judge_cohort(rules, cohort, **settings))


def of(table: pd.DataFrame, agent: str) -> pd.DataFrame:
    return table[table["agent"] == agent].reset_index(drop=True)


def without(cohort: Cohort, *genes: str) -> Cohort:
    return replace(cohort, expression=cohort.expression.drop(columns=list(genes)))


def high_by_hand(agent: str) -> np.ndarray:
    """Whether any target is in the top third of training, by z-scores of rank fractions taken apart by hand."""

    def z(gene: str) -> tuple[np.ndarray, np.ndarray]:
        own, new = ((c.expression.rank(axis=1)[gene] - 0.5) / c.shape[1] for c in (TRAINING, NEW))
        return (own - own.mean()) / own.std(), (new - own.mean()) / own.std()

    found = []
    for name in FACTS.agents[agent].heterodimers:
        dimer = FACTS.heterodimers[name]
        (own_a, new_a), (own_b, new_b) = z(dimer.alpha), z(dimer.beta)
        found.append(np.minimum(new_a, new_b).to_numpy() >= np.quantile(np.minimum(own_a, own_b), 2 / 3))
    return np.any(found, axis=0)


def test_every_agent_of_the_catalogue_and_a_control_answer_for_everybody():
    table = tell(NEW)
    assert set(table["agent"]) == {*FACTS.agents, CONTROL}
    assert len(table) == len(NEW) * (len(FACTS.agents) + 1)
    assert set(table["call"]) == {"eligible", "not eligible", "cannot tell"}
    assert table["decided_by"].ne("").all()
    assert table["caveat"].str.contains("not learned from response").all()
    assert (table["tier"] == "T1 target_context").all()
    assert table.groupby("class")["agent"].nunique()["integrin_antagonist"] == 17
    address = table["class"].isin(["integrin_directed_adc", "integrin_directed_delivery"])
    assert table.loc[address, "caveat"].str.startswith("the integrin is an address").all()


@pytest.mark.parametrize("agent", ["etaracizumab", "glpg0187", "natalizumab", "abituzumab", "os2966"])
def test_the_target_is_high_where_the_highest_heterodimer_is_in_the_top_third_of_training(agent):
    judged = judge_cohort(RULES, NEW)
    position = list(RULES.agents).index(agent)
    np.testing.assert_array_equal(RULES.target_high(judged.answers)[:, position], high_by_hand(agent))


@pytest.mark.parametrize("reference", ["pooled", "batch"])
def test_a_patient_alone_gets_the_answer_that_it_gets_among_many(reference):
    cohort = NEW.with_alterations(ALTERED)
    many = tell(cohort, reference=reference)
    for row in (0, 7, 59):
        alone = tell(cohort[np.array([row])], reference=reference)
        same = many[many["patient"] == NEW.patients[row]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, same, rtol=0, atol=1e-9)


def test_the_value_says_the_same_as_the_clauses_that_are_scored():
    table = tell(NEW)
    scored = table[~table["agent"].isin(["abituzumab", "cilengitide", "defactinib"])]
    assert ((scored["value"] >= -1e-9) == (scored["call"] == "eligible")).all()


def test_an_alteration_that_was_not_loaded_is_never_wild_type():
    plain, told = of(tell(NEW), "abituzumab"), of(tell(NEW.with_alterations(ALTERED)), "abituzumab")
    assert "eligible" not in set(plain["call"])
    assert plain["missing"].eq("KRAS_mut, NRAS_mut").all()
    fine = plain["value"] >= 0
    assert fine.any()
    assert (plain.loc[fine, "call"] == "cannot tell").all()
    assert plain.loc[fine, "decided_by"].eq("state RAS wild type: not assessed").all()
    ras = ALTERED[["KRAS_mut", "NRAS_mut"]].reset_index(drop=True)
    mutant, unknown = (ras == 1).any(axis=1), ras.isna().any(axis=1)
    expected = np.where(mutant, "not eligible", np.where(unknown, "cannot tell", "eligible"))
    assert (told["call"] == np.where(fine, expected, "not eligible")).all()
    assert of(tell(NEW.with_alterations(ALTERED)), "cilengitide")["missing"].eq("").all()


def test_mgmt_must_be_unmethylated_for_cilengitide_and_kras_mutant_for_defactinib():
    table = tell(NEW.with_alterations(ALTERED))
    for agent, alteration, needed in (("cilengitide", "MGMT_methylated", 0), ("defactinib", "KRAS_mut", 1)):
        own = of(table, agent)
        has = ALTERED[alteration].reset_index(drop=True) == needed
        assert not (own["call"] == "eligible")[~has].any()
        assert ((own["call"] == "eligible") == (has & (own["value"] >= 0))).all()


def test_a_gene_that_was_not_measured_leaves_the_answer_open_and_is_named():
    table = tell(without(NEW, "ITGB6"))
    own = of(table, "gsk3008348")
    assert (own["call"] == "cannot tell").all()
    assert own["missing"].eq("ITGB6").all()
    assert own["value"].isna().all()
    several = of(table, "bexotegrast")  # avb6 or avb1: one that is high suffices
    assert of(tell(NEW), "bexotegrast").loc[several["call"] == "eligible", "call"].eq("eligible").all()
    assert not several["decided_by"].str.contains("target highest").loc[several["call"] == "not eligible"].any()
    assert (of(table, "volociximab")["call"] == of(tell(NEW), "volociximab")["call"]).mean() > 0.9


def test_one_patient_with_a_gap_does_not_change_the_others():
    expression = NEW.expression.copy()
    expression.loc[NEW.patients[3], ["ITGAV", "ITGB6"]] = np.nan
    gap, whole = tell(replace(NEW, expression=expression)), tell(NEW)
    hit = gap["patient"] == NEW.patients[3]
    pd.testing.assert_frame_equal(gap[~hit], whole[~hit], rtol=0, atol=1e-12)
    row = gap[hit & (gap["agent"] == "gsk3008348")].iloc[0]
    assert (row["call"], row["missing"]) == ("cannot tell", "ITGAV, ITGB6")


def test_what_training_did_not_measure_cannot_be_told_either():
    rules = learn_agents(make_config(), without(TRAINING, "ITGB8"))
    own = of(tell(NEW, rules), "pf_06940434")
    assert (own["call"] != "eligible").all()
    assert own["missing"].eq("ITGB8").all()


def test_contradicting_markers_are_marked_in_every_row():
    table = tell(NEW)
    marked = set(table.loc[table["caveat"].str.contains("disagree between trials"), "agent"])
    assert {"cilengitide", "abituzumab"} <= marked
    assert "volociximab" not in marked


def test_patients_of_another_kind_are_not_told_but_a_mutation_still_excludes_them():
    foreign = np.arange(len(NEW)) < 12
    table = tell(NEW.with_alterations(ALTERED), foreign=foreign)
    own = of(table, "abituzumab")
    excluded = (ALTERED[["KRAS_mut", "NRAS_mut"]] == 1).any(axis=1).to_numpy()[:12]
    assert (own["call"][:12] == np.where(excluded, "not eligible", "cannot tell")).all()
    assert own["caveat"][:12].str.startswith("expression of another kind").all()
    assert not own["caveat"][12:].str.startswith("expression of another kind").any()


def test_the_reference_cohort_takes_the_top_third_of_these_very_patients():
    table = tell(NEW, reference="cohort")
    assert (of(table, "gsk3008348")["call"] == "eligible").sum() == 20
    assert table["source"].str.contains("these patients themselves; 60 patients").all()


def test_thresholds_are_those_of_the_tumour_type():
    male = TRAINING.clinical["sex"].eq("male").to_numpy()
    expression = TRAINING.expression.copy()
    expression.loc[male, ["ITGAV", "ITGB6"]] += 3
    shifted = replace(TRAINING, expression=expression, clinical=TRAINING.clinical.assign(type=TRAINING.clinical["sex"]))
    rules = learn_agents(make_config(evaluation={"tumour_type": "type"}), shifted)
    assert rules.groups.tolist() == ["female", "male", ""]
    own = of(tell(shifted, rules), "gsk3008348")
    high = own["call"].eq("eligible").to_numpy()
    assert high[male].mean() == pytest.approx(1 / 3, abs=0.02)
    assert high[~male].mean() == pytest.approx(1 / 3, abs=0.02)
    assert (
        own["source"][np.flatnonzero(male)[0]] == f"quantiles of the reference (one; type male, {male.sum()} patients)"
    )
    untyped = of(tell(replace(shifted, clinical=shifted.clinical[["age"]]), rules), "gsk3008348")
    assert untyped["source"].eq("quantiles of the reference (one; 150 patients)").all()
    assert untyped["call"].eq("eligible").to_numpy()[male].mean() > 0.5


def test_adjusted_answers_stand_beside_the_plain_ones():
    adjust = {"for": ["angio_endothelial_core"]}
    config = make_config(features={"signatures": ["heterodimers"], "adjust": adjust})
    rules = learn_agents(config, TRAINING)
    table = tell(NEW, rules)
    assert {"value_adjusted", "call_adjusted", "decided_by_adjusted"} <= set(table.columns)
    plain = tell(NEW, learn_agents(make_config(), TRAINING))
    pd.testing.assert_frame_equal(table[list(plain.columns)], plain, rtol=0, atol=1e-12)
    comparators = table["class"].isin(["downstream_comparator", "control"])
    assert (table["call_adjusted"] == table["call"])[comparators].all()
    assert (table["value_adjusted"] != table["value"])[table["agent"] == "gsk3008348"].all()
    assert take_adjusted(table)["call"].equals(table["call_adjusted"].rename("call"))


def test_a_purity_that_is_missing_leaves_the_adjusted_answer_open():
    clinical = {"columns": {"purity": "age"}, "name": "one", "source": "x.tsv"}
    features = {"signatures": ["heterodimers"], "covariates": ["purity"], "adjust": {"covariates": ["purity"]}}
    config = make_config(features=features, cohorts=[clinical])
    rules = learn_agents(config, replace(TRAINING, clinical=TRAINING.clinical.rename(columns={"age": "purity"})))
    table = of(tell(NEW, rules), "gsk3008348")  # the new patients have no purity
    assert (table["call_adjusted"] == "cannot tell").all()
    assert (table["call"] != "cannot tell").all()


def test_counts_add_up_and_name_the_commonest_reason():
    counts = count_calls(tell(NEW))
    assert (counts[["eligible", "not eligible", "cannot tell"]].sum(axis=1) == len(NEW)).all()
    row = counts.set_index("agent").loc["gsk3008348"]
    assert row["reasons"] == f"target itg_avb6 ({row['not eligible']})"
    assert "state RAS wild type not assessed" in counts.set_index("agent").loc["abituzumab", "reasons"]
