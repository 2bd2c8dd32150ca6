"""Counts, linear levels, log2 levels, log-ratios, z-scores: declared or detected, and brought to log2."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from itgstrat.cohort import Unit
from itgstrat.errors import InputError, name_some

Array = npt.NDArray[np.float32]
#: What the numbers of a file can be; ``linear`` is any level that is not a count: TPM, FPKM, RSEM, intensity.
RawUnit = Literal["counts", "linear", "log2", "log-ratio", "z-score"]
#: A declared unit, or ``auto`` to detect it.
DeclaredUnit = Literal["counts", "linear", "log2", "log-ratio", "z-score", "auto"]

#: What a file's unit is in a cohort, after `to_log2`.
COHORT_UNIT: dict[RawUnit, Unit] = {
    "counts": "log2",
    "linear": "log2",
    "log2": "log2",
    "log-ratio": "log-ratio",
    "z-score": "z-score",
}
#: No log2 level reaches 50 (2^50 reads); linear levels of a whole transcriptome always do.
_LOG2_TOP = 50.0
#: Between 25 and 50 a number could be either; log2 of the deepest count in TCGA is 22.
_LOG2_LIKELY = 25.0
#: A lowest value that this share of all numbers has is log2 of a constant added to zero, not a measurement.
#: Measured: 0.037 to 0.155 in log2(TPM + 0.001) tables, at most 0.002 in log-ratio tables.
_FLOOR_SHARE = 0.01
#: Patients below which a z-score cannot be told from a log-ratio.
_ZSCORE_PATIENTS = 20
#: Enough numbers to judge by; more only cost time.
_ENOUGH = 1_000_000


def detect_unit(expression: Array) -> tuple[RawUnit, str]:
    """Tell what the numbers of an expression table are, and why.

    Parameters
    ----------
    expression : ndarray of float32, shape (n_patients, n_genes)
        Numbers as they stand in the file.

    Returns
    -------
    tuple of RawUnit and str
        The unit, and the reason in words; where the numbers leave a doubt, the reason says so.

    Raises
    ------
    InputError
        If there is no number at all, or the numbers fit no unit (negative and very large).

    Examples
    --------
    >>> detect_unit(np.array([[0.0, 147.6, 2400000.0]], dtype=np.float32))[0]
    'linear'
    """
    return judge_unit(survey_numbers([expression], len(expression)))


@dataclass(frozen=True, eq=False)
class Survey:
    """What a unit is told by: the range of all numbers, and enough of them.

    Parameters
    ----------
    lowest, highest : float
        Range of all numbers.
    n_negative : int
        How many are below zero.
    thinned : ndarray of float32, shape (n_patients, n_some_genes)
        The numbers of some genes in all patients.
    """

    lowest: float
    highest: float
    n_negative: int
    thinned: Array


def survey_numbers(blocks: Iterable[Array], n_patients: int) -> Survey:
    """Look at all numbers of an expression table, which may come in blocks of patients.

    Parameters
    ----------
    blocks : iterable of ndarray of float32, shape (n_some_patients, n_genes)
        Numbers as they stand in the file.
    n_patients : int
        Patients of all blocks together.

    Returns
    -------
    Survey
        The same however the patients are cut into blocks.

    Raises
    ------
    InputError
        If there is no number at all.
    """
    lowest, highest, n_negative, thinned = np.inf, -np.inf, 0, []
    for block in blocks:
        lowest = min(lowest, float(np.fmin.reduce(block, axis=None, initial=np.float32(np.inf))))
        highest = max(highest, float(np.fmax.reduce(block, axis=None, initial=np.float32(-np.inf))))
        n_negative += sum(int(np.count_nonzero(row < 0)) for row in block)  # row by row: no table of truth values
        part = block[:, :: max(1, n_patients * block.shape[1] // _ENOUGH)]
        thinned.append(part if len(block) == n_patients else part.copy())  # a view would keep the block in memory
        del block, part  # before the next one is read
    if lowest > highest:
        raise InputError("the expression table holds no number at all, only missing values")
    return Survey(lowest, highest, n_negative, thinned[0] if len(thinned) == 1 else np.concatenate(thinned))


def judge_unit(survey: Survey) -> tuple[RawUnit, str]:
    """Tell the unit of numbers that were looked at; see `detect_unit`.

    Parameters
    ----------
    survey : Survey
        From `survey_numbers`.

    Returns
    -------
    tuple of RawUnit and str
        The unit, and the reason in words.

    Raises
    ------
    InputError
        If the numbers fit no unit.
    """
    lowest, highest, thinned = survey.lowest, survey.highest, survey.thinned
    numbers = thinned[np.isfinite(thinned)]
    if lowest < 0:
        return _detect_signed(thinned, numbers, lowest, highest)
    span = f"{lowest:.4g} to {highest:.4g}, none negative"
    if highest > _LOG2_TOP:
        if np.all(numbers == np.round(numbers)):
            return "counts", f"whole numbers from {span}"
        return "linear", f"{span}: too large for logarithms"
    if highest > _LOG2_LIKELY:
        return (
            "linear",
            f"{span}: more likely levels than logarithms, but it could be either; declare the unit",
        )
    return "log2", f"{span}: the range of logarithms of levels (their base cannot be seen; taken as 2)"


def _detect_signed(expression: Array, numbers: Array, lowest: float, highest: float) -> tuple[RawUnit, str]:
    if highest > _LOG2_TOP:
        raise InputError(
            f"values from {lowest:.4g} to {highest:.4g} are too large for logarithms and negative, which "
            "levels cannot be (background-corrected intensities?); take log2 of values floored at 1, and "
            "declare the unit"
        )
    negative = float(np.mean(numbers < 0))
    floor = float(np.mean(numbers == lowest))
    if floor > _FLOOR_SHARE:
        return "log2", (
            f"{floor:.1%} of the values stand at the lowest one, {lowest:.3f}: log2 of a level plus {2**lowest:.3g}"
        )
    if _is_standardised(expression):
        return "z-score", f"each gene has mean 0 and standard deviation 1 over {len(expression)} patients"
    low, middle, high = (float(value) for value in np.quantile(numbers, [0.25, 0.5, 0.75]))
    words = f"{negative:.0%} of the values negative, median {middle:.2f}"
    if abs(middle) <= 0.25 * max(high - low, 1e-9):
        few = "" if len(expression) >= _ZSCORE_PATIENTS else "; z-scores cannot be told from them in few patients"
        return "log-ratio", f"{words}: centred on zero, as ratios to a reference are{few}"
    if negative < 0.3:
        return "log2", f"{words}: logarithms of levels, of which some are below 1"
    return (
        "log2",
        f"{words}: neither clearly levels nor ratios; taken as logarithms of levels, declare the unit",
    )


def _is_standardised(expression: Array) -> bool:
    if len(expression) < _ZSCORE_PATIENTS:
        return False
    measured = np.isfinite(expression).sum(axis=0) >= _ZSCORE_PATIENTS
    if not measured.any():
        return False
    genes = expression[:, measured].astype(np.float64)
    means, spreads = np.nanmean(genes, axis=0), np.nanstd(genes, axis=0)
    varying = spreads > 0
    if not varying.any():
        return False
    low, middle, high = np.quantile(spreads[varying], [0.1, 0.5, 0.9])
    # loose enough for a part of the patients over whom the z-scores were made
    even = low > 0.6 and 0.85 < middle < 1.15 and high < 1.4
    return bool(even and np.quantile(np.abs(means[varying]), 0.9) < 0.35)


def resolve_unit(expression: Array, declared: DeclaredUnit = "auto") -> tuple[RawUnit, str]:
    """Take the declared unit, or detect it.

    Parameters
    ----------
    expression : ndarray of float32, shape (n_patients, n_genes)
        Numbers as they stand in the file.
    declared : {"counts", "linear", "log2", "log-ratio", "z-score", "auto"}
        What they are said to be.

    Returns
    -------
    tuple of RawUnit and str
        The unit, and the reason in words.

    Raises
    ------
    InputError
        If the declared unit is unknown, or the numbers cannot be what is declared.
    """
    return resolve_surveyed(survey_numbers([expression], len(expression)), declared)


def resolve_surveyed(survey: Survey, declared: DeclaredUnit = "auto") -> tuple[RawUnit, str]:
    """Take the declared unit of numbers that were looked at, or tell it; see `resolve_unit`.

    Parameters
    ----------
    survey : Survey
        From `survey_numbers`.
    declared : {"counts", "linear", "log2", "log-ratio", "z-score", "auto"}
        What the numbers are said to be.

    Returns
    -------
    tuple of RawUnit and str
        The unit, and the reason in words.

    Raises
    ------
    InputError
        As `resolve_unit`.
    """
    if declared not in get_args(DeclaredUnit):
        raise InputError(f"unit {declared!r} is not known; use one of {', '.join(get_args(DeclaredUnit))}")
    if declared == "auto":
        return judge_unit(survey)
    lowest, highest, count = survey.lowest, survey.highest, survey.n_negative
    if declared in ("counts", "linear") and lowest < 0:
        raise InputError(
            f"declared as {declared}, but {count:,} values are negative (lowest {lowest:.4g}); {declared} "
            "values "
            'start at zero: declare "log2", "log-ratio" or "z-score", or correct the table'
        )
    if declared == "log2" and highest > _LOG2_TOP:
        raise InputError(
            f"declared as log2, but the highest value is {highest:,.4g}, the logarithm of an impossible "
            "level; declare "
            '"linear" or "counts"'
        )
    return declared, "declared"


def to_log2(expression: Array, unit: RawUnit, out: Array | None = None) -> Array:
    """Bring levels to log2; what is a logarithm or a z-score already stays as it is.

    Linear levels x become log2(x + 1). Counts become log2(CPM + 1), with
    ``CPM = 1e6 * count / sum of the patient's counts``: gene lengths are not known, so genes of one patient
    are not comparable as they are in TPM.

    Parameters
    ----------
    expression : ndarray of float32, shape (n_patients, n_genes)
        Numbers as they stand in the file, of all genes (the sum of counts needs them).
    unit : {"counts", "linear", "log2", "log-ratio", "z-score"}
        What they are.
    out : ndarray of float32, shape (n_patients, n_genes), optional
        Where counts and linear levels are put; it may be `expression` itself. A new array if not given.

    Returns
    -------
    ndarray of float32, shape (n_patients, n_genes)
        `out`, or a new array, for counts and linear levels; `expression` itself otherwise.

    Raises
    ------
    InputError
        If a patient has no count at all.

    Examples
    --------
    >>> to_log2(np.array([[0.0, 1.0, 3.0]], dtype=np.float32), "linear")
    array([[0., 1., 2.]], dtype=float32)
    """
    if unit not in ("counts", "linear"):
        return expression
    if unit == "counts":
        depth = np.array([np.nansum(patient, dtype=np.float64) for patient in expression])
        if not np.all(depth > 0):
            empty = name_some(np.flatnonzero(~(depth > 0)) + 1)
            raise InputError(f"samples without a single count (number {empty} of {len(depth)}); remove them")
    out = np.empty(expression.shape, np.float32) if out is None else out
    for row, patient in enumerate(expression):  # one by one: little memory beside the table
        levels = (patient * (1e6 / depth[row])).astype(np.float32) if unit == "counts" else patient
        np.log2(levels + np.float32(1), out=out[row], casting="same_kind")
    return out
