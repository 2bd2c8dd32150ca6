"""Copy number by gene: GISTIC's discrete calls (-2 to 2) as cBioPortal, Xena and Firehose write them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from itgstrat.biology.alterations import Alteration
from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import no_cohort
from itgstrat.readers.alterations import Alterations, sample_key
from itgstrat.readers.genes import map_genes
from itgstrat.readers.layout import Glance
from itgstrat.readers.mutations import choose_alterations
from itgstrat.readers.profiling import Profiling
from itgstrat.readers.tsv import peek_rows, read_tsv

#: Kinds of alteration that a table of copy number gives.
KINDS = ("amplification", "deletion")
#: GISTIC 2: deep loss, (cBioPortal's -1.5), loss, neutral, gain, high-level amplification.
_CALLS = np.array([-2.0, -1.5, -1.0, 0.0, 1.0, 2.0])
_SPELLED = frozenset(["-2", "-1.5", "-1", "0", "1", "2", "-2.0", "-1.0", "0.0", "1.0", "2.0"])
_AMPLIFIED, _DELETED = 2.0, -2.0
_SYMBOLS = ("hugo_symbol", "gene symbol", "sample", "gene", "symbol")
_IDS = ("entrez_gene_id", "locus id", "gene id")
#: Columns that describe the gene and are no samples.
_OTHERS = ("cytoband", "chromosome", "chr", "start", "end", "description")
_LONG = ("sample_id", "value")
_MISSING = ("NA", "NaN", "nan", "N/A", "null", "")
#: Our column of gene labels; no file has one of this name.
_LABEL = "\0label"
#: Rows that are looked at to recognise the layout.
_LOOKED_AT = 40


def read_cna(path: str | Path, genes: Sequence[str] | None = None, profiling: Profiling | None = None) -> Alterations:
    """Read gene-level copy number: ``GENE_cna`` as called, ``GENE_amp`` and ``GENE_del`` as 1, 0 or NaN.

    A gene is amplified at 2 and deleted at -2. Of a table of log-ratios, which has no calls, only ``GENE_cna``
    is made. A zero of a gene that is not on the sample's panel is not assessed.

    Parameters
    ----------
    path : str or Path
        ``data_cna.txt`` of cBioPortal (wide or long), Xena's or Firehose's ``all_thresholded.by_genes``.
    genes : sequence of str, optional
        Gene symbols or names of the facts (``GENE_amp``); those of the facts if not given.
    profiling : Profiling, optional
        Panels of the samples.

    Returns
    -------
    Alterations
        A sample without a column in the file has no row: not assessed.

    Raises
    ------
    InputError
        If the file is no such table, or a cell holds text.
    CatalogueError
        If a name in `genes` is not understood.
    """
    path = Path(path)
    wanted = choose_alterations(genes, KINDS)
    labels, samples, values = _read_matrix(path)
    mapping = map_genes(labels)
    rows = {meaning.symbol: at for at, meaning in reversed(list(enumerate(mapping.meanings))) if meaning.symbol}
    symbols = list(dict.fromkeys(alteration.gene for alteration in wanted if alteration.gene))
    keys = [sample_key(sample) for sample in samples]
    by_label = sorted(range(len(samples)), key=lambda at: samples[at], reverse=True)
    first = {keys[at]: at for at in by_label}
    places = sorted(first.values())
    notes = [f"{len(places)} samples with copy number in {path.name}"]
    if len(places) < len(keys):
        left_out = [sample for at, sample in enumerate(samples) if at not in set(places)]
        notes.append(f"further aliquots of a sample left out: {name_some(left_out)}")
    absent = [symbol for symbol in symbols if symbol not in rows]
    if absent:
        notes.append(f"no copy number for {name_some(absent)}: not assessed")
    table = pd.DataFrame(index=pd.Index([keys[at] for at in places], name="sample"))
    for symbol in symbols:
        level = values[rows[symbol], places] if symbol in rows else np.full(len(places), np.nan)
        table[f"{symbol}_cna"] = _on_panel(level, symbol, list(table.index), profiling)
    if _is_discrete(values):
        _add_calls(table, wanted, ask_all=genes is not None)
    else:
        notes.append("log-ratios, not the calls -2 to 2: amplifications are not called; use the thresholded table")
    return Alterations(table, str(path), tuple(notes))


def _on_panel(
    level: npt.NDArray[np.float64], symbol: str, keys: list[str], profiling: Profiling | None
) -> npt.NDArray[np.float64]:
    assessed = (profiling or Profiling()).genes_of(keys)
    limits = [assessed[key] for key in keys]
    off = np.array([genes is not None and symbol not in genes for genes in limits], dtype=bool)
    return np.where(off & (level == 0), np.nan, level)


def _add_calls(table: pd.DataFrame, wanted: Sequence[Alteration], ask_all: bool) -> None:
    """Add what was asked for; for a gene that is asked for by its symbol, both calls."""
    for alteration in wanted:
        level = table[f"{alteration.gene}_cna"]
        for kind, ending, call in (("amplification", "amp", _AMPLIFIED), ("deletion", "del", _DELETED)):
            if alteration.kind == kind or (ask_all and alteration.kind not in KINDS):
                table[f"{alteration.gene}_{ending}"] = (level == call).astype(np.float64).where(level.notna())


def _is_discrete(values: npt.NDArray[np.float64]) -> bool:
    known = values[np.isfinite(values)]
    return bool(np.isin(known, _CALLS).all())


def _read_matrix(path: Path) -> tuple[tuple[str, ...], tuple[str, ...], npt.NDArray[np.float64]]:
    """Give labels of the genes, labels of the samples, and the levels of genes x samples."""
    table = read_tsv(path)
    names = {name.lower(): name for name in table.frame.columns}
    symbol = next((names[name] for name in _SYMBOLS if name in names), None)
    number = next((names[name] for name in _IDS if name in names), None)
    if symbol is None and number is None:
        raise InputError(
            f"{path}: no table of copy number: no column Hugo_Symbol, Gene Symbol or Entrez_Gene_Id among "
            f"{name_some(table.header, 8)}"
        )
    frame = table.frame
    frame = frame.with_columns(_label(frame, symbol, number).alias(_LABEL))
    if all(name in names for name in _LONG):
        frame, samples = _widen(frame, names["sample_id"], names["value"], path)
    else:
        aside = {symbol, number, _LABEL, *(names.get(name) for name in _OTHERS)}
        samples = [name for name in frame.columns if name not in aside]
    if frame.height == 0 or not samples:
        raise InputError(f"{path}: {frame.height} genes and {len(samples)} samples; nothing to read")
    return tuple(frame[_LABEL].to_list()), tuple(samples), _to_numbers(frame, samples, path)


def _label(frame: pl.DataFrame, symbol: str | None, number: str | None) -> pl.Series:
    """Write SYMBOL|ENTREZ where both are there; GISTIC's ``SYMBOL|chr7`` loses its end."""
    blank = pl.Series([""] * frame.height, dtype=pl.String)
    names = blank if symbol is None else frame[symbol].fill_null("").str.replace(r"\|chr.*$", "")
    numbers = blank if number is None else frame[number].fill_null("")
    numbers = numbers.set(~numbers.str.contains(r"^[1-9]\d*$"), "")
    both = (names != "") & (numbers != "")
    return pl.select(
        pl.when(both).then(names + "|" + numbers).when(names != "").then(names).otherwise(numbers)
    ).to_series()


def _widen(frame: pl.DataFrame, sample: str, value: str, path: Path) -> tuple[pl.DataFrame, list[str]]:
    repeated = frame.filter(frame.select(_LABEL, sample).is_duplicated())
    if len(repeated):
        cells = [f"{row[_LABEL]} in {row[sample]}" for row in repeated.iter_rows(named=True)]
        raise InputError(f"{path}: genes called twice in one sample: {name_some(cells)}; keep one call")
    wide = frame.select(_LABEL, sample, value).pivot(on=sample, index=_LABEL, values=value)
    return wide, [name for name in wide.columns if name != _LABEL]


def _to_numbers(frame: pl.DataFrame, samples: list[str], path: Path) -> npt.NDArray[np.float64]:
    text = frame.select(pl.col(samples).replace(dict.fromkeys(_MISSING)))
    numbers = text.select(pl.all().cast(pl.Float64, strict=False))
    faults = [
        f"{frame[_LABEL][int(at)]} in {name}: {text[name][int(at)]!r}"
        for name in samples
        for at in (numbers[name].is_null() & text[name].is_not_null()).arg_true()
    ]
    if faults:
        raise InputError(f"{path}: text where a copy number is needed: {name_some(faults)}; correct the cells, or NA")
    return numbers.to_numpy().astype(np.float64)


def list_samples(path: str | Path) -> tuple[str, ...]:
    """Name the samples of a table of copy number.

    Parameters
    ----------
    path : str or Path
        The table.

    Returns
    -------
    tuple of str
        Labels as written.

    Raises
    ------
    InputError
        If the file is no such table.
    """
    return _read_matrix(Path(path))[1]


def is_cna(source: str) -> bool:
    """Tell whether a file is a table of discrete copy-number calls.

    Parameters
    ----------
    source : str
        A path.

    Returns
    -------
    bool
        By the name of its first column, and calls from -2 to 2 alone in its first rows.
    """
    header, *rows = peek_rows(Path(source), _LOOKED_AT) or [[]]
    names = [name.lower() for name in header]
    if not rows or not set(names).intersection((*_SYMBOLS, *_IDS)):
        return False
    if set(names).issuperset(_LONG):
        return True
    samples = [at for at, name in enumerate(names) if name not in (*_SYMBOLS, *_IDS, *_OTHERS)]
    cells = {row[at] for row in rows if len(row) == len(header) for at in samples}
    known = cells.difference(_MISSING)
    return bool(known) and known <= _SPELLED and any(cell.startswith("-") for cell in known)


def glance_cna(source: str) -> Glance:
    """Say what is in a table of copy-number calls.

    Parameters
    ----------
    source : str
        Path of the table.

    Returns
    -------
    Glance
        Samples, genes, and what is needed besides.

    Raises
    ------
    InputError
        If the file cannot be read as such a table.
    """
    labels, samples, values = _read_matrix(Path(source))
    amplified, deleted = int((values == _AMPLIFIED).sum()), int((values == _DELETED).sum())
    return Glance(
        "copy number (GISTIC calls)",
        samples,
        labels,
        (
            f"{amplified} calls of amplification (2) and {deleted} of deep deletion (-2)",
            "a table of copy number is read beside an expression table: read_cohort(EXPRESSION, alterations=FILE)",
        ),
    )


refuse_cna = no_cohort(
    "a table of copy-number calls (-2 to 2)",
    "give it beside an expression table: read_cohort(EXPRESSION, alterations=FILE), or declare layout='table' if the "
    "numbers are expression",
)
