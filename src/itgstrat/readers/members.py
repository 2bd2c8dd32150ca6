"""Files of a folder or of a tar archive as a portal hands them out, read without unpacking to disk."""

import gzip
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import check_file, clean_text, first_bytes, read_text

#: The largest member that is read, in bytes; the largest of TCGA (raw RSEM of breast cancer) has 1.2 GB.
LARGEST = 4 << 30
#: Entries of a folder looked at; a GDC download of all of TCGA has 45,000.
_MOST_ENTRIES = 200_000
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Member:
    """One file of a folder or archive.

    Parameters
    ----------
    name : str
        Path inside the folder or archive, with slashes.
    load : callable
        Gives the text as UTF-8 with plain line ends; raises InputError if the file is no text or damaged.
    """

    name: str
    load: Callable[[], bytes] = field(repr=False)

    @property
    def base(self) -> str:
        """Name of the file without its folders."""
        return PurePosixPath(self.name).name

    @property
    def folder(self) -> str:
        """Name of the folder that holds the file."""
        return PurePosixPath(self.name).parent.name


def is_tar(source: str) -> bool:
    """Tell whether a path is a tar archive, packed or not; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By name and first bytes.
    """
    path = Path(source)
    if not path.name.lower().endswith((".tar.gz", ".tgz", ".tar")):
        return False
    try:
        start = first_bytes(path, 264)
    except InputError:
        return False
    return start.startswith(_GZIP) or start[257:262] == b"ustar"


def read_members(source: str, wanted: Callable[[str], bool], largest: int = LARGEST) -> list[Member]:
    """Find the files of a folder, of a tar archive, or the one file that a path is.

    A tar archive is read once, from start to end, and only what is wanted is kept in memory. Links to folders
    are followed once each, so that a loop ends.

    Parameters
    ----------
    source : str
        Folder, tar archive or file.
    wanted : callable
        Name of a file (without folders) -> whether it is of use.
    largest : int
        Bytes that one member may unpack to.

    Returns
    -------
    list of Member
        In the order of their names.

    Raises
    ------
    InputError
        If an archive is damaged, holds a link, a device or a name that points outside, or a member is too large.
    """
    path = Path(source)
    if path.is_dir():
        found = ((file.relative_to(path).as_posix(), file) for file in walk_files(path))
        members = [Member(name, _loader(file)) for name, file in found if wanted(file.name)]
    elif is_tar(source):
        members = list(_read_tar(path, wanted, largest))
    else:
        check_file(path)
        members = [Member(f"{path.resolve().parent.name}/{path.name}", _loader(path))] if wanted(path.name) else []
    return sorted(members, key=lambda member: member.name)


def walk_files(folder: Path) -> Iterator[Path]:
    """Go through the files of a folder and its folders, following each link once.

    Parameters
    ----------
    folder : Path
        An existing folder.

    Yields
    ------
    Path
        Files; names that start with a dot are left out.

    Raises
    ------
    InputError
        If the folder holds too much to be one download.
    """
    seen: set[str] = set()
    entries = 0
    for here, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        entries += len(names)
        if entries > _MOST_ENTRIES:
            raise InputError(f"{folder}: more than {_MOST_ENTRIES:,} files; name the folder of one download")
        yield from (Path(here) / name for name in sorted(names) if not name.startswith("."))


def list_names(source: str) -> tuple[str, ...]:
    """List the names of the files in a folder (its own files only) or a tar archive; never raises.

    Parameters
    ----------
    source : str
        Folder or tar archive.

    Returns
    -------
    tuple of str
        Names without folders; empty if the source is neither or cannot be read.
    """
    path = Path(source)
    try:
        if path.is_dir():
            return tuple(sorted(entry.name for entry in path.iterdir() if entry.is_file()))
        if is_tar(source):
            return _tar_names(source, path.stat().st_mtime_ns)
    except (OSError, InputError):
        return ()
    return ()


@lru_cache(maxsize=16)
def _tar_names(source: str, _changed: int) -> tuple[str, ...]:
    try:
        with _open_tar(Path(source)) as archive:
            return tuple(PurePosixPath(info.name).name for info in archive if info.isfile())
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return ()


def _loader(path: Path) -> Callable[[], bytes]:
    return lambda: read_text(path)


def _unpacker(data: bytes, label: Path, largest: int) -> Callable[[], bytes]:
    return lambda: clean_text(_inflate(data, label, largest) if data.startswith(_GZIP) else data, label)


def _inflate(data: bytes, label: Path, largest: int) -> bytes:
    """Unpack a gzip file that lies in an archive, to a bounded size."""
    parts: list[bytes] = []
    left = largest
    while data.startswith(_GZIP):
        stream = zlib.decompressobj(wbits=31)
        try:
            parts.append(stream.decompress(data, left + 1))
        except zlib.error as error:
            raise InputError(f"{label}: the gzip archive is damaged ({error}); download it again") from error
        left -= len(parts[-1])
        if left < 0:
            raise InputError(f"{label}: unpacks to more than {largest:,} bytes; unpack it yourself and name the file")
        if not stream.eof:
            raise InputError(f"{label}: the gzip archive is cut off; download it again")
        data = stream.unused_data
    return b"".join(parts)


def _read_tar(path: Path, wanted: Callable[[str], bool], largest: int) -> Iterator[Member]:
    try:
        with _open_tar(path) as archive:
            for info in archive:
                _refuse(info, path, largest)
                if not info.isfile() or not wanted(PurePosixPath(info.name).name):
                    continue
                handle = archive.extractfile(info)
                data = handle.read() if handle else b""
                if len(data) != info.size:
                    raise InputError(f"{path}: cut off inside {info.name!r}; download it again")
                yield Member(info.name, _unpacker(data, Path(f"{path}!{info.name}"), largest))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: the tar archive is damaged or cut off ({error}); download it again") from error


@contextmanager
def _open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive as a stream; at the end the rest is read, so that the check sum of a packed one is looked at."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    with gzip.open(path, "rb") if packed else path.open("rb") as stream:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            yield archive
        while stream.read(1 << 20):
            pass


def _refuse(info: tarfile.TarInfo, path: Path, largest: int) -> None:
    parts = PurePosixPath(info.name.replace("\\", "/")).parts
    outside = info.name.startswith(("/", "\\")) or ".." in parts or (parts and parts[0].endswith(":"))
    if outside or not (info.isfile() or info.isdir()):
        what = "points outside the archive" if outside else "is a link or device"
        raise InputError(f"{path}: the member {name_some([info.name])} {what}; no portal makes such archives: refused")
    if info.size > largest:
        raise InputError(
            f"{path}: the member {info.name} unpacks to {info.size:,} bytes, more than the {largest:,} that are read; "
            "unpack it yourself and name the file"
        )
