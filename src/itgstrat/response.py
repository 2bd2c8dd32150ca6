"""The one label type: did the patient respond, in which cohort; and how a clinical column becomes it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.cohort import Cohort, Dropped
from itgstrat.errors import CohortError, OutcomeError, name_some

#: What a result on labels that a rule made is called, wherever it is told: nobody's response was observed.
RECOVERY = "surrogate-label recovery"


@dataclass(frozen=True)
class Labelling:
    """Which values of a clinical variable are the positive and which the negative label.

    Parameters
    ----------
    name : str
        Clinical variable, and name of the label.
    positive, negative : tuple of str
        Values as text; a patient with neither has no label.
    title : str
        What the label is called, where that is not the name of the variable.
    """

    name: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    title: str = ""

    def __str__(self) -> str:
        return f"{self.title or self.name} {' or '.join(self.positive)}, against {' or '.join(self.negative)}"


@dataclass(frozen=True, eq=False)
class Response:
    """A label of two classes of a set of patients.

    Parameters
    ----------
    label : ndarray of bool, shape (n_patients,)
        True where the patient has the positive label.
    stratum : ndarray of str, shape (n_patients,)
        Cohort of the patient.
    name : str
        What the label is, in words.

    Raises
    ------
    OutcomeError
        If lengths differ, or a label is neither True nor False.

    Examples
    --------
    >>> response = Response(np.array([True, False]), np.array(["one", "one"]))
    >>> len(response), response.n_positive
    (2, 1)
    """

    label: npt.NDArray[np.bool_]
    stratum: npt.NDArray[np.str_]
    name: str = "response"

    def __post_init__(self) -> None:
        if len(self.label) != len(self.stratum):
            raise OutcomeError(f"{len(self.label)} labels and {len(self.stratum)} strata; each patient needs both")
        if self.label.dtype != bool:
            raise OutcomeError(
                f"the labels are of the type {self.label.dtype}, they need to be True or False; leave patients "
                "without a label out first"
            )

    @property
    def shape(self) -> tuple[int]:
        """Shape as scikit-learn asks for it."""
        return (len(self.label),)

    @property
    def n_positive(self) -> int:
        """Number of patients with the positive label."""
        return int(self.label.sum())

    @property
    def n_negative(self) -> int:
        """Number of patients with the negative label."""
        return len(self) - self.n_positive

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "Response":
        return Response(self.label[rows], self.stratum[rows], self.name)

    def by_stratum(self) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
        """Go through the strata in sorted order.

        Yields
        ------
        tuple of str and ndarray of int
            Name of the stratum and the positions of its patients.
        """
        for name in np.unique(self.stratum):
            yield str(name), np.flatnonzero(self.stratum == name)


def require_both(response: Response, needed: int, purpose: str) -> None:
    """Check that there are enough patients of either label for what is to be done.

    Parameters
    ----------
    response : Response
        The patients at hand.
    needed : int
        Smallest number of either label that will do.
    purpose : str
        What they are needed for, for the message.

    Raises
    ------
    OutcomeError
        If there are fewer.
    """
    if min(response.n_positive, response.n_negative) < needed:
        raise OutcomeError(
            f"{response.n_positive} positive and {response.n_negative} negative labels ({response.name}) among "
            f"{len(response)} patients; {purpose} needs at least {needed} of either: use more patients, fewer folds, "
            "or another label"
        )


def keep_labelled(cohort: Cohort, labelling: Labelling) -> Cohort:
    """Leave out the patients without a label; they are counted in ``cohort.dropped``.

    Parameters
    ----------
    cohort : Cohort
        Patients, with the label among the clinical variables.
    labelling : Labelling
        Which values count.

    Returns
    -------
    Cohort
        Patients with the positive or the negative label.

    Raises
    ------
    CohortError
        If the variable is not there, or no patient has either value.
    """
    text = _text(cohort, labelling.name)
    known = text.isin([*labelling.positive, *labelling.negative]).to_numpy()
    if known.all():
        return cohort
    if not known.any():
        raise CohortError(
            f"cohort {cohort.name!r}: {labelling.name!r} holds {name_some(sorted(set(text.dropna()))) or 'nothing'}, "
            f"none of {name_some([*labelling.positive, *labelling.negative])}; check them in `response`"
        )
    others = sorted(set(text[~known].dropna()))
    reason = f"{labelling.name} is missing{f' or {name_some(others)}' if others else ''}"
    record = Dropped("patient", tuple(map(str, cohort.patients[~known])), reason, cohort.name)
    return replace(cohort[known], dropped=(*cohort.dropped, record))


def read_response(cohort: Cohort, labelling: Labelling) -> Response:
    """Read the label of patients who all have one.

    Parameters
    ----------
    cohort : Cohort
        What `keep_labelled` gave, or several of them joined; the batch is the stratum.
    labelling : Labelling
        Which values count.

    Returns
    -------
    Response
        One label a patient.

    Raises
    ------
    CohortError
        If the variable is not there, or a patient has no label.
    """
    text = _text(cohort, labelling.name)
    known = text.isin([*labelling.positive, *labelling.negative])
    if not known.all():
        raise CohortError(
            f"cohort {cohort.name!r}: no label in {name_some(cohort.patients[~known.to_numpy()])}; leave them out first"
        )
    return Response(text.isin(labelling.positive).to_numpy(dtype=bool), cohort.batch, str(labelling))


def _text(cohort: Cohort, name: str) -> "pd.Series[str]":
    if name not in cohort.clinical.columns:
        raise CohortError(
            f"cohort {cohort.name!r} has no clinical variable {name!r} for the label; it has "
            f"{name_some(cohort.clinical.columns, 12)}. Name its column in `response`, or in the cohort's `columns`"
        )
    column = cohort.clinical[name]
    return column.map(_spell, na_action="ignore")


def _spell(value: object) -> str:
    """Write 1.0 as ``1``: a column of whole numbers is read as floats."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
