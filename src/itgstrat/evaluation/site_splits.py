"""Folds that keep whole sites on one side, as even in patients and events as can be had."""

import re

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, kron

from itgstrat.cohort import Cohort
from itgstrat.errors import CohortError, name_some

#: Second field of a TCGA barcode: the tissue source site, that is the hospital.
#: https://gdc.cancer.gov/resources-tcga-users/tcga-code-tables/tissue-source-site-codes
_TISSUE_SOURCE_SITE = re.compile(r"\bTCGA[-.]([A-Z0-9]{2})[-.]", re.IGNORECASE)

#: Nodes of the search, at which the best partition found is taken. Nodes and not seconds decide, so that a busy
#: computer finds the same folds; the seconds only stop what would take too long at all.
MOST_NODES = 1000
MOST_SECONDS = 120.0


def find_sites(cohort: Cohort, column: str | None = None) -> npt.NDArray[np.str_]:
    """Find the site that each patient was treated in.

    Parameters
    ----------
    cohort : Cohort
        Patients.
    column : str, optional
        Clinical variable that names the site; from the patients' TCGA barcodes if not given.

    Returns
    -------
    ndarray of str, shape (n_patients,)
        Name of the site; for TCGA the code of the tissue source site.

    Raises
    ------
    CohortError
        If the variable is not in the clinical table, or the site of a patient is not known.
    """
    if column is None:
        found = [_TISSUE_SOURCE_SITE.search(str(patient)) for patient in cohort.patients]
        sites = np.array([match[1].upper() if match else "" for match in found], dtype=str)
        remedy = "they have no TCGA barcode; name the clinical variable that holds it in evaluation.splits.site"
    else:
        if column not in cohort.clinical.columns:
            raise CohortError(
                f"evaluation.splits.site: {column!r} is not in the clinical table, which has "
                f"{name_some(cohort.clinical.columns, 12)}; name its column in each cohort's `columns`"
            )
        values = cohort.clinical[column]
        sites = np.where(values.isna(), "", values.astype(str)).astype(str)
        remedy = f"{column!r} is missing; fill it in, or leave the patients out"
    if unknown := [name for name, site in zip(cohort.patients, sites, strict=True) if not site]:
        raise CohortError(f"the site of {len(unknown)} patients is not known ({name_some(unknown)}): {remedy}")
    return sites


def assign_sites(sites: npt.NDArray[np.str_], event: npt.NDArray[np.bool_], n_folds: int) -> npt.NDArray[np.intp]:
    r"""Assign whole sites to folds, as even in patients and events as the search finds.

    With x_sk = 1 where site s is in fold k, and n_qs the patients (q = 1) and events (q = 2) of a site,

    .. math:: \min \sum_{q,k} \Big| \frac{\sum_s n_{qs} x_{sk}}{\frac1K \sum_s n_{qs}} - 1 \Big|
        \quad\text{with}\quad \sum_k x_{sk} = 1,\ \text{an event in every fold}

    a mixed-integer linear program. The search is deterministic and ends after `MOST_NODES` nodes with the best
    partition found.

    Parameters
    ----------
    sites : ndarray of str, shape (n_patients,)
        Site of each patient.
    event : ndarray of bool, shape (n_patients,)
        Whether the event was seen.
    n_folds : int
        Number of folds.

    Returns
    -------
    ndarray of int, shape (n_patients,)
        Fold of each patient; fold 0 holds the largest site.

    Raises
    ------
    CohortError
        If fewer sites than folds have an event.

    References
    ----------
    Howard 2021, doi 10.1038/s41467-021-24698-1

    Examples
    --------
    >>> sites = np.array(["A", "A", "A", "B", "B", "C"])
    >>> assign_sites(sites, np.array([True, True, False, True, False, True]), 2)
    array([0, 0, 0, 1, 1, 1])
    """
    names, patient_site, size = np.unique(sites, return_inverse=True, return_counts=True)
    events = np.bincount(patient_site, weights=event, minlength=len(names))
    able = int((events > 0).sum())
    if able < n_folds:
        raise CohortError(
            f"{len(names)} sites, {able} of them with an event, for {n_folds} folds of whole sites: "
            "use fewer folds (evaluation.folds), or evaluation.splits.kind: random"
        )
    order = np.lexsort((names, -events, -size))
    fold_of = np.empty(len(names), dtype=np.intp)
    fold_of[order] = _partition(size[order].astype(np.float64), events[order].astype(np.float64), n_folds)
    return fold_of[patient_site]


def _partition(size: npt.NDArray[np.float64], events: npt.NDArray[np.float64], n_folds: int) -> npt.NDArray[np.intp]:
    """Solve the program of `assign_sites`; sites are ordered by size, largest first."""
    n_sites = len(size)
    shares = np.stack([size / size.sum(), events / events.sum()]) * n_folds
    own = kron(csr_array(shares), eye_array(n_folds))  # (2 x folds) rows: share of each quantity in each fold
    slack, none = eye_array(2 * n_folds), csr_array((n_sites, 2 * n_folds))
    assigned = hstack([kron(eye_array(n_sites), np.ones((1, n_folds))), none])
    has_event = hstack([kron(csr_array(events[None, :]), eye_array(n_folds)), csr_array((n_folds, 2 * n_folds))])
    n_cells = n_sites * n_folds
    upper = np.ones((n_sites, n_folds))
    # folds have no names: site s may open fold s at the latest, which spares the search all permutations
    upper[np.triu_indices(n_sites, 1, n_folds)] = 0
    found = milp(
        np.concatenate([np.zeros(n_cells), np.ones(2 * n_folds)]),
        integrality=np.concatenate([np.ones(n_cells), np.zeros(2 * n_folds)]),
        bounds=Bounds(0, np.concatenate([upper.ravel(), np.full(2 * n_folds, np.inf)])),
        constraints=[
            LinearConstraint(assigned, 1, 1),
            LinearConstraint(hstack([own, -slack]), -np.inf, 1),
            LinearConstraint(hstack([own, slack]), 1, np.inf),
            LinearConstraint(has_event, 1, np.inf),
        ],
        options={"node_limit": MOST_NODES, "time_limit": MOST_SECONDS},
    )
    if found.x is None:
        raise CohortError(
            f"no even partition of {n_sites} sites into {n_folds} folds was found ({found.message}); use fewer folds"
        )
    fold: npt.NDArray[np.intp] = found.x[:n_cells].reshape(n_sites, n_folds).argmax(axis=1)
    return fold


def describe_balance(sites: npt.NDArray[np.str_], event: npt.NDArray[np.bool_], fold: npt.NDArray[np.intp]) -> str:
    """Say how even folds of whole sites came out.

    Parameters
    ----------
    sites, event, fold : ndarray, shape (n_patients,)
        As `assign_sites` takes and gives them.

    Returns
    -------
    str
        One line with the smallest and largest fold.
    """
    patients, events = np.bincount(fold), np.bincount(fold, weights=event).astype(int)
    return (
        f"site-preserved: {len(np.unique(sites))} sites in {len(patients)} folds, whole sites on one side, no "
        f"repetitions; {patients.min()} to {patients.max()} patients and {events.min()} to {events.max()} events a "
        f"fold (even would be {patients.mean():.1f} and {events.mean():.1f})"
    )
