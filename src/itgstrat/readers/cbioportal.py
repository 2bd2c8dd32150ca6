"""cBioPortal study folders: expression by profile, patients and samples, mutations, copy number."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.alterations import Alterations
from itgstrat.readers.cna import list_samples, read_cna
from itgstrat.readers.layout import Orientation, RawCohort
from itgstrat.readers.maf import read_maf
from itgstrat.readers.mutations import KINDS as MUTATION_KINDS
from itgstrat.readers.mutations import choose_alterations, tabulate_mutations
from itgstrat.readers.specimens import name_kind
from itgstrat.readers.study import Meta, Study, open_study, read_profiling
from itgstrat.readers.tables import read_matrix, tidy_clinical
from itgstrat.readers.tsv import read_tsv

#: Profiles of levels in order of preference, by the beginning of their stable_id; others come after.
_PREFERRED = ("rna_seq_v2_mrna", "rna_seq_mrna", "mrna_u133", "mrna")
#: What a profile's words must not say: no levels of the tumour's own messenger RNA.
_NOT_LEVELS = ("mirna", "outlier", "normal_samples", "normals", "capture_normal")
_CLINICAL = ("PATIENT_ATTRIBUTES", "SAMPLE_ATTRIBUTES")
_READ = {
    "MRNA_EXPRESSION",
    "CLINICAL",
    "MUTATION_EXTENDED",
    "COPY_NUMBER_ALTERATION",
    "GENE_PANEL_MATRIX",
    "CANCER_TYPE",
}
_SV = ("STRUCTURAL_VARIANT", "FUSION")


def read_study(
    source: str,
    orientation: Orientation = "auto",
    profile: str | None = None,
    alteration_genes: Sequence[str] | None = None,
) -> RawCohort:
    """Read a cBioPortal study: a folder, or its ``.tar.gz`` as downloaded.

    Parameters
    ----------
    source : str
        The folder or archive.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used: the format has genes in rows.
    profile : str, optional
        Expression profile by stable_id or by name of its data file. If not given, RNA-seq levels before
        microarrays; a z-score profile only where there is no other.
    alteration_genes : sequence of str, optional
        Genes or codons for mutations and copy number; those of the facts if not given.

    Returns
    -------
    RawCohort
        With clinical table, alterations, and the patient and kind of each sample.

    Raises
    ------
    InputError
        If files are absent, no expression profile is there, or the declared one is not.
    """
    with open_study(source) as study:
        meta, notes = choose_profile(study, profile)
        matrix = read_matrix(meta.data or meta.path)
        clinical, clinical_notes = read_attributes(study)
        patients, types = _owners(matrix.columns, clinical)
        found, alteration_notes = read_study_alterations(study, alteration_genes)
        return RawCohort(
            samples=matrix.columns,
            labels=_labels(meta.data or meta.path, matrix.rows),
            values=np.ascontiguousarray(matrix.values.T),
            source=source,
            orientation="genes x patients (cBioPortal)",
            clinical=clinical,
            notes=(*notes, *clinical_notes, *alteration_notes, *_other_notes(study)),
            unit="z-score" if _is_zscore(meta) else "auto",
            alterations=None if found is None else found.table,
            patients=patients,
            sample_types=types,
            name=_name(study),
        )


def _name(study: Study) -> str:
    names = [meta.fields.get("cancer_study_identifier", "") for meta in study.metas]
    return next((name for name in names if name), "")


def choose_profile(study: Study, declared: str | None = None) -> tuple[Meta, list[str]]:
    """Choose the expression profile of a study.

    Parameters
    ----------
    study : Study
        An open study.
    declared : str, optional
        Its stable_id, meta file or data file.

    Returns
    -------
    meta : Meta
        Meta file of the profile.
    notes : list of str
        What it is, and which others are there.

    Raises
    ------
    InputError
        If there is none, the declared one is not there, or two fit equally well.
    """
    every = study.of_kind("MRNA_EXPRESSION")
    if not every:
        kinds = sorted({meta.kind for meta in study.metas if meta.kind})
        raise InputError(
            f"{study.source}: the study has no expression (no meta file of type MRNA_EXPRESSION; there are "
            f"{name_some(kinds, 12)}); itgstrat needs one: choose a study with mRNA expression, or read its "
            "mutations beside another expression table (alterations=)"
        )
    if declared is not None:
        fitting = [meta for meta in every if declared in (meta.stable_id, meta.path.name, meta.fields["data_filename"])]
        if len(fitting) != 1:
            raise InputError(f"{study.source}: {len(fitting)} profiles {declared!r}; there are {_name_profiles(every)}")
        return fitting[0], [f"profile {_name_profiles(fitting)} (declared)"]
    levels = [meta for meta in every if not _is_zscore(meta) and not _is_other(meta)]
    ranked = sorted(levels or [meta for meta in every if not _is_other(meta)] or every, key=_rank)
    best = [meta for meta in ranked if _rank(meta) == _rank(ranked[0])]
    if len(best) > 1:
        raise InputError(
            f"{study.source}: several profiles fit equally well: {_name_profiles(best)}; declare one (profile=)"
        )
    notes = [f"profile {_name_profiles(best)}"]
    if not levels:
        notes.append("only z-scores are there, no levels: usable within this cohort alone")
    others = [meta for meta in every if meta is not best[0]]
    if others:
        notes.append(f"other expression profiles, not read: {_name_profiles(others)}")
    return best[0], notes


def _is_zscore(meta: Meta) -> bool:
    words = f"{meta.stable_id} {meta.fields.get('data_filename', '')}".lower()
    return meta.datatype == "Z-SCORE" or "zscore" in words or "zbynorm" in words


def _is_other(meta: Meta) -> bool:
    words = f"{meta.stable_id} {meta.fields.get('data_filename', '')}".lower()
    return meta.datatype == "DISCRETE" or any(word in words for word in _NOT_LEVELS)


def _rank(meta: Meta) -> int:
    name = meta.stable_id.lower()
    return next((at for at, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED))


def _name_profiles(metas: Sequence[Meta]) -> str:
    return name_some(
        [f"{meta.stable_id or meta.path.name} ({meta.fields.get('profile_name', 'no name')})" for meta in metas], 8
    )


def _labels(path: Path, rows: tuple[str, ...]) -> tuple[str, ...]:
    """Write SYMBOL|ENTREZ where the file has both, so that the id counts."""
    frame = read_tsv(path, ["Hugo_Symbol", "Entrez_Gene_Id"]).frame
    if frame.width < 2 or frame.height != len(rows):
        return rows
    names = {name.lower(): frame[name].fill_null("").to_list() for name in frame.columns}
    pairs = zip(names["hugo_symbol"], names["entrez_gene_id"], strict=True)
    return tuple(f"{symbol}|{number}" if number.isdigit() and number != "0" else symbol for symbol, number in pairs)


def read_attributes(study: Study) -> tuple[pd.DataFrame | None, list[str]]:
    """Read the patient and sample tables of a study and join them.

    Parameters
    ----------
    study : Study
        An open study.

    Returns
    -------
    table : DataFrame or None
        One row a sample (a patient, where there is no sample table); the sample's own value goes before the
        patient's.
    notes : list of str
        What was joined.

    Raises
    ------
    InputError
        If a table lacks its identifier, or patients occur twice.
    """
    tables = {}
    for meta in study.of_kind("CLINICAL"):
        if meta.datatype in _CLINICAL and meta.data is not None:
            tables[meta.datatype] = _read_attributes(meta.data, meta.datatype)
    patients, samples = tables.get("PATIENT_ATTRIBUTES"), tables.get("SAMPLE_ATTRIBUTES")
    if samples is None or patients is None:
        found = patients if samples is None else samples
        return found, ["no clinical table"] if found is None else []
    repeated = patients["PATIENT_ID"][patients["PATIENT_ID"].duplicated()]
    if len(repeated):
        raise InputError(f"{study.source}: patients occur twice in the patient table: {name_some(repeated.unique())}")
    own = patients[[column for column in patients if column == "PATIENT_ID" or column not in samples]]
    joined = samples.merge(own, on="PATIENT_ID", how="left")
    without = sorted(set(samples["PATIENT_ID"].dropna()) - set(patients["PATIENT_ID"]))
    return joined, [f"patients of samples without a row in the patient table: {name_some(without)}"] if without else []


def _read_attributes(path: Path, datatype: str) -> pd.DataFrame:
    frame = read_tsv(path).frame
    frame = frame.rename({name: name.upper() for name in frame.columns})
    needed = ["PATIENT_ID"] if datatype == "PATIENT_ATTRIBUTES" else ["PATIENT_ID", "SAMPLE_ID"]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InputError(f"{path}: no column {name_some(missing)} among {name_some(frame.columns, 8)}")
    ids = {name: frame[name].to_list() for name in needed}
    table = tidy_clinical(pd.DataFrame({name: frame[name].to_list() for name in frame.columns}))
    for name, labels in ids.items():  # identifiers stay text, also where all are numbers
        table[name] = pd.Series(labels, index=table.index, dtype=object)
    return table


def _owners(
    samples: tuple[str, ...], clinical: pd.DataFrame | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Patient and kind of each sample, where there is a sample table."""
    if clinical is None or "SAMPLE_ID" not in clinical:
        return None, None
    rows = clinical.dropna(subset=["SAMPLE_ID"]).drop_duplicates("SAMPLE_ID").set_index("SAMPLE_ID")
    patients = rows["PATIENT_ID"].to_dict()
    kinds = {}
    for column in ("SAMPLE_TYPE", "SAMPLE_CLASS"):  # the class counts where it says normal or model
        for label, value in rows[column].dropna().items() if column in rows else ():
            if column == "SAMPLE_TYPE" or name_kind(str(value)) in ("normal", "model"):
                kinds[label] = str(value)
    return tuple(str(patients.get(label, label)) for label in samples), tuple(kinds.get(x, "") for x in samples)


def read_study_alterations(study: Study, genes: Sequence[str] | None = None) -> tuple[Alterations | None, list[str]]:
    """Read mutations and copy-number calls of a study, with case lists and gene panels.

    Parameters
    ----------
    study : Study
        An open study.
    genes : sequence of str, optional
        Genes, codons or names of the facts; those of the facts if not given.

    Returns
    -------
    found : Alterations or None
        None where the study has neither.
    notes : list of str
        Who was assessed for what.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    tables: list[pd.DataFrame] = []
    notes: list[str] = []
    for meta in _first_of(study, "MUTATION_EXTENDED", ("MAF",), ("mutations",)):
        mutations = read_maf(meta.data or meta.path)
        profiling, more = read_profiling(study, meta, mutations.samples)
        made = tabulate_mutations(mutations, choose_alterations(genes, MUTATION_KINDS), profiling)
        tables.append(made.table)
        notes += [f"{meta.fields['data_filename']}: {note}" for note in (*made.notes, *more)]
    for meta in _first_of(study, "COPY_NUMBER_ALTERATION", ("DISCRETE", "DISCRETE_LONG"), ("gistic", "cna")):
        path = meta.data or meta.path
        profiling, more = read_profiling(study, meta, list_samples(path))
        made = read_cna(path, genes, profiling)
        tables.append(made.table)
        notes += [f"{meta.fields['data_filename']}: {note}" for note in (*made.notes, *more)]
    if not tables:
        return None, ["no mutations and no copy-number calls in the study: not assessed"]
    return Alterations(pd.concat(tables, axis=1), study.source, tuple(notes)), notes


def _first_of(study: Study, kind: str, datatypes: tuple[str, ...], preferred: tuple[str, ...]) -> list[Meta]:
    metas = [meta for meta in study.of_kind(kind) if meta.datatype in datatypes]
    rank = {name: at for at, name in enumerate(preferred)}
    return sorted(metas, key=lambda meta: rank.get(meta.stable_id.lower(), len(rank)))[:1]


def _other_notes(study: Study) -> list[str]:
    notes = []
    for meta in study.of_kind(*_SV):
        count = read_tsv(meta.data or meta.path).frame.height
        notes.append(f"{count} structural variants in {meta.fields['data_filename']}, not used")
    others = sorted({meta.kind for meta in study.metas if meta.kind} - _READ - set(_SV))
    if others:
        notes.append(f"also in the study, not read: {name_some(others, 12)}")
    return notes
