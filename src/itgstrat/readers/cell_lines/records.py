"""What a screen of cell lines gives: profiles and responses, one row a line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

import pandas as pd

from itgstrat.errors import InputError, name_some

Measures = Literal["mRNA", "protein"]


@dataclass(frozen=True, eq=False)
class LineProfiles:
    """What was measured in each cell line before any drug.

    Parameters
    ----------
    name : str
        Data set and platform.
    values : DataFrame of float64, shape (n_lines, n_features)
        NaN is not measured; no line is without any value.
    measures : {"mRNA", "protein"}
        Kind of molecule.
    unit : str
        Unit of the values.
    genes : mapping of str to str
        Feature -> HGNC symbol; features without an approved symbol are left out.
    """

    name: str
    values: pd.DataFrame
    measures: Measures
    unit: str
    genes: Mapping[str, str]

    def renamed(self, lines: Mapping[str, str]) -> Self:
        """Put other line names in place of these.

        Parameters
        ----------
        lines : mapping of str to str
            Name here -> other name; lines that are not in it are left out.

        Returns
        -------
        LineProfiles
            The lines that have another name, under it.

        Raises
        ------
        InputError
            If no line has another name, or two get the same.
        """
        return replace(self, values=_rename(self.values, lines, self.name))


@dataclass(frozen=True, eq=False)
class LineResponses:
    """How each cell line responded; a higher value is always a more sensitive line.

    Parameters
    ----------
    name : str
        Data set.
    values : DataFrame of float64, shape (n_lines, n_labels)
        NaN is not tested. The columns are the ids of the data set.
    unit : str
        Unit, with the sign as it stands here.
    drugs : mapping of str to str
        Id -> name of the drug, or of the gene that was knocked out.
    """

    name: str
    values: pd.DataFrame
    unit: str
    drugs: Mapping[str, str]

    def ids(self, *names: str) -> tuple[str, ...]:
        """Find a drug by its names, whatever capitals, blanks and dashes they are written with.

        Parameters
        ----------
        *names : str
            Name and synonyms.

        Returns
        -------
        tuple of str
            Every id of the drug; one drug may have been tested several times.

        Examples
        --------
        >>> table = pd.DataFrame({"158": [1.0]}, index=["A"])
        >>> LineResponses("GDSC", table, "-ln IC50", {"158": "PF-562271"}).ids("PF 562271")
        ('158',)
        """
        wanted = {plain_name(name) for name in names}
        return tuple(label for label, name in self.drugs.items() if plain_name(name) in wanted)

    def renamed(self, lines: Mapping[str, str]) -> Self:
        """Put other line names in place of these; see `LineProfiles.renamed`.

        Parameters
        ----------
        lines : mapping of str to str
            Name here -> other name.

        Returns
        -------
        LineResponses
            The lines that have another name, under it.

        Raises
        ------
        InputError
            If no line has another name, or two get the same.
        """
        return replace(self, values=_rename(self.values, lines, self.name))


def plain_name(name: str) -> str:
    """Strip a name of all but letters and digits, in small letters.

    Parameters
    ----------
    name : str
        Name of a drug or a line.

    Returns
    -------
    str
        For comparison only.

    Examples
    --------
    >>> plain_name("LOX IMVI"), plain_name("LOX_IMVI")
    ('loximvi', 'loximvi')
    """
    return re.sub(r"[\W_]", "", name).lower()


def _rename(table: pd.DataFrame, lines: Mapping[str, str], name: str) -> pd.DataFrame:
    kept = table[[line in lines for line in table.index]]
    if kept.empty:
        raise InputError(
            f"{name}: none of its lines ({name_some(table.index)}) has another name in the list of lines "
            f"({name_some(lines)}); give the list of the release that the data are of"
        )
    kept = kept.rename(index=dict(lines))
    if kept.index.has_duplicates:
        twice = name_some(kept.index[kept.index.duplicated()].unique())
        raise InputError(f"{name}: several lines become one: {twice}; keep one row a line")
    return kept
