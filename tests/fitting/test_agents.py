"""learn_agents: what is learned, from whom, and when there is nothing to learn."""

from dataclasses import replace

import numpy as np
import pytest

from itgstrat.biology import load_catalogue
from itgstrat.errors import ConfigError
from itgstrat.fitting.agents import CONTROL, learn_agents
from tests.antagonists.test_context import RULES, TRAINING, make_config


def test_no_outcome_is_looked_at_and_the_same_seed_gives_the_same_rules():
    blind = learn_agents(make_config(), replace(TRAINING, outcome=None))
    for name, array in RULES.to_arrays().items():
        assert np.array_equal(array, blind.to_arrays()[name], equal_nan=array.dtype.kind == "f"), name
    other = learn_agents(make_config(seed=1), TRAINING)
    assert other.option[other.options(len(other.kind) - 1)] == [CONTROL]
    assert other.label[-1] != RULES.label[-1]


def test_the_control_is_two_genes_that_no_agent_asks_for():
    genes = set(RULES.genes[list(RULES.scores).index(CONTROL)].split())
    others = {gene for names in RULES.genes[RULES.scores != CONTROL] for gene in names.split()}
    assert len(genes) == 2
    assert not genes & (others | set(load_catalogue().integrin_genes()))


def test_agents_are_chosen_by_any_name_and_none_is_possible():
    chosen = learn_agents(make_config(antagonists={"agents": ["EMD 121974", "abituzumab"]}), TRAINING)
    assert chosen.agents.tolist() == ["cilengitide", "abituzumab", CONTROL]
    assert learn_agents(make_config(antagonists={"agents": []}), TRAINING) is None
    fills = [gene for gene in TRAINING.genes if gene.startswith("FILL")]
    assert learn_agents(make_config(), replace(TRAINING, expression=TRAINING.expression[fills])) is None


def test_an_unknown_agent_and_a_quantile_beyond_1_are_faults_of_the_configuration():
    with pytest.raises(ConfigError, match=r"antagonists.*no agent is called 'natalizumap'; did you mean 'natalizumab'"):
        make_config(antagonists={"agents": ["natalizumap"]})
    with pytest.raises(ConfigError, match=r"antagonists\.context_quantile"):
        make_config(antagonists={"context_quantile": 1.2})


@pytest.mark.parametrize("quantile", [0.5, 0.9])
def test_the_share_of_training_above_the_threshold_is_what_was_asked_for(quantile):
    rules = learn_agents(make_config(antagonists={"target_quantile": quantile}), TRAINING)
    featurised = rules.featurise(**TRAINING.arrays())
    high = rules.target_high(rules.judge(featurised, rules.find_groups([""] * len(TRAINING)), {}))
    single = [
        at for at, c in enumerate(np.flatnonzero(rules.kind == "target")) if rules.start[c + 1] - rules.start[c] == 1
    ]
    np.testing.assert_allclose(high[:, single].mean(axis=0), 1 - quantile, atol=0.01)
