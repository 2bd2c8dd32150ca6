"""Overlap weights: R's propensity, exact balance, and a slow standardised difference."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.overlap_weights import e_value, fit_propensity, overlap_weights, tabulate_balance
from itgstrat.errors import ModelError

GOLDEN = Path(__file__).parents[1] / "golden"
PATIENTS = pd.read_csv(GOLDEN / "cox.csv")
KNOWN = PATIENTS[["age", "prior", "delay", "karno"]].astype(float)
TREATED = (PATIENTS["trt"] == 2).to_numpy()


def test_the_propensity_equals_r():
    expected = json.loads((GOLDEN / "benefit.json").read_text())["propensity"]
    np.testing.assert_allclose(fit_propensity(KNOWN, TREATED), expected, rtol=1e-9)


def test_weights_are_the_chance_of_the_other_arm():
    chance = np.array([0.1, 0.4, 0.7, 0.9])
    weight = overlap_weights(chance, np.array([True, False, True, False]))
    np.testing.assert_allclose(weight / weight[1], np.array([0.9, 0.4, 0.3, 0.9]) / 0.4)
    assert weight.mean() == pytest.approx(1)


def test_balance_is_exact_after_and_that_of_a_slow_loop_before():
    table = tabulate_balance(KNOWN, TREATED, overlap_weights(fit_propensity(KNOWN, TREATED), TREATED))
    assert table["difference_after"].abs().max() < 1e-10
    np.testing.assert_allclose(table["treated"], table["control"], atol=1e-10)
    for name in KNOWN:
        one, other = KNOWN.loc[TREATED, name], KNOWN.loc[~TREATED, name]
        slow = (one.mean() - other.mean()) / np.sqrt((one.var() + other.var()) / 2)
        assert table.loc[name, "difference_before"] == pytest.approx(slow)


def test_arms_that_never_overlap_are_refused():
    with pytest.raises(ModelError, match="tell the arms apart completely"):
        fit_propensity(pd.DataFrame({"year": np.arange(20.0)}), np.arange(20) > 9)
    with pytest.raises(ModelError, match="constant or follows from the others"):
        fit_propensity(pd.DataFrame({"a": np.arange(20.0), "b": 2 * np.arange(20.0)}), np.arange(20) % 2 == 0)


def test_e_values():
    # by hand for HR 0.5: RR = (1 - 0.5^sqrt 2) / (1 - 0.5^sqrt 0.5) = 1.610; E = RR + sqrt(RR (RR - 1))
    assert e_value(0.5) == e_value(2.0)
    risk = (1 - 0.5**2**0.5) / (1 - 0.5**0.5**0.5)
    assert e_value(2.0) == pytest.approx(risk + (risk * (risk - 1)) ** 0.5)
    assert e_value(1.0) == 1.0
