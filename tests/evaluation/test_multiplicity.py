import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itgstrat.biology import load_catalogue
from itgstrat.errors import OutcomeError
from itgstrat.evaluation.multiplicity import COLUMNS, control_discoveries, scan_columns, scan_signatures
from itgstrat.outcome import Outcome, make_outcome
from tests.simulate import INTEGRINS, make_signature, simulate_cohort

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "univariable.json").read_text())


def golden_outcome():
    return Outcome(np.array(GOLDEN["event"]) == 1, np.array(GOLDEN["time"]), np.array(GOLDEN["stratum"]))


@pytest.mark.parametrize("kind", ["plain", "adjusted"])
def test_hazard_ratios_per_sd_are_those_of_r(kind):
    values = np.array(GOLDEN["x"]).reshape(3, -1).T
    adjust = np.column_stack([GOLDEN["age"], GOLDEN["sex"]]) if kind == "adjusted" else None
    found = scan_columns(golden_outcome(), values, ["a", "b", "c"], adjust)
    expected = np.array([GOLDEN[f"{kind}_{j}"][:2] for j in (1, 2, 3)]) * values.std(axis=0, ddof=1)[:, None]
    np.testing.assert_allclose(np.log(found["hazard_ratio"]), expected[:, 0], rtol=1e-8)
    np.testing.assert_allclose(np.log(found["high"] / found["hazard_ratio"]) / 1.959963985, expected[:, 1], rtol=1e-7)


def test_unmeasured_patients_are_left_out_of_that_column_only():
    outcome, values = golden_outcome(), np.array(GOLDEN["x"]).reshape(3, -1).T
    holed = values.copy()
    holed[:9, 1] = np.nan
    found = scan_columns(outcome, holed, ["a", "b", "c"])
    whole = scan_columns(outcome, values, ["a", "b", "c"])
    apart = scan_columns(outcome[np.arange(9, 80)], values[9:], ["a", "b", "c"])
    pd.testing.assert_frame_equal(found.iloc[[0, 2]], whole.iloc[[0, 2]])
    pd.testing.assert_series_equal(found.iloc[1], apart.iloc[1])
    assert found["n"].tolist() == [80, 71, 80]


def test_what_was_never_measured_has_no_p():
    values = np.column_stack([np.full(4, np.nan), [1.0, 0.0, 1.0, 0.5], np.ones(4)])
    found = scan_columns(make_outcome([1, 1, 1, 0], [1, 2, 3, 4]), values, ["none", "some", "same"])
    assert found["p"].isna().tolist() == [True, False, True]


def test_q_is_benjamini_hochberg_over_all_rows_with_a_p():
    p = [0.01, np.nan, 0.04, 0.03, 0.5]
    found = control_discoveries(pd.DataFrame({"signature": list("abcde"), "p": p}))
    assert found["signature"].tolist() == ["a", "d", "c", "e", "b"]
    expected = [0.04, 4 * 0.04 / 3, 4 * 0.04 / 3, 0.5, np.nan]
    assert found["q"].tolist() == pytest.approx(expected, nan_ok=True)


def test_a_planted_signature_is_found_in_its_cohort_and_nothing_in_the_other():
    true, false = make_signature("true", INTEGRINS[:1]), make_signature("false", INTEGRINS[5:6])
    yes = simulate_cohort(300, effects={INTEGRINS[0]: 0.8}, seed=1).cohort
    no = simulate_cohort(300, seed=2).cohort
    found = scan_signatures([rename(yes, "yes"), rename(no, "no")], [true, false], adjust_for=["age", "sex"])
    assert list(found.columns) == list(COLUMNS)
    assert found.loc[0, ["signature", "cohort"]].tolist() == ["true", "yes"]
    assert found.loc[0, "q"] < 1e-6
    assert found.loc[1:, "q"].min() > 0.05


def rename(cohort, name):
    from dataclasses import replace

    return replace(cohort, name=name)


def test_under_the_null_p_is_uniform():
    random = np.random.default_rng(0)
    outcome = make_outcome(random.random(200) < 0.6, random.integers(1, 40, 200), stratum=["a", "b"] * 100)
    p = scan_columns(outcome, random.normal(size=(200, 500)), list(map(str, range(500))))["p"]
    assert np.quantile(p, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.06)


def test_250_signatures_in_5_cohorts_take_seconds():
    signatures = load_catalogue().select(["all"])[:250]
    cohorts = [rename(simulate_cohort(300, 1500, seed=seed).cohort, f"c{seed}") for seed in range(5)]
    start = time.perf_counter()
    found = scan_signatures(cohorts, signatures, adjust_for=["age", "sex"])
    assert time.perf_counter() - start < 30
    assert len(found) == 5 * found["signature"].nunique()


def test_too_few_events_are_said():
    few = simulate_cohort(20, censored=0.9, seed=4).cohort
    with pytest.raises(OutcomeError, match="too few events to test anything: simulated"):
        scan_signatures([few], [make_signature("a", INTEGRINS[:3])], adjust_for=["age", "grade"])
