"""Cohorts stay aligned, refuse what does not fit, and remember what was lost."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.cohort import Dropped, concat_cohorts
from itgstrat.errors import CohortError
from itgstrat.fitting.panel import rank_cohort
from tests.simulate import simulate_cohort

ONE = simulate_cohort(12, 30, batches=("one",), seed=1).cohort
TWO = simulate_cohort(10, 30, batches=("two",), seed=2).cohort


def with_genes(cohort, genes):
    return replace(cohort, expression=cohort.expression.loc[:, list(genes)])


@pytest.mark.parametrize("rows", [np.array([3, 1]), [3, 1], np.isin(np.arange(12), [1, 3])])
def test_taking_patients_keeps_everything_aligned(rows):
    taken = ONE[rows]
    assert taken.shape == (2, 30)
    assert list(taken.clinical.index) == list(taken.patients) == list(ONE.patients[rows])
    assert taken.require_outcome().time_days.tolist() == ONE.require_outcome().time_days[rows].tolist()
    assert len(taken.batch) == len(taken) == 2


def test_taking_nobody_is_refused():
    with pytest.raises(CohortError, match="'simulated' has no patient left"):
        ONE[np.zeros(12, bool)]


def test_an_empty_cohort_says_why():
    dropped = (Dropped("gene", ("A", "B"), "no approved gene has this label"),)
    with pytest.raises(CohortError, match=r"has no gene left; 2 genes dropped: no approved gene .* \(A, B\)"):
        replace(ONE, expression=ONE.expression[[]], dropped=dropped)


def test_a_patient_or_gene_that_occurs_twice_is_refused():
    with pytest.raises(CohortError, match="patients occur twice: one-00000; every patient"):
        ONE[np.array([0, 0, 1])]
    with pytest.raises(CohortError, match=f"genes occur twice: {ONE.genes[1]}; every gene"):
        replace(ONE, expression=ONE.expression.iloc[:, [0, 1, 1]])


def test_tables_of_other_patients_are_refused():
    with pytest.raises(CohortError, match="expression and clinical table have different patients"):
        replace(ONE, clinical=ONE.clinical.iloc[::-1])
    with pytest.raises(CohortError, match="batch or outcome does not have one entry a patient"):
        replace(ONE, batch=ONE.batch[:-1])
    with pytest.raises(CohortError, match="batch or outcome does not have one entry a patient"):
        replace(ONE, outcome=TWO.outcome)


def test_an_outcome_is_asked_for_by_name():
    assert ONE.require_outcome() is ONE.outcome
    with pytest.raises(CohortError, match="'simulated' has no outcome; name the event and time columns"):
        replace(ONE, outcome=None).require_outcome()


def test_missing_values_of_any_kind_reach_the_recipe_as_nan():
    column = pd.array([1, None] * 6, dtype="Int64")
    covariates = replace(ONE, clinical=ONE.clinical.assign(x=column)).arrays()["covariates"]
    assert covariates["x"][0] == 1
    assert np.isnan(covariates["x"][1])


def test_joined_cohorts_keep_common_genes_batches_and_strata():
    first, second = with_genes(ONE, ONE.genes[5:]), with_genes(TWO, TWO.genes[:20])
    joined = concat_cohorts([first, second], "both")
    assert joined.name == "both"
    assert list(joined.genes) == sorted(set(first.genes) & set(second.genes))
    assert joined.shape == (22, 15)
    assert joined.batch.tolist() == ["one"] * 12 + ["two"] * 10
    assert set(joined.require_outcome().stratum) == {"one", "two"}
    pd.testing.assert_frame_equal(joined.expression.iloc[12:], TWO.expression[list(joined.genes)], check_names=False)
    lost = {record.names for record in joined.dropped}
    assert lost == {tuple(sorted(ONE.genes[20:])), tuple(sorted(TWO.genes[:5]))}
    assert {record.reason for record in joined.dropped} == {"not measured in every training cohort"}


def test_one_cohort_stays_as_it_is():
    assert concat_cohorts([ONE]) is ONE


def test_clinical_columns_of_any_cohort_are_kept():
    joined = concat_cohorts([replace(ONE, clinical=ONE.clinical[["age"]]), TWO])
    assert joined.clinical["sex"].isna().tolist() == [True] * 12 + [False] * 10
    assert joined.clinical["age"].notna().all()
    bare = concat_cohorts([replace(ONE, clinical=ONE.clinical[[]]), replace(TWO, clinical=TWO.clinical[[]])])
    assert bare.clinical.shape == (22, 0)


def test_cohorts_without_a_common_gene_are_refused():
    with pytest.raises(CohortError, match=r"no gene in common \(simulated: 10, simulated: 5\); check their"):
        concat_cohorts([with_genes(ONE, ONE.genes[:10]), with_genes(TWO, TWO.genes[10:15])])


def test_a_patient_in_two_cohorts_is_refused():
    with pytest.raises(CohortError, match=r"cohort 'training': patients occur twice: one-00000, .* \(12 in all\)"):
        concat_cohorts([ONE, ONE])


def test_outcomes_are_there_for_all_cohorts_or_none():
    bare = replace(ONE, outcome=None, name="bare")
    with pytest.raises(CohortError, match="some cohorts have no outcome: bare"):
        concat_cohorts([bare, TWO])
    assert concat_cohorts([bare, replace(TWO, outcome=None)]).outcome is None


def test_different_units_are_said(caplog):
    with caplog.at_level(logging.WARNING):
        joined = concat_cohorts([ONE, replace(TWO, unit="log-ratio")])
    assert joined.unit == "mixed"
    assert "different units (['log-ratio', 'log2'])" in caplog.text
    assert concat_cohorts([ONE, TWO]).unit == "log2"


def test_patients_in_a_row_are_taken_without_a_copy():
    values = TWO.expression.to_numpy()
    for rows in (np.ones(10, dtype=bool), np.arange(5, 8), np.arange(10) >= 4):
        taken = TWO[rows].expression.to_numpy()
        np.testing.assert_array_equal(taken, values[rows])
        assert np.shares_memory(taken, values)
    for rows in (np.array([3, 2]), np.array([2, 4]), np.array([-2, -1])):
        taken = TWO[rows].expression.to_numpy()
        np.testing.assert_array_equal(taken, values[rows])
        assert not np.shares_memory(taken, values)


def test_patients_in_whom_a_gene_was_measured_are_counted():
    table = ONE.expression.mask(np.random.default_rng(3).random(ONE.shape) < 0.3)
    counted = replace(ONE, expression=table).count_measured()
    np.testing.assert_array_equal(counted, table.notna().sum().to_numpy())


def test_joined_expression_is_that_of_the_cohorts():
    turned = replace(TWO, expression=TWO.expression.iloc[:, ::-1])
    common = sorted(ONE.genes)
    expected = pd.concat([ONE.expression[common], turned.expression[common]])
    pd.testing.assert_frame_equal(concat_cohorts([ONE, turned]).expression, expected)


def test_ranks_in_place_of_joined_cohorts_leave_each_cohort_as_it_was():
    cohorts = [simulate_cohort(30, 60, seed=seed, batches=(f"B{seed}",)).cohort for seed in (1, 2)]
    before = [cohort.expression.copy() for cohort in cohorts]
    joined = concat_cohorts(cohorts)
    ranked = rank_cohort(joined, "singscore", in_place=True)
    assert ranked.unit == "rank"
    for cohort, values in zip(cohorts, before, strict=True):
        pd.testing.assert_frame_equal(cohort.expression, values)
