"""The numbers behind the survival figures, against numbers worked out by hand and by slow loops."""

import numpy as np
import pytest
from scipy.stats import chi2
from sksurv.compare import compare_survival
from sksurv.util import Surv

from itgstrat.reporting.curves import kaplan_meier, log_rank_p, median_follow_up, numbers_at_risk, shown_until


def test_numbers_at_risk_count_those_still_followed():
    times = np.array([1.0, 3.0, 3.0, 4.0, 8.0])
    assert numbers_at_risk(times, [0, 1, 2, 3, 3.5, 8, 9]).tolist() == [5, 5, 4, 4, 2, 1, 0]


def test_kaplan_meier_by_hand():
    curve = kaplan_meier(np.array([True, False, True, True]), np.array([1.0, 2.0, 3.0, 3.0]))
    assert curve.time_days.tolist() == [0, 1, 2, 3]
    assert curve.survival == pytest.approx([1, 3 / 4, 3 / 4, 0])
    assert (curve.low <= curve.survival).all()
    assert (curve.survival <= curve.high).all()


def test_log_log_limits_by_hand():
    # Greenwood after one event in four: var(log S) = 1 / (4 x 3); limits S^exp(+-1.96 sd / log S)
    curve = kaplan_meier(np.array([True, False, False, False]), np.array([1.0, 2.0, 3.0, 4.0]))
    spread = 1.959963984540054 * np.sqrt(1 / 12) / abs(np.log(0.75))
    assert curve.low[1] == pytest.approx(0.75 ** np.exp(spread))
    assert curve.high[1] == pytest.approx(0.75 ** np.exp(-spread))


def test_a_curve_is_read_between_its_steps_and_not_beyond_its_end():
    curve = kaplan_meier(np.array([True, False]), np.array([1.0, 3.0]))
    assert curve.at(np.array([0.5, 1.0, 2.9])).tolist() == [1.0, 0.5, 0.5]
    assert np.isnan(curve.at(np.array([3.1])))


def test_a_curve_without_events_stays_at_one():
    curve = kaplan_meier(np.array([False, False]), np.array([1.0, 2.0]))
    assert curve.survival.tolist() == curve.low.tolist() == curve.high.tolist() == [1, 1, 1]


def _sample(n=80):
    generator = np.random.default_rng(3)
    group = generator.integers(0, 3, n).astype(str)
    return generator.random(n) < 0.6, np.round(generator.exponential(5, n), 1) + 0.1, group


def test_log_rank_without_strata_is_that_of_scikit_survival():
    event, time, group = _sample()
    _, expected = compare_survival(Surv.from_arrays(event, time), group)
    assert log_rank_p(event, time, group) == pytest.approx(expected, rel=1e-9)


def test_stratified_log_rank_equals_a_slow_loop():
    event, time, group = _sample()
    strata = np.where(np.arange(len(time)) % 3 == 0, "a", "b")
    group = np.where(group == "2", "1", group)
    score, variance = 0.0, 0.0
    for stratum in "ab":
        for moment in np.unique(time[event & (strata == stratum)]):
            at_risk = (time >= moment) & (strata == stratum)
            died = at_risk & (time == moment) & event
            n, n_1, d = at_risk.sum(), (at_risk & (group == "1")).sum(), died.sum()
            score += (died & (group == "1")).sum() - d * n_1 / n
            variance += d * n_1 / n * (1 - n_1 / n) * (n - d) / max(n - 1, 1)
    assert log_rank_p(event, time, group, strata) == pytest.approx(chi2.sf(score**2 / variance, 1), rel=1e-9)


@pytest.mark.parametrize("event", [[True, True, True], [False, False, False]])
def test_nothing_to_compare_gives_no_p_value(event):
    group = np.array(["a", "a", "a"]) if event[0] else np.array(["a", "b", "b"])
    assert np.isnan(log_rank_p(np.array(event), np.array([1.0, 2.0, 3.0]), group))


def test_median_follow_up_is_the_reverse_kaplan_meier_median():
    assert median_follow_up(np.array([False, False, False]), np.array([1.0, 2.0, 3.0])) == 2
    assert median_follow_up(np.array([True, False, False]), np.array([1.0, 2.0, 3.0])) == 2
    assert np.isnan(median_follow_up(np.array([True, True]), np.array([1.0, 2.0])))


def test_a_figure_ends_while_a_twentieth_is_followed():
    assert shown_until(np.arange(1.0, 41.0)) == 39
    assert shown_until(np.array([2.0, 7.0])) == 7
