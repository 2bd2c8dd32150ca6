"""Recalibration gives back what was done to the hazard, and is judged on patients that it did not see."""

import json

import numpy as np
import pytest

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation.updating import (
    cut_follow_up,
    estimate_slope,
    judge_updates,
    own_hazard,
    recalibrate_model,
    reference_time,
)
from itgstrat.fitting.small_cox import fit_small_cox
from itgstrat.learned.recalibrated import log_hazard_at
from itgstrat.outcome import Outcome, make_outcome
from tests.learned.test_recalibrated import trained


def cohort(n=1500, slope=1.0, factor=1.0, seed=0):
    """Patients whose hazard is that of `trained` by a factor, its log hazard ratio by a slope."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 1))
    time = random.exponential(1000 / factor * np.exp(-0.8 * slope * x[:, 0]))
    censoring = random.uniform(200, 1500, n)
    return x, make_outcome(time <= censoring, np.minimum(time, censoring) + 0.5)


@pytest.mark.parametrize(("slope", "factor"), [(1.0, 1.0), (1.0, 2.0), (0.4, 1.0), (1.5, 0.5)])
def test_slope_and_factor_come_back(slope, factor):
    x, outcome = cohort(slope=slope, factor=factor)
    found = recalibrate_model(trained(), x, outcome, "slope")
    assert found.slope == pytest.approx(slope, abs=0.12)
    new, late = cohort(4000, slope, factor, seed=1)
    at = np.array([100.0, 500.0, 900.0])
    truth = np.exp(-at / 1000 * factor * np.exp(0.8 * slope * new))
    assert np.abs(found.survival(new, at) - truth).mean() < 0.02
    only = recalibrate_model(trained(), x, outcome, "intercept")
    assert only.slope == 1.0
    if slope == 1.0:
        assert np.exp(only.intercept) == pytest.approx(factor, rel=0.1)
    expected = own_hazard(only, new, cut_follow_up(late, 1000.0)).sum()
    assert expected == pytest.approx(cut_follow_up(late, 1000.0).n_events, rel=0.1)


def test_expected_events_after_recalibration_are_the_observed_ones():
    x, outcome = cohort(300, 0.6, 1.7)
    cut = cut_follow_up(outcome, 1000.0)
    for method in ("intercept", "slope"):
        found = recalibrate_model(trained(), x, outcome, method)
        assert own_hazard(found, x, cut).sum() == pytest.approx(cut.n_events)


def test_slope_is_that_of_a_cox_model_of_the_risk():
    x, outcome = cohort(400, 0.7)
    cut = cut_follow_up(outcome, 1000.0)
    own = estimate_slope(cut, log_hazard_at(trained(), x, reference_time(cut)))
    plain = fit_small_cox(cut, trained().risk(x)[None, :, None])
    assert own.estimate == pytest.approx(plain.coef[0, 0], rel=1e-8)
    assert own.high - own.estimate == pytest.approx(1.959964 * plain.standard_error[0, 0], rel=1e-6)


def test_the_gain_is_judged_on_held_out_patients():
    x, outcome = cohort(600, 0.3, 2.0)
    found = judge_updates(trained(), x, outcome, 365.25, draws=200)
    none, intercept, slope = found.rows
    assert [row.method for row in found.rows] == ["none", "intercept", "slope"]
    assert slope.gain.high < 0  # it helps, and the frozen model is the one compared with
    assert slope.brier.estimate < intercept.brier.estimate < none.brier.estimate
    assert none.observed_expected.low > 1.1
    assert slope.observed_expected.low < 1 < slope.observed_expected.high
    assert found.slope.high < 1 < np.exp(found.intercept.low)
    assert json.dumps(found.as_dict())


def test_where_nothing_is_wrong_nothing_is_gained():
    x, outcome = cohort(120, seed=3)
    found = judge_updates(trained(), x, outcome, 365.25, draws=200)
    assert found.rows[2].gain.estimate > -0.003  # apparent gain would be below 0 by construction
    assert found.slope.low < 1 < found.slope.high


def test_few_events_leave_the_frozen_model_alone():
    x, outcome = cohort(22, seed=4)
    assert outcome.n_events < 20
    with pytest.raises(OutcomeError, match="recalibrating by slope needs at least 20"):
        recalibrate_model(trained(), x, outcome, "slope")
    assert [row.method for row in judge_updates(trained(), x, outcome, 365.25, draws=100).rows][:1] == ["none"]


def test_a_model_that_ranks_the_wrong_way_cannot_be_mended():
    x, outcome = cohort(300, -0.8)
    with pytest.raises(ModelError, match="recalibration cannot mend"):
        recalibrate_model(trained(), x, outcome, "slope")


def test_a_model_is_not_recalibrated_twice():
    x, outcome = cohort(200)
    once = recalibrate_model(trained(), x, outcome, "intercept")
    with pytest.raises(ModelError, match="was recalibrated before"):
        recalibrate_model(once, x, outcome, "intercept")


def test_events_beyond_the_models_follow_up_do_not_count():
    outcome = Outcome(np.array([True, True]), np.array([500.0, 1200.0]), np.array(["a", "a"]))
    cut = cut_follow_up(outcome, 1000.0)
    assert (cut.event.tolist(), cut.time_days.tolist()) == ([True, False], [500.0, 1000.0])
    with pytest.raises(OutcomeError, match="within the model's follow-up of 100 days"):
        cut_follow_up(outcome, 100.0)
