"""Maximally selected log-rank cut-points, against R's maxstat; golden/cutpoints.R says how the numbers were made."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from itgstrat.config import StrataConfig
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.cutpoints import LEAST_SHARE, lausen_p, learn_strata, log_rank_scores, select_cut
from itgstrat.outcome import Outcome, make_outcome
from tests.evaluation.builders import make_outcomes, tied_outcomes

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "cutpoints.json").read_text())
CASES = ["signal", "none", "tied"]


def golden(case):
    own = GOLDEN[case]
    return make_outcome(own["event"], own["time"]), np.array(own["risk"]), own


@pytest.mark.parametrize("case", CASES)
def test_cut_statistic_and_corrected_p_are_those_of_maxstat(case):
    outcome, risk, expected = golden(case)
    found = select_cut(outcome, risk)
    assert found.statistic == pytest.approx(expected["statistic"], abs=1e-10)
    assert found.p_lausen == pytest.approx(expected["Lau92"], abs=1e-10)
    assert found.n_candidates == len(expected["all"])
    assert (risk <= expected["below"]).sum() == found.n_below == (risk < found.cut).sum()


@pytest.mark.parametrize("case", CASES)
def test_permuted_p_is_that_of_maxstat_and_below_its_bound(case):
    outcome, risk, expected = golden(case)
    found = select_cut(outcome, risk, draws=20_000).p_permuted
    noise = 4 * np.sqrt(expected["condMC"] * (1 - expected["condMC"]) / 20_000)
    assert found == pytest.approx(expected["condMC"], abs=noise + 1e-4)
    assert found <= expected["HL"] + noise  # Hothorn and Lausen's p is an upper bound


def slow_statistic(outcome, risk, cut):
    """Observed minus expected events below the cut-point, over the permutation standard deviation."""
    excess, variance = 0.0, 0.0
    for name in np.unique(outcome.stratum):
        rows = [i for i in range(len(risk)) if outcome.stratum[i] == name]
        n, scores = len(rows), []
        for i in rows:
            hazard = 0.0
            for t in {outcome.time_days[j] for j in rows if outcome.event[j]}:
                if t <= outcome.time_days[i]:
                    dead = sum(outcome.event[j] and outcome.time_days[j] == t for j in rows)
                    hazard += dead / sum(outcome.time_days[j] >= t for j in rows)
            scores.append(float(outcome.event[i]) - hazard)
        m = sum(risk[i] < cut for i in rows)
        excess += sum(s for i, s in zip(rows, scores, strict=True) if risk[i] < cut) - m * np.mean(scores)
        if n > 1:
            variance += m * (n - m) / n / (n - 1) * sum((s - np.mean(scores)) ** 2 for s in scores)
    return abs(excess) / np.sqrt(variance) if variance > 1e-12 else 0.0


@given(tied_outcomes(strata=2))
def test_no_other_cut_is_better_with_ties_and_strata(drawn):
    risk, outcome = drawn
    n, levels = len(risk), np.unique(risk)
    cuts = (levels[1:] + levels[:-1]) / 2
    sides = np.array([(risk < cut).sum() for cut in cuts])
    allowed = cuts[(sides >= max(1, int(n * LEAST_SHARE))) & (sides <= int(n * (1 - LEAST_SHARE)))]
    if not len(allowed):
        with pytest.raises(ModelError, match="no cut-point leaves 10%"):
            select_cut(outcome, risk)
        return
    found = select_cut(outcome, risk)
    assert found.statistic == pytest.approx(max(slow_statistic(outcome, risk, cut) for cut in allowed), abs=1e-9)
    assert found.statistic == pytest.approx(slow_statistic(outcome, risk, found.cut), abs=1e-9)


def test_scores_of_a_group_are_its_observed_minus_expected_events():
    _, outcome = make_outcomes(60, strata=("a", "b"), grid=100)
    scores = log_rank_scores(outcome)
    for _, rows in outcome.by_stratum():
        assert scores[rows].sum() == pytest.approx(0, abs=1e-12)
    assert scores.max() < 1


def test_corrected_p_keeps_its_level_where_nothing_is_there():
    random = np.random.default_rng(3)
    corrected, permuted = [], []
    for seed in range(120):
        _, outcome = make_outcomes(60, strata=("a", "b"), seed=seed)
        found = select_cut(outcome, random.normal(size=60), draws=199, seed=seed)
        corrected.append(found.p_lausen)
        permuted.append(found.p_permuted)
    assert np.mean(np.array(corrected) < 0.05) < 0.1
    assert 0.01 < np.mean(np.array(permuted) <= 0.1) < 0.19


def test_a_small_statistic_has_p_one():
    assert lausen_p(0.5) == 1.0
    assert lausen_p(1.0) < 1.0
    assert lausen_p(8.0) < 1e-10


def test_rule_of_the_configuration_decides():
    risk, outcome = make_outcomes(200)
    terciles = learn_strata(StrataConfig(), risk, outcome)
    np.testing.assert_allclose(terciles.cuts, np.quantile(risk, [1 / 3, 2 / 3]))
    selected = learn_strata(StrataConfig(rule="maximally_selected"), risk, outcome)
    assert selected.labels.tolist() == ["low", "high"]
    assert selected.cuts[0] == select_cut(outcome, risk).cut


def test_where_nothing_can_be_selected_the_median_stands():
    outcome = make_outcome([1, 0, 1, 1], [1, 2, 3, 4])
    assert learn_strata(StrataConfig(rule="maximally_selected"), np.zeros(4), outcome).cuts.tolist() == [0.0]


def test_a_neighbouring_risk_is_never_put_on_the_wrong_side():
    risk = np.array([1.0] * 10 + [np.nextafter(1.0, 2.0)] * 10)
    found = select_cut(make_outcome(np.ones(20), np.arange(1, 21)), risk)
    assert (risk < found.cut).sum() == found.n_below == 10


def test_without_events_there_is_nothing_to_select_by():
    with pytest.raises(OutcomeError, match="selecting a cut-point needs at least 1"):
        select_cut(Outcome(np.zeros(5, bool), np.arange(1.0, 6.0), np.full(5, "a")), np.arange(5.0))
