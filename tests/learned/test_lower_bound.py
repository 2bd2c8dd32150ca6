"""The lower bound is read off predicted survival, and not told where nothing is known."""

import numpy as np
import pytest

from itgstrat.errors import BundleError
from itgstrat.learned.lower_bound import LowerBound
from tests.simulate import make_bundle, simulate_cohort

BOUND = LowerBound(0.9, 0.93, np.array([10.0, 20.0, 30.0]), 120, 40)


def test_it_is_the_first_time_at_which_survival_has_fallen():
    generator = np.random.default_rng(0)
    survival = np.sort(generator.uniform(0.8, 1.0, (200, 3)), axis=1)[:, ::-1]
    for row, found in zip(survival, BOUND.read(survival), strict=True):
        fallen = [day for day, share in zip(BOUND.times_days, row, strict=True) if share <= 0.93]
        assert found == (fallen[0] if fallen else 30.0)


def test_beyond_the_follow_up_of_the_stratum_nothing_is_told():
    survival = np.array([[0.99, np.nan, np.nan], [0.9, np.nan, np.nan], [0.99, 0.98, 0.97]])
    found = BOUND.read(survival)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [10.0, 30.0]
    assert BOUND.is_capped(survival).tolist() == [False, False, True]


def test_a_bound_at_the_last_time_is_told_from_one_beyond_it():
    survival = np.array([[0.99, 0.98, 0.93], [0.99, 0.98, np.nextafter(0.93, 1)], [0.99, 0.9, 0.8]])
    assert BOUND.read(survival).tolist() == [30.0, 30.0, 20.0]
    assert BOUND.is_capped(survival).tolist() == [False, True, False]


def test_a_higher_risk_never_has_a_later_bound_and_one_patient_is_a_cohort():
    cohort = simulate_cohort(100, 60, {"ITGAV": 1.0}).cohort
    bundle = make_bundle(cohort)
    values = bundle.recipe.featurise(**cohort.arrays()).features.values
    bound = LowerBound(0.9, 0.8, np.linspace(10, 1500, 50), 100, 60)
    days = bound.bound_days(bundle.model, values)
    order = np.argsort(bundle.model.risk(values))
    assert (np.diff(days[order]) <= 0).all()
    assert len(np.unique(days)) > 5
    alone = [bound.bound_days(bundle.model, row[None])[0] for row in values]
    assert alone == days.tolist()


def test_it_saves_itself():
    again = LowerBound.from_arrays(BOUND.to_arrays())
    assert again.read(np.full((1, 3), 0.5)).tolist() == BOUND.read(np.full((1, 3), 0.5)).tolist()
    assert (again.level, again.survival, again.n_patients, again.n_events) == (0.9, 0.93, 120, 40)
    with pytest.raises(BundleError, match="LowerBound needs the arrays"):
        LowerBound.from_arrays({"level": np.array(0.9)})
