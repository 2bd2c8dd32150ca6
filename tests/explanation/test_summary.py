"""Over all patients: rankings with their intervals, how steady they are, and planted interactions found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import ModelError
from itgstrat.explanation import compare_rankings, explain, explain_interactions, rank_features
from itgstrat.fitting.survival import BoostedCox
from itgstrat.learned import Features, Featurised, RecalibratedModel
from tests.explanation.models import NAMES, TIMES, TRAINING, bundle, featurise
from tests.simulate import simulate_outcome


def trained(name="plain_cox"):
    return explain(bundle(name), featurise(name, TRAINING, "batch"), list(map(str, TRAINING.patients)))


def test_features_are_ranked_with_intervals_around_the_mean():
    told = trained()
    table = rank_features(told, 400)
    pd.testing.assert_frame_equal(table[["feature", "mean_absolute"]], told.mean_absolute())
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert ((table["lower"] < table["mean_absolute"]) & (table["mean_absolute"] < table["upper"])).all()
    assert ((table["rank_lower"] <= table["rank"]) & (table["rank"] <= table["rank_upper"])).all()
    strongest = np.abs(told.contributions[:, told.features.index(table["feature"][0])])
    width = 2 * 1.96 * strongest.std() / np.sqrt(len(strongest))
    assert table["upper"][0] - table["lower"][0] == pytest.approx(width, rel=0.2)
    pd.testing.assert_frame_equal(table, rank_features(told, 400))


def test_times_beyond_the_follow_up_do_not_count():
    features = featurise("boosted_cox")
    some, more = (explain(bundle("boosted_cox"), features, NAMES, times) for times in (TIMES[1:3], TIMES[1:]))
    pd.testing.assert_frame_equal(rank_features(some, 50), rank_features(more, 50))


def test_an_equal_ranking_is_perfectly_steady_and_a_turned_one_is_not():
    told = trained()
    strength = np.abs(told.contributions).mean(axis=0)
    turned = replace(told, contributions=np.tile(1 / strength, (len(told.patients), 1)))
    unlike = replace(told, features=tuple(f"other {name}" for name in told.features))
    table = compare_rankings([told, told, turned, unlike], top=2)
    assert len(table) == 6
    pairs = table.set_index(["first", "second"])
    assert pairs.loc[(0, 1)].tolist() == pytest.approx([1, 1])
    assert pairs.loc[(0, 2), "kendall"] == pytest.approx(-1)
    assert pairs.loc[(0, 2), "jaccard"] == 0
    assert pairs.loc[(0, 3), "kendall"] < 0
    assert pairs.loc[(0, 3), "jaccard"] == 0
    with pytest.raises(ModelError, match="1 explanation given"):
        compare_rankings([told])


def test_nobody_gives_no_ranking():
    told = trained()
    nobody = replace(told, patients=(), contributions=told.contributions[:0])
    with pytest.raises(ModelError, match="cannot be ranked without patients"):
        rank_features(nobody)


def planted():
    random = np.random.default_rng(3)
    values = random.standard_normal((500, 6))
    names = ["itg_avb6", "itg_avb3", "gfr_egfr", "gfr_met", "age", "noise"]
    risk = 0.4 * values[:, 4] + 1.2 * (values[:, 0] > 0) * (values[:, 2] > 0)
    model = BoostedCox(n_steps=150).fit(pd.DataFrame(values, columns=names), simulate_outcome(risk))
    features = Features(tuple(names), values[:80], np.zeros((80, 6), dtype=bool), np.ones(80))
    return model.model_, Featurised(None, None, None, features)


def test_a_planted_interaction_of_integrin_and_receptor_is_found():
    model, featurised = planted()
    table = explain_interactions(model, featurised)
    assert set(table["feature"]) <= {"itg_avb6", "itg_avb3"}
    assert set(table["partner"]) <= {"gfr_egfr", "gfr_met"}
    assert tuple(table.loc[0, ["feature", "partner"]]) == ("itg_avb6", "gfr_egfr")
    assert table["mean_absolute"][0] > 3 * table["mean_absolute"][1]
    turned = explain_interactions(model, featurised, ["gfr_egfr", "gfr_met", "age"], ["itg_avb6"])
    same = turned[turned["feature"] == "gfr_egfr"]["mean_absolute"].item()
    assert same == pytest.approx(table["mean_absolute"][0], abs=1e-12)


def test_interactions_of_stacks_are_weighted_and_linear_models_have_none():
    model, features = bundle("mixed stack").model, featurise("mixed stack")
    trees = model.members[0]
    names = [str(name) for name in trees.features]
    whole = explain_interactions(model, features, names[:2], names[2:4])
    alone = explain_interactions(trees, features, names[:2], names[2:4])
    np.testing.assert_allclose(whole["mean_absolute"], model.weight[0] * alone["mean_absolute"], atol=1e-12)
    assert alone["mean_absolute"].max() > 0
    again = RecalibratedModel(model, 0.1, 0.9, 300.0, 0.0)
    pd.testing.assert_frame_equal(whole, explain_interactions(again, features, names[:2], names[2:4]))
    assert (explain_interactions(bundle("plain_cox"), featurise("plain_cox"))["mean_absolute"] == 0).all()
    with pytest.raises(ModelError, match="no feature nothing"):
        explain_interactions(model, features, ["nothing"])
