"""Treatment by score: R's numbers, known truths, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from itgstrat.antagonists.benefit import analyse_benefit
from itgstrat.antagonists.benefit_cox import fit_trial
from itgstrat.antagonists.benefit_folds import judge_learned, score_out_of_fold
from itgstrat.antagonists.benefit_interaction import fit_interaction
from itgstrat.antagonists.benefit_survival import default_horizon, survival_by_score
from itgstrat.antagonists.benefit_trial import Trial, read_trial
from itgstrat.errors import CohortError, InputError, ModelError, OutcomeError
from itgstrat.outcome import make_outcome
from tests.antagonists.trials import draw_table, draw_trial

GOLDEN = Path(__file__).parents[1] / "golden"
R_SAYS = json.loads((GOLDEN / "benefit.json").read_text())
PATIENTS = pd.read_csv(GOLDEN / "cox.csv")
KARNO = (PATIENTS["karno"] - PATIENTS["karno"].mean()) / PATIENTS["karno"].std(ddof=0)


def veterans(covariates=("age", "prior"), strata=True, design="randomised"):
    outcome = make_outcome(PATIENTS["event"], PATIENTS["time"], stratum=PATIENTS["stratum"].to_numpy(str))
    if not strata:
        outcome = make_outcome(PATIENTS["event"], PATIENTS["time"])
    treated = (PATIENTS["trt"] == 2).to_numpy()
    own = PATIENTS[list(covariates)].astype(float)
    return Trial(outcome, treated, PATIENTS["karno"].to_numpy(), own, design, "elsewhere")


def test_the_interaction_equals_r():
    found = fit_interaction(veterans(), quantiles=(0.25, 0.75))
    np.testing.assert_allclose([found.statistic, found.p], R_SAYS["likelihood_ratio"], rtol=1e-7)
    np.testing.assert_allclose(np.log(found.coefficients["hazard_ratio"]), R_SAYS["coef"], rtol=1e-7)
    width = np.log(found.coefficients["high"] / found.coefficients["low"]) / (2 * 1.959963984540054)
    np.testing.assert_allclose(width, R_SAYS["se"], rtol=1e-7)
    np.testing.assert_allclose(np.log(found.at_quantiles["hazard_ratio"]), R_SAYS["log_ratio_at"], rtol=1e-7)
    width = np.log(found.at_quantiles["high"] / found.at_quantiles["low"]) / (2 * 1.959963984540054)
    np.testing.assert_allclose(width, R_SAYS["se_at"], rtol=1e-7)
    assert found.ratio == pytest.approx(np.exp(R_SAYS["coef"][2]))


def weighted_columns():
    trial = veterans()
    treated = trial.treated.astype(float)
    columns = np.column_stack([treated, KARNO, treated * KARNO, trial.covariates])
    chance = np.array(R_SAYS["propensity"])
    weight = np.where(trial.treated, 1 - chance, chance)
    return trial, columns, weight / weight.mean()


def test_weights_and_robust_errors_equal_r():
    trial, columns, weight = weighted_columns()
    fit = fit_trial(columns, trial.outcome, weight)
    np.testing.assert_allclose(fit.coef, R_SAYS["weighted_coef"], rtol=1e-7)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), R_SAYS["robust_se"], rtol=1e-7)


def test_weights_equal_lifelines():
    _, columns, weight = weighted_columns()
    frame = pd.DataFrame(columns, columns=list("abcde")).assign(
        weight=weight, time=PATIENTS["time"], event=PATIENTS["event"]
    )
    theirs = CoxPHFitter().fit(frame, "time", "event", weights_col="weight", robust=True)
    ours = fit_trial(columns, make_outcome(PATIENTS["event"], PATIENTS["time"]), weight)
    np.testing.assert_allclose(ours.coef, theirs.params_, rtol=0.01)  # they share a tie's weights otherwise
    np.testing.assert_allclose(np.sqrt(np.diag(ours.covariance)), theirs.standard_errors_, rtol=0.02)


def test_weights_of_one_are_no_weights():
    trial, columns, _ = weighted_columns()
    plain, ones = fit_trial(columns, trial.outcome), fit_trial(columns, trial.outcome, np.ones(len(columns)))
    np.testing.assert_allclose(plain.coef, ones.coef, atol=1e-9)


def test_survival_in_each_arm_equals_r():
    found = survival_by_score(veterans((), strata=False), 150, (0.25, 0.75), draws=0)
    ours = [found.loc[q, f"survival_{arm}"] for q in (0.25, 0.75) for arm in ("control", "treated")]
    np.testing.assert_allclose(ours, R_SAYS["survival_150"], rtol=1e-6)
    ours = [found.loc[q, f"rmst_{arm}"] for q in (0.25, 0.75) for arm in ("control", "treated")]
    np.testing.assert_allclose(ours, R_SAYS["rmst_150"], rtol=1e-6)
    assert found["difference_low"].isna().all()


def test_the_interval_of_the_days_gained_covers_the_truth():
    """Exponential times with hazards of 1 and exp(-0.8 s) at a mean of 500 days; restricted to 400."""
    covered = []
    for seed in range(40):
        trial = draw_trial(seed, interaction=-0.8, prognostic=0.0)
        found = survival_by_score(trial, 400, (0.9,), draws=50, random_state=seed).iloc[0]
        rate = np.array([1.0, np.exp(-0.8 * found["score"])]) / 500
        truth = np.diff((1 - np.exp(-400 * rate)) / rate)[0]
        covered.append(found["rmst_difference_low"] < truth < found["rmst_difference_high"])
    assert 0.85 < np.mean(covered) <= 1.0


def test_without_an_interaction_p_is_uniform():
    p = np.array([fit_interaction(draw_trial(seed, treatment=-0.4)).p for seed in range(500)])
    assert 0.02 < (p < 0.05).mean() < 0.08
    assert 0.44 < p.mean() < 0.56


def test_a_planted_interaction_is_recovered():
    found = fit_interaction(draw_trial(1, n=4000, interaction=-0.5, treatment=-0.3))
    assert found.p < 1e-10
    assert found.low < np.exp(-0.5) < found.high
    assert found.coefficients.loc["treatment", "low"] < np.exp(-0.3) < found.coefficients.loc["treatment", "high"]


def test_what_could_have_been_found_is_found_four_times_in_five():
    ratio = fit_interaction(draw_trial(0, n=300, prognostic=0.3)).detectable
    found = [
        fit_interaction(draw_trial(seed, n=300, prognostic=0.3, interaction=np.log(ratio))).p < 0.05
        for seed in range(200)
    ]
    assert 0.7 < np.mean(found) < 0.9


def test_chosen_arms_are_weighted_and_labelled_everywhere():
    naive, weighted = [], []
    for seed in range(20):
        trial = draw_trial(seed, n=400, chosen=1.5, design="observational")
        found = analyse_benefit(trial, 400, draws=2, permutations=9)
        weighted.append(np.log(found.interaction.at_quantiles.loc[0.5, "hazard_ratio"]))
        bare = Trial(trial.outcome, trial.treated, trial.score, trial.covariates[[]], "randomised", "elsewhere")
        naive.append(np.log(fit_interaction(bare).at_quantiles.loc[0.5, "hazard_ratio"]))
    assert abs(np.mean(weighted)) < 0.1 < 0.5 < np.mean(naive)
    assert (found.to_table()["design"] == "observational").all()
    assert found.to_dict()["design"] == "observational"
    assert "observational" in found.say()
    assert found.interaction.test == "robust Wald"
    assert (found.interaction.at_quantiles["e_value"] >= 1).all()
    assert found.balance["difference_before"].abs().max() > 0.5
    assert found.balance["difference_after"].abs().max() < 1e-8
    assert any("age" in note and "out of balance" in note for note in found.notes)


def test_chosen_arms_without_a_covariate_are_refused():
    with pytest.raises(CohortError, match="arms that nobody drew lots for, and no covariate"):
        analyse_benefit(draw_trial(0, design="observational"))


def test_the_record_is_json_and_a_table_with_a_caveat_in_each_row():
    found = analyse_benefit(draw_trial(0), draws=20, permutations=19)
    table = found.to_table()
    assert (table["tier"] == "T3").all()
    assert table["caveat"].str.contains("not for clinical use").all()
    again = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert again["arms"]["control"]["patients"] == 100
    assert len(again["results"]) == len(table)
    assert "could not be shown" in found.say()
    assert analyse_benefit(draw_trial(0), draws=20, permutations=19).to_dict() == found.to_dict()


def test_a_table_becomes_a_trial():
    table = draw_table()
    table.loc[3, "score"] = np.nan
    table.loc[5, "arm"] = None
    table.loc[7, "arm"] = "other"
    columns = {"arm": "arm", "score": "score", "event": "dead", "time": "months", "unit": "months"}
    trial = read_trial(
        table, **columns, learned="elsewhere", control="placebo", treatment="drug", covariates=["age", "centre"],
        strata="centre",
    )  # fmt: skip
    assert len(trial) == 117
    assert trial.notes == ("2 patients of another or no arm left out", "1 patients with missing values left out")
    assert trial.arms == ("placebo", "drug")
    assert [name.split("=")[0] for name in trial.covariates.columns] == ["age", "centre"]
    assert trial.outcome.time_days[0] == pytest.approx(table["months"][0] * 365.25 / 12)
    assert len(np.unique(trial.share_treated)) == 2


@pytest.mark.parametrize(
    ("change", "kwargs", "error", "match"),
    [
        ({"arm": "drug"}, {"control": "placebo"}, CohortError, "holds drug: one arm; who benefits"),
        ({}, {}, CohortError, "holds drug, placebo; say which is the control"),
        ({}, {"control": "saline"}, CohortError, "arms 'saline' and 'drug' are not two of"),
        ({}, {"control": "placebo", "score": "itgb6"}, InputError, "no column itgb6; it has arm"),
        ({"score": 1.0}, {"control": "placebo"}, CohortError, "the score is the same in all patients"),
        ({"score": "high"}, {"control": "placebo"}, InputError, "column 'score' holds high; numbers are needed"),
        ({"dead": 0}, {"control": "placebo"}, CohortError, "arm 'placebo' has .* patients and no event"),
        ({"age": np.nan}, {"control": "placebo"}, CohortError, "no patient is left: 120 patients with missing"),
        ({}, {"control": "placebo", "learned": "here"}, CohortError, "not tested on the patients that it was learned"),
    ],
)
def test_what_is_no_trial_is_refused(change, kwargs, error, match):
    settings = {"arm": "arm", "score": "score", "event": "dead", "time": "months", "learned": "elsewhere"}
    with pytest.raises(error, match=match):
        read_trial(draw_table().assign(**change), **{**settings, "covariates": ["age"], **kwargs})


def test_what_cannot_be_fitted_is_refused():
    trial = draw_trial(0)
    with pytest.raises(OutcomeError, match="a horizon of 5000 days; both arms are followed up to"):
        analyse_benefit(trial, 5000)
    twice = pd.DataFrame({"a": trial.score, "b": trial.score})
    with pytest.raises(ModelError, match="constant within the strata, or follows from the others"):
        fit_interaction(Trial(trial.outcome, trial.treated, trial.score, twice, "randomised", "elsewhere"))
    order = make_outcome(np.ones(40), np.arange(1, 41))
    with pytest.raises(ModelError, match="no finite coefficients"):
        fit_trial(-np.arange(40.0)[:, None], order, np.ones(40))
    assert default_horizon(trial) < trial.outcome.time_days.max()


def learn_ratio(trial, genes):
    """Learn the gene whose interaction with treatment is strongest, and its direction."""

    def learn(train, arms):
        own, treated = trial.outcome[train], arms[train]
        z = []
        for gene in genes.T:
            columns = np.column_stack([treated, gene[train], treated * gene[train]])
            fit = fit_trial(columns, own)
            z.append(fit.coef[2] / np.sqrt(fit.covariance[2, 2]))
        best = int(np.argmax(np.abs(z)))
        return lambda rows: -np.sign(z[best]) * genes[rows, best]

    return learn


def test_a_score_learned_and_tested_on_the_same_patients_deceives():
    found = []
    for seed in range(40):
        trial = draw_trial(seed, n=150, prognostic=0.0)
        genes = np.random.default_rng(1000 + seed).standard_normal((150, 8))
        score = learn_ratio(trial, genes)(np.arange(150), trial.treated)(np.arange(150))
        own = fit_interaction(Trial(trial.outcome, trial.treated, score, trial.covariates, "randomised", "elsewhere"))
        found.append(own.p < 0.05 and own.ratio < 1)
    assert np.mean(found) > 0.2


def test_a_score_learned_out_of_fold_keeps_its_level_when_the_learning_is_repeated():
    p = []
    for seed in range(40):
        trial = draw_trial(seed, n=100, prognostic=0.3)
        genes = np.random.default_rng(1000 + seed).standard_normal((100, 3))
        learn = learn_ratio(trial, genes)
        p.append(judge_learned(trial.outcome, trial.treated, learn, 3, 19, seed).p)
    assert np.mean(np.array(p) <= 0.05) < 0.15
    assert 0.35 < np.mean(p) < 0.65


def test_a_score_that_can_be_learned_is_found_out_of_fold():
    trial = draw_trial(3, n=400, interaction=-0.8)
    genes = np.column_stack([np.random.default_rng(5).standard_normal((400, 3)), trial.score])
    found = judge_learned(trial.outcome, trial.treated, learn_ratio(trial, genes), 5, 39)
    assert found.p == 1 / 40
    assert np.corrcoef(found.score, trial.score)[0, 1] > 0.9


def test_folds_never_score_who_they_learned_on_and_spread_events_of_both_arms():
    trial = draw_trial(2, n=103)
    seen = []

    def learn(train, arms):
        def score(rows):
            if not set(rows) <= set(train):
                seen.append((set(train), set(rows)))
            return np.ones(len(rows))

        return score

    scores = score_out_of_fold(trial.outcome, trial.treated, learn, folds=4)
    assert (scores == 0).all()
    assert sorted(row for _, rows in seen for row in rows) == list(range(103))
    assert all(not train & rows for train, rows in seen)
    events = [sum(trial.outcome.event[list(rows)] & trial.treated[list(rows)]) for _, rows in seen]
    assert max(events) - min(events) <= 1
    with pytest.raises(OutcomeError, match="1 folds and"):
        score_out_of_fold(trial.outcome, trial.treated, learn, folds=1)
    with pytest.raises(ModelError, match="learned for fold 1 is not finite"):
        score_out_of_fold(trial.outcome, trial.treated, lambda train, arms: lambda rows: rows * np.nan)
