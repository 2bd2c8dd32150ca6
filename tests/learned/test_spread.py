"""A spread of coefficients tells intervals, patient by patient, and saves itself."""

import numpy as np
import pytest

from itgstrat.learned.spread import RiskSpread

GENERATOR = np.random.default_rng(0)
SPREAD = RiskSpread(np.array(["a", "b"]), np.array([0.5, -0.5]), GENERATOR.normal(size=(50, 2)))


def test_risks_are_those_of_each_sample():
    values = GENERATOR.normal(size=(7, 2))
    expected = [[float(coef @ (row - SPREAD.center)) for coef in SPREAD.coef] for row in values]
    assert SPREAD.risks(values) == pytest.approx(np.array(expected))


def test_one_patient_is_a_cohort_and_the_average_patient_has_no_interval():
    values = GENERATOR.normal(size=(40, 2))
    low, high = SPREAD.interval(values, 0.8)
    for row in range(40):
        alone = SPREAD.interval(values[[row]], 0.8)
        assert (float(alone[0][0]), float(alone[1][0])) == (float(low[row]), float(high[row]))
    assert (low < high).all()
    assert [float(limit[0]) for limit in SPREAD.interval(SPREAD.center[None])] == [0.0, 0.0]


def test_it_saves_itself_and_counts_what_is_chosen():
    again = RiskSpread.from_arrays(SPREAD.to_arrays())
    assert again.coef.tolist() == SPREAD.coef.tolist()
    some = RiskSpread(SPREAD.features, SPREAD.center, np.array([[0.0, 1.0], [2.0, 1.0]]))
    assert some.chosen().tolist() == [0.5, 1.0]
