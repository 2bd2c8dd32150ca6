"""Clinical variables: numbers, categories, and everything that can be missing about them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import CohortError, ModelError
from itgstrat.fitting import FeaturePanel
from itgstrat.learned.references import encode_covariate
from tests.simulate import simulate_cohort

COHORT = simulate_cohort(40, 30, seed=1).cohort


def with_column(values, cohort=COHORT):
    return replace(cohort, clinical=pd.DataFrame({"x": values}, index=cohort.patients))


def learn(values):
    return FeaturePanel(covariates=("x",)).fit(with_column(values))


def test_a_number_is_standardised_and_imputed_by_its_median():
    numbers = pd.Series([1.0, 2, 3, np.nan, 10] * 8, dtype=float)
    features = learn(numbers.to_numpy()).features(with_column(numbers.to_numpy()))
    filled = numbers.fillna(2.5)
    np.testing.assert_allclose(features.values[:, 0], (filled - filled.mean()) / filled.std(ddof=1))
    assert features.missing[:, 0].tolist() == numbers.isna().tolist()
    assert features.names == ("x",)


def test_a_category_has_a_column_for_all_levels_but_the_first_and_is_imputed_by_the_mode():
    panel = learn(["b", "a", None, "c", "b"] * 8)
    assert panel.recipe_.names == ("x=b", "x=c")
    assert panel.recipe_.fill.tolist() == [1, 0]
    values = panel.transform(with_column(["a", "b", "c", None] * 10)).to_numpy()
    np.testing.assert_array_equal(values[3], values[1])
    indicators = values[:3] * panel.recipe_.covariate_sd + panel.recipe_.covariate_mean
    np.testing.assert_allclose(indicators, [[0, 0], [1, 0], [0, 1]], atol=1e-12)


def test_a_category_that_training_did_not_see_is_missing():
    panel = learn(["a", "b"] * 20)
    features = panel.features(with_column(["a", "b", "d", "d"] * 10))
    assert features.missing[:4, 0].tolist() == [False, False, True, True]
    assert features.values[2, 0] == features.values[0, 0]  # taken at the mode


@pytest.mark.parametrize("values", [["5", None] * 20, [None] * 40, [3.0] * 40, [np.nan] * 40, [7, np.nan] * 20])
def test_a_variable_that_says_nothing_is_left_out_and_told(values):
    cohort = replace(with_column(values), clinical=with_column(values).clinical.assign(age=COHORT.clinical["age"]))
    panel = FeaturePanel(covariates=("x", "age")).fit(cohort)
    assert panel.recipe_.names == ("age",)
    assert panel.left_out_ == {"x": "missing in every patient or the same in all"}


BOOLEANS = [True, False, None, True]
COLUMNS = {
    "nullable integer": (pd.array([1, 2, None, 3] * 10, dtype="Int64"), [1, 2, np.nan, 3]),
    "nullable boolean": (pd.array(BOOLEANS * 10, dtype="boolean"), [1, 0, np.nan, 1]),
    "boolean": ([True, False] * 20, [1, 0, 1, 0]),
    "object boolean": (pd.Series(BOOLEANS * 10, dtype=object).to_numpy(), [1, 0, np.nan, 1]),
    "nullable text": (pd.array(["b", "a", None, "b"] * 10, dtype="string"), [1, 0, np.nan, 1]),
    "categorical": (pd.Categorical(["b", "a", None, "b"] * 10), [1, 0, np.nan, 1]),
    "categorical numbers": (pd.Categorical([2, 1, None, 2] * 10), [1, 0, np.nan, 1]),
    "infinite": ([1.0, 2, np.inf, 3] * 10, [1, 2, np.nan, 3]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_kind_of_column_is_understood(kind):
    values, expected = COLUMNS[kind]
    panel = learn(values)
    features = panel.features(with_column(values))
    recipe = panel.recipe_
    column = features.values[:4, 0] * recipe.covariate_sd[0] + recipe.covariate_mean[0]
    seen = ~np.isnan(expected)
    assert features.missing[:4, 0].tolist() == (~seen).tolist()
    np.testing.assert_allclose(column[seen], np.array(expected)[seen], atol=1e-12)


@pytest.mark.parametrize(
    "same",
    [[1, 2, 10], [1.0, 2.0, 10.0], ["1", "2", "10"], pd.array([1, 2, 10], dtype="Int64"), np.float32([1, 2, 10])],
)
def test_numbers_as_categories_are_the_same_level_in_any_type(same):
    panel = learn(["1", "2", "x", "10"] * 10)
    assert panel.recipe_.names == ("x=10", "x=2", "x=x")
    features = panel.features(with_column(same, COHORT[[0, 1, 2]]))
    assert not features.missing.any()
    indicators = features.values * panel.recipe_.covariate_sd + panel.recipe_.covariate_mean
    np.testing.assert_allclose(indicators, [[0, 0, 0], [0, 1, 0], [1, 0, 0]], atol=1e-12)


def test_the_word_none_is_not_a_missing_value():
    encoded = encode_covariate("x", np.array(["None", None, np.nan, "a"], dtype=object), np.array(["None"]), "a")
    np.testing.assert_array_equal(encoded[:, 0], [1, np.nan, np.nan, 0])


def test_numbers_written_as_text_are_read():
    panel = learn([1.0, 2.0] * 20)
    np.testing.assert_array_equal(
        panel.features(with_column(["1", "2"] * 20)).values, panel.features(with_column([1, 2] * 20)).values
    )


def test_a_word_where_a_number_is_needed_is_refused():
    message = r"covariate 'x' was a number in training; found old, 3, old, 3, old \(40 in all\)"
    with pytest.raises(ModelError, match=message):
        learn([1.0, 2.0] * 20).features(with_column(["old", "3"] * 20))


def test_an_absent_variable_is_missing_for_everybody():
    panel = learn([1.0, 2.0, 9.0, 4.0] * 10)
    features = panel.features(COHORT)
    assert features.missing.all()
    assert len(np.unique(features.values)) == 1


def test_training_without_the_variable_is_refused():
    with pytest.raises(CohortError, match=r"covariates not in the clinical table: y, z; it has x\. Name their columns"):
        FeaturePanel(covariates=("y", "x", "z")).fit(with_column([1, 2] * 20))
