"""From any public layout to a Cohort: samples chosen, genes named, unit known, outcome attached."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.errors import InputError, name_some
from itgstrat.outcome import Endpoint
from itgstrat.readers.alterations import Alterations
from itgstrat.readers.barcodes import Samples, Selection, select_samples
from itgstrat.readers.beside import Source, join_alterations, read_alterations
from itgstrat.readers.clinical import ColumnRule
from itgstrat.readers.clinical_source import load_clinical
from itgstrat.readers.detect import find_layout
from itgstrat.readers.dialect import refuse_repeats
from itgstrat.readers.genes import Duplicates, collapse_genes, map_genes
from itgstrat.readers.layout import Orientation, RawCohort, find_unit
from itgstrat.readers.patients import Wanted, as_rules, index_patients, read_patients
from itgstrat.readers.specimens import select_by_type
from itgstrat.readers.units import COHORT_UNIT, DeclaredUnit, to_log2

logger = logging.getLogger(__name__)


def read_cohort(
    source: str | Path,
    *,
    name: str | None = None,
    clinical: str | Path | pd.DataFrame | None = None,
    endpoint: Endpoint | None = None,
    columns: Mapping[str, ColumnRule | str] | None = None,
    id_column: str | None = None,
    unit: DeclaredUnit = "auto",
    orientation: Orientation = "auto",
    duplicates: Duplicates = "highest_mean",
    samples: Samples = "primary",
    genes: Collection[str] | None = None,
    alterations: Source | Sequence[Source] | None = None,
    layout: str | None = None,
    **options: object,
) -> Cohort:
    """Read a cohort: expression, and clinical table and outcome where they are given.

    Everything left out is counted in ``cohort.dropped`` and logged as a warning.

    Parameters
    ----------
    source : str or Path
        Expression file, or ``survset:NAME``.
    name : str, optional
        Name of the cohort; taken from the source if not given.
    clinical : str, Path or DataFrame, optional
        Clinical table; SurvSet brings its own.
    endpoint : Endpoint, optional
        Columns of the outcome, in `columns` or in the clinical table. Patients without it are dropped.
    columns : mapping of str to (ColumnRule or str), optional
        Our name -> their column, with or without recoding; only these are kept. All columns but the
        endpoint's are kept if not given.
    id_column : str, optional
        Column of the clinical table that names patients or samples; detected if not given.
    unit : {"auto", "counts", "linear", "log2", "log-ratio", "z-score"}
        What the numbers are; detected if ``"auto"``.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Which way round the table lies; detected if ``"auto"``.
    duplicates : {"highest_mean", "mean", "first", "fail"}
        Which of several rows of one gene stays.
    samples : {"primary", "metastatic", "normal", "all"}
        Which TCGA samples count.
    genes : collection of str, optional
        HGNC symbols to keep; all if not given. Scores by rank need all.
    alterations : path, DataFrame, Alterations, or a sequence of them, optional
        Mutations (MAF), copy-number calls, per-sample tables; see `read_alterations`. A layout may bring its own.
    layout : str, optional
        Name of the layout, as `inspect_path` shows it; detected if not given.
    **options
        What one layout alone knows, such as ``probe_map`` for GEO; its page in the documentation lists them.

    Returns
    -------
    Cohort
        Patients x HGNC symbols, log2 unless the unit is a ratio or z-score.

    Raises
    ------
    InputError
        If a file cannot be read as what it should be, no gene of the catalogue is there, patients occur
        twice, or the clinical table does not fit.
    """
    source = str(source)
    raw = find_layout(source, layout).open(source, orientation, **options)
    name = name or raw.name or name_cohort(raw.source)
    selection = choose_samples(raw, samples, name)
    expression, raw = take_values(raw, selection)
    found_unit, reason = find_unit(raw, expression, unit)
    logger.info("%s: %s; unit %s (%s)", name, raw.orientation, found_unit, reason)
    for note in raw.notes:
        logger.info("%s: %s", name, note)
    mapping = map_genes(raw.labels)
    expression = to_log2(expression, found_unit, out=expression)
    symbols, expression, lost_genes = collapse_genes(expression, mapping, duplicates, name)
    require_catalogue_genes(symbols, raw)
    wanted = Wanted(endpoint, as_rules(columns), id_column, samples)
    patients = read_patients(raw, selection, load_clinical(raw, clinical), wanted, name)
    table = pd.DataFrame(expression, index=index_patients(selection.patients), columns=list(symbols), copy=False)
    del expression  # where genes or patients are left out
    if genes is not None:
        table = _keep_genes(table, genes, name)
    if not patients.kept.all():
        table = table[patients.kept]
    altered = load_alterations(raw, alterations, selection, name)
    own = tuple(replace(record, cohort=name) for record in raw.dropped)
    dropped = (*own, *selection.dropped, *patients.dropped, *lost_genes)
    for record in dropped:
        logger.warning("%s: %s", name, record)
    _warn_constant(table, name)
    batch = np.full(len(table), name)
    cohort_unit = COHORT_UNIT[found_unit]
    altered = None if altered is None else altered[patients.kept]
    return Cohort(name, table, patients.clinical, batch, patients.outcome, cohort_unit, dropped, source, altered)


def name_cohort(source: str) -> str:
    """Name a cohort after its source: the file's name, or its folder's where the file is just ``expression``.

    Parameters
    ----------
    source : str
        Path, or ``survset:NAME``.

    Returns
    -------
    str
        A short name.

    Examples
    --------
    >>> name_cohort("cohorts/tcga-acc/expression.parquet")
    'tcga-acc'
    """
    if ":" in source and not Path(source).exists():
        return source.split(":", 1)[1]
    path = Path(source)
    stem = path.name.split(".")[0]
    return path.resolve().parent.name if stem.lower() in ("expression", "data", "matrix") else stem


def choose_samples(raw: RawCohort, samples: Samples, name: str) -> Selection:
    """Keep one sample a patient; see `select_samples`.

    Parameters
    ----------
    raw : RawCohort
        The cohort as its files have it.
    samples : {"primary", "metastatic", "normal", "all"}
        Which TCGA samples count.
    name : str
        Name of the cohort.

    Returns
    -------
    Selection
        Samples that stay, and their patients.

    Raises
    ------
    InputError
        If a sample label is empty or occurs twice, or no sample of the kind is there.
    """
    unnamed = [at + 1 for at, label in enumerate(raw.samples) if not label]
    if unnamed:
        raise InputError(f"{raw.source}: patients without a name (number {name_some(unnamed)}); name them all")
    refuse_repeats(raw.samples, "patients", Path(raw.source))
    selection = select_samples(raw.samples, samples, name)
    if raw.patients is None or selection.is_tcga:
        return selection
    return select_by_type(raw.samples, raw.patients, raw.sample_types, samples, name)


def take_values(raw: RawCohort, selection: Selection) -> tuple[npt.NDArray[np.float32], RawCohort]:
    """Take the numbers of the samples that stay out of a cohort, so that nothing else holds them.

    Parameters
    ----------
    raw : RawCohort
        The cohort as its files have it; the caller's only one.
    selection : Selection
        The samples that stay.

    Returns
    -------
    expression : ndarray of float32, shape (n_chosen, n_labels)
        In row order, and the caller's own; the array of `raw` where all stay and it lies so.
    rest : RawCohort
        All else.
    """
    values, rest = raw.values, replace(raw, values=np.empty((0, 0), np.float32))
    if selection.positions != tuple(range(len(values))):
        values = values[list(selection.positions)]
    values = np.ascontiguousarray(values)
    return values if values.flags.writeable else values.copy(), rest


def load_alterations(
    raw: RawCohort, given: Source | Sequence[Source] | None, selection: Selection, name: str
) -> pd.DataFrame | None:
    """Load the alterations that come with the layout and those that are given, on the patients of the cohort.

    Parameters
    ----------
    raw : RawCohort
        The cohort as its files have it.
    given : path, DataFrame, Alterations, or a sequence of them, or None
        Further alterations.
    selection : Selection
        The samples that stay.
    name : str
        Name of the cohort.

    Returns
    -------
    DataFrame or None
        One row a patient; NaN is not assessed. None where nothing is there.

    Raises
    ------
    InputError
        If a file cannot be read, or shares no sample with the cohort.
    """
    own = None if raw.alterations is None else Alterations(raw.alterations, raw.source)
    further = [] if given is None else read_alterations(given)
    labels = [raw.samples[at] for at in selection.positions]
    table, notes = join_alterations(further, labels, selection.patients, own)
    for note in notes:
        logger.info("%s: %s", name, note)
    return table


def require_catalogue_genes(symbols: Collection[str], raw: RawCohort) -> None:
    """Make sure that at least one gene of the catalogue was measured.

    Parameters
    ----------
    symbols : collection of str
        Approved symbols of the cohort.
    raw : RawCohort
        The cohort as its files have it, for the message.

    Raises
    ------
    InputError
        If there is none.
    """
    if set(load_catalogue().genes()).isdisjoint(symbols):
        raise InputError(
            f"{raw.source}: not one gene of the catalogue among {len(raw.labels)} labels "
            f"({name_some(raw.labels, 3)}; {len(symbols)} of them lead to an HGNC symbol); itgstrat needs "
            "expression of integrin and related genes: check the identifiers and the species"
        )


def _keep_genes(table: pd.DataFrame, genes: Collection[str], name: str) -> pd.DataFrame:
    asked = set(genes)
    wanted = [gene for gene in table.columns if gene in asked]
    if not wanted:
        raise InputError(f"{name}: none of the {len(genes)} genes asked for ({name_some(genes)}) was measured")
    return table[wanted]


def _warn_constant(table: pd.DataFrame, name: str) -> None:
    if len(table) < 2:
        return
    values = table.to_numpy()
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    constant = table.columns[low == high]
    if len(constant):
        logger.info("%s: %d genes have one value in all patients (%s)", name, len(constant), name_some(constant))
