import numpy as np
import pandas as pd
import pytest

from itgstrat.concordance import comparable_pairs
from itgstrat.evaluation.metrics import survival_at
from itgstrat.evaluation.subgroups import judge_subgroups, name_levels
from tests.evaluation.builders import make_outcomes

HORIZON = 400.0


def judged(variables, n=240, repeats=2, strata=("all",)):
    risk, outcome = make_outcomes(n, strata=strata, seed=2)
    groups = np.stack([(np.arange(n) + r) % 3 for r in range(repeats)])
    survival = np.exp(-HORIZON * np.exp(risk) / 1000)
    risks, survivals = np.tile(risk, (repeats, 1)), np.tile(survival, (repeats, 1))
    found = judge_subgroups(outcome, risks, groups, survivals, HORIZON, variables, draws=200)
    return risk, outcome, groups, survival, found


def test_concordance_and_calibration_are_those_of_the_subgroup_alone():
    sex = pd.Series(["female", "male", "male"] * 80)
    risk, outcome, groups, survival, found = judged({"sex": sex})
    assert [(one.variable, one.level) for one in found] == [("sex", "female"), ("sex", "male")]
    for one in found:
        rows = np.flatnonzero(sex == one.level)
        own = outcome[rows]
        right = total = 0.0
        for group in groups[:, rows]:
            pairs = comparable_pairs(own, group)
            right += pairs.concordant(risk[rows]).sum()
            total += len(pairs.first)
        assert one.harrell.estimate == pytest.approx(right / total)
        assert one.harrell.low < one.harrell.estimate < one.harrell.high
        expected = (1 - survival[rows]).mean()
        assert one.observed_expected.estimate == pytest.approx((1 - survival_at(own, HORIZON)[0]) / expected)
        assert (one.n_patients, one.n_events) == (len(rows), own.n_events)


def test_few_events_are_said_and_not_shown():
    rare = pd.Series(["rare"] * 8 + ["common"] * 232)
    *_, found = judged({"site": rare})
    by_level = {one.level: one for one in found}
    assert by_level["rare"].harrell is by_level["rare"].observed_expected is None
    assert by_level["common"].harrell is not None


def test_a_horizon_beyond_the_subgroups_follow_up_is_said():
    risk, outcome = make_outcomes(200, seed=1)
    short = pd.Series(np.where(outcome.time_days < 300, "short", "long"))
    one = judge_subgroups(
        outcome, risk[None], np.zeros((1, 200), int), np.full((1, 200), 0.5), 600.0, {"s": short}, 100
    )[1]
    assert one.level == "short"
    assert one.harrell is not None
    assert one.observed_expected is None


def test_missing_values_are_in_no_subgroup_and_one_level_makes_none():
    stage = pd.Series(["I", None, "II"] * 80)
    *_, found = judged({"stage": stage, "same": pd.Series(["x"] * 240), "id": pd.Series(map(str, range(240)))})
    assert [(one.level, one.n_patients) for one in found] == [("I", 80), ("II", 80)]


def test_the_median_is_rounded_to_what_the_spread_bears_and_is_cut_there():
    generator = np.random.default_rng(0)
    for values, digits in ((generator.normal(61.4494, 12, 300), 0), (generator.normal(0, 0.01, 99), 3)):
        names = name_levels(pd.Series(values))
        cut = float(names.cat.categories[1].split()[0])
        assert cut == round(float(np.median(values)), digits)
        assert ((names == f"below {cut:g}") == (values < cut)).all()
    assert name_levels(pd.Series([5.0] * 30 + list(range(13)))).cat.categories.tolist() == ["below 5", "5 and above"]


def test_numbers_are_cut_at_the_median_and_codes_are_not():
    age = pd.Series([40.0, np.nan] + [50.0 + i for i in range(20)])
    halves = name_levels(age)
    assert halves.isna().tolist() == age.isna().tolist()
    assert set(halves.dropna()[age < 59]) == {"below 59"}
    assert name_levels(pd.Series([3, 1, 2, 10])).cat.categories.tolist() == ["1", "2", "3", "10"]
    assert name_levels(pd.Series([True, False])).cat.categories.tolist() == ["False", "True"]
