"""GDC downloads: a folder or archive of STAR or HTSeq count files, with what lists their samples and patients."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import no_cohort
from itgstrat.readers.barcodes import parse_barcode
from itgstrat.readers.gdc_clinical import clinical_from_members
from itgstrat.readers.gdc_files import Array, Sample, Workflow, find_workflow, read_sample
from itgstrat.readers.gdc_samples import (
    FileEntry,
    FileTable,
    is_file_table,
    label_without_table,
    read_file_table,
    say_what_is_missing,
    with_patients,
)
from itgstrat.readers.layout import ClinicalTable, Glance, Orientation, RawCohort
from itgstrat.readers.members import Member, is_tar, list_names, read_members, walk_files
from itgstrat.readers.sheets import look_at

_MOST_THREADS = 8
_BESIDE = "put it into the folder of the files that it lists (gdc-client download -m MANIFEST), and name that folder"
#: Files of a folder looked at to recognise it.
_LOOKED_AT = 5000


@dataclass(frozen=True)
class _Labelled:
    """A count file with the name of its sample."""

    member: Member
    label: str
    entry: FileEntry


def is_gdc(source: str) -> bool:
    """Recognise a GDC download by the names of its count files; never raises.

    Parameters
    ----------
    source : str
        Folder, tar archive or count file.

    Returns
    -------
    bool
        True with at least one count file.
    """
    path = Path(source)
    try:
        if path.is_dir():
            names = (file.name for file, _ in zip(walk_files(path), range(_LOOKED_AT), strict=False))
            return any(find_workflow(name) for name in names)
        if is_tar(source):
            return any(find_workflow(name) for name in list_names(source))
        return path.is_file() and find_workflow(path.name) is not None
    except (OSError, InputError):
        return False


def is_gdc_listing(source: str) -> bool:
    """Recognise a sample sheet, manifest, files or metadata JSON of the GDC; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By its name and header.
    """
    if not is_file_table(Path(source).name):
        return False
    rows = look_at(source)
    header = {cell for row in rows[:1] for cell in row}
    if source.lower().endswith(".json"):
        return any("file_name" in cell for row in rows for cell in row)
    return bool(header & {"File ID", "File Name"}) or {"id", "filename"} <= header


def _listing(source: str) -> str:
    name = Path(source).name.lower()
    kind = "sample sheet" if "sheet" in name else "manifest" if "manifest" in name else "files or metadata JSON"
    return f"a {kind} of the GDC"


refuse_gdc_listing = no_cohort(_listing, _BESIDE)


def glance_gdc_listing(source: str) -> Glance:
    """Say what a sample sheet, manifest or JSON of the GDC lists.

    Parameters
    ----------
    source : str
        The list.

    Returns
    -------
    Glance
        Its samples, or the ids of its files.

    Raises
    ------
    InputError
        If the list cannot be read.
    """
    table = read_file_table(read_members(source, lambda name: True), source)
    labels = [each.sample or each.patient or each.file_id or each.file_name for each in table.entries]
    workflows = Counter(found.name for each in table.entries if (found := find_workflow(each.file_name)))
    counted = ", ".join(f"{count} of {name}" for name, count in sorted(workflows.items())) or "no count file by name"
    note = f"lists {len(table.entries)} files: {counted}"
    return Glance(_listing(source), tuple(dict.fromkeys(labels)), notes=(note, _BESIDE))


def read_gdc(source: str, orientation: Orientation = "auto", measure: str | None = None) -> RawCohort:
    """Read a GDC download: one sample a file, many files at once.

    Samples are named by the sample sheet, else by the metadata or files JSON; with neither they are named by the id
    of the file, and nothing is known of their patients. A ``clinical.tsv`` in the folder is read too.

    Parameters
    ----------
    source : str
        Folder with one folder a file, the tar.gz of the cart, or one count file.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used.
    measure : str, optional
        Column of STAR counts; ``tpm_unstranded`` if not given.

    Returns
    -------
    RawCohort
        Unit as the column has it: counts, or linear levels.

    Raises
    ------
    InputError
        If files of two workflows or gene models are mixed, a file is damaged, or the tables contradict each other.
    """
    members = read_members(source, _is_wanted)
    counted = [(member, workflow) for member in members if (workflow := find_workflow(member.base))]
    workflow = _one_workflow([workflow for _, workflow in counted], source)
    column = _choose_measure(workflow, measure, source)
    others = [member for member in members if not find_workflow(member.base)]
    clinical = clinical_from_members(others, source)
    table = with_patients(read_file_table(others, source), clinical.table if clinical else None)
    labelled, dropped, notes = _label([member for member, _ in counted], table, source)
    values, genes, model = _read_all([each.member for each in labelled], workflow, column, source)
    notes = [f"{workflow.name}{f', {model}' if model else ''}: column {column}, {len(labelled)} files", *notes]
    return _as_raw(source, labelled, values, genes, clinical, notes, dropped, workflow.units[column])


def _is_wanted(name: str) -> bool:
    lower = name.lower()
    is_clinical = lower.startswith(("clinical", "follow_up")) and lower.endswith((".tsv", ".tsv.gz"))
    return find_workflow(name) is not None or is_file_table(name) or is_clinical


def _one_workflow(found: Sequence[Workflow], source: str) -> Workflow:
    counts = Counter(workflow.name for workflow in found)
    if not counts:
        raise InputError(f"{source}: no STAR or HTSeq count file of the GDC in it")
    if len(counts) > 1:
        parts = ", ".join(f"{name}: {count} files" for name, count in sorted(counts.items()))
        raise InputError(
            f"{source}: files of {len(counts)} workflows are mixed ({parts}); their numbers cannot be compared: keep "
            "the files of one workflow in the folder"
        )
    return found[0]


def _choose_measure(workflow: Workflow, measure: str | None, source: str) -> str:
    column = measure or next(iter(workflow.units))
    if column not in workflow.units:
        known = ", ".join(workflow.units)
        raise InputError(f"{source}: {workflow.name} has no measure {measure!r}; use one of {known}")
    return column


def _label(
    members: Sequence[Member], table: FileTable, source: str
) -> tuple[list[_Labelled], list[Dropped], list[str]]:
    """Name the sample of each file; files that the sample sheet does not list are left out."""
    found = [(member, table.find(member)) for member in members]
    known = [_Labelled(member, _label_of(member, entry), entry) for member, entry in found if entry]
    if not any(each.entry.sample or each.entry.patient or each.entry.sample_type for each in known):
        alone = [_Labelled(member, label_without_table(member), FileEntry()) for member in members]
        return alone, [], [say_what_is_missing(table.origin, bool(known))]
    foreign = tuple(label_without_table(member) for member, entry in found if not entry)
    dropped = [Dropped("sample", foreign, f"not in the {table.origin}")] if foreign else []
    notes = [f"samples named by the {table.origin}"]
    _refuse_unknown_tissue(known, source)
    if not any(each.entry.sample or each.entry.sample_type for each in known):
        notes.append("the tables name cases, not samples: whether a file is of tumour or normal tissue is not known")
    kept, fixed, repeated = _drop_worse(known)
    for names, reason in (
        (fixed, "formalin-fixed (FFPE); a frozen sample of the same patient stays"),
        (repeated, "another file of the same sample stays"),
    ):
        if names:
            dropped.append(Dropped("sample", tuple(sorted(names)), reason))
    return kept, dropped, notes


def _label_of(member: Member, entry: FileEntry) -> str:
    return entry.sample or entry.patient or label_without_table(member)


def _refuse_unknown_tissue(known: Sequence[_Labelled], source: str) -> None:
    cases = Counter(each.entry.patient for each in known if not each.entry.sample and not each.entry.sample_type)
    several = [case for case, count in cases.items() if case and count > 1]
    if several:
        raise InputError(
            f"{source}: several files of one case, and no table says which is tumour: {name_some(several)}; download "
            'the sample sheet of the same files (GDC cart, "Sample Sheet") into the folder'
        )


def _drop_worse(known: Sequence[_Labelled]) -> tuple[list[_Labelled], list[str], list[str]]:
    """Leave out a fixed sample where a frozen one of the same patient and kind is there, and further files of one."""
    frozen = {_kind(each) for each in known if "FFPE" not in each.entry.preservation.upper()}
    kept: dict[str, _Labelled] = {}
    fixed, repeated = [], []
    for each in sorted(known, key=lambda each: (each.label, each.member.name)):
        if "FFPE" in each.entry.preservation.upper() and _kind(each) in frozen:
            fixed.append(each.label)
        elif each.label in kept:
            repeated.append(f"{each.label} ({label_without_table(each.member)})")
        else:
            kept[each.label] = each
    return list(kept.values()), fixed, repeated


def _kind(each: _Labelled) -> tuple[str, str]:
    code = parse_barcode(each.label)
    return (code.patient, code.type_code) if code else (each.entry.patient or each.label, each.entry.sample_type)


def _read_all(
    members: Sequence[Member], workflow: Workflow, column: str, source: str
) -> tuple[Array, tuple[str, ...], str]:
    """Read the files in threads (polars leaves Python while it parses); the order is that of the files."""
    from joblib import Parallel, delayed

    threads = min(_MOST_THREADS, os.cpu_count() or 1, len(members))
    parallel = Parallel(n_jobs=threads, backend="threading", return_as="generator")
    values, first = np.empty((0, 0), dtype=np.float32), None
    for at, sample in enumerate(parallel(delayed(read_sample)(member, workflow, column, source) for member in members)):
        if first is None:
            first = sample
            values = np.empty((len(members), len(sample.genes)), dtype=np.float32)
        _refuse_other_genes(sample, first, source)
        values[at] = sample.values
    return values, first.genes if first else (), first.model if first else ""


def _refuse_other_genes(sample: Sample, first: Sample, source: str) -> None:
    if sample.model != first.model:
        raise InputError(
            f"{source}: files of two gene models are mixed ({first.file.name}: {first.model or 'none named'}; "
            f"{sample.file.name}: {sample.model or 'none named'}); keep the files of one data release"
        )
    if sample.genes != first.genes:
        differing = sorted(set(sample.genes) ^ set(first.genes))
        raise InputError(
            f"{source}: {sample.file.name} has other genes than {first.file.name} ({len(sample.genes)} against "
            f"{len(first.genes)}; {name_some(differing) or 'in another order'}); it may be cut off: download it again"
        )


def _as_raw(
    source: str,
    labelled: Sequence[_Labelled],
    values: Array,
    genes: tuple[str, ...],
    clinical: ClinicalTable | None,
    notes: Sequence[str],
    dropped: Sequence[Dropped],
    unit: str,
) -> RawCohort:
    raw = RawCohort(
        samples=tuple(each.label for each in labelled),
        labels=genes,
        values=values,
        source=source,
        orientation="one file a sample (GDC)",
        clinical=clinical.table if clinical else None,
        notes=(*notes, *(clinical.notes if clinical else ())),
        unit=unit,  # type: ignore[arg-type]
        dropped=tuple(dropped),
    )
    named = any(each.entry.patient or each.entry.sample_type for each in labelled)
    if not named or all(parse_barcode(label) for label in raw.samples):
        return raw
    patients = tuple(each.entry.patient or each.label for each in labelled)
    return replace(raw, patients=patients, sample_types=tuple(each.entry.sample_type for each in labelled))
