"""Accelerated failure time records: risk, closed-form survival, and what they say at the edges."""

import numpy as np
import pytest
from scipy.stats import lognorm, weibull_min

from itgstrat.learned import AcceleratedModel
from itgstrat.learned.model import pack_model, unpack_model

PATIENTS = np.array([[1.0, 0.0], [3.0, 0.5], [1.0, 1.0]])
TIMES = [0.0, 1e-9, 100.0, 1000.0, 5000.0]


def make(distribution, scale=0.7):
    return AcceleratedModel(
        features=np.array(["a", "b"]),
        coef=np.array([0.5, -2.0]),
        center=np.array([1.0, 0.0]),
        intercept=7.0,
        scale=scale,
        distribution=distribution,
        followed_until_days=6000.0,
    )


WEIBULL, LOGNORMAL = make("weibull"), make("lognormal")


def test_contributions_add_up_to_the_risk():
    assert WEIBULL.contributions(PATIENTS).tolist() == [[0, 0], [1, -1], [0, -2]]
    assert WEIBULL.risk(PATIENTS).tolist() == [0, 0, -2]


def test_survival_is_that_of_scipys_distributions():
    median = np.exp(7.0 - WEIBULL.risk(PATIENTS))[:, None]
    np.testing.assert_allclose(WEIBULL.survival(PATIENTS, TIMES), weibull_min.sf(TIMES, 1 / 0.7, scale=median))
    np.testing.assert_allclose(LOGNORMAL.survival(PATIENTS, TIMES), lognorm.sf(TIMES, 0.7, scale=median))


@pytest.mark.parametrize("model", [WEIBULL, LOGNORMAL], ids=["weibull", "lognormal"])
def test_a_risk_of_log_2_halves_the_median_survival(model):
    log_median = 7.0 + (0.7 * np.log(np.log(2)) if model is WEIBULL else 0.0)
    shifted = np.array([[1 + 2 * np.log(2), 0.0]])
    assert model.survival(PATIENTS[:1], [np.exp(log_median)])[0, 0] == pytest.approx(0.5)
    assert model.survival(shifted, [np.exp(log_median) / 2])[0, 0] == pytest.approx(0.5)


@pytest.mark.parametrize("model", [WEIBULL, LOGNORMAL], ids=["weibull", "lognormal"])
def test_edges(model):
    assert model.survival(PATIENTS, [0.0, 6000.0, 6000.1])[:, 0].tolist() == [1, 1, 1]
    assert np.isnan(model.survival(PATIENTS, [6000.0, 6000.1])).tolist() == [[False, True]] * 3
    extreme = np.array([[1e6, 0.0], [-1e6, 0.0]])
    assert model.survival(extreme, [5.0]).ravel().tolist() == [0, 1]


@pytest.mark.parametrize("model", [WEIBULL, LOGNORMAL], ids=["weibull", "lognormal"])
def test_a_record_survives_packing(model):
    again = unpack_model(pack_model(model))
    assert again.distribution == model.distribution
    assert again.survival(PATIENTS, TIMES).tobytes() == model.survival(PATIENTS, TIMES).tobytes()
