"""Every signature in every cohort, with the false discovery rate over all tests of the run."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from itgstrat.biology.catalogue import Signature
from itgstrat.cohort import Cohort
from itgstrat.errors import OutcomeError
from itgstrat.fitting.panel import FeaturePanel
from itgstrat.fitting.small_cox import fit_small_cox
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Columns of a scan.
COLUMNS = ("signature", "cohort", "n", "events", "hazard_ratio", "low", "high", "p", "q")

#: Fewest events for each column of a Cox model of a scan; below, a cohort is not tested.
LEAST_EVENTS_PER_COLUMN = 5


def scan_signatures(
    cohorts: Sequence[Cohort],
    signatures: Sequence[Signature],
    score: str = "singscore",
    adjust_for: Sequence[str] = (),
    min_coverage: float = 0.5,
) -> pd.DataFrame:
    """Test every signature in every cohort, one at a time, and control the false discovery rate over all tests.

    A scan finds associations; it is no evaluation of a model, and what it finds needs other patients.

    Parameters
    ----------
    cohorts : sequence of Cohort
        Each with an outcome; a cohort of several batches is tested as one, with a baseline hazard a batch.
    signatures : sequence of Signature
        What to test; a signature that a cohort cannot score is missing in its rows.
    score : str
        Scoring method.
    adjust_for : sequence of str
        Clinical variables that every model holds beside the signature.
    min_coverage : float
        Share of a signature's genes below which it is not scored.

    Returns
    -------
    DataFrame with the columns of `COLUMNS`
        One row a test, smallest p first: patients and events, hazard ratio per standard deviation with 95% Wald
        interval, p, and q after Benjamini and Hochberg over all rows.

    Raises
    ------
    OutcomeError
        If no cohort has five events for each column of its models.

    References
    ----------
    Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x
    """
    tables, too_few = [], []
    for cohort in cohorts:
        outcome = cohort.require_outcome()
        usable = tuple(name for name in adjust_for if name in cohort.clinical.columns)
        panel = FeaturePanel(tuple(signatures), score, usable, min_coverage).fit(cohort)
        features = panel.features(cohort)
        n_scores = len(panel.recipe_.signatures)
        columns = 1 + len(features.names) - n_scores
        if outcome.n_events < LEAST_EVENTS_PER_COLUMN * columns:
            too_few.append(f"{cohort.name} ({outcome.n_events} events for {columns} columns)")
            continue
        values = np.where(features.missing[:, :n_scores], np.nan, features.values[:, :n_scores])
        found = scan_columns(outcome, values, features.names[:n_scores], features.values[:, n_scores:])
        tables.append(found.assign(cohort=cohort.name))
    if not tables:
        raise OutcomeError(
            f"too few events to test anything: {'; '.join(too_few)}; a scan needs {LEAST_EVENTS_PER_COLUMN} events "
            "for each column of its models: adjust for less, or use an endpoint with more events"
        )
    return control_discoveries(pd.concat(tables, ignore_index=True))


def scan_columns(outcome: Outcome, values: Floats, names: Sequence[str], adjust: Floats | None = None) -> pd.DataFrame:
    """Fit one Cox model a column, on the patients in whom it was measured.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    values : ndarray of float64, shape (n_patients, n_columns)
        NaN is not measured.
    names : sequence of str
        Names of the columns.
    adjust : ndarray of float64, shape (n_patients, n_covariates), optional
        Covariates that every model holds too, without missing values.

    Returns
    -------
    DataFrame with columns signature, n, events, hazard_ratio, low, high, p
        In the order of `names`; the hazard ratio is per standard deviation of the measured patients. NaN where a
        column is constant or separates early from late events.

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome([1, 1, 0, 1, 1], [1, 2, 3, 4, 5])
    >>> scan_columns(outcome, np.array([[2.0], [1.0], [2.0], [0.0], [1.0]]), ["a"])["hazard_ratio"].round(2).tolist()
    [1.22]
    """
    adjust = np.empty((len(outcome), 0)) if adjust is None else adjust
    shape = (len(names), 3)
    found, counts = np.full(shape, np.nan), np.zeros((len(names), 2), dtype=int)
    patterns, owner = np.unique(~np.isnan(values.T), axis=0, return_inverse=True)
    for number, measured in enumerate(patterns):
        own = np.flatnonzero(owner.ravel() == number)
        counts[own] = measured.sum(), outcome.event[measured].sum()
        if counts[own[0], 1] == 0 or measured.sum() < 3:
            continue
        block = values[np.ix_(measured, own)]
        deviation = block.std(axis=0, ddof=1)
        block = (block - block.mean(axis=0)) / np.where(deviation > 1e-12, deviation, 1.0)
        beside = np.broadcast_to(adjust[measured], (len(own), int(measured.sum()), adjust.shape[1]))
        fit = fit_small_cox(outcome[measured], np.concatenate([block.T[:, :, None], beside], axis=2))
        found[own] = np.column_stack([fit.coef[:, 0], fit.standard_error[:, 0], fit.p_value[:, 0]])
    half = stats.norm.isf(0.025) * found[:, 1]
    with np.errstate(over="ignore"):
        low, high = np.exp(found[:, 0] - half), np.exp(found[:, 0] + half)
    return pd.DataFrame(
        {
            "signature": list(names),
            "n": counts[:, 0],
            "events": counts[:, 1],
            "hazard_ratio": np.exp(found[:, 0]),
            "low": low,
            "high": high,
            "p": found[:, 2],
        }
    )


def control_discoveries(table: pd.DataFrame) -> pd.DataFrame:
    """Add q, the false discovery rate at which a row would be called, over all rows that have a p.

    Parameters
    ----------
    table : DataFrame
        Column ``p``; a row without is counted as no test.

    Returns
    -------
    DataFrame
        With ``q``, columns in the order of `COLUMNS`, smallest p first.
    """
    tested = table["p"].notna().to_numpy()
    q = np.full(len(table), np.nan)
    if tested.any():
        q[tested] = stats.false_discovery_control(table["p"].to_numpy()[tested])
    named = [column for column in COLUMNS if column in table.columns or column == "q"]
    return table.assign(q=q)[named].sort_values("p", kind="stable", ignore_index=True)
