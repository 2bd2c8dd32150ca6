"""Tier T2: learned on lines whose truth is known, judged on lineages left out, told of tumours one at a time."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.tiers import CANNOT_TELL, WITHHELD
from itgstrat.antagonists.transfer import REFUSED, SCORED, tabulate_transfer
from itgstrat.errors import BundleError, ModelError
from itgstrat.evaluation.interval import Interval
from itgstrat.evaluation.transfer import evaluate_transfer, judge_transfers, leave_lineages_out
from itgstrat.evaluation.transfer_metrics import (
    draw_weights,
    permuted_concordance,
    spearman,
    within_concordance,
    within_pairs,
)
from itgstrat.fitting.transfer import (
    Alignment,
    LineData,
    correlate_features,
    learn_transfer,
)
from itgstrat.fitting.transfer_fit import TransferSettings, fit_sensitivity
from itgstrat.learned.transfer import TransferModel, match_quantiles

N_LINES, N_GENES = 120, 60
AGENT = {"agent": "integrin_antagonist"}


def simulate(seed=0, signal=1.0, lineage_signal=1.0, measures="mRNA"):
    """Lines of 8 lineages; genes 0 to 4 set the response within lineages, gene 5 is the target, and says little."""
    random = np.random.default_rng(seed)
    lineage = np.repeat([f"L{n}" for n in range(8)], N_LINES // 8)
    shift = random.normal(size=(8, N_GENES))[np.repeat(range(8), N_LINES // 8)]
    values = shift + random.normal(size=(N_LINES, N_GENES))
    response = lineage_signal * np.repeat(random.normal(size=8) * 2, N_LINES // 8)
    response = response + signal * (values - shift)[:, :5].sum(axis=1) + random.normal(size=N_LINES)
    lines, genes = [f"line{n:03}" for n in range(N_LINES)], [f"G{n}" for n in range(N_GENES)]
    return LineData.join(
        ("agent", "integrin_antagonist", "drug"), ("made lines", "-ln IC50", measures),
        pd.DataFrame(values, lines, genes), pd.Series(response, lines), pd.Series(lineage, lines),
        tuple(genes[:12]), ("G5",), {gene: gene for gene in genes},
    )  # fmt: skip


def tumours(n=20, seed=9):
    random = np.random.default_rng(seed)
    return pd.DataFrame(random.normal(3, 2, size=(n, N_GENES)), columns=[f"G{n}" for n in range(N_GENES)])


def judged(data, **how):
    options = {"alignment": Alignment("quantiles"), "n_random": 40, "n_draws": 500} | how
    return judge_transfers([evaluate_transfer(data, **options)])[0]


# --- evaluation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", ["ridge", "elastic_net"])
def test_a_signal_beyond_lineage_is_found(penalty):
    found = judged(simulate(), settings=TransferSettings(penalty), n_random=20)
    assert not found.withheld, found.reasons
    assert found.model.within.estimate > 0.75
    assert found.lineage.difference.low > 0
    assert found.target.model == "target: G5"
    assert found.target.difference.low > 0
    assert (found.null, found.p_random) == ("features", pytest.approx(1 / 21))
    assert 0.4 < found.random_median < 0.6


def test_a_signal_of_lineage_alone_is_withheld_and_the_reason_names_lineage():
    found = judged(simulate(signal=0.0, lineage_signal=2.0))
    assert found.withheld
    assert any("lineage alone" in reason for reason in found.reasons)
    assert found.lineage.spearman.estimate > 0.5  # lines differ, by lineage, and over all lines that looks like skill


def test_with_no_signal_few_of_many_drugs_pass():
    many = [evaluate_transfer(simulate(seed, 0.0), Alignment("quantiles"), None, 19, 200, seed) for seed in range(12)]
    found = judge_transfers(many)
    assert all(one.withheld for one in found)
    assert np.mean([one.model.within.estimate for one in found]) == pytest.approx(0.5, abs=0.03)
    assert all(one.q >= one.p_lineage for one in found)


def test_a_model_that_only_repeats_its_target_is_withheld():
    data = simulate()
    response = 2 * data.values["G5"] + data.response * 0.05
    found = judged(replace(data, response=response))
    assert any("single target: G5" in reason for reason in found.reasons)


def test_a_model_that_orders_and_yet_misses_is_withheld():
    found = evaluate_transfer(simulate(), Alignment("quantiles"), None, 20, 200)
    far = replace(found.model, r2=Interval(-0.1, -0.2, 0.1))
    (judged_far,) = judge_transfers([replace(found, rows=(far, *found.rows[1:]))])
    (reason,) = judged_far.reasons
    assert reason == "misses by more than the mean of the lines it learned on (R² -0.100 (-0.200 to 0.100))"


def test_a_target_that_was_not_measured_and_too_few_lines_are_said():
    data = simulate()
    few = replace(
        data, values=data.values.iloc[::5], response=data.response.iloc[::5], lineage=data.lineage.iloc[::5], targets=()
    )
    reasons = judged(few).reasons
    assert any("24 lines, 30 needed" in reason for reason in reasons)
    assert any("target is not measured" in reason for reason in reasons)


def test_where_the_platform_has_no_other_features_responses_are_dealt_out():
    data = simulate()
    found = judged(replace(data, panel=tuple(data.values.columns)), n_random=20)
    assert found.null == "responses"
    assert 0.4 < found.random_median < 0.6


def test_two_lineages_are_refused():
    data = simulate()
    with pytest.raises(ModelError, match="2 lineages; needs three"):
        evaluate_transfer(replace(data, lineage=data.lineage.where(data.lineage == "L0", "L1")))


def test_the_lineage_that_is_left_out_has_no_part_in_its_predictions():
    data = simulate()
    values, lineage = data.values.to_numpy(), data.lineage.to_numpy(dtype=str)
    response = data.response.to_numpy()
    changed = np.where(lineage == "L3", 1e3 * np.arange(len(response)), response)
    before, after = (leave_lineages_out(values, one, lineage) for one in (response, changed))
    np.testing.assert_array_equal(before[lineage == "L3"], after[lineage == "L3"])
    assert not np.allclose(before[lineage == "L0"], after[lineage == "L0"])


def slow_concordance(response, told, lineage, weight):
    right = total = 0.0
    for i in range(len(response)):
        for j in range(i):
            if lineage[i] == lineage[j] and response[i] != response[j]:
                times = weight[i] * weight[j]
                total += times
                right += times * (0.5 if told[i] == told[j] else (told[i] > told[j]) == (response[i] > response[j]))
    return right / total


def test_concordance_within_lineages_equals_the_slow_loop():
    random = np.random.default_rng(3)
    lineage = random.choice(["a", "b", "c"], 25)
    response, told = random.integers(0, 6, 25).astype(float), random.integers(0, 6, 25).astype(float)
    weights = draw_weights(lineage, 4, random)
    found = within_concordance(response, told, within_pairs(lineage), weights)
    slow = [slow_concordance(response, told, lineage, weight) for weight in weights]
    np.testing.assert_allclose(found, slow, rtol=1e-12)
    for name in "abc":
        assert (weights[:, lineage == name].sum(axis=1) == (lineage == name).sum()).all()


def test_permutations_keep_the_lineage_and_centre_on_one_half():
    random = np.random.default_rng(4)
    lineage = np.repeat(["a", "b"], 20)
    response = np.where(lineage == "a", 10.0, 0.0) + random.normal(size=40)
    dealt = permuted_concordance(response, response, lineage, 500, random)
    assert dealt.mean() == pytest.approx(0.5, abs=0.02)
    assert dealt.max() < 1


def test_spearman_is_that_of_scipy():
    from scipy.stats import spearmanr

    random = np.random.default_rng(5)
    one, two = random.integers(0, 5, 30), random.integers(0, 5, 30)
    assert spearman(one, two) == pytest.approx(spearmanr(one, two).statistic, abs=1e-12)
    assert np.isnan(spearman(np.ones(3), np.arange(3.0)))


# --- fit and record ----------------------------------------------------------------------------------------------


def test_the_weights_are_those_of_scikit_learn_at_the_chosen_penalty():
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    data = simulate()
    values, response = data.values.to_numpy(), data.response.to_numpy()
    fit = fit_sensitivity(values, response, data.lineage.to_numpy(dtype=str))
    ridge = Ridge(alpha=fit.strength * max(values.shape)).fit(StandardScaler().fit_transform(values), response)
    np.testing.assert_allclose(fit.coef, ridge.coef_, atol=1e-8)
    np.testing.assert_allclose(fit.predict(values), ridge.predict(StandardScaler().fit_transform(values)), atol=1e-8)


def test_the_elastic_net_leaves_features_out():
    data = simulate(lineage_signal=0.0)
    settings = TransferSettings("elastic_net", l1_ratio=1.0)
    fit = fit_sensitivity(data.values.to_numpy(), data.response.to_numpy(), data.lineage.to_numpy(dtype=str), settings)
    assert (fit.coef[:5] > 0.3).all()
    assert (fit.coef == 0).sum() > 10


@pytest.mark.parametrize("kind", ["ranks", "quantiles"])
def test_alone_is_what_it_is_among_many(kind):
    reference, new = tumours(), tumours(50, 3).to_numpy()
    model = learn_transfer(simulate(), Alignment(kind, reference, "made tumours"))
    genes = list(reference.columns)
    among = model.apply(new, genes).value
    alone = [model.apply(new[[row]], genes).value[0] for row in range(len(new))]
    np.testing.assert_allclose(alone, among, atol=1e-12)
    shuffled = np.random.default_rng(0).permutation(len(genes))
    np.testing.assert_allclose(model.apply(new[:, shuffled], [genes[at] for at in shuffled]).value, among, atol=1e-12)


def test_by_ranks_any_rising_unit_gives_the_same():
    model = learn_transfer(simulate(), Alignment("ranks", tumours()))
    new, genes = tumours(5, 1).to_numpy(), list(tumours().columns)
    np.testing.assert_allclose(model.apply(np.exp(new), genes).value, model.apply(new, genes).value, atol=1e-12)


def test_by_quantiles_the_platform_of_the_tumours_does_not_matter():
    genes = list(tumours().columns)
    plain = learn_transfer(simulate(), Alignment("quantiles", tumours(200)))
    stretched = learn_transfer(simulate(), Alignment("quantiles", 5 * tumours(200) - 7))
    new = tumours(10, 2).to_numpy()
    np.testing.assert_allclose(plain.apply(new, genes).value, stretched.apply(5 * new - 7, genes).value, atol=1e-8)


def test_quantiles_of_many_equal_values_take_the_middle_place():
    source = np.array([[0.0, 0, 0, 1, 2]])
    target = np.array([[10.0, 11, 12, 13, 14]])
    np.testing.assert_allclose(match_quantiles(np.array([[0.0], [1.0], [-5.0], [np.nan]]), source, target).ravel(),
                               [11, 13, 11, np.nan])  # fmt: skip


def test_lines_put_through_as_tumours_get_their_own_predictions():
    data = simulate()
    model = learn_transfer(data, Alignment("quantiles", data.values))
    fit = fit_sensitivity(
        data.values[list(data.panel)].to_numpy(), data.response.to_numpy(), data.lineage.to_numpy(dtype=str)
    )
    found = model.apply(data.values.to_numpy(), list(data.values.columns)).value
    # 101 places stand for 120 lines, so that a value comes back to within its neighbours
    np.testing.assert_allclose(found, fit.predict(data.values[list(data.panel)].to_numpy()), atol=0.25)
    assert np.corrcoef(found, data.response)[0, 1] > 0.7


def test_missing_genes_lower_the_coverage_and_then_there_is_no_value():
    model = learn_transfer(simulate(), Alignment("ranks", tumours()))
    new = tumours(4, 1)
    new.iloc[1, 0] = np.nan
    new.iloc[2, :12] = np.nan
    told = model.apply(new.to_numpy(), list(new.columns))
    weight = np.abs(model.coef) / np.abs(model.coef).sum()
    np.testing.assert_allclose(told.coverage, [1, 1 - weight[0], 0, 1], atol=1e-12)
    assert np.isnan(told.value).tolist() == [False, False, True, False]
    without = model.apply(new.drop(columns="G0").to_numpy()[[3]], [g for g in new.columns if g != "G0"])
    assert without.unused[0].tolist() == [True] + [False] * 11
    table = tabulate_transfer([model], new.to_numpy(), list(new.columns), list("abcd"), AGENT)
    assert table["call"].tolist() == [SCORED, SCORED, CANNOT_TELL, SCORED]
    assert table["missing"][1] == "G0"


def test_the_record_comes_back_from_its_arrays():
    model = learn_transfer(simulate(), Alignment("quantiles", tumours(), "made tumours"), reason="because")
    again = TransferModel.from_arrays(model.to_arrays())
    new, genes = tumours(5, 1).to_numpy(), list(tumours().columns)
    np.testing.assert_array_equal(again.apply(new, genes).value, model.apply(new, genes).value)
    assert (again.withheld, again.reason, again.tumour_reference) == (True, "because", "made tumours")
    with pytest.raises(BundleError, match="TransferModel needs"):
        TransferModel.from_arrays({"coef": model.coef})


def test_a_record_whose_parts_do_not_fit_is_refused():
    model = learn_transfer(simulate(), Alignment("ranks", tumours()))
    with pytest.raises(ModelError, match="every feature needs one of each"):
        replace(model, coef=model.coef[1:])
    with pytest.raises(ModelError, match="the alignment is ranks or quantiles"):
        replace(model, alignment="guess")


def test_genes_that_stand_twice_are_refused():
    model = learn_transfer(simulate(), Alignment("ranks"))
    with pytest.raises(ModelError, match="stand twice"):
        model.apply(np.ones((1, 2)), ["G0", "G0"])


# --- protein on mRNA ---------------------------------------------------------------------------------------------


def test_a_model_of_proteins_is_refused_without_stated_correlations():
    model = learn_transfer(simulate(measures="protein"), Alignment("quantiles", tumours()))
    with pytest.raises(ModelError, match="correlation with mRNA is not stated"):
        model.apply(tumours().to_numpy(), list(tumours().columns))
    table = tabulate_transfer([model], tumours(2).to_numpy(), list(tumours().columns), ["a", "b"], AGENT)
    assert table["call"].tolist() == [REFUSED, REFUSED]
    assert table["value"].isna().all()


def test_a_stated_correlation_shrinks_each_feature_and_a_low_one_leaves_it_out():
    data = simulate(measures="protein")
    alignment = Alignment("quantiles", tumours())
    stated = pd.Series(0.5, index=list(data.panel))
    stated["G0"], stated["G1"] = 0.1, np.nan
    half = learn_transfer(data, alignment, correlation=stated, correlation_source="made")
    full = learn_transfer(data, alignment, correlation=stated * 0 + 1.0, correlation_source="made")
    new, genes = tumours(6, 1).to_numpy(), list(tumours().columns)
    told = half.apply(new, genes)
    assert told.unused[:, :2].all()
    assert not told.unused[:, 2:].any()
    silent = replace(full, correlation=np.where(np.arange(12) < 2, np.nan, 1.0), least_coverage=0.0).apply(new, genes)
    np.testing.assert_allclose(
        replace(half, least_coverage=0.0).apply(new, genes).value - half.intercept,
        0.5 * (silent.value - full.intercept), atol=1e-10,
    )  # fmt: skip


def test_proteins_by_ranks_and_correlations_without_source_are_refused():
    data = simulate(measures="protein")
    with pytest.raises(ModelError, match="align by quantiles"):
        learn_transfer(data, Alignment("ranks"))
    with pytest.raises(ModelError, match="without their source"):
        learn_transfer(data, Alignment("quantiles"), correlation=pd.Series({"G0": 1.0}))


def test_correlations_are_taken_from_lines_with_both_and_not_from_a_few():
    random = np.random.default_rng(0)
    mrna = pd.DataFrame(random.normal(size=(40, 3)), columns=["A", "B", "C"])
    protein = pd.DataFrame({"a": mrna["A"] ** 3, "b": mrna["B"].where(mrna.index < 20), "d": mrna["C"]})
    found = correlate_features(protein, mrna, {"a": "A", "b": "B"})
    assert found["a"] == pytest.approx(1)
    assert found[["b", "d"]].isna().all()


# --- the table ---------------------------------------------------------------------------------------------------


def test_a_withheld_model_gives_its_reason_and_no_value():
    found = judged(simulate(signal=0.0))
    model = learn_transfer(simulate(signal=0.0), Alignment("ranks", tumours()), reason="; ".join(found.reasons))
    table = tabulate_transfer([model], tumours(3).to_numpy(), list(tumours().columns), ["a", "b", "c"], AGENT)
    assert table["call"].unique().tolist() == [WITHHELD]
    assert table["value"].isna().all()
    assert "lineage alone" in table["decided_by"][0]
    assert table["caveat"].str.contains("not for clinical use").all()


def test_no_model_is_said_and_unequal_numbers_are_refused():
    table = tabulate_transfer([], np.ones((1, 1)), ["G0"], ["a"], AGENT)
    assert table["call"].tolist() == [CANNOT_TELL]
    assert table["decided_by"][0].startswith("no model of cell lines")
    with pytest.raises(ModelError, match="2 patients and 1 rows"):
        tabulate_transfer([], np.ones((1, 1)), ["G0"], ["a", "b"], AGENT)


def test_lines_without_features_response_or_lineage_are_refused():
    data = simulate()
    args = (("a", "b", "drug"), ("made", "u", "mRNA"), data.values)
    with pytest.raises(ModelError, match="no line has features"):
        LineData.join(*args, data.response.rename(index=str.upper), data.lineage, ("G0",), (), {})
    with pytest.raises(ModelError, match="not measured: nothing"):
        LineData.join(*args, data.response, data.lineage, ("nothing",), (), {})
