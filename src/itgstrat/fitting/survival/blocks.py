"""Blocks: which features are signatures, genes, clinical variables or alterations, by the names of their columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: Ends of the names of alterations, by which their kind is told.
MUTATION, COPY_NUMBER = ("_mut",), ("_cnv", "_cna", "_amp", "_del", "_gain", "_loss")


@dataclass(frozen=True)
class Blocks:
    """Names by which the columns of a design are told apart.

    Parameters
    ----------
    clinical, alterations : frozenset of str
        Variables.
    signatures : frozenset of str
        Signature ids; what is none of the three is a gene.
    entries : mapping of str to frozenset of str
        Entry of a configuration -> ids of its signatures, or its genes.
    """

    clinical: frozenset[str] = frozenset()
    alterations: frozenset[str] = frozenset()
    signatures: frozenset[str] = frozenset()
    entries: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def choose(self, columns: Sequence[str], names: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell which columns belong to some blocks.

        Parameters
        ----------
        columns : sequence of str
            Feature names.
        names : sequence of str
            ``signatures``, ``genes``, ``clinical``, ``alterations``, of these ``mutations`` or ``copy_number`` apart,
            or names of `entries`.

        Returns
        -------
        ndarray of bool, shape (n_columns,)
            True where a column is in one of them.

        Examples
        --------
        >>> Blocks(clinical=frozenset({"grade"})).choose(["ITGB6", "grade=2"], ["clinical"])
        array([False,  True])
        """
        wanted = frozenset().union(*(self.entries.get(name, frozenset()) for name in names))
        asked = {*names}
        return np.array([bool(self._blocks(column) & asked or _base(column) in wanted) for column in columns])

    def _blocks(self, column: str) -> set[str]:
        source = source_of(column)
        if column in self.alterations or source in self.alterations:
            kinds = {"mutations": source.endswith(MUTATION), "copy_number": source.endswith(COPY_NUMBER)}
            return {"alterations", *(kind for kind, so in kinds.items() if so)}
        if source in self.clinical:
            return {"clinical"}
        return {"signatures" if _base(column) in self.signatures else "genes"}


def _base(column: str) -> str:
    """Signature that a column is a form of: ``ID:product`` and ``ID:adjusted`` are forms of ID."""
    return column.partition(":")[0]


def source_of(column: str) -> str:
    """Name of the clinical variable a feature column stands for (``grade=3`` -> ``grade``)."""
    return column.partition("=")[0]
