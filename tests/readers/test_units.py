import re

import numpy as np
import pytest

from itgstrat.errors import InputError
from itgstrat.readers.units import detect_unit, resolve_unit, to_log2

RNG = np.random.default_rng(0)
LEVELS = RNG.lognormal(4, 2, (30, 500)).astype(np.float32)
RATIOS = RNG.normal(RNG.normal(0, 1, 500), 0.6, (30, 500)).astype(np.float32)
WITH_FLOOR = np.log2(np.where(RNG.random((30, 500)) < 0.12, 0, LEVELS) + 0.001).astype(np.float32)
SCORES = ((RATIOS - RATIOS.mean(axis=0)) / RATIOS.std(axis=0)).astype(np.float32)


@pytest.mark.parametrize(
    ("values", "unit", "reason"),
    [
        (LEVELS, "linear", "too large for logarithms"),
        (np.round(LEVELS), "counts", "whole numbers"),
        (np.log2(LEVELS + 1), "log2", "logarithms of levels"),
        (WITH_FLOOR, "log2", r"stand at the lowest one, -9\.966: log2 of a level plus 0\.001"),
        (RATIOS, "log-ratio", "centred on zero"),
        (SCORES, "z-score", "mean 0 and standard deviation 1 over 30 patients"),
        (SCORES[:5], "log-ratio", "cannot be told from them in few patients"),
        (np.log2(LEVELS) - 2, "log2", "some are below 1"),
        (np.log2(LEVELS) - 4.6, "log2", "declare the unit"),
        (np.minimum(LEVELS, 40), "linear", "it could be either; declare the unit"),
    ],
)
def test_units_are_told(values, unit, reason):
    found, why = detect_unit(values.astype(np.float32))
    assert found == unit
    assert re.search(reason, why)


@pytest.mark.parametrize("values", [LEVELS, np.log2(LEVELS + 1), WITH_FLOOR, RATIOS])
def test_one_patient_alone_has_the_same_unit(values):
    assert {detect_unit(values[[row]])[0] for row in range(len(values))} == {detect_unit(values)[0]}


def test_missing_values_are_left_out_of_the_judgement():
    values = SCORES.copy()
    values[RNG.random(values.shape) < 0.1] = np.nan
    values[:, 0] = np.nan
    assert detect_unit(values)[0] == "z-score"


def test_numbers_of_no_unit():
    with pytest.raises(InputError, match="holds no number at all"):
        detect_unit(np.full((2, 3), np.nan, np.float32))
    with pytest.raises(InputError, match="too large for logarithms and negative"):
        detect_unit(LEVELS - 10)


def test_declared_units():
    assert resolve_unit(LEVELS, "linear") == ("linear", "declared")
    assert resolve_unit(RATIOS, "z-score") == ("z-score", "declared")
    with pytest.raises(InputError, match=r"declared as linear, but [\d,]+ values are negative \(lowest -"):
        resolve_unit(RATIOS, "linear")
    with pytest.raises(InputError, match="declared as counts, but"):
        resolve_unit(RATIOS, "counts")
    with pytest.raises(InputError, match="declared as log2, but the highest value"):
        resolve_unit(LEVELS, "log2")
    with pytest.raises(InputError, match="unit 'tpm' is not known; use one of counts, linear"):
        resolve_unit(LEVELS, "tpm")


def test_conversion():
    np.testing.assert_allclose(to_log2(LEVELS, "linear"), np.log2(LEVELS.astype(float) + 1), rtol=1e-6, atol=2e-7)
    for unit in ("log2", "log-ratio", "z-score"):
        assert to_log2(RATIOS, unit) is RATIOS


def test_counts_become_log2_cpm_of_each_patient_alone():
    counts = np.round(LEVELS)
    expected = np.log2(counts / counts.sum(axis=1, dtype=float)[:, None] * 1e6 + 1)
    result = to_log2(counts, "counts")
    np.testing.assert_allclose(result, expected, rtol=1e-5)
    np.testing.assert_array_equal(to_log2(counts[[3]], "counts")[0], result[3])
    assert result.dtype == np.float32


def test_a_patient_without_counts():
    counts = np.round(LEVELS)
    counts[4] = 0
    with pytest.raises(InputError, match=r"without a single count \(number 5 of 30\)"):
        to_log2(counts, "counts")


@pytest.mark.parametrize("unit", ["linear", "counts"])
def test_levels_become_log2_where_they_are(unit):
    expected, given = to_log2(LEVELS, unit), LEVELS.copy()
    assert to_log2(given, unit, out=given) is given
    np.testing.assert_array_equal(given, expected)
