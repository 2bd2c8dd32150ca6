"""The bytes of a text file, unpacked and as clean UTF-8; other files are refused by their first bytes."""

import zlib
from pathlib import Path

from itgstrat.errors import InputError

#: First bytes of files that people hand over as tables, and what they are.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (
        b"PK\x03\x04",
        "an Excel workbook or a zip archive; save the sheet as tab-separated text, or unpack the archive",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file; save the sheet as tab-separated text"),
    (b"\x89HDF", "an HDF5 file"),
    (b"%PDF", "a PDF document; ask the source for the table itself"),
    (b"RDX", "an R workspace; write the table from R with write.table(sep = '\\t')"),
    (b"BZh", "a bzip2 archive; unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "an xz archive; unpack it, or pack it with gzip"),
    (b"(\xb5/\xfd", "a zstd archive; unpack it, or pack it with gzip"),
    (b"<!doctype html", "a web page, not the file behind it; download the file again"),
    (b"<html", "a web page, not the file behind it; download the file again"),
    (b"<?xml", "an XML document"),
)
_GZIP = b"\x1f\x8b"
_BOM_UTF8, _BOMS_UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
#: Width of the blocks in which a packed file is inflated.
_BLOCK = 1 << 22
_NEEDED = "itgstrat needs a table as TSV, CSV (plain or .gz), parquet or feather"


def check_file(path: Path) -> None:
    """Make sure that a path leads to a file with something in it.

    Parameters
    ----------
    path : Path
        Where the file should be.

    Raises
    ------
    InputError
        If there is nothing, a folder, or an empty file.
    """
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; {_NEEDED}: name the file inside it")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path (working directory: {Path.cwd()})")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty (0 bytes); {_NEEDED}: download or export it again")


def first_bytes(path: Path, count: int = 16) -> bytes:
    """Read the first bytes of a file as they lie on disk.

    Parameters
    ----------
    path : Path
        An existing file.
    count : int
        How many bytes.

    Returns
    -------
    bytes
        At most `count` bytes.

    Raises
    ------
    InputError
        If the path leads to no file, or the file may not be read.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def read_text(path: Path) -> bytes:
    """Read a text file, packed or not, as UTF-8 with plain line ends and without a byte-order mark.

    Text that is neither UTF-8 nor UTF-16 is taken for Windows-1252, which holds Latin-1.

    Parameters
    ----------
    path : Path
        Plain or gzip-packed text.

    Returns
    -------
    bytes
        The text, never empty.

    Raises
    ------
    InputError
        If the path leads to no file, the archive is cut off or damaged, or the content is not text.
    """
    packed = first_bytes(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if packed.startswith(_GZIP):
        data = _inflate(data, path)
    _refuse_foreign(data, path)
    text = _as_utf8(data)
    if b"\x00" in text[:_BLOCK]:
        raise InputError(f"{path}: the content is binary, not text; {_NEEDED}")
    if text.isspace() or not text:
        raise InputError(f"{path}: the file holds nothing but white space; {_NEEDED}")
    return text


def _inflate(data: bytes, path: Path) -> bytes:
    parts: list[bytes] = []
    rest = data
    while rest.startswith(_GZIP):
        stream = zlib.decompressobj(wbits=31)
        try:
            parts.append(stream.decompress(rest))
        except zlib.error as error:
            raise InputError(f"{path}: the gzip archive is damaged ({error}); download it again") from error
        if not stream.eof:
            size = sum(map(len, parts))
            raise InputError(f"{path}: the gzip archive is cut off after {size:,} unpacked bytes; download it again")
        rest = stream.unused_data
    return b"".join(parts)


def _refuse_foreign(data: bytes, path: Path) -> None:
    start = data[:64].lstrip().lower()
    for magic, what in _FOREIGN:
        if start.startswith(magic.lower()):
            raise InputError(f"{path}: this is {what}; {_NEEDED}")


def _as_utf8(data: bytes) -> bytes:
    if data.startswith(_BOMS_UTF16):
        data = data.decode("utf-16", errors="replace").encode()
    data = data.removeprefix(_BOM_UTF8)
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            # Latin-1 reads the five bytes that Windows-1252 leaves open
            data = data.decode("cp1252" if _is_cp1252(data) else "latin-1").encode()
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def _is_cp1252(data: bytes) -> bool:
    return not any(bytes([code]) in data for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
