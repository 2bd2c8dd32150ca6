"""Gene labels of any kind -> approved HGNC symbols, one row of numbers a symbol; what is lost is named."""

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.biology.hgnc import GeneTable, load_hgnc
from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.spreadsheet import find_mangled

logger = logging.getLogger(__name__)

Array = npt.NDArray[np.float32]
Identifier = Literal["HGNC symbol", "Ensembl gene", "Entrez gene", "SYMBOL|ENTREZ"]
#: Which of several rows of one gene stays.
Duplicates = Literal["highest_mean", "mean", "first", "fail"]

_SEVERAL = re.compile(r"/{2,}")
_ENSEMBL = re.compile(r"ENS[A-Z]*G[R0]?\d{10,11}(\.\d+)?(_PAR_Y)?")
_ENTREZ = re.compile(r"(?:ENTREZ_)?(\d+)")
_PIPED = re.compile(r"([^|]*)\|(\d+)")
_UNKNOWN = "no approved gene has this label"
_SEVERAL_GENES = "label of several genes (A///B)"
_OUTDATED = "old name of a gene that is there under its approved, or another old, name"
_COPY: dict[Duplicates, str] = {
    "highest_mean": "another row of the same gene has the higher mean",
    "mean": "averaged with other rows of the same gene",
    "first": "an earlier row of the same gene stays",
    "fail": "",
}


@dataclass(frozen=True, slots=True)
class Label:
    """What one gene label was found to mean.

    Parameters
    ----------
    symbol : str
        Approved symbol; empty if there is none.
    direct : bool
        True for an approved symbol or a database id, False for an old name or alias.
    lost : str
        Why there is no symbol; empty otherwise.
    mangled : bool
        True for a date that a spreadsheet made of a symbol.
    """

    symbol: str = ""
    direct: bool = True
    lost: str = ""
    mangled: bool = False


@dataclass(frozen=True, eq=False)
class GeneMapping:
    """Gene labels of a table and the approved symbols behind them.

    Parameters
    ----------
    labels : tuple of str
        Labels as written.
    meanings : tuple of Label
        What each was found to mean.
    identifier : {"HGNC symbol", "Ensembl gene", "Entrez gene", "SYMBOL|ENTREZ"}
        Kind of identifier that most labels are.
    kinds : mapping of str to int
        Number of labels of each kind.
    """

    labels: tuple[str, ...]
    meanings: tuple[Label, ...]
    identifier: Identifier
    kinds: dict[Identifier, int]

    @property
    def n_resolved(self) -> int:
        """Number of labels with an approved symbol."""
        return sum(1 for meaning in self.meanings if meaning.symbol)

    @property
    def n_renamed(self) -> int:
        """Number of labels that are an old name or alias of their gene."""
        return sum(1 for meaning in self.meanings if meaning.symbol and not meaning.direct)

    @property
    def mangled(self) -> tuple[str, ...]:
        """Labels that are dates made of symbols by a spreadsheet, with the gene where there is only one."""
        pairs = zip(self.labels, self.meanings, strict=True)
        return tuple(f"{label} ({meaning.symbol or 'several'})" for label, meaning in pairs if meaning.mangled)

    @property
    def share(self) -> float:
        """Share of the labels with an approved symbol."""
        return self.n_resolved / len(self.labels)

    @property
    def symbols(self) -> frozenset[str]:
        """Approved symbols found."""
        return frozenset(meaning.symbol for meaning in self.meanings if meaning.symbol)

    def lost(self, cohort: str = "") -> tuple[Dropped, ...]:
        """Name the labels without a symbol by reason, those that may mean an integrin gene first.

        Parameters
        ----------
        cohort : str
            Name of the cohort, for the record.

        Returns
        -------
        tuple of Dropped
            One entry a reason.
        """
        reasons: dict[str, list[str]] = {}
        for label, meaning in zip(self.labels, self.meanings, strict=True):
            if meaning.lost:
                reasons.setdefault(meaning.lost, []).append(label)
        return tuple(Dropped("gene", _integrins_first(names), why, cohort) for why, names in sorted(reasons.items()))


def map_genes(labels: Sequence[str], table: GeneTable | None = None) -> GeneMapping:
    """Find the approved symbol behind each gene label.

    Every label is read by its own form: Ensembl gene id with or without version, Entrez gene id,
    ``SYMBOL|ENTREZ`` (the id counts, also in ``?|100130426``), else a symbol, old symbol or alias. An old
    name counts only where it leads to one gene; so does a date that a spreadsheet made of a symbol (``2-Sep``).

    Parameters
    ----------
    labels : sequence of str
        Gene labels of a table.
    table : GeneTable, optional
        Gene names; the packaged HGNC table if not given.

    Returns
    -------
    GeneMapping
        The meaning of each label, and the kind that most of them are.

    Raises
    ------
    InputError
        If there is no label.

    Examples
    --------
    >>> mapping = map_genes(["ENSG00000115221.12", "ENSG00000000000"])
    >>> mapping.identifier, mapping.n_resolved
    ('Ensembl gene', 1)
    """
    if not labels:
        raise InputError("the table has no gene labels")
    table = table or load_hgnc()
    kinds: Counter[Identifier] = Counter()
    meanings = []
    for label in labels:
        kind, meaning = _read_label(label.strip(), table)
        kinds[kind] += 1
        meanings.append(meaning)
    return GeneMapping(tuple(labels), tuple(meanings), kinds.most_common(1)[0][0], dict(kinds))


def _read_label(label: str, table: GeneTable) -> tuple[Identifier, Label]:
    if label in table.symbols:
        return "HGNC symbol", Label(label)
    if match := _PIPED.fullmatch(label):
        symbol = table.from_entrez(match[2])
        return "SYMBOL|ENTREZ", Label(symbol) if symbol else _read_symbol(match[1], table)
    if match := _ENTREZ.fullmatch(label):
        return "Entrez gene", _by_id(table.from_entrez(match[1]))
    if _ENSEMBL.fullmatch(label):
        return "Ensembl gene", _by_id(table.from_ensembl(label))
    if _SEVERAL.search(label):
        return "HGNC symbol", Label(lost=_SEVERAL_GENES)
    return "HGNC symbol", _read_symbol(label, table)


def _by_id(symbol: str | None) -> Label:
    return Label(symbol) if symbol else Label(lost=_UNKNOWN)


def _read_symbol(name: str, table: GeneTable) -> Label:
    found = table.resolve(name)
    if found is None:
        genes = find_mangled(name, table)
        if len(genes) > 1:
            return Label(lost=f"date that a spreadsheet made of {' or '.join(genes)}", mangled=True)
        return Label(genes[0], direct=False, mangled=True) if genes else Label(lost=_UNKNOWN)
    if found.symbol is None:
        return Label(lost="old name of several genes")
    return Label(found.symbol, direct=found.how == "approved")


def _integrins_first(labels: Sequence[str]) -> tuple[str, ...]:
    integrins = set(load_catalogue().integrin_genes())
    return tuple(sorted(labels, key=lambda label: (not _may_mean(label, integrins), label)))


def _may_mean(label: str, genes: set[str]) -> bool:
    table = load_hgnc()
    for part in re.split(r"[/|,;\s]+", label):
        if part in genes:
            return True
        found = table.previous.get(part) or table.alias.get(part)
        if found and not genes.isdisjoint(found.split("|")):
            return True
    return False


def collapse_genes(
    expression: Array, mapping: GeneMapping, duplicates: Duplicates = "highest_mean", cohort: str = ""
) -> tuple[tuple[str, ...], Array, tuple[Dropped, ...]]:
    """Give each approved symbol one column; labels without a symbol are left out and named.

    Where a gene is there under its approved symbol (or id) and also under an old name, the old name is left
    out; of several old names the first in alphabetical order stays. So this depends on no number, and a
    patient read alone has the same genes as among others. Rows that still share a symbol (probes of one
    label) are handled by `duplicates`.

    Parameters
    ----------
    expression : ndarray of float32, shape (n_patients, n_labels)
        Numbers, one column a label.
    mapping : GeneMapping
        Meaning of the labels.
    duplicates : {"highest_mean", "mean", "first", "fail"}
        Keep the one with the highest mean over the patients, their mean, the first in the file, or refuse.
        ``"highest_mean"`` is the only one that looks at the other patients in the file.
    cohort : str
        Name of the cohort, for the record.

    Returns
    -------
    symbols : tuple of str
        Approved symbols, in the order of their first label.
    expression : ndarray of float32, shape (n_patients, n_symbols)
        Their numbers.
    dropped : tuple of Dropped
        Labels left out, by reason.

    Raises
    ------
    InputError
        If the policy is unknown, or it is ``"fail"`` and a gene occurs twice.
    """
    if duplicates not in get_args(Duplicates):
        raise InputError(f"duplicates {duplicates!r} is not known; use one of {', '.join(get_args(Duplicates))}")
    if mapping.mangled:
        logger.warning("%s: symbols turned into dates by a spreadsheet: %s", cohort, name_some(mapping.mangled))
    groups, outdated = group_labels(mapping)
    repeated = {symbol: found for symbol, found in groups.items() if len(found) > 1}
    if repeated and duplicates == "fail":
        raise InputError(
            f"{cohort or 'the table'}: genes occur more than once: {name_some(repeated)}; remove the "
            "copies, or "
            'declare duplicates "highest_mean", "mean" or "first"'
        )
    result, kept = gather_genes(expression, list(groups.values()), duplicates)
    stays = dict(zip(groups, kept, strict=True))
    copies = [at for symbol, found in repeated.items() for at in found if at != stays[symbol]]
    records = [
        _record(mapping, outdated, _OUTDATED, cohort),
        _record(mapping, copies, _COPY[duplicates], cohort),
    ]
    return tuple(groups), result, (*mapping.lost(cohort), *(record for record in records if record.names))


def gather_genes(
    expression: Array, groups: Sequence[Sequence[int]], duplicates: Duplicates
) -> tuple[Array, tuple[int, ...]]:
    """Make one column of the labels of each gene.

    Parameters
    ----------
    expression : ndarray of float32, shape (n_patients, n_labels)
        Numbers, one column a label.
    groups : sequence of sequence of int
        Positions of the labels of each gene, from `group_labels`.
    duplicates : {"highest_mean", "mean", "first", "fail"}
        As in `collapse_genes`.

    Returns
    -------
    expression : ndarray of float32, shape (n_patients, n_groups)
        One column a gene; the array that was given where every label is a gene of its own.
    kept : tuple of int
        Position of the label that stays, or that stands for the mean.
    """
    kept = [found[0] for found in groups]
    repeated = [place for place, found in enumerate(groups) if len(found) > 1]
    if duplicates == "highest_mean":
        for place in repeated:
            kept[place] = _highest_mean(expression, groups[place])
    as_they_are = kept == list(range(expression.shape[1]))  # one label a gene: nothing has to be copied
    result = np.ascontiguousarray(expression) if as_they_are else expression.take(kept, axis=1)
    if duplicates == "mean":
        for place in repeated:
            result[:, place] = _mean(expression[:, list(groups[place])])
    return result, tuple(kept)


def group_labels(mapping: GeneMapping) -> tuple[dict[str, list[int]], list[int]]:
    """Gather the positions of each symbol; of old names at most one label stays, whatever the numbers.

    Parameters
    ----------
    mapping : GeneMapping
        Meaning of the labels.

    Returns
    -------
    groups : dict of str to list of int
        Symbol -> positions of its labels, in the order of their first label.
    outdated : list of int
        Positions of old names that are left out.
    """
    groups: dict[str, list[int]] = {}
    for at, meaning in enumerate(mapping.meanings):
        if meaning.symbol:
            groups.setdefault(meaning.symbol, []).append(at)
    outdated = []
    for symbol, found in groups.items():
        stay = [at for at in found if mapping.meanings[at].direct]
        if not stay:
            oldest = min(mapping.labels[at] for at in found)
            stay = [at for at in found if mapping.labels[at] == oldest]
        if len(stay) < len(found):
            outdated += sorted(set(found) - set(stay))
            groups[symbol] = stay
    return groups, outdated


def _record(mapping: GeneMapping, places: Sequence[int], reason: str, cohort: str) -> Dropped:
    return Dropped("gene", _integrins_first([mapping.labels[at] for at in places]), reason, cohort)


def _highest_mean(expression: Array, found: Sequence[int]) -> int:
    means = np.nan_to_num(_mean(expression[:, list(found)].T), nan=-np.inf)
    return found[int(np.argmax(means))]


def _mean(rows: Array) -> Array:
    """Average over the last axis, leaving out what is missing."""
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    total = np.where(known, rows, 0).sum(axis=1, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
