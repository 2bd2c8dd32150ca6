"""A cohort without outcome in blocks of patients: the patients of `read_cohort`, in little memory."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.cohort import Cohort, Dropped
from itgstrat.readers.barcodes import Samples
from itgstrat.readers.beside import Source
from itgstrat.readers.clinical import ColumnRule
from itgstrat.readers.clinical_source import load_clinical
from itgstrat.readers.expression_stream import ExpressionStream, stream_expression
from itgstrat.readers.matrix import Array
from itgstrat.readers.patients import Wanted, as_rules, read_patients
from itgstrat.readers.reading import load_alterations
from itgstrat.readers.units import COHORT_UNIT

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class CohortStream:
    """A cohort, block by block.

    Parameters
    ----------
    expression : ExpressionStream
        The expression.
    kept : ndarray of bool, shape (n_patients,)
        Patients of `expression` that stay.
    clinical : DataFrame, shape (n_kept, n_variables)
        Clinical variables, of all of them.
    alterations : DataFrame or None, shape (n_kept, n_alterations)
        Mutations, copy number and other per-sample facts; NaN is not assessed.
    dropped : tuple of Dropped
        What was left out, and why.
    """

    expression: ExpressionStream
    kept: npt.NDArray[np.bool_]
    clinical: pd.DataFrame
    alterations: pd.DataFrame | None
    dropped: tuple[Dropped, ...]

    @property
    def name(self) -> str:
        """Name of the cohort."""
        return self.expression.name

    @property
    def patients(self) -> "pd.Index[str]":
        """Patients that stay."""
        return self.clinical.index

    def facts(self) -> Cohort:
        """Give all patients with all that is known beside their expression, which is left empty.

        Returns
        -------
        Cohort
            With one gene that was measured in nobody.
        """
        nothing = pd.DataFrame(np.full((len(self.patients), 1), np.nan, np.float32), self.patients, ["(not read)"])
        return self._cohort(nothing, slice(None))

    def cohorts(self, first: int = 0) -> Iterator[Cohort | None]:
        """Give block after block.

        Parameters
        ----------
        first : int
            Number of the first block that is wanted, from 0.

        Returns
        -------
        iterator of Cohort or None
            The patients of the block; None where none of its samples stays. It keeps no block that it gave.

        Raises
        ------
        InputError
            As `ExpressionStream.blocks`.
        """
        place: npt.NDArray[np.intp] = np.cumsum(self.kept) - self.kept

        def build(block: tuple[slice, Array]) -> Cohort | None:
            rows, values = block
            own = self.kept[rows]
            if not own.any():
                return None
            part = slice(int(place[rows.start]), int(place[rows.start] + own.sum()))
            values = values if own.all() else values[own]
            frame = pd.DataFrame(values, self.patients[part], list(self.expression.genes), copy=False)
            return self._cohort(frame, part)

        return map(build, self.expression.blocks(first))

    def take(self, n_patients: int | None = None) -> Cohort:
        """Give the first patients as one cohort.

        Parameters
        ----------
        n_patients : int, optional
            How many; all if not given.

        Returns
        -------
        Cohort
            They are held in memory at once.

        Raises
        ------
        InputError
            As `ExpressionStream.blocks`.
        """
        n_patients = len(self.patients) if n_patients is None else min(n_patients, len(self.patients))
        parts: list[Array] = []
        for rows, values in self.expression.blocks():
            parts.append(values[self.kept[rows]])
            if sum(map(len, parts)) >= n_patients:
                break
        values = np.concatenate(parts)[:n_patients] if len(parts) > 1 else parts[0][:n_patients]
        frame = pd.DataFrame(values, self.patients[:n_patients], list(self.expression.genes), copy=False)
        return self._cohort(frame, slice(0, n_patients))

    def _cohort(self, expression: pd.DataFrame, rows: slice) -> Cohort:
        return Cohort(
            name=self.name,
            expression=expression,
            clinical=self.clinical.iloc[rows],
            batch=np.full(len(expression), self.name),
            unit=COHORT_UNIT[self.expression.unit],
            dropped=self.dropped,
            source=self.expression.cohort.head.source,
            alterations=None if self.alterations is None else self.alterations.iloc[rows],
        )


@contextmanager
def stream_cohort(
    source: str | Path,
    genes: Collection[str] | None = None,
    *,
    name: str | None = None,
    clinical: str | Path | pd.DataFrame | None = None,
    columns: Mapping[str, ColumnRule | str] | None = None,
    id_column: str | None = None,
    samples: Samples = "primary",
    alterations: Source | Sequence[Source] | None = None,
    **options: object,
) -> Iterator[CohortStream]:
    """Open a cohort without outcome to be read in blocks; the patients are those of `read_cohort`.

    Clinical variables and alterations are read as a whole: they are small.

    Parameters
    ----------
    source : str or Path
        Expression file; see `open_cohort` for what is read in blocks.
    genes : collection of str, optional
        HGNC symbols that are wanted; all if not given.
    name, clinical, columns, id_column, samples, alterations
        As in `read_cohort`.
    **options
        As `stream_expression` takes them: block, orientation, layout, unit, duplicates, and what one layout alone
        knows.

    Yields
    ------
    CohortStream
        Open until the end of the ``with`` block.

    Raises
    ------
    InputError
        As `read_cohort`.
    """
    with stream_expression(source, genes, samples=samples, name=name, **options) as expression:  # type: ignore[arg-type]
        raw, selection = expression.cohort.head, expression.selection
        wanted = Wanted(None, as_rules(columns), id_column, samples)
        patients = read_patients(raw, selection, load_clinical(raw, clinical), wanted, expression.name)
        altered = load_alterations(raw, alterations, selection, expression.name)
        dropped = (*expression.dropped, *patients.dropped, *expression.lost)
        for record in dropped:
            logger.warning("%s: %s", expression.name, record)
        altered = None if altered is None else altered[patients.kept]
        yield CohortStream(expression, patients.kept, patients.clinical, altered, dropped)
