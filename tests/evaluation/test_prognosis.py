"""Hazard ratios, their tests and mean survival of out-of-fold risks, against lifelines."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from itgstrat.evaluation.prognosis import RISK, code_clinical, judge_prognosis
from itgstrat.outcome import make_outcome

LABELS = ("low", "high")


@pytest.fixture(scope="module")
def patients():
    """Risk has a log hazard ratio of 0.7 a unit, age of 0.03 a year; sex has none."""
    generator, n = np.random.default_rng(4), 240
    risk = generator.normal(0, 1.5, n)
    table = pd.DataFrame(
        {
            "risk": risk,
            "age": 60 + 8 * generator.normal(size=n),
            "sex": np.where(generator.random(n) < 0.4, "m", "f"),
            "fold": np.arange(n) % 3,
        }
    )
    hazard = np.exp(0.7 * risk + 0.03 * (table["age"] - 60)) / 1200
    death, end = generator.exponential(1 / hazard), generator.uniform(300, 3000, n)
    return table.assign(event=(death <= end).astype(int), time=np.minimum(death, end).round(4) + 1)


def judge(table, clinical=("age", "sex"), **changes):
    outcome = make_outcome(table["event"], table["time"], stratum=table["fold"].astype(str).to_numpy())
    given = {"risk": table["risk"].to_numpy(), "horizon_days": 730.0} | changes
    stratum = np.where(given["risk"] > 0, "high", "low")
    return judge_prognosis(outcome, given["risk"], stratum, LABELS, table[list(clinical)], given["horizon_days"])


def test_hazard_ratios_and_the_gain_are_those_of_lifelines(patients):
    found = judge(patients)
    spread = patients["risk"].std(ddof=0)
    table = pd.DataFrame(
        {
            "risk": patients["risk"] / spread,
            "age": patients["age"] / patients["age"].std(),
            "sex": (patients["sex"] == "m").astype(float),
            "fold": patients["fold"],
            "event": patients["event"],
            "time": patients["time"],
        }
    )

    def fit(columns):
        return CoxPHFitter().fit(table[[*columns, "fold", "event", "time"]], "time", "event", strata=["fold"])

    both, without = fit(["risk", "age", "sex"]), fit(["age", "sex"])
    assert [one.name for one in found.adjusted] == [RISK, f"age (per SD, {patients['age'].std():.3g})", "sex: m over f"]
    expected = both.summary[["exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%", "p"]].to_numpy()
    told = [(one.ratio, one.low, one.high, one.p_value) for one in found.adjusted]
    np.testing.assert_allclose(told, expected, rtol=1e-5, atol=1e-12)
    assert found.added_chi_square == pytest.approx(2 * (both.log_likelihood_ - without.log_likelihood_), rel=1e-6)
    assert found.alone.ratio == pytest.approx(
        float(fit(["risk"]).summary["exp(coef)"].iloc[0]), rel=1e-4
    )  # it stops early
    assert (found.n_patients, found.n_events) == (240, int(patients["event"].sum()))
    assert found.added_p < 1e-6
    assert found.notes == ()


def test_mean_survival_is_that_of_lifelines(patients):
    found = judge(patients)
    assert [one.stratum for one in found.means] == ["low", "high"]
    for one in found.means:
        own = patients[(patients["risk"] > 0) == (one.stratum == "high")]
        curve = KaplanMeierFitter().fit(own["time"], own["event"])
        assert one.days == pytest.approx(restricted_mean_survival_time(curve, 730), abs=1e-6)
        assert one.low < one.days < one.high
        assert (one.n_patients, one.n_events) == (len(own), int(own["event"].sum()))
    low, high = found.means
    assert np.isnan(low.p_value)
    assert high.difference_days == pytest.approx(high.days - low.days)
    assert high.p_value < 0.001


def test_patients_without_a_clinical_variable_are_left_out_of_the_ratios_alone(patients):
    table = patients.assign(age=patients["age"].where(patients.index >= 40))
    found = judge(table)
    assert (found.n_patients, found.n_events) == (200, int(patients["event"][40:].sum()))
    assert sum(one.n_patients for one in found.means) == 240


def test_a_withheld_risk_is_left_out(patients):
    risk = patients["risk"].to_numpy().copy()
    risk[:5] = np.nan
    assert judge(patients, risk=risk).n_patients == 235


def test_a_risk_that_means_nothing_adds_nothing(patients):
    found = judge(patients, risk=np.random.default_rng(0).normal(size=240))
    assert found.alone.low < 1 < found.alone.high
    assert found.added_p > 0.05


def test_without_clinical_variables_there_is_the_risk_alone(patients):
    found = judge(patients, clinical=())
    assert found.alone is not None
    assert found.adjusted == ()
    assert found.added_p is None


def test_what_cannot_be_had_is_a_note(patients):
    found = judge(patients, risk=np.zeros(240))
    assert found.alone is None
    assert "out-of-fold risk" in found.notes[0]
    nobody = judge(patients.assign(event=0))
    assert nobody.alone is None
    assert len(nobody.notes) >= 1


def test_the_horizon_is_one_that_every_stratum_is_followed_to(patients):
    found = judge(patients, horizon_days=1e6)
    followed = [np.sort(patients["time"][rows])[-5] for rows in (patients["risk"] > 0, patients["risk"] <= 0)]
    assert found.horizon_days == min(followed)


def test_categories_are_told_against_the_most_frequent_one():
    table = pd.DataFrame({"grade": ["G2", "G1", "G2", None, "G3"], "er": [1.0, 0, 1, 1, np.nan], "one": "x"})
    coded = code_clinical(table)
    assert list(coded.columns) == ["grade: G1 over G2", "grade: G3 over G2", "er: 0 over 1"]
    assert coded["grade: G1 over G2"].tolist()[:3] == [0, 1, 0]
    assert coded.isna().sum().tolist() == [1, 1, 1]
