"""Which sample of which patient is a GDC file? From sample sheet, files or metadata JSON, or manifest."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.barcodes import parse_barcode
from itgstrat.readers.gdc_files import is_file_id
from itgstrat.readers.members import Member
from itgstrat.readers.sheets import parse_sheet
from itgstrat.readers.tables import as_text

_SHEET_NEEDED = 'download the sample sheet of the same files (GDC cart, "Sample Sheet") into the folder'


@dataclass(frozen=True)
class FileEntry:
    """What the tables of a download say of one file.

    Parameters
    ----------
    file_id, file_name : str
        As the GDC names the file; either may be empty.
    sample, patient : str
        Submitter ids of the sample and the case; empty where the tables do not say.
    case_id : str
        The GDC's own id of the case.
    sample_type : str
        Such as Primary Tumor; empty where the tables do not say.
    preservation : str
        Such as FFPE; empty where the tables do not say.
    """

    file_id: str = ""
    file_name: str = ""
    sample: str = ""
    patient: str = ""
    case_id: str = ""
    sample_type: str = ""
    preservation: str = ""


@dataclass(frozen=True)
class FileTable:
    """All entries of one kind of table.

    Parameters
    ----------
    entries : tuple of FileEntry
        One entry a file.
    origin : str
        Which table, in words; empty where there is none.
    """

    entries: tuple[FileEntry, ...] = ()
    origin: str = ""

    def find(self, member: Member) -> FileEntry | None:
        """Find the entry of a file, by its name or by the folder named after its id.

        Parameters
        ----------
        member : Member
            A count file.

        Returns
        -------
        FileEntry or None
            None if the table does not list the file.
        """
        return self._by_id.get(member.folder) or self._by_name.get(member.base.removesuffix(".gz"))

    @cached_property
    def _by_id(self) -> dict[str, FileEntry]:
        return {entry.file_id: entry for entry in self.entries if entry.file_id}

    @cached_property
    def _by_name(self) -> dict[str, FileEntry]:
        return {entry.file_name.removesuffix(".gz"): entry for entry in self.entries if entry.file_name}


def is_file_table(name: str) -> bool:
    """Tell by its name whether a file may list the files of a download.

    Parameters
    ----------
    name : str
        Name of a file.

    Returns
    -------
    bool
        For sample sheets, metadata and files JSON, and manifests.
    """
    return (
        re.search(r"sample_?sheet.*\.tsv$|^(metadata|files)\b.*\.json$|manifest.*\.(txt|tsv)$", name.lower())
        is not None
    )


def read_file_table(members: Sequence[Member], source: str) -> FileTable:
    """Read what lists the files: the sample sheet before JSON, and JSON before a manifest.

    Parameters
    ----------
    members : sequence of Member
        Files of the download.
    source : str
        Folder or archive, for messages.

    Returns
    -------
    FileTable
        Empty if there is no such table.

    Raises
    ------
    InputError
        If a table is damaged, or two of one kind contradict each other.
    """
    tables = [member for member in members if is_file_table(member.base)]
    sheets = [member for member in tables if "sheet" in member.base.lower()]
    listings = [member for member in tables if member.base.lower().endswith(".json")]
    manifests = [member for member in tables if "manifest" in member.base.lower()]
    for found, read, kind in (
        (sheets, _read_sheet, "sample sheet"),
        (listings, _read_json, "files or metadata JSON"),
        (manifests, _read_manifest, "manifest"),
    ):
        entries = [entry for member in found for entry in read(member, source)]
        if entries:
            _refuse_contradictions(entries, source)
            names = name_some([member.base for member in found])
            return FileTable(tuple(dict.fromkeys(entries)), f"{kind} {names}")
    return FileTable()


def _read_sheet(member: Member, source: str) -> list[FileEntry]:
    table = parse_sheet(member.load(), f"{source}/{member.base}")
    if "File ID" not in table and "File Name" not in table:
        raise InputError(f"{source}/{member.base}: a sample sheet needs the column File ID or File Name")
    text = {str(name): as_text(column).fillna("").tolist() for name, column in table.items()}
    rows = [dict(zip(text, values, strict=True)) for values in zip(*text.values(), strict=True)]
    return [_sheet_entry(row) for row in rows]


def _sheet_entry(row: dict[str, str]) -> FileEntry:
    return FileEntry(
        file_id=row.get("File ID", ""),
        file_name=row.get("File Name", ""),
        sample=_one(row.get("Sample ID", "")),
        patient=_one(row.get("Case ID", "")),
        sample_type=_one(row.get("Sample Type", "") or row.get("Type", "")) or _type_of(row),
        preservation=_one(row.get("Preservation Method", "")),
    )


def _one(cell: str) -> str:
    """Give the one value of a cell that repeats it for each of several entities; empty where they differ."""
    values = {part.strip() for part in cell.split(",") if part.strip()}
    return values.pop() if len(values) == 1 else ""


def _type_of(row: dict[str, str]) -> str:
    """Put together what the sheets of 2024 and later say in three columns."""
    tissue, descriptor = _one(row.get("Tissue Type", "")), _one(row.get("Tumor Descriptor", ""))
    specimen = _one(row.get("Specimen Type", "")).lower()
    if tissue.lower() == "normal":
        return "Blood Derived Normal" if "blood" in specimen else "Solid Tissue Normal"
    if descriptor.lower() == "primary":
        if "blood" in specimen or "marrow" in specimen:
            part = "Peripheral Blood" if "blood" in specimen else "Bone Marrow"
            return f"Primary Blood Derived Cancer - {part}"
        return "Primary Tumor"
    known = {"metastatic": "Metastatic", "metastasis": "Metastatic", "recurrence": "Recurrent Tumor"}
    return known.get(descriptor.lower(), descriptor if tissue.lower() == "tumor" else "")


def _read_json(member: Member, source: str) -> list[FileEntry]:
    try:
        content = json.loads(member.load())
    except ValueError as error:
        raise InputError(f"{source}/{member.base}: damaged JSON ({error}); download it again") from error
    listed = content if isinstance(content, list) else []
    return [_json_entry(item) for item in listed if isinstance(item, dict) and item.get("file_name")]


def _json_entry(item: dict[str, Any]) -> FileEntry:
    cases = [case for case in item.get("cases") or () if isinstance(case, dict)]
    entities = [each for each in item.get("associated_entities") or () if isinstance(each, dict)]
    samples = [sample for case in cases for sample in case.get("samples") or () if isinstance(sample, dict)]
    aliquots = [str(each.get("entity_submitter_id", "")) for each in entities]
    labels = [str(sample.get("submitter_id", "")) for sample in samples] or aliquots
    sample = _one(",".join(labels))
    code = parse_barcode(sample)
    return FileEntry(
        file_id=str(item.get("file_id", "")),
        file_name=str(item["file_name"]),
        sample=sample,
        patient=_one(",".join(str(case.get("submitter_id", "")) for case in cases)) or (code.patient if code else ""),
        case_id=_one(",".join(str(each.get("case_id", "")) for each in (*cases, *entities))),
        sample_type=_one(",".join(str(sample.get("sample_type", "")) for sample in samples)),
    )


def _read_manifest(member: Member, source: str) -> list[FileEntry]:
    table = parse_sheet(member.load(), f"{source}/{member.base}")
    if not {"id", "filename"} <= set(table.columns):
        return []
    pairs = zip(as_text(table["id"]), as_text(table["filename"]), strict=True)
    return [FileEntry(file_id=str(file_id), file_name=str(name).rsplit("/", 1)[-1]) for file_id, name in pairs]


def _refuse_contradictions(entries: Sequence[FileEntry], source: str) -> None:
    said: dict[str, set[str]] = {}
    for entry in entries:
        if entry.sample:
            said.setdefault(entry.file_id or entry.file_name, set()).add(entry.sample)
    twice = [f"{file}: {' and '.join(sorted(samples))}" for file, samples in said.items() if len(samples) > 1]
    if twice:
        raise InputError(f"{source}: sample sheets contradict each other: {name_some(twice)}; keep the right one")


def with_patients(table: FileTable, clinical: pd.DataFrame | None) -> FileTable:
    """Name the patients of files of which only the GDC's id of the case is known, through the clinical table.

    Parameters
    ----------
    table : FileTable
        Entries.
    clinical : DataFrame or None
        Clinical table of the download, with its case ids.

    Returns
    -------
    FileTable
        The same entries, with patients where they could be found.
    """
    if clinical is None or not any(entry.case_id and not entry.patient for entry in table.entries):
        return table
    by_case = next((name for name in ("case_id", "cases.case_id") if name in clinical), "")
    by_name = next((n for n in ("case_submitter_id", "cases.submitter_id", "submitter_id") if n in clinical), "")
    if not by_case or not by_name:
        return table
    names = dict(zip(as_text(clinical[by_case]), as_text(clinical[by_name]), strict=True))
    entries = [
        entry if entry.patient else replace(entry, patient=str(names.get(entry.case_id, ""))) for entry in table.entries
    ]
    return FileTable(tuple(entries), f"{table.origin}, patients by case id from the clinical table")


def label_without_table(member: Member) -> str:
    """Name a file of which nothing is known, by the GDC's id.

    Parameters
    ----------
    member : Member
        A count file.

    Returns
    -------
    str
        Id of the file (its folder), else the first part of its name.
    """
    return member.folder if is_file_id(member.folder) else member.base.split(".")[0]


def say_what_is_missing(origin: str, lists_them: bool) -> str:
    """Say what the download lacks to know the samples.

    Parameters
    ----------
    origin : str
        What lists files, if anything.
    lists_them : bool
        Whether it lists these files.

    Returns
    -------
    str
        A sentence.
    """
    there = "no sample sheet, metadata JSON or manifest is there"
    if origin:
        there = f"the {origin} does not name their samples" if lists_them else f"the {origin} does not list them"
    return f"samples are named by file id: {there}; patients and tissue are not known: {_SHEET_NEEDED}"
