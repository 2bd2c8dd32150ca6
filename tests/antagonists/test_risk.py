"""T0: the model's own risk where the target is high, nothing where it is not, and never joined with T1."""

from dataclasses import replace

import numpy as np
import pandas as pd

from itgstrat.antagonists.context import judge_cohort
from itgstrat.antagonists.risk import tabulate_risk
from itgstrat.fitting.agents import learn_agents
from itgstrat.learned import ModelBundle
from itgstrat.prediction import predict
from tests.antagonists.test_context import NEW, TRAINING, make_config
from tests.simulate import make_bundle

BUNDLE = replace(make_bundle(TRAINING), agents=learn_agents(make_config(), TRAINING))
TOLD = predict(BUNDLE, NEW)
RISK = TOLD.agents[TOLD.agents["tier"] == "T0 risk_in_target_high"].reset_index(drop=True)


def test_risk_and_survival_are_the_models_own_where_the_target_is_high():
    of = TOLD.table.set_index("patient").loc[RISK["patient"]].reset_index()
    high = RISK["value"].notna()
    assert 0.2 < high.mean() < 0.8
    for column, own in (("risk", "value"), ("stratum", "call"), ("survival_365_days", "survival_365_days")):
        assert (of[column][high] == RISK[own][high]).all()
    assert RISK.loc[~high, "survival_365_days"].isna().all()
    assert set(RISK.loc[~high, "call"]) <= {"target not high", "cannot tell"}
    assert RISK["caveat"].str.contains("unmet need, not response").all()


def test_a_target_is_high_in_t0_exactly_where_no_target_clause_fails_in_t1():
    context = TOLD.agents[TOLD.agents["tier"] == "T1 target_context"].reset_index(drop=True)
    assert (context[["patient", "agent"]] == RISK[["patient", "agent"]]).all(axis=None)
    known = RISK["call"] != "cannot tell"
    fails = (context["call"] == "not eligible") & context["decided_by"].str.startswith("target ")
    assert (RISK["value"].isna() == fails)[known].all()
    assert not (context["call"] == "eligible")[~known].any()


def test_an_unknown_target_has_no_risk():
    gap = predict(BUNDLE, replace(NEW, expression=NEW.expression.drop(columns="ITGB6"))).agents
    own = gap[(gap["agent"] == "gsk3008348") & gap["tier"].str.startswith("T0")]
    assert own["value"].isna().all()
    assert (own["call"] == "cannot tell").all()
    assert own["missing"].eq("ITGB6").all()


def test_a_model_of_a_label_tells_no_risk_and_says_so():
    judged = judge_cohort(BUNDLE.agents, NEW)
    table = tabulate_risk(judged, TOLD.table.drop(columns=["risk", "survival_365_days", "survival_1826_days"]), "label")
    assert len(table) == len(RISK)
    assert table["value"].isna().all()
    assert set(table["call"]) == {"cannot tell"}
    assert set(table["decided_by"]) == {"the model tells a label, no risk"}


def test_the_tiers_stand_in_rows_of_their_own():
    assert TOLD.agents["tier"].nunique() == 4
    assert len(TOLD.agents) == 4 * len(NEW) * len(BUNDLE.agents.agents)
    alone = predict(BUNDLE, NEW[np.array([5])]).agents
    same = TOLD.agents[TOLD.agents["patient"] == NEW.patients[5]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, same, rtol=0, atol=1e-9)


def test_a_saved_model_tells_the_same(tmp_path):
    loaded = ModelBundle.load(BUNDLE.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(predict(loaded, NEW).agents, TOLD.agents)
