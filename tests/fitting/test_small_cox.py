"""Many small Cox models at once, against R's survival; golden/univariable.R says how the numbers were made."""

import json
from pathlib import Path

import numpy as np
import pytest

from itgstrat.fitting.small_cox import BLOCK, fit_small_cox
from itgstrat.outcome import Outcome, make_outcome

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "univariable.json").read_text())


def golden_data():
    outcome = Outcome(np.array(GOLDEN["event"]) == 1, np.array(GOLDEN["time"]), np.array(GOLDEN["stratum"]))
    columns = np.array(GOLDEN["x"]).reshape(3, -1)
    return outcome, columns, np.column_stack([GOLDEN["age"], GOLDEN["sex"]])


@pytest.mark.parametrize("kind", ["plain", "adjusted"])
def test_coefficients_errors_and_likelihoods_are_those_of_r_with_ties_and_strata(kind):
    outcome, columns, clinical = golden_data()
    designs = columns[:, :, None]
    if kind == "adjusted":
        designs = np.concatenate([designs, np.broadcast_to(clinical, (3, *clinical.shape))], axis=2)
    fit = fit_small_cox(outcome, designs)
    expected = np.array([GOLDEN[f"{kind}_{j}"] for j in (1, 2, 3)])
    found = np.column_stack([fit.coef[:, 0], fit.standard_error[:, 0], fit.log_likelihood])
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_a_model_does_not_depend_on_its_neighbours_in_the_batch():
    random = np.random.default_rng(0)
    outcome = make_outcome(random.random(60) < 0.6, random.integers(1, 30, 60), stratum=["a", "b"] * 30)
    designs = random.normal(size=(BLOCK + 5, 60, 2)) * [1, 1e-3] + [100, 0]
    together = fit_small_cox(outcome, designs)
    alone = [fit_small_cox(outcome, designs[[j]]).coef[0] for j in (0, BLOCK - 1, BLOCK + 4)]
    np.testing.assert_allclose(together.coef[[0, BLOCK - 1, BLOCK + 4]], alone, rtol=1e-8)


def test_what_has_no_finite_maximum_is_nan_and_spoils_no_other():
    event, time = np.ones(12, dtype=bool), np.arange(1.0, 13.0)
    outcome = make_outcome(event, time)
    good = np.tile([0.0, 1.0, 1.0], 4)
    designs = np.stack([(-time)[:, None], np.ones((12, 1)), good[:, None]])  # separates; constant; fine
    fit = fit_small_cox(outcome, designs)
    assert np.isnan(fit.coef[:2]).all()
    assert np.isnan(fit.p_value[:2]).all()
    assert fit.coef[2] == pytest.approx(fit_small_cox(outcome, designs[2:]).coef[0])
    twins = np.stack([good, good], axis=1)[None]
    assert np.isnan(fit_small_cox(outcome, twins).coef).all()


def test_without_events_or_designs_nothing_is_fitted():
    outcome = make_outcome([0, 0, 0], [1, 2, 3])
    assert np.isnan(fit_small_cox(outcome, np.arange(3.0)[None, :, None]).coef).all()
    assert fit_small_cox(outcome, np.empty((0, 3, 1))).coef.shape == (0, 1)
