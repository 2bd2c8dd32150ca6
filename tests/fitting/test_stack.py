"""Stacks: weights follow who ranks, members see their blocks only, and survival is not too sure of itself."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.survival import CoxPlain, CoxRidge, Member, StackedSurvival
from itgstrat.fitting.survival.blocks import Blocks
from itgstrat.fitting.survival.stack import LEAST_SLOPE, weigh_members
from itgstrat.learned import StackedModel
from itgstrat.learned.model import pack_model, unpack_model
from itgstrat.outcome import make_outcome
from tests.simulate import simulate_outcome

BLOCKS = Blocks(clinical=frozenset({"age", "grade"}), signatures=frozenset({"up"}))
COLUMNS = ["up", "up:product", "GENE1", "GENE2", "age", "grade=2"]


def simulate(effect, n=300, seed=0):
    values = np.random.default_rng(seed).standard_normal((n, len(COLUMNS)))
    return pd.DataFrame(values, columns=COLUMNS), simulate_outcome(values @ np.asarray(effect, float), seed=seed + 1)


def make_stack(**settings):
    members = (
        Member("clinical", CoxPlain(), BLOCKS, ("clinical",)),
        Member("scores", CoxRidge(clinical=("age", "grade"), spread=1.0), BLOCKS, ("signatures", "clinical")),
        Member("genes", CoxPlain(), BLOCKS, ("genes",)),
    )
    return StackedSurvival(**{"members": members} | settings)


def test_blocks_are_told_by_the_names_of_columns():
    chosen = {name: BLOCKS.choose(COLUMNS, [name]).tolist() for name in ("clinical", "signatures", "genes")}
    assert chosen["clinical"] == [False] * 4 + [True] * 2
    assert chosen["signatures"] == [True] * 2 + [False] * 4
    assert chosen["genes"] == [False, False, True, True, False, False]
    named = Blocks(entries={"mine": frozenset({"up"})})
    assert named.choose(COLUMNS, ["mine"]).tolist() == [True, True, False, False, False, False]


def test_the_member_that_ranks_counts_most_and_none_counts_less_than_nothing():
    X, y = simulate([0, 0, 1.0, 0.8, 0, 0])
    stack = make_stack().fit(X, y)
    weights = stack.weights_.set_index("member")["weight"]
    assert weights.idxmax() == "genes"
    assert (weights >= 0).all()
    assert stack.score(X, y) > 0.7


def test_without_a_signal_survival_is_nearly_that_of_everybody():
    X, y = simulate([0] * 6, seed=3)
    fresh, later = simulate([0] * 6, n=1000, seed=9)
    stack = make_stack().fit(X, y)
    assert stack.weights_["weight"].sum() < 0.35
    survival = stack.model_.survival(fresh.to_numpy(), [float(np.median(y.time_days))])
    assert survival.std() < 0.15
    assert stack.score(fresh, later) == pytest.approx(0.5, abs=0.04)


def test_its_log_hazard_has_the_right_scale_for_new_patients():
    effect = [0.3, 0, 0.5, 0.4, 0.4, 0]
    X, y = simulate(effect, n=600)
    fresh, later = simulate(effect, n=3000, seed=5)
    risk = make_stack().fit(X, y).predict(fresh)
    slope = CoxPlain(ridge=0.0).fit(pd.DataFrame({"risk": risk}), later).model_.coef[0]
    assert 0.9 < slope < 1.25  # a little timid, for the weights come from members trained on four fifths


def test_a_member_sees_its_own_columns_only():
    X, y = simulate([0, 0, 1.0, 0, 0.5, 0])
    model = make_stack().fit(X, y).model_
    assert isinstance(model, StackedModel)
    own = dict(zip(model.names, model.chosen, strict=True))
    assert own["clinical"].tolist() == BLOCKS.choose(COLUMNS, ["clinical"]).tolist()
    moved = X.copy()
    moved[["up", "up:product", "GENE1", "GENE2"]] += 5
    shares = model.member_risks(moved.to_numpy()) - model.member_risks(X.to_numpy())
    assert np.abs(shares[:, list(model.names).index("clinical")]).max() == 0
    assert model.risk(X.to_numpy()) == pytest.approx(model.member_risks(X.to_numpy()).sum(axis=1), abs=1e-12)


def test_a_member_without_columns_of_its_own_is_left_out():
    X, y = simulate([1.0, 0, 0, 0, 0.5, 0])
    few = X[["up", "age"]]
    assert list(make_stack().fit(few, y).model_.names) == ["clinical", "scores"]
    assert list(make_stack().fit(X[["age"]], y).model_.names) == ["clinical"]
    with pytest.raises(ModelError, match="no member of the stack has features"):
        StackedSurvival((Member("none", CoxPlain(), BLOCKS, ("alterations",)),)).fit(X, y)
    assert list(StackedSurvival().fit(X, y).model_.names) == ["ridge", "trees"]


def test_records_come_back_bit_for_bit():
    X, y = simulate([0, 0, 1.0, 0, 0.5, 0])
    model = make_stack().fit(X, y).model_
    again = unpack_model(pack_model(model))
    assert again.risk(X.to_numpy()).tobytes() == model.risk(X.to_numpy()).tobytes()
    times = [100.0, 1000.0]
    assert again.survival(X.to_numpy(), times).tobytes() == model.survival(X.to_numpy(), times).tobytes()
    assert again.used.tolist() == model.used.tolist()


def test_strata_have_baselines_of_their_own():
    X, y = simulate([0, 0, 1.0, 0, 0.5, 0])
    batch = np.where(np.arange(len(y)) % 2 == 0, "a", "b")
    y = make_outcome(y.event, np.where(batch == "a", 3.0, 1.0) * y.time_days, stratum=batch)
    model = make_stack().fit(X, y).model_
    assert model.strata.tolist() == ["a", "b"]
    apart = model.survival(X.to_numpy(), [float(np.median(y.time_days))], batch)[:, 0]
    assert apart[batch == "a"].mean() > apart[batch == "b"].mean() + 0.1


def test_weights_pulled_together_are_alike_and_freed_ones_are_not():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((400, 2))
    y = simulate_outcome(z @ [1.0, 0.1], seed=2)
    alike, free = weigh_members(z, y, 1e6), weigh_members(z, y, 0.0)
    assert alike[0] == pytest.approx(alike[1], rel=1e-2)
    assert free == pytest.approx([1.0, 0.1], abs=0.2)
    backwards = weigh_members(-z, y, 10.0)
    assert backwards.sum() == pytest.approx(LEAST_SLOPE)
    assert weigh_members(np.column_stack([z, np.zeros(400)]), y, 10.0)[2] == 0


def test_too_few_events_and_a_member_that_fails_are_told():
    X, y = simulate([0, 0, 1.0, 0, 0.5, 0], n=30)
    none = make_outcome(np.arange(30) < 3, y.time_days)
    with pytest.raises(OutcomeError, match="a stack"):
        make_stack().fit(X, none)
    flat = X.assign(**{"up": 0.0, "up:product": 0.0})
    with pytest.raises(ModelError, match="stack member 'scores'"):
        make_stack().fit(flat, y)


def test_inner_folds_keep_a_patient_together():
    _, y = simulate([0] * 6, n=80, seed=4)
    twice = np.repeat(np.arange(80), 2)
    copied = make_outcome(y.event[twice], y.time_days[twice])
    copied = replace(copied, patient=twice)
    many = pd.DataFrame(np.random.default_rng(1).standard_normal((80, 30))[twice]).add_prefix("GENE")
    stack = StackedSurvival((Member("genes", CoxPlain(ridge=1.0), BLOCKS, ("genes",)),)).fit(many, copied)
    assert comparable_pairs(copied).concordance(stack.predict(many)) > 0.7  # apparent
    assert stack.weights_["weight"].sum() < 0.5  # and yet nothing was found out of fold
