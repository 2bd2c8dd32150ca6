"""Cohort: expression, clinical table and outcome on one patient index, and what was dropped and why."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.display import list_html, remarks_html
from itgstrat.errors import CohortError, name_some
from itgstrat.outcome import DAYS_PER_UNIT, Outcome

logger = logging.getLogger(__name__)

#: What a number in the expression table is: ``log2`` of a level, ``log-ratio`` to a reference sample, ``z-score``
#: per gene over a cohort, ``rank`` within the patient over all genes; ``mixed`` where joined cohorts differ.
Unit = Literal["log2", "log-ratio", "z-score", "rank", "mixed"]


@dataclass(frozen=True)
class Dropped:
    """Something that was in the files and is not in the cohort.

    Parameters
    ----------
    what : {"patient", "sample", "gene"}
        Kind of thing.
    names : tuple of str
        Which ones.
    reason : str
        Why, in words a reader of the report understands.
    cohort : str
        Cohort it was dropped from.
    """

    what: Literal["patient", "sample", "gene"]
    names: tuple[str, ...]
    reason: str
    cohort: str = ""

    def __str__(self) -> str:
        plural = "" if len(self.names) == 1 else "s"
        return f"{len(self.names)} {self.what}{plural} dropped: {self.reason} ({name_some(self.names)})"


@dataclass(frozen=True, eq=False)
class Cohort:
    """Patients with their expression, clinical variables and outcome, aligned row by row.

    Parameters
    ----------
    name : str
        Name of the cohort.
    expression : DataFrame of float32, shape (n_patients, n_genes)
        Expression in `unit`; the index holds patient identifiers, the columns HGNC symbols. NaN is missing.
    clinical : DataFrame, shape (n_patients, n_variables)
        Clinical variables on the same index; may have no columns.
    batch : ndarray of str, shape (n_patients,)
        Cohort (platform) that each patient was measured in; the unit of standardisation.
    outcome : Outcome or None
        Survival outcome, if one was asked for.
    unit : {"log2", "log-ratio", "z-score", "rank", "mixed"}
        What the numbers in `expression` are.
    dropped : tuple of Dropped
        What was left out, and why.
    source : str
        File or dataset the cohort was read from.
    alterations : DataFrame or None, shape (n_patients, n_alterations)
        Mutations, copy number and other per-sample facts on the same index; NaN is *not assessed*, never wild
        type. None where nothing was loaded.
    n_ranked : ndarray of int64 or None, shape (n_patients,)
        Where `expression` holds ranks: among how many genes of the patient they were taken, whether or not the table
        still has all of these.

    Raises
    ------
    CohortError
        If a patient or a gene occurs twice, the tables are not on one index, or the cohort is empty.
    """

    name: str
    expression: pd.DataFrame
    clinical: pd.DataFrame
    batch: npt.NDArray[np.str_]
    outcome: Outcome | None = None
    unit: Unit = "log2"
    dropped: tuple[Dropped, ...] = ()
    source: str = ""
    alterations: pd.DataFrame | None = None
    n_ranked: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for axis, label in ((self.expression.index, "patient"), (self.expression.columns, "gene")):
            if not len(axis):
                raise CohortError(f"cohort {self.name!r} has no {label} left; {self._history()}")
            if axis.has_duplicates:
                repeated = axis[axis.duplicated()].unique()
                raise CohortError(
                    f"cohort {self.name!r}: {label}s occur twice: {name_some(repeated)}; "
                    f"every {label} must be there once"
                )
        if not self.expression.index.equals(self.clinical.index):
            raise CohortError(f"cohort {self.name!r}: expression and clinical table have different patients")
        if self.alterations is not None and not self.expression.index.equals(self.alterations.index):
            raise CohortError(f"cohort {self.name!r}: expression and alterations have different patients")
        lengths = {len(self.batch), len(self.expression)} | ({len(self.outcome)} if self.outcome else set())
        if len(lengths) != 1:
            raise CohortError(f"cohort {self.name!r}: batch or outcome does not have one entry a patient")

    def __repr__(self) -> str:
        """Say how large it is, in a line."""
        events = "no outcome" if self.outcome is None else f"{self.outcome.n_events} events"
        kinds = ("patient", "sample", "gene")
        lost = {kind: sum(len(record.names) for record in self.dropped if record.what == kind) for kind in kinds}
        dropped = ", ".join(f"{n} {kind}{'s' * (n > 1)}" for kind, n in lost.items() if n) or "nothing"
        return f"Cohort({self.name}: {self._size()}, {self.unit}; {events}; dropped: {dropped})"

    def _repr_html_(self) -> str:
        """Show size, units, outcome and what was dropped in a notebook."""
        years = DAYS_PER_UNIT["years"]
        outcome = "none: read without an endpoint"
        if self.outcome is not None:
            last = f"{self.outcome.time_days.max() / years:.1f} years" if len(self) else "nobody"
            outcome = f"{self.outcome.n_events} events; the longest follow-up is {last}"
        names, counts = np.unique(self.batch, return_counts=True)
        alterations = [] if self.alterations is None else list(self.alterations.columns)
        rows = {
            "unit of expression": self.unit,
            "outcome": outcome,
            "clinical variables": name_some(self.clinical.columns) or "none",
            "alterations": name_some(alterations) or "none loaded, which is not wild type",
            "platforms": ", ".join(f"{name} ({count})" for name, count in zip(names, counts, strict=True)),
            "source": "; ".join(Path(source).name for source in self.source.split("; ")),
        }
        return list_html(f"{self.name}: {self._size()}", rows) + remarks_html(list(map(str, self.dropped)))

    def _size(self) -> str:
        return f"{self.shape[0]:,} patients, {self.shape[1]:,} genes"

    def _history(self) -> str:
        return "; ".join(map(str, self.dropped)) or "the tables were empty"

    @property
    def patients(self) -> pd.Index:
        """Patient identifiers, in row order."""
        return self.expression.index

    @property
    def genes(self) -> pd.Index:
        """HGNC symbols, in column order."""
        return self.expression.columns

    @property
    def shape(self) -> tuple[int, int]:
        """Patients and genes, as scikit-learn asks for it."""
        return (len(self.expression.index), len(self.expression.columns))

    def __len__(self) -> int:
        return len(self.expression)

    def __getitem__(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | Sequence[int]) -> "Cohort":
        """Take patients by position or mask, as scikit-learn's splitters do; those in a row share this one's memory."""
        if isinstance(rows, tuple):  # scikit-learn indexes what has a shape with [rows, ...]
            rows = rows[0]
        rows = np.asarray(rows)
        return replace(
            self,
            expression=self.expression.iloc[_as_slice(rows)],
            clinical=self.clinical.iloc[rows],
            batch=self.batch[rows],
            outcome=None if self.outcome is None else self.outcome[rows],
            alterations=None if self.alterations is None else self.alterations.iloc[rows],
            n_ranked=None if self.n_ranked is None else self.n_ranked[rows],
        )

    def keep_genes(self, genes: Iterable[str]) -> "Cohort":
        """Leave out all other genes, so that what is copied with the patients is small.

        Parameters
        ----------
        genes : iterable of str
            Genes to keep; those that were not measured are passed over.

        Returns
        -------
        Cohort
            The same patients; genes stay in the order of the table, and ranks among all genes stay what they are.

        Raises
        ------
        CohortError
            If none of the genes was measured.
        """
        columns = np.flatnonzero(self.genes.isin(wanted := list(genes)))
        if not len(columns):
            raise CohortError(
                f"cohort {self.name!r}: none of {name_some(wanted)} is among its {len(self.genes)} genes "
                f"({name_some(self.genes)}); HGNC symbols are needed"
            )
        values = self.expression.to_numpy().take(columns, axis=1)
        return replace(self, expression=pd.DataFrame(values, index=self.patients, columns=self.genes[columns]))

    def with_clinical(self, table: pd.DataFrame) -> "Cohort":
        """Add clinical variables by patient; where a variable is there already, the new values win.

        Parameters
        ----------
        table : DataFrame
            Variables, indexed by patient; patients that the cohort does not have are left out.

        Returns
        -------
        Cohort
            A copy; patients that `table` does not have are missing in the new variables.

        Raises
        ------
        CohortError
            If no patient is shared, or one occurs twice in `table`.
        """
        fresh = self._aligned(table, "clinical table")
        kept = self.clinical.drop(columns=self.clinical.columns.intersection(fresh.columns))
        return replace(self, clinical=pd.concat([kept, fresh], axis=1))

    def with_alterations(self, table: pd.DataFrame) -> "Cohort":
        """Add alterations by patient; a patient that the table does not have is *not assessed*.

        Parameters
        ----------
        table : DataFrame
            Alterations, indexed by patient.

        Returns
        -------
        Cohort
            A copy.

        Raises
        ------
        CohortError
            If no patient is shared, or one occurs twice in `table`.
        """
        fresh = self._aligned(table, "alterations")
        if self.alterations is not None:
            kept = self.alterations.drop(columns=self.alterations.columns.intersection(fresh.columns))
            fresh = pd.concat([kept, fresh], axis=1)
        return replace(self, alterations=fresh)

    def _aligned(self, table: pd.DataFrame, label: str) -> pd.DataFrame:
        if table.index.has_duplicates:
            repeated = table.index[table.index.duplicated()].unique()
            raise CohortError(f"{label}: patients occur twice: {name_some(repeated)}")
        shared = self.patients.intersection(table.index)
        if shared.empty:
            raise CohortError(
                f"{label} and cohort {self.name!r} share no patient: {name_some(table.index, 3)} against "
                f"{name_some(self.patients, 3)}; name patients alike"
            )
        absent = self.patients.difference(table.index)
        if len(absent):
            logger.warning("%s: not in the %s: %s", self.name, label, name_some(absent))
        return table.reindex(self.patients)

    def count_measured(self) -> npt.NDArray[np.int64]:
        """Count the patients in whom each gene was measured.

        Returns
        -------
        ndarray of int64, shape (n_genes,)
            Patients, in the order of the genes.
        """
        count = np.zeros(len(self.genes), dtype=np.int64)
        for patient in self.expression.to_numpy():  # one by one: no table of truth values
            count += ~np.isnan(patient)
        return count

    def arrays(self) -> dict[str, Any]:
        """Give what a feature recipe takes, as plain arrays.

        Returns
        -------
        dict
            expression, genes, batch, covariates and ranked, as `FeatureRecipe.featurise` names them.
        """
        return {
            "expression": self.expression.to_numpy(),
            "genes": list(self.genes),
            "batch": self.batch,
            "covariates": {str(n): c.to_numpy(dtype=object, na_value=np.nan) for n, c in self.clinical.items()},
            "ranked": self.unit == "rank" if self.n_ranked is None else self.n_ranked,
        }

    def require_outcome(self) -> Outcome:
        """Give the outcome, or say that there is none.

        Returns
        -------
        Outcome
            The survival outcome.

        Raises
        ------
        CohortError
            If the cohort was read without an endpoint.
        """
        if self.outcome is None:
            raise CohortError(f"cohort {self.name!r} has no outcome; name the event and time columns in its endpoint")
        return self.outcome


def concat_cohorts(cohorts: Sequence[Cohort], name: str = "training") -> Cohort:
    """Join cohorts on the genes that all of them measured; each stays a batch and a baseline stratum.

    Parameters
    ----------
    cohorts : sequence of Cohort
        At least one; all with or all without an outcome.
    name : str
        Name of the joined cohort.

    Returns
    -------
    Cohort
        All patients, common genes in sorted order, clinical columns of any cohort (missing where not recorded).

    Raises
    ------
    CohortError
        If no gene is common, a patient is in two cohorts, or only some have an outcome.
    """
    if len(cohorts) == 1:
        return cohorts[0]
    common = sorted(set.intersection(*(set(cohort.genes) for cohort in cohorts)))
    if not common:
        sizes = ", ".join(f"{cohort.name}: {len(cohort.genes)}" for cohort in cohorts)
        raise CohortError(f"the cohorts have no gene in common ({sizes}); check their identifiers")
    if len({cohort.outcome is None for cohort in cohorts}) > 1:
        without = [cohort.name for cohort in cohorts if cohort.outcome is None]
        raise CohortError(f"some cohorts have no outcome: {name_some(without)}")
    lost = tuple(_genes_lost(cohort, common) for cohort in cohorts if len(cohort.genes) > len(common))
    units = {cohort.unit for cohort in cohorts}
    if len(units) > 1:
        logger.warning("the cohorts hold different units (%s); each is standardised apart", sorted(units))
    outcomes = [cohort.outcome for cohort in cohorts if cohort.outcome is not None]
    return Cohort(
        name=name,
        expression=_concat_expression(cohorts, common),
        clinical=pd.concat([cohort.clinical for cohort in cohorts]),
        batch=np.concatenate([cohort.batch for cohort in cohorts]),
        outcome=_concat_outcomes(outcomes) if outcomes else None,
        unit=cohorts[0].unit if len(units) == 1 else "mixed",
        dropped=sum((cohort.dropped for cohort in cohorts), ()) + lost,
        source="; ".join(cohort.source for cohort in cohorts),
        alterations=_concat_alterations(cohorts),
    )


def _as_slice(rows: npt.NDArray[Any]) -> npt.NDArray[Any] | slice:
    """Give patients in a row as a slice, of which pandas makes no copy: all of them, or one of joined cohorts."""
    places = np.flatnonzero(rows) if rows.dtype == bool else rows
    in_a_row = len(places) > 0 and places[0] >= 0 and bool((np.diff(places) == 1).all())
    return slice(int(places[0]), int(places[-1]) + 1) if in_a_row else rows


def _concat_expression(cohorts: Sequence[Cohort], genes: list[str]) -> pd.DataFrame:
    """Put the expression of cohorts below each other, with nothing between the old tables and the new one."""
    tables = [cohort.expression for cohort in cohorts]
    places = [table.columns.get_indexer(pd.Index(genes)) for table in tables]
    dtype = np.result_type(*(table.to_numpy().dtype for table in tables))
    values, start = np.empty((sum(map(len, tables)), len(genes)), dtype), 0
    for table, place in zip(tables, places, strict=True):
        for patient in table.to_numpy():
            values[start] = patient.take(place)
            start += 1
    index = pd.concat([table.iloc[:, :0] for table in tables]).index
    return pd.DataFrame(values, index=index, columns=tables[0].columns[places[0]], copy=False)


def _concat_alterations(cohorts: Sequence[Cohort]) -> pd.DataFrame | None:
    if all(cohort.alterations is None for cohort in cohorts):
        return None
    tables = [c.alterations if c.alterations is not None else pd.DataFrame(index=c.patients) for c in cohorts]
    return pd.concat(tables)


def _genes_lost(cohort: Cohort, common: list[str]) -> Dropped:
    names = tuple(sorted(set(cohort.genes) - set(common)))
    return Dropped("gene", names, "not measured in every training cohort", cohort.name)


def _concat_outcomes(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(
        np.concatenate([outcome.event for outcome in outcomes]),
        np.concatenate([outcome.time_days for outcome in outcomes]),
        np.concatenate([outcome.stratum for outcome in outcomes]),
    )
