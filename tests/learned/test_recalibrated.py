import numpy as np
import pytest

from itgstrat.errors import BundleError
from itgstrat.learned import LinearModel, RecalibratedModel
from itgstrat.learned.model import pack_model, unpack_model
from itgstrat.learned.recalibrated import log_hazard_at

TIMES = [100.0, 400.0, 900.0]


def trained():
    """Baseline of a constant hazard 1/1000 a day, one stratum and the pooled one."""
    days = np.arange(1.0, 1001.0)
    return LinearModel(
        strata=np.array(["a"]),
        start=np.array([0, 1000, 2000]),
        times_days=np.tile(days, 2),
        cumulative_hazard=np.tile(days / 1000, 2),
        followed_days=np.array([1000.0, 1000.0]),
        features=np.array(["x"]),
        coef=np.array([0.8]),
        center=np.array([0.0]),
    )


def test_hazard_is_scaled_and_spread_as_the_formula_says():
    model, x = trained(), np.array([[-1.0], [0.0], [2.0]])
    eta = np.log(0.4) + 0.8 * x[:, 0]
    np.testing.assert_allclose(log_hazard_at(model, x, 400.0), eta)
    found = RecalibratedModel(model, 0.3, 0.5, 400.0, float(eta.mean())).survival(x, TIMES)
    hazard = np.array(TIMES) / 1000 * np.exp(0.3 + 0.8 * x - 0.5 * 0.8 * (x - x.mean()))
    np.testing.assert_allclose(found, np.exp(-hazard))


def test_nothing_is_changed_by_intercept_0_and_slope_1():
    model, x = trained(), np.linspace(-2, 2, 9)[:, None]
    same = RecalibratedModel(model, 0.0, 1.0, 300.0, 0.0)
    np.testing.assert_allclose(same.survival(x, TIMES, np.full(9, "a")), model.survival(x, TIMES, np.full(9, "a")))
    np.testing.assert_array_equal(same.risk(x), model.risk(x))
    assert np.isnan(same.survival(x, [1001.0])).all()
    assert (same.features, same.used, same.followed_until_days) == (["x"], [0], 1000.0)


def test_it_is_saved_with_the_model_inside():
    one, x = RecalibratedModel(trained(), -0.4, 0.7, 400.0, 0.1), np.array([[0.3], [-2.0]])
    arrays = pack_model(one)
    assert str(arrays["kind"]) == "recalibrated"
    again = unpack_model(arrays)
    np.testing.assert_array_equal(again.survival(x, TIMES), one.survival(x, TIMES))
    assert type(again.inner) is LinearModel


@pytest.mark.parametrize("lost", ["slope", "inner.coef", "inner.kind"])
def test_what_is_missing_is_said(lost):
    arrays = {
        name: array for name, array in pack_model(RecalibratedModel(trained(), 0, 1, 1, 0)).items() if name != lost
    }
    with pytest.raises(BundleError, match=r"needs|of the kind"):
        unpack_model(arrays)


def test_a_foreign_array_is_refused():
    arrays = pack_model(RecalibratedModel(trained(), 0, 1, 1, 0)) | {"extra": np.zeros(2)}
    with pytest.raises(BundleError, match="a recalibrated model needs"):
        unpack_model(arrays)
