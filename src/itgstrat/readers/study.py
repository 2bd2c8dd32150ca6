"""The files of a cBioPortal study: meta files, case lists, gene panels; a folder, or a tar archive of one."""

import io
import shutil
import tarfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import first_bytes, read_text
from itgstrat.readers.members import list_names
from itgstrat.readers.profiling import WHOLE, Profiling, make_profiling
from itgstrat.readers.tsv import read_tsv

_LFS = b"version https://git-lfs"
#: Most bytes that an archive may unpack to; the largest public study has about 8 GB.
_MOST_UNPACKED = 1 << 35
#: Endings of a case list's stable_id that say what its samples were profiled for.
_LISTS: dict[str, tuple[str, ...]] = {
    "mutation": ("_sequenced", "_cnaseq", "_complete", "_3way_complete"),
    "cna": ("_cna", "_cnaseq", "_acgh", "_complete", "_3way_complete"),
}


@dataclass(frozen=True)
class Meta:
    """A meta file: what one data file of a study is.

    Parameters
    ----------
    path : Path
        The meta file.
    fields : mapping of str to str
        Key -> value.
    """

    path: Path
    fields: Mapping[str, str]

    @property
    def kind(self) -> str:
        """Field ``genetic_alteration_type``, in capitals."""
        return self.fields.get("genetic_alteration_type", "").upper()

    @property
    def datatype(self) -> str:
        """Field ``datatype``, in capitals."""
        return self.fields.get("datatype", "").upper()

    @property
    def stable_id(self) -> str:
        """Field ``stable_id``."""
        return self.fields.get("stable_id", "")

    @property
    def data(self) -> Path | None:
        """The data file, beside the meta file; None where the meta file has none (meta_study)."""
        name = self.fields.get("data_filename", "")
        return self.path.parent / name if name else None


@dataclass(frozen=True)
class Study:
    """A study folder, read as far as its meta files.

    Parameters
    ----------
    source : str
        Folder or archive that the user named.
    folder : Path
        Where its files lie now.
    metas : tuple of Meta
        In the order of their names.
    """

    source: str
    folder: Path
    metas: tuple[Meta, ...]

    def of_kind(self, *kinds: str) -> list[Meta]:
        """Give the meta files of some kinds.

        Parameters
        ----------
        *kinds : str
            Values of genetic_alteration_type.

        Returns
        -------
        list of Meta
            Those that name a data file.
        """
        return [meta for meta in self.metas if meta.kind in kinds and meta.data is not None]


def is_study(source: str) -> bool:
    """Tell whether a path is a cBioPortal study: a folder with meta files, or a tar archive of one.

    Parameters
    ----------
    source : str
        A path.

    Returns
    -------
    bool
        By the names of the files.
    """
    path = Path(source)
    try:
        if path.is_dir():
            metas = [meta for meta in path.glob("meta*.txt") if _is_meta(meta)]
            return (path / "meta_study.txt").is_file() or any(
                "genetic_alteration_type" in read_fields(m) for m in metas
            )
        return "meta_study.txt" in list_names(source)
    except (OSError, InputError):
        return False


@contextmanager
def open_study(source: str) -> Iterator[Study]:
    """Open a study folder or an archive of one.

    Parameters
    ----------
    source : str
        The folder, or a ``.tar.gz`` as cBioPortal's datahub gives it.

    Yields
    ------
    Study
        Its files may be gone after the block.

    Raises
    ------
    InputError
        If no meta file is there, meta files name data files that are not, or the archive is damaged or holds
        links or members that point outside.
    """
    path = Path(source)
    if path.is_dir():
        yield _open_folder(path, source)
        return
    with TemporaryDirectory(prefix="itgstrat-study-") as scratch:
        _unpack(path, Path(scratch))
        metas = sorted(Path(scratch).rglob("meta*.txt"), key=lambda meta: (len(meta.parts), meta))
        if not metas:
            raise InputError(f"{source}: the archive holds no meta file; it is no cBioPortal study")
        yield _open_folder(metas[0].parent, source)


def _unpack(path: Path, folder: Path) -> None:
    """Write the plain files of an archive; nothing may lead outside or be anything but a file or folder."""
    total = 0
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if member.name.startswith("/") or ".." in parts or "\\" in member.name:
                    raise InputError(f"{path}: the member {member.name!r} points outside of the archive; not unpacked")
                if member.isdir():
                    continue
                if not member.isfile():
                    raise InputError(f"{path}: the member {member.name!r} is a link or device; not unpacked")
                total += member.size
                if total > _MOST_UNPACKED:
                    raise InputError(f"{path}: unpacks to more than {_MOST_UNPACKED >> 30} GB; unpack it yourself")
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file, archive.extractfile(member) or io.BytesIO() as packed:
                    shutil.copyfileobj(packed, file)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path}: the archive is damaged or cut off ({error}); download it again") from error


def _open_folder(folder: Path, source: str) -> Study:
    metas = tuple(Meta(path, read_fields(path)) for path in sorted(folder.glob("*.txt")) if _is_meta(path))
    if not metas:
        raise InputError(f"{source}: no meta_*.txt in this folder; a cBioPortal study names its data files in them")
    faults = []
    for meta in metas:
        if meta.data is None:
            continue
        if not meta.data.resolve().is_relative_to(folder.resolve()):
            faults.append(f"{meta.path.name} names {meta.fields['data_filename']}, outside of the study")
        elif not meta.data.is_file():
            faults.append(f"{meta.path.name} names {meta.data.name}, which is not there")
        elif meta.data.stat().st_size and first_bytes(meta.data, 32).startswith(_LFS):
            faults.append(f"{meta.data.name} is only the pointer of git LFS; fetch it with: git lfs pull")
    if faults:
        lines = "\n".join(f"  - {fault}" for fault in faults)
        raise InputError(f"{source}: the study is not complete; download all of it:\n{lines}")
    return Study(source, folder, metas)


def _is_meta(path: Path) -> bool:
    return path.name.startswith("meta") or path.stem.endswith("_meta")


def read_fields(path: Path) -> dict[str, str]:
    """Read the lines ``key: value`` of a meta file, case list or gene panel.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of str to str
        Key -> value; other lines are passed over.

    Raises
    ------
    InputError
        If the file is no text.
    """
    lines = (line.partition(":") for line in read_text(path).decode().splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip() for key, colon, value in lines if colon}


def read_case_lists(study: Study, what: str) -> frozenset[str]:
    """Read which samples were profiled, by the case lists.

    Parameters
    ----------
    study : Study
        An open study.
    what : {"mutation", "cna"}
        Kind of profile.

    Returns
    -------
    frozenset of str
        Labels of the samples in any list of that kind.

    Raises
    ------
    InputError
        If a case list cannot be read.
    """
    found: set[str] = set()
    for path in sorted((study.folder / "case_lists").glob("*.txt")):
        fields = read_fields(path)
        if what in fields.get("case_list_category", "") or fields.get("stable_id", "").endswith(_LISTS[what]):
            found.update(fields.get("case_list_ids", "").split())
    return frozenset(found)


def read_panels(study: Study) -> dict[str, frozenset[str]]:
    """Read the gene panels that lie in a study folder.

    Parameters
    ----------
    study : Study
        An open study.

    Returns
    -------
    dict of str to frozenset of str
        Panel -> its genes, as written.

    Raises
    ------
    InputError
        If a panel file cannot be read.
    """
    panels = {}
    for path in sorted(study.folder.glob("*gene_panel*.txt")):
        if _is_meta(path):
            continue
        fields = read_fields(path)
        if "gene_list" in fields and "stable_id" in fields:
            panels[fields["stable_id"]] = frozenset(fields["gene_list"].split())
    return panels


def read_profiling(study: Study, meta: Meta, called: Collection[str]) -> tuple[Profiling, list[str]]:
    """Find out which samples were profiled, and on which gene panel.

    A sample is profiled if it is in a case list of the kind, in the data file, or has a panel in the matrix. NA in
    the matrix is the whole exome of a profiled sample. Where there is a matrix, a profiled sample that it does
    not list has an unknown panel: only what was found in it is known.

    Parameters
    ----------
    study : Study
        An open study.
    meta : Meta
        Meta file of the mutations or of the copy number.
    called : collection of str
        Labels of the samples in its data file.

    Returns
    -------
    profiling : Profiling
        The record.
    notes : list of str
        What is not known.

    Raises
    ------
    InputError
        If a case list, the matrix or a panel cannot be read.
    """
    listed = read_case_lists(study, "mutation" if meta.kind == "MUTATION_EXTENDED" else "cna")
    named = _read_matrix(study, meta)
    known = read_panels(study)
    common = meta.fields.get("gene_panel", "")
    panels: dict[str, frozenset[str] | None] = {}
    absent: set[str] = set()
    unplaced = []
    profiled = listed | set(called) | {sample for sample, panel in (named or {}).items() if panel}
    for sample in sorted(profiled):
        panel = common if named is None else named.get(sample, common or None)
        if panel is None:
            unplaced.append(sample)
        elif panel and panel.upper() not in WHOLE and panel not in known:
            absent.add(panel)
        if panel is None or (panel and panel.upper() not in WHOLE):
            panels[sample] = known.get(panel or "")
    notes = [f"{len(listed)} samples listed as profiled ({meta.stable_id})"] if listed else []
    if not listed and meta.kind == "MUTATION_EXTENDED":
        notes.append("no case list says who was sequenced: samples without any variant are not assessed")
    if absent:
        notes.append(
            f"genes of the panel {name_some(sorted(absent))} are not in the study: its samples are assessed only for "
            "what was found; put data_gene_panel_*.txt (datahub, reference_data/gene_panels) into the folder"
        )
    if unplaced:
        notes.append(f"no line in the gene panel matrix, so assessed only for what was found: {name_some(unplaced)}")
    return make_profiling(profiled, panels), notes


def _read_matrix(study: Study, meta: Meta) -> dict[str, str] | None:
    """Sample -> panel of one profile (empty for NA); None without a matrix or a column for it."""
    for matrix in study.of_kind("GENE_PANEL_MATRIX"):
        frame = read_tsv(matrix.data or matrix.path).frame
        names = {name.lower(): name for name in frame.columns}
        column = names.get(meta.stable_id.lower())
        if column is None or "sample_id" not in names:
            continue
        rows = zip(frame[names["sample_id"]].to_list(), frame[column].fill_null("").to_list(), strict=True)
        return {sample: "" if panel.upper() in ("", "NA", "N/A") else panel for sample, panel in rows if sample}
    return None
