"""From variants to columns: a gene is mutated (1), not mutated (0), or not assessed (NaN)."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.biology.alterations import Alteration, load_alterations, make_alteration
from itgstrat.errors import name_some
from itgstrat.readers.alterations import Alterations
from itgstrat.readers.maf import NOT_ALTERING, PROTEIN_ALTERING, Mutations, read_maf
from itgstrat.readers.profiling import Profiling, make_profiling

Column = npt.NDArray[np.float64]
#: What can be had besides: the highest allele fraction of each gene, the number of variants.
Extra = Literal["vaf", "burden"]
#: Kinds of alteration that a mutation table gives.
KINDS = ("mutation", "codon", "splice")
#: What counts at a codon, where neither the exact substitution nor the classes are given.
_AT_CODON = frozenset(["Missense_Mutation", "In_Frame_Del", "In_Frame_Ins"])
_NAMES = (
    *("Ala", "Arg", "Asn", "Asp", "Cys", "Gln", "Glu", "Gly", "His", "Ile", "Leu"),
    *("Lys", "Met", "Phe", "Pro", "Ser", "Thr", "Trp", "Tyr", "Val", "Ter", "Sec"),
)
_LETTERS = dict(zip(_NAMES, "ARNDCQEGHILKMFPSTWYV*U", strict=True))
_WORDS = re.compile("|".join(_LETTERS))
_CHANGE = re.compile(r"(?:p\.)?\(?([A-Z*])(\d+)(?:_([A-Z*])(\d+))?(.*?)\)?")
_WANTED = re.compile(r"([A-Z*]?)(\d+)([A-Z*]?)")
#: Bases beside the exon in which a deletion or substitution can still reach the splice site (acceptor tract).
_MARGIN = 50
_BUILDS = {"GRCH37": "GRCh37", "HG19": "GRCh37", "37": "GRCh37", "GRCH38": "GRCh38", "HG38": "GRCh38", "38": "GRCh38"}
#: A file of at least so many samples with variants in fewer genes than this is a panel, or was cut to one: the
#: largest common panels have about 500 genes, exomes of 50 tumours more than 600 mutated genes.
_PANEL_GENES, _PANEL_SAMPLES = 600, 50


class _Row(Protocol):
    """A variant, as a row of `Mutations.variants`."""

    effect: str
    change: str
    build: str
    start: float
    end: float


@dataclass(frozen=True)
class ProteinChange:
    """A change of the protein as HGVS writes it.

    Parameters
    ----------
    residue : str
        First residue that changes.
    first, last : int
        Its codon, and the last one that changes.
    result : str
        What stands after the position, such as ``D``, ``del``, ``fs*12``.
    """

    residue: str
    first: int
    last: int
    result: str


def read_change(text: object) -> ProteinChange | None:
    """Read a protein change, with or without ``p.``, in one or three letters.

    Parameters
    ----------
    text : object
        Such as ``p.G12D``, ``p.Glu746_Ala750del``; not text where missing.

    Returns
    -------
    ProteinChange or None
        None if it cannot be read.

    Examples
    --------
    >>> read_change("p.Glu746_Ala750del")
    ProteinChange(residue='E', first=746, last=750, result='del')
    """
    if not isinstance(text, str):
        return None
    short = _WORDS.sub(lambda match: _LETTERS[match[0]], text.strip().rpartition(":")[2])
    match = _CHANGE.fullmatch(short)
    if match is None:
        return None
    first = int(match[2])
    return ProteinChange(match[1], first, int(match[4] or first), match[5])


def tabulate_mutations(
    found: Mutations, wanted: Sequence[Alteration], profiling: Profiling | None = None, extras: Collection[Extra] = ()
) -> Alterations:
    """Make one column an alteration and one row a sample that was profiled.

    A cell is 1 where a variant of that kind was found; else NaN where the gene was not assessed in the sample
    (not on its panel), or a variant is there whose effect or position cannot be read; else 0.

    Parameters
    ----------
    found : Mutations
        Variants.
    wanted : sequence of Alteration
        Those of kind mutation, codon and splice are made.
    profiling : Profiling, optional
        Who else was profiled, and on which panel. A sample that is neither listed nor in the variants has no
        row: not assessed.
    extras : collection of {"vaf", "burden"}
        ``vaf`` adds the highest allele fraction of each mutated gene (``GENE_vaf``); ``burden`` adds
        ``n_mutations``, the number of protein-altering variants, missing for samples on a panel.

    Returns
    -------
    Alterations
        With notes on what is ambiguous.
    """
    profiling = profiling or Profiling()
    keys = profiling.everyone(found.samples)
    assessed = profiling.genes_of(keys)
    variants = found.variants[found.variants["gene"].notna()]
    thin = _looks_like_panel(found, assessed)
    seen = frozenset(variants["gene"])
    columns: dict[str, Column] = {}
    wanted = [alteration for alteration in wanted if alteration.kind in KINDS]
    genes = dict.fromkeys(alteration.gene for alteration in wanted)
    asked = variants[variants["gene"].isin(list(genes))]
    for alteration in wanted:
        hits, unsure = _judge(asked[asked["gene"] == alteration.gene], alteration)
        columns[alteration.id] = _column(keys, assessed, alteration.gene, hits, unsure, seen if thin else None)
    if "vaf" in extras:
        columns |= {f"{gene}_vaf": _highest_vaf(asked, gene, keys) for gene in genes}
    if "burden" in extras:
        columns["n_mutations"] = _burden(variants, keys, assessed)
    table = pd.DataFrame(columns, index=pd.Index(keys, name="sample"))
    notes = [*found.notes, *_notes(found, keys, genes, seen, thin)]
    return Alterations(table, found.source, tuple(notes))


def _looks_like_panel(found: Mutations, assessed: dict[str, frozenset[str] | None]) -> bool:
    unlimited = any(genes is None for genes in assessed.values())
    n_genes = found.variants["gene"].nunique()
    return unlimited and len(found.samples) >= _PANEL_SAMPLES and n_genes < _PANEL_GENES


def _column(
    keys: Sequence[str],
    assessed: dict[str, frozenset[str] | None],
    gene: str,
    hits: frozenset[str],
    unsure: frozenset[str],
    seen: frozenset[str] | None,
) -> Column:
    values = np.full(len(keys), np.nan)
    for at, key in enumerate(keys):
        genes = assessed[key] if assessed[key] is not None else seen
        if key in hits:
            values[at] = 1.0
        elif key not in unsure and (genes is None or gene in genes):
            values[at] = 0.0
    return values


def _judge(own: pd.DataFrame, alteration: Alteration) -> tuple[frozenset[str], frozenset[str]]:
    """Samples with the alteration, and samples with a variant that may be it."""
    rows: Any = own.itertuples()
    verdicts = [_VERDICTS[alteration.kind](row, alteration) for row in rows]
    hits = frozenset(sample for sample, verdict in zip(own["sample"], verdicts, strict=True) if verdict)
    unsure = frozenset(sample for sample, verdict in zip(own["sample"], verdicts, strict=True) if verdict is None)
    return hits, unsure - hits


def _is_mutation(row: _Row, alteration: Alteration) -> bool | None:
    if row.effect in (alteration.classes or PROTEIN_ALTERING):
        return True
    return None if _unknown(row.effect) else False


def _unknown(effect: object) -> bool:
    return effect not in PROTEIN_ALTERING and effect not in NOT_ALTERING


def _is_codon(row: _Row, alteration: Alteration) -> bool | None:
    wanted = _WANTED.fullmatch(alteration.change)
    exact = wanted[3] if wanted else ""
    classes = alteration.classes or (PROTEIN_ALTERING if exact else _AT_CODON)
    if row.effect not in classes and not _unknown(row.effect):
        return False
    change = read_change(row.change)
    if change is None:
        return None
    if wanted is None:
        first, last = alteration.codons
        at_place = change.first <= last and change.last >= first
    else:
        at_place = change.first <= int(wanted[2]) <= change.last
        if change.first == int(wanted[2]) and wanted[1] and change.residue != wanted[1]:
            return False  # another transcript's numbering
        if exact:
            at_place = change.first == change.last == int(wanted[2]) and change.result == exact
    return None if at_place and _unknown(row.effect) else at_place


def _is_splice(row: _Row, alteration: Alteration) -> bool | None:
    if row.effect not in alteration.classes:
        return None if _unknown(row.effect) else False
    region = alteration.regions.get(_BUILDS.get(str(row.build).strip().upper(), ""), "")
    if not region or not np.isfinite(row.start):
        return True  # no place to judge by: a candidate all the same
    first, last = (int(number) for number in region.partition(":")[2].split("-"))
    end = row.end if np.isfinite(row.end) else row.start
    return bool(row.start <= last + _MARGIN and end >= first - _MARGIN)


_VERDICTS: dict[str, Callable[[_Row, Alteration], bool | None]] = {
    "mutation": _is_mutation,
    "codon": _is_codon,
    "splice": _is_splice,
}


def _highest_vaf(variants: pd.DataFrame, gene: str, keys: Sequence[str]) -> Column:
    own = variants[(variants["gene"] == gene) & variants["effect"].isin(PROTEIN_ALTERING)]
    return own.groupby("sample")["vaf"].max().reindex(list(keys)).to_numpy(dtype=np.float64)


def _burden(variants: pd.DataFrame, keys: Sequence[str], assessed: dict[str, frozenset[str] | None]) -> Column:
    counts = variants[variants["effect"].isin(PROTEIN_ALTERING)].groupby("sample").size()
    limited = [assessed[key] is not None for key in keys]
    return np.where(limited, np.nan, counts.reindex(list(keys), fill_value=0).to_numpy(dtype=np.float64))


def _notes(
    found: Mutations, keys: Sequence[str], genes: Collection[str], seen: frozenset[str], thin: bool
) -> list[str]:
    notes = [f"{len(keys)} samples profiled for mutations, {len(found.samples)} of them in {found.source}"]
    unseen = [gene for gene in genes if gene not in seen]
    if thin:
        notes.append(
            f"only {len(seen)} genes have a variant in {len(found.samples)} samples: most likely a "
            "gene panel; genes without any variant are taken as not assessed "
            f"({name_some(unseen) or 'none asked for'}); name the genes of the panel to be sure"
        )
    elif unseen:
        notes.append(
            f"no variant of any kind in {name_some(unseen)}: taken as not mutated, for the file is taken for a whole "
            "exome; name the genes of the panel if it was one"
        )
    return notes


def choose_alterations(names: Sequence[str] | None, kinds: Collection[str]) -> tuple[Alteration, ...]:
    """Make the alterations that are asked for by name, or take those of the facts.

    Parameters
    ----------
    names : sequence of str or None
        Gene symbols, codons (``GENE_G12``, ``GENE_G12C``), or names of the facts.
    kinds : collection of str
        Kinds that count where no names are given.

    Returns
    -------
    tuple of Alteration
        Each once.

    Raises
    ------
    CatalogueError
        If a name is not understood.

    Examples
    --------
    >>> [alteration.id for alteration in choose_alterations(["NRAS", "NRAS_Q61"], KINDS)]
    ['NRAS_mut', 'NRAS_Q61']
    """
    if names is None:
        return tuple(alteration for alteration in load_alterations() if alteration.kind in kinds)
    return tuple({made.id: made for made in map(make_alteration, names)}.values())


def read_mutations(
    paths: str | Path | Sequence[str | Path],
    genes: Sequence[str] | None = None,
    profiled: Collection[str] = (),
    panel: Collection[str] | None = None,
    panels: Mapping[str, Collection[str] | None] | None = None,
    extras: Collection[Extra] = (),
) -> Alterations:
    """Read mutation tables into one column an alteration.

    Protein-altering are `PROTEIN_ALTERING`; at a codon (``GENE_G12``) missense and in-frame changes count.

    Parameters
    ----------
    paths : str, Path or sequence
        MAF files, or folders of them.
    genes : sequence of str, optional
        Gene symbols, codons, or names of the facts; all those of the facts if not given.
    profiled : collection of str
        Samples or patients known to be sequenced: without a variant they are not mutated. Others without a
        row are not assessed.
    panel : collection of str, optional
        Genes that were sequenced in all samples; the whole exome if not given.
    panels : mapping of str to (collection of str or None), optional
        Sample -> genes of its own panel; None where a panel was used whose genes are not known.
    extras : collection of {"vaf", "burden"}
        Further columns, see `tabulate_mutations`.

    Returns
    -------
    Alterations
        1, 0 or NaN (not assessed) a sample and alteration.

    Raises
    ------
    InputError
        If a file is no mutation table.
    CatalogueError
        If a name in `genes` is not understood.
    """
    return tabulate_mutations(
        read_maf(paths), choose_alterations(genes, KINDS), make_profiling(profiled, panels, panel), extras
    )
