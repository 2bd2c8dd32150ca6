"""T1 on public cohorts: every agent answers for everybody, or says what is missing."""

import os
from pathlib import Path

import pytest

from itgstrat.antagonists.context import judge_cohort, tabulate_context
from itgstrat.biology import load_catalogue
from itgstrat.config import load_config
from itgstrat.fitting.agents import CONTROL, learn_agents
from itgstrat.training import read_cohorts

CONFIGS = Path(__file__).parents[2] / "configs"
pytestmark = pytest.mark.skipif("ITGSTRAT_DATA" not in os.environ, reason="ITGSTRAT_DATA is not set")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["tcga-acc", "tcga-uvm"])
def test_every_agent_answers_or_says_what_is_missing(name):
    config = load_config(CONFIGS / f"{name}.yaml")
    cohort = read_cohorts(config)[0][0]
    rules = learn_agents(config, cohort)
    table = tabulate_context(judge_cohort(rules, cohort))
    assert set(table["agent"]) == {*load_catalogue().agents, CONTROL}
    unknown = table[table["call"] == "cannot tell"]
    assert set(unknown["agent"]) == {"abituzumab", "cilengitide", "defactinib"}
    assert unknown["missing"].isin(["KRAS_mut, NRAS_mut", "MGMT_methylated", "KRAS_mut"]).all()
    share = table[table["agent"] == "gsk3008348"]["call"].eq("eligible").mean()
    assert share == pytest.approx(1 / 3, abs=0.02)
