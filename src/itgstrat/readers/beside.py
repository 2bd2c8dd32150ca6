"""Files beside an expression table: mutations, copy number and per-sample tables, recognised and joined."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from itgstrat.errors import InputError
from itgstrat.readers.alterations import (
    Alterations,
    align_alterations,
    merge_alterations,
    read_sample_table,
    stack_alterations,
)
from itgstrat.readers.cbioportal import read_study_alterations
from itgstrat.readers.cna import is_cna, read_cna
from itgstrat.readers.maf import is_maf
from itgstrat.readers.mutations import read_mutations
from itgstrat.readers.study import is_study, open_study

#: One thing that holds alterations: a file or folder, a table, or what a reader of this package gave.
Source: TypeAlias = str | Path | pd.DataFrame | Alterations


def read_alterations(sources: Source | Sequence[Source], genes: Sequence[str] | None = None) -> list[Alterations]:
    """Read everything that is given beside an expression table.

    Parameters
    ----------
    sources : str, Path, DataFrame, Alterations, or a sequence of them
        MAF files or folders of them, copy-number calls, per-sample tables, a cBioPortal study. For anything but
        the defaults (panels, profiled samples, columns) call `read_mutations`, `read_cna` or
        `read_sample_table` and give the result.
    genes : sequence of str, optional
        Genes, codons or names of the facts; those of the facts if not given.

    Returns
    -------
    list of Alterations
        All MAF files together are one, so are all files of copy number.

    Raises
    ------
    InputError
        If a path leads to none of these.
    """
    listed = [sources] if isinstance(sources, str | Path | pd.DataFrame | Alterations) else list(sources)
    mafs: list[Path] = []
    calls: list[Alterations] = []
    found: list[Alterations] = []
    for source in listed:
        if isinstance(source, Alterations):
            found.append(source)
        elif isinstance(source, pd.DataFrame):
            found.append(read_sample_table(source))
        elif is_study(str(source)):
            found.append(_of_study(str(source), genes))
        elif Path(source).is_dir() or is_maf(str(source)):
            mafs.append(Path(source))
        elif is_cna(str(source)):
            calls.append(read_cna(source, genes))
        else:
            found.append(read_sample_table(source))
    if calls:
        found.insert(0, stack_alterations(calls))
    if mafs:
        found.insert(0, read_mutations(mafs, genes))
    if not found:
        raise InputError("alterations: nothing is given; name files, or leave the argument out")
    return found


def _of_study(source: str, genes: Sequence[str] | None) -> Alterations:
    with open_study(source) as study:
        found, notes = read_study_alterations(study, genes)
    if found is None:
        raise InputError(f"{source}: {'; '.join(notes)}")
    return found


def join_alterations(
    found: Sequence[Alterations], samples: Sequence[str], patients: Sequence[str], own: Alterations | None = None
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Bring all alterations on the patients of a cohort.

    Parameters
    ----------
    found : sequence of Alterations
        As read; may be empty.
    samples, patients : sequence of str, length n_patients
        Label of the chosen sample, and patient, of each row of the cohort.
    own : Alterations, optional
        Those that came with the expression itself; they may share no sample with it.

    Returns
    -------
    table : DataFrame or None
        None if nothing was read.
    notes : tuple of str
        What was found and what is not assessed.

    Raises
    ------
    InputError
        If a table shares no sample with the cohort, or two contradict each other.
    """
    aligned = [align_alterations(each, samples, patients) for each in found]
    notes = [note for each, (_, more) in zip(found, aligned, strict=True) for note in (*each.notes, *more)]
    if own is not None:
        aligned.insert(0, align_alterations(own, samples, patients, required=False))
        notes[:0] = [*own.notes, *aligned[0][1]]
    return (merge_alterations([table for table, _ in aligned]) if aligned else None), tuple(notes)
