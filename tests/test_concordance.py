"""Concordance agrees with scikit-survival and with R's survival."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.metrics import concordance_index_censored

from itgstrat.concordance import comparable_pairs
from itgstrat.outcome import make_outcome
from tests.simulate import simulate_outcome

GOLDEN = Path(__file__).parent / "golden"
R_SAYS = json.loads((GOLDEN / "survival.json").read_text())
PATIENTS = pd.read_csv(GOLDEN / "survival.csv")
OUTCOME = make_outcome(PATIENTS["event"], PATIENTS["time"], stratum=PATIENTS["stratum"].to_numpy(str))
ALONE = make_outcome(PATIENTS["event"], PATIENTS["time"])
RISK = PATIENTS["risk"].to_numpy()


def test_it_equals_r():
    assert comparable_pairs(ALONE).concordance(RISK) == pytest.approx(R_SAYS["concordance"][0], abs=1e-12)


def test_strata_equal_r():
    right = comparable_pairs(OUTCOME).concordant(RISK)
    assert [int((right == value).sum()) for value in (1, 0, 0.5)] == R_SAYS["pairs_strata"]


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_it_equals_scikit_survival_with_ties(seed):
    random = np.random.default_rng(seed)
    n = random.integers(2, 30)
    event, time, risk = random.random(n) < 0.6, random.integers(1, 8, n), random.integers(0, 4, n).astype(float)
    found = comparable_pairs(make_outcome(event, time)).concordance(risk)
    try:
        with np.errstate(invalid="ignore"):  # it divides 0 by 0 where no pair is comparable
            expected = concordance_index_censored(event, time.astype(float), risk)[0]
    except ValueError:  # no event, or no comparable pair
        expected = np.nan
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_many_risks_are_judged_at_once():
    risks = np.stack([RISK, -RISK, np.zeros(len(RISK))], axis=1)
    pairs = comparable_pairs(OUTCOME)
    found = pairs.concordance(risks)
    assert found.tolist() == [float(pairs.concordance(risk)) for risk in risks.T]
    assert found[0] + found[1] == pytest.approx(1)
    assert found[2] == 0.5


def test_pairs_stay_within_strata_and_groups():
    outcome = simulate_outcome(np.zeros(60), np.repeat(["a", "b"], 30))
    groups = np.arange(60) % 3
    pairs = comparable_pairs(outcome, groups)
    assert (outcome.stratum[pairs.first] == outcome.stratum[pairs.second]).all()
    assert (groups[pairs.first] == groups[pairs.second]).all()
    separate = [comparable_pairs(outcome[(outcome.stratum == s) & (groups == g)]) for s in "ab" for g in range(3)]
    assert len(pairs.first) == sum(len(item.first) for item in separate)


def test_without_a_pair_there_is_no_concordance():
    assert np.isnan(comparable_pairs(make_outcome([0, 0], [1, 2])).concordance(np.zeros(2)))
    assert np.isnan(comparable_pairs(make_outcome([1], [1])).concordance(np.zeros((1, 3)))).all()


def test_pairs_of_tied_times_and_strata_are_those_of_a_slow_loop():
    random = np.random.default_rng(3)
    outcome = make_outcome(random.random(80) < 0.5, random.integers(1, 12, 80), stratum=random.choice([*"abc"], 80))
    slow = {
        (i, j)
        for i in np.flatnonzero(outcome.event)
        for j in range(80)
        if outcome.stratum[i] == outcome.stratum[j]
        and (outcome.time_days[j], not outcome.event[j]) > (outcome.time_days[i], False)
    }
    pairs = comparable_pairs(outcome)
    assert len(pairs.first) == len(slow)
    assert set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == slow
