"""Against R's survival and pec; golden/evaluation_survival.R says how the numbers were made."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itgstrat.concordance import comparable_pairs
from itgstrat.evaluation.discrimination import harrell_blocks, resampled_concordance, uno_weights
from itgstrat.evaluation.metrics import censoring_survival, integrated_brier, survival_at
from itgstrat.outcome import Outcome

GOLDEN = Path(__file__).parents[1] / "golden"
TAU = 8.25


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(GOLDEN / "evaluation_survival.tsv", sep="\t", comment="#", index_col="name")["value"]


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(GOLDEN / "evaluation_survival_data.tsv", sep="\t")


def outcome_of(data, stratified=False):
    stratum = data["stratum"].to_numpy(str) if stratified else np.full(len(data), "all")
    return Outcome(data["event"].to_numpy(bool), data["time"].to_numpy(float), stratum)


@pytest.mark.parametrize(("stratified", "name"), [(False, "harrell"), (True, "harrell_stratified")])
def test_harrell_is_that_of_r(data, expected, stratified, name):
    found = comparable_pairs(outcome_of(data, stratified)).concordance(data["risk"].to_numpy())
    assert found == pytest.approx(expected[name], abs=1e-12)


@pytest.mark.parametrize(
    ("stratified", "tau", "name"),
    [(False, np.inf, "uno"), (False, TAU, "uno_tau"), (True, TAU, "uno_stratified_tau")],
)
def test_uno_is_that_of_r_with_events_and_censorings_tied(data, expected, stratified, tau, name):
    outcome, nothing = outcome_of(data, stratified), np.empty((len(data), 0), dtype=np.float32)
    blocks, risk = harrell_blocks(outcome, np.zeros(len(data))), data[["risk"]].to_numpy()
    found = resampled_concordance([blocks], [risk], uno_weights(outcome, tau)[None], nothing)[0]
    assert found[0, 0] == pytest.approx(expected[name], abs=1e-12)


def test_brier_score_is_that_of_pec_with_events_and_censorings_tied(data, expected):
    survival = pd.read_csv(GOLDEN / "evaluation_survival_predicted.tsv", sep="\t")
    times = survival.columns.to_numpy(float)
    score = expected[[f"brier_{time:g}" for time in times]].to_numpy()
    for column, time in enumerate(times):  # at a single time there is nothing to integrate
        one = integrated_brier(outcome_of(data), survival.to_numpy()[:, [column]], np.array([time]))
        assert one.mean() == pytest.approx(score[column], abs=1e-12)
    whole = integrated_brier(outcome_of(data), survival.to_numpy(), times).mean()
    assert whole == pytest.approx(np.trapezoid(score, times) / (times[-1] - times[0]), abs=1e-12)


@pytest.mark.parametrize("time", [2, 8, 14])
def test_survival_and_its_limits_are_those_of_r(data, expected, time):
    names = [f"km_{time}", f"km_{time}_low", f"km_{time}_high"]
    assert survival_at(outcome_of(data), time) == pytest.approx(tuple(expected[names]), abs=1e-12)


def test_censoring_survival_is_that_of_r(data, expected):
    times = np.array([1.0, 4.0, 8.0, 12.0])
    found = censoring_survival(outcome_of(data), times, np.full(4, "all"))
    assert found == pytest.approx(expected[[f"censoring_{time:g}" for time in times]].to_numpy(), abs=1e-12)
