import numpy as np
import pytest

from itgstrat.learned import LinearModel, Strata

MODEL = LinearModel(
    features=np.array(["a", "b"]),
    coef=np.array([0.5, -2.0]),
    center=np.array([1.0, 0.0]),
    strata=np.array(["quiet", "seen"]),
    start=np.array([0, 0, 2, 5]),
    times_days=np.array([10.0, 30, 10, 20, 30]),
    cumulative_hazard=np.array([0.1, 0.4, 0.05, 0.1, 0.3]),
    followed_days=np.array([50.0, 40, 60]),
)
PATIENTS = np.array([[1.0, 0.0], [3.0, 0.5], [1.0, 1.0]])


def test_risk_is_the_sum_of_contributions_and_0_at_the_training_mean():
    assert MODEL.contributions(PATIENTS).tolist() == [[0, 0], [1, -1], [0, -2]]
    assert MODEL.risk(PATIENTS).tolist() == [0, 0, -2]


def test_survival_follows_the_baseline_of_the_stratum():
    survival = MODEL.survival(PATIENTS, [9, 10, 29, 30], np.array(["seen"] * 3))
    np.testing.assert_allclose(survival[0], np.exp([0, -0.1, -0.1, -0.4]))
    np.testing.assert_allclose(survival[2], np.exp(np.array([0, -0.1, -0.1, -0.4]) * np.exp(-2)))


@pytest.mark.parametrize("strata", [None, np.array(["elsewhere", "", "new"])])
def test_an_unknown_stratum_gets_the_pooled_baseline(strata):
    np.testing.assert_allclose(MODEL.survival(PATIENTS, [20], strata)[0], np.exp([-0.1]))


def test_survival_is_not_told_beyond_the_follow_up():
    strata = np.array(["quiet", "seen", "elsewhere"])
    told = ~np.isnan(MODEL.survival(PATIENTS, [40, 40.5, 50, 60, 60.1], strata))
    assert told.tolist() == [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 0]]


def test_a_stratum_without_events_keeps_everybody_alive():
    assert MODEL.survival(PATIENTS, [0, 50], np.array(["quiet"] * 3)).tolist() == [[1, 1]] * 3


def test_an_extreme_patient_gets_0_or_1_without_a_warning():
    extreme = np.array([[1e6, 0.0], [-1e6, 0.0]])
    assert MODEL.survival(extreme, [5, 20]).tolist() == [[1, 0], [1, 1]]


def test_a_risk_at_a_cut_point_belongs_above_it():
    strata = Strata(np.array(["low", "mid", "high"]), np.array([0.0, 1.0]))
    assert strata.assign(np.array([-1, 0, 0.5, 1, 9, np.nan])).tolist() == [
        "low", "mid", "mid", "high", "high", "withheld",
    ]  # fmt: skip
    assert strata.assign(np.array([np.nan])).tolist() == ["withheld"]


def test_strata_are_quantiles_of_the_training_risk():
    risk = np.random.default_rng(0).permutation(99).astype(float)
    strata = Strata.learn(risk, [1 / 3, 2 / 3], ["low", "mid", "high"])
    assert np.unique(strata.assign(risk), return_counts=True)[1].tolist() == [33, 33, 33]


def test_a_constant_risk_falls_into_the_highest_stratum():
    strata = Strata.learn(np.zeros(9), [0.5], ["low", "high"])
    assert set(strata.assign(np.zeros(9))) == {"high"}
