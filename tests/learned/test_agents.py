"""AgentRules: three-valued clauses, quantiles of the reference, and a record that comes back as it was."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itgstrat.errors import BundleError
from itgstrat.learned import CALLS, AgentAnswers, AgentRules, ModelBundle
from itgstrat.learned.quantiles import learn_quantiles, place
from tests.antagonists.test_context import NEW, RULES, TRAINING
from tests.simulate import make_bundle

FILES = ("agents.npz", "card.md", "familiarity.npz", "manifest.json", "model.npz", "recipe.npz", "strata.npz")


@given(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=1, max_size=5))
def test_one_clause_that_fails_decides_whatever_is_unknown(states):
    rules = replace(RULES, agents=np.array(["x"]), agent=np.zeros(len(states), dtype=int))
    holds = np.array([states])
    answers = AgentAnswers(holds, holds, holds, np.zeros(holds.shape, dtype=int))
    expected = "not eligible" if 0.0 in states else "cannot tell" if np.isnan(states).any() else "eligible"
    assert CALLS[rules.call(answers)[0, 0]] == expected


@given(
    st.lists(st.integers(-5, 5), min_size=12, max_size=40),
    st.floats(0.05, 0.95),
    st.lists(st.integers(-6, 6), min_size=1, max_size=8),
)
def test_a_value_is_beyond_a_quantile_where_more_of_the_reference_is_below_it(reference, quantile, values):
    steps = np.array(sorted({*np.linspace(0, 1, 101), quantile}))
    learned = learn_quantiles(np.array(reference, dtype=float)[:, None], np.full(len(reference), "x"), steps)[0]
    found = place(np.array(values, dtype=float), learned, steps)
    if len(set(reference)) == 1:
        assert np.isnan(found).all()
        return
    for value, position in zip(values, found, strict=True):
        below = np.mean(np.array(reference) < value)
        assert abs(position - below) <= 0.01 + 1.5 / len(reference)
        if value <= min(reference):
            assert position == 0  # however many share the lowest value


def test_quantiles_are_those_within_cohorts_and_a_platform_does_not_widen_them():
    random = np.random.default_rng(0)
    one, two = random.normal(size=300), random.normal(size=100)
    steps = np.array([0.0, 0.25, 0.5, 2 / 3, 1.0])
    batch = np.array(["a"] * 300 + ["b"] * 100 + ["c"] * 3)
    scores = np.concatenate([one, two + 50, [900.0, 900, 900]])[:, None]
    expected = 0.75 * np.quantile(one, steps) + 0.25 * (np.quantile(two, steps) + 50)
    np.testing.assert_allclose(learn_quantiles(scores, batch, steps)[0], expected, rtol=1e-12)
    assert np.isnan(learn_quantiles(scores[:9], batch[:9], steps)).all()


def test_a_training_patient_on_the_threshold_is_beyond_it():
    own = TRAINING[np.arange(148)]  # 2/3 of 147 steps is a patient
    rules = replace(RULES)
    featurised = rules.featurise(**own.arrays())
    again = rules.relearned(featurised)
    groups = again.find_groups([""] * 148)
    high = again.target_high(again.judge(featurised, groups, {}))
    position = list(again.agents).index("gsk3008348")
    assert high[:, position].sum() == 50


def test_the_record_comes_back_to_the_bit_and_refuses_foreign_arrays():
    arrays = RULES.to_arrays()
    again = AgentRules.from_arrays(arrays).to_arrays()
    assert arrays.keys() == again.keys()
    assert all(np.array_equal(arrays[name], again[name], equal_nan=arrays[name].dtype.kind == "f") for name in arrays)
    with pytest.raises(BundleError, match=r"agents\.npz needs the arrays .*damaged"):
        AgentRules.from_arrays(arrays | {"more": np.zeros(1)})


def test_a_bundle_with_rules_holds_no_patient(tmp_path):
    bundle = replace(make_bundle(TRAINING), agents=RULES)
    folder = bundle.save(tmp_path / "model")
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert not any(len(TRAINING) in array.shape for array in RULES.to_arrays().values())
    (folder / "agents.npz").unlink()
    with pytest.raises(BundleError, match=r"missing: agents\.npz"):
        ModelBundle.load(folder)


def test_what_the_rules_ask_for_is_known_without_the_catalogue():
    assert set(RULES.alterations) == {"KRAS_mut", "NRAS_mut", "MGMT_methylated"}
    genes, missing = RULES.unmeasured(RULES.featurise(**NEW.arrays()))
    assert {"ITGAV", "ITGB6", "PTK2", "NRP1"} <= set(genes)
    assert not missing.any()
