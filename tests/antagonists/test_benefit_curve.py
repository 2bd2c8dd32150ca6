"""The benefit curve: pseudo-values of R, a slow loop, no area without an effect, and a planted one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.benefit_curve import SHARES, benefit_curve, benefit_scores, restricted_pseudo_values
from itgstrat.antagonists.benefit_trial import Trial
from itgstrat.errors import OutcomeError
from itgstrat.outcome import make_outcome
from tests.antagonists.trials import draw_trial

GOLDEN = Path(__file__).parents[1] / "golden"
R_SAYS = json.loads((GOLDEN / "benefit.json").read_text())


def test_pseudo_values_equal_r():
    patients = pd.read_csv(GOLDEN / "cox.csv")
    own = patients[patients["trt"] == 1]
    found = restricted_pseudo_values(make_outcome(own["event"], own["time"]), 150)
    np.testing.assert_allclose(found, R_SAYS["pseudo"], rtol=1e-9)


def slow_areas(trial, horizon):
    """Mean days of the k highest-scored, over all orders of equal scores, less the mean of all."""
    gain, overlap = benefit_scores(trial, horizon)
    order = np.argsort(-trial.score, kind="stable")
    gain, overlap, score = gain[order], overlap[order], trial.score[order]
    for value in np.unique(score):
        same = score == value
        gain[same] = np.average(gain[same], weights=overlap[same])
    whole = np.average(gain, weights=overlap)
    autoc = qini = 0.0
    for k in range(1, len(gain) + 1):
        days = np.average(gain[:k], weights=overlap[:k]) - whole
        autoc += overlap[k - 1] / overlap.sum() * days
        qini += overlap[k - 1] / overlap.sum() * overlap[:k].sum() / overlap.sum() * days
    return autoc, qini


@pytest.mark.parametrize("kwargs", [{}, {"chosen": 1.0, "design": "observational"}])
@pytest.mark.parametrize("digits", [0, 6])
def test_areas_equal_a_slow_loop(kwargs, digits):
    trial = draw_trial(4, n=80, interaction=-0.5, **kwargs)
    trial = Trial(trial.outcome, trial.treated, trial.score.round(digits), trial.covariates, trial.design, "elsewhere")
    found = benefit_curve(trial, 400, draws=2, permutations=1)
    np.testing.assert_allclose(found.areas["days"], slow_areas(trial, 400), rtol=1e-9)


def test_the_average_is_the_difference_of_restricted_means():
    trial = draw_trial(4, n=1000, treatment=-0.7, prognostic=0.0)
    rate = np.array([1.0, np.exp(-0.7)]) / 500
    truth = np.diff((1 - np.exp(-400 * rate)) / rate)[0]
    assert benefit_curve(trial, 400, 2, 1).average == pytest.approx(truth, abs=25)
    chosen = draw_trial(4, n=4000, chosen=1.5, prognostic=0.0, design="observational")
    assert abs(benefit_curve(chosen, 400, 2, 1).average) < 12


@pytest.mark.parametrize("prognostic", [0.0, 0.7])
def test_without_an_interaction_the_area_is_nil_and_the_level_is_kept(prognostic):
    found = [benefit_curve(draw_trial(seed, prognostic=prognostic), 400, 100, 99, seed).areas for seed in range(200)]
    days = np.array([areas["days"] for areas in found])
    assert (np.abs(days.mean(axis=0)) < 3.5 * days.std(axis=0) / np.sqrt(200)).all()
    p = np.array([areas["permutation_p"] for areas in found])
    assert ((p <= 0.05).mean(axis=0) < 0.095).all()
    assert (np.array([areas["p"] for areas in found]) < 0.05).mean() < 0.12


def test_a_planted_interaction_is_seen_and_its_sign_told():
    for sign in (-1, 1):
        found = benefit_curve(draw_trial(5, n=800, interaction=0.8 * sign), 400)
        assert (found.areas["permutation_p"] < 0.01).all()
        assert (np.sign(found.areas["days"]) == -sign).all()
        assert np.sign(found.curve.loc[0.2, "days"]) == -sign
    assert found.curve.index.tolist() == list(SHARES)
    assert found.curve.loc[1.0, "days"] == pytest.approx(0, abs=1e-9)


def test_a_horizon_beyond_an_arm_is_refused():
    with pytest.raises(OutcomeError, match="both arms are followed up to"):
        benefit_curve(draw_trial(0), 1e5)
