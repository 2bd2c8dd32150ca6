"""Mutation tables (MAF): GDC masked, TCGA MC3, cBioPortal, maftools; columns by name, genes by HGNC symbol."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from itgstrat.biology.hgnc import GeneTable, load_hgnc
from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import no_cohort
from itgstrat.readers.alterations import sample_key
from itgstrat.readers.layout import Glance
from itgstrat.readers.tsv import TextTable, peek_rows, read_tsv

#: Values of Variant_Classification that change the protein: the nine of the TCGA specification (as in maftools
#: and cBioPortal), and the names that Oncotator gives to changes of the start and stop codon.
PROTEIN_ALTERING = frozenset(
    [
        *("Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "In_Frame_Ins", "Missense_Mutation"),
        *("Nonsense_Mutation", "Nonstop_Mutation", "Splice_Site", "Translation_Start_Site"),
        *("Start_Codon_SNP", "Start_Codon_Del", "Start_Codon_Ins", "Stop_Codon_Del", "Stop_Codon_Ins"),
    ]
)
#: Values that do not change the protein, or are not known to; every other value is an unknown effect.
NOT_ALTERING = frozenset(
    [
        *("Silent", "Intron", "IGR", "RNA", "lincRNA", "Splice_Region", "3'UTR", "5'UTR", "3'Flank", "5'Flank"),
        *("De_novo_Start_InFrame", "De_novo_Start_OutOfFrame"),
    ]
)
#: Values of Mutation_Status that are no somatic mutation (cBioPortal leaves out None, LOH and Wildtype, too).
_NOT_SOMATIC = ("germline", "loh", "wildtype", "none")
#: Our name -> their columns, the preferred first.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "sample": ("tumor_sample_barcode",),
    "hugo": ("hugo_symbol",),
    "entrez": ("entrez_gene_id",),
    "ensembl": ("gene",),
    "effect": ("variant_classification",),
    "change": ("hgvsp_short", "amino_acid_change", "protein_change", "aachange", "hgvsp"),
    "build": ("ncbi_build",),
    "chromosome": ("chromosome",),
    "start": ("start_position",),
    "end": ("end_position",),
    "reference": ("reference_allele",),
    "allele": ("tumor_seq_allele2",),
    "status": ("mutation_status",),
    "filter": ("filter",),
    "alt": ("t_alt_count",),
    "ref": ("t_ref_count",),
    "depth": ("t_depth",),
    "vaf": ("tumor_vaf", "t_vaf", "vaf", "i_tumorvaf_wu"),
}
_NEEDED = ("sample", "hugo", "effect")
_PLACE = ("sample", "gene", "chromosome", "start", "end", "reference", "allele", "change")
_ENSEMBL = re.compile(r"ENSG\d{11}(\.\d+)?")


@dataclass(frozen=True, eq=False)
class Mutations:
    """The variants of one or more mutation tables.

    Parameters
    ----------
    variants : DataFrame
        One row a variant: sample (`sample_key`), gene (approved symbol, or missing), effect, change, build,
        chromosome, start, end, vaf (0 to 1). Text columns are NaN where the table does not say.
    samples : tuple of str
        Keys of the samples that occur, with any variant at all.
    source : str
        The files.
    notes : tuple of str
        What was left out, and what is ambiguous.
    """

    variants: pd.DataFrame
    samples: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()


def is_maf(source: str) -> bool:
    """Tell whether a file is a mutation table.

    Parameters
    ----------
    source : str
        A path.

    Returns
    -------
    bool
        By the names of its columns.
    """
    header = next(iter(peek_rows(Path(source), 1)), [])
    names = {name.strip('"').lower() for name in header}
    return all(_COLUMNS[key][0] in names for key in _NEEDED)


def read_maf(paths: str | Path | Sequence[str | Path]) -> Mutations:
    """Read the variants of one or more mutation tables, or of all those in a folder.

    The gene is that of the Entrez or Ensembl id where there is one, else of the symbol. Variants that are not
    somatic by Mutation_Status, and repeated rows, are left out and counted.

    Parameters
    ----------
    paths : str, Path or sequence
        MAF files, plain or gzip-packed; a folder stands for every ``*.maf`` and ``*.maf.gz`` below it.

    Returns
    -------
    Mutations
        All variants, silent ones too.

    Raises
    ------
    InputError
        If a file is no mutation table, lacks a column or a sample, or holds no variant.
    """
    listed = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    files = [file for path in listed for file in (_find_mafs(path) if path.is_dir() else [path])]
    if not files:
        raise InputError("mutations: no MAF file is given")
    parts = [_read_one(path) for path in files]
    columns = {name: np.concatenate([part.variants[name].to_numpy() for part in parts]) for name in parts[0].variants}
    variants = pd.DataFrame(columns)
    samples = tuple(dict.fromkeys(sample for part in parts for sample in part.samples))
    name = str(listed[0]) if len(listed) == 1 else f"{listed[0]} and {len(listed) - 1} more"
    counts = [note for part in parts for note in part.notes]
    notes = (
        counts if len(files) == 1 else [f"{Path(part.source).name}: {note}" for part in parts for note in part.notes]
    )
    return Mutations(variants, samples, name, tuple(notes))


def _find_mafs(folder: Path) -> list[Path]:
    found = sorted(path for pattern in ("*.maf", "*.maf.gz") for path in folder.rglob(pattern))
    if not found:
        raise InputError(f"{folder}: no *.maf or *.maf.gz in this folder or below")
    return found


def _read_one(path: Path) -> Mutations:
    table = read_tsv(path, [name for names in _COLUMNS.values() for name in names])
    frame = _rename(table, path)
    if frame.height == 0:
        raise InputError(f"{path}: a header without a single variant; nothing says which samples were sequenced")
    lost = frame["sample"].is_null().arg_true()
    if len(lost):
        raise InputError(
            f"{path}: no Tumor_Sample_Barcode in line {name_some(at + table.line + 1 for at in lost)}; the "
            "rows may be cut off: export the table again"
        )
    labels = frame["sample"].unique(maintain_order=True).to_list()
    keys = {label: sample_key(label) for label in labels}
    genes, notes = _find_genes(frame)
    frame = frame.with_columns(pl.col("sample").replace_strict(keys), gene=genes, vaf=_read_vaf(frame))
    frame, left_out = _keep_somatic(frame)
    unknown = sorted(set(frame["effect"].fill_null("(none)").unique()) - PROTEIN_ALTERING - NOT_ALTERING)
    if unknown:
        left_out.append(f"effects that are not known to change the protein or not: {name_some(unknown)}")
    kept = ["sample", "gene", "effect", "change", "build", "chromosome", "start", "end", "vaf"]
    variants = frame.select(kept).with_columns(pl.col("start", "end").cast(pl.Float64, strict=False))
    # text stays object and numbers float64 also where all are missing, so that files can be joined
    columns = {
        name: pd.Series(variants[name].to_list(), dtype=np.float64 if variants[name].dtype.is_float() else object)
        for name in kept
    }
    return Mutations(pd.DataFrame(columns), tuple(dict.fromkeys(keys.values())), str(path), (*notes, *left_out))


def _rename(table: TextTable, path: Path) -> pl.DataFrame:
    """Give the columns our names; those that the file lacks are empty."""
    there = {name.lower(): name for name in table.frame.columns}
    found = {key: next((there[name] for name in names if name in there), None) for key, names in _COLUMNS.items()}
    missing = [_COLUMNS[key][0] for key in _NEEDED if found[key] is None]
    if missing:
        raise InputError(
            f"{path}: no mutation table: no column {name_some(missing)} among {name_some(table.header, 8)}; a MAF "
            "needs Hugo_Symbol, Variant_Classification and Tumor_Sample_Barcode"
        )
    columns = [
        pl.col(name).alias(key) if name else pl.lit(None, dtype=pl.String).alias(key) for key, name in found.items()
    ]
    return table.frame.select(columns)


def _find_genes(frame: pl.DataFrame) -> tuple[pl.Series, list[str]]:
    """Find the approved symbol of every row; each combination of names is looked up once."""
    table = load_hgnc()
    keys = frame.select(pl.concat_str(pl.col("hugo", "entrez", "ensembl").fill_null(""), separator="\t")).to_series()
    known = {key: _look_up(key, table) for key in keys.unique().to_list()}
    genes = keys.replace_strict(known, return_dtype=pl.String)
    count = genes.null_count()
    if not count:
        return genes, []
    lost = sorted(key.partition("\t")[0] or "(none)" for key, symbol in known.items() if symbol is None)
    return genes, [f"{count} variants of no approved gene left out: {name_some(lost)}"]


def _look_up(key: str, table: GeneTable) -> str | None:
    hugo, entrez, ensembl = key.split("\t")
    by_id = table.from_entrez(entrez) if entrez not in ("", "0") else None
    if by_id is None and _ENSEMBL.fullmatch(ensembl):
        by_id = table.from_ensembl(ensembl)
    if by_id is not None:
        return by_id
    found = table.resolve(hugo) if hugo else None
    return None if found is None else found.symbol


def _read_vaf(frame: pl.DataFrame) -> pl.Series:
    """Share of reads with the variant, from the counts, else from a column; per cent become shares."""
    alt, ref, depth, stated = (frame[name].cast(pl.Float64, strict=False) for name in ("alt", "ref", "depth", "vaf"))
    total = pl.select(pl.coalesce(alt + ref, depth)).to_series()
    share = pl.select(pl.when(total > 0).then(alt / total)).to_series()
    highest = stated.max()
    if isinstance(highest, float) and highest > 1:
        stated = stated / 100
    return pl.select(pl.coalesce(share, stated)).to_series()


def _keep_somatic(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    notes = []
    inherited = frame["status"].str.to_lowercase().is_in(_NOT_SOMATIC).fill_null(False)
    if inherited.any():
        kinds = frame.filter(inherited)["status"].unique().sort().to_list()
        notes.append(f"{inherited.sum()} variants left out, not somatic (Mutation_Status {name_some(kinds)})")
        frame = frame.filter(~inherited)
    if frame["start"].is_not_null().all() and frame["allele"].is_not_null().all():
        once = frame.unique(list(_PLACE), maintain_order=True)
        if len(once) < len(frame):
            notes.append(f"{len(frame) - len(once)} repeated rows of one variant left out")
        frame = once
    flagged = frame["filter"].is_not_null() & (frame["filter"] != "PASS") & (frame["filter"] != ".")
    if flagged.any():
        kinds = frame.filter(flagged)["filter"].unique().sort().to_list()
        notes.append(f"{flagged.sum()} variants with a FILTER other than PASS are kept ({name_some(kinds)})")
    return frame, notes


def glance_maf(source: str) -> Glance:
    """Say what is in a mutation table.

    Parameters
    ----------
    source : str
        Path of a MAF.

    Returns
    -------
    Glance
        Samples, genes, effects, and what is needed besides.

    Raises
    ------
    InputError
        If the file cannot be read as a mutation table.
    """
    found = read_maf(source)
    effects = found.variants["effect"].value_counts()
    altering = int(effects[effects.index.isin(PROTEIN_ALTERING)].sum())
    genes = tuple(sorted(set(found.variants["gene"].dropna())))
    counts = ", ".join(f"{effect} {count}" for effect, count in effects.items())
    return Glance(
        "mutations (MAF)",
        found.samples,
        genes,
        (
            f"{len(found.variants)} variants, {altering} of them protein-altering ({counts})",
            *found.notes,
            "a mutation table is read beside an expression table: read_cohort(EXPRESSION, alterations=MAF); a sample "
            "without a row counts as not assessed unless it is listed as profiled",
        ),
    )


refuse_maf = no_cohort(
    "a mutation table (MAF)", "give it beside an expression table: read_cohort(EXPRESSION, alterations=MAF)"
)
