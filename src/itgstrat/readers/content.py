"""The bytes of a text file, unpacked and as clean UTF-8; other files are refused by their first bytes."""

import codecs
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import cast

from isal import isal_zlib

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
_IsalError = cast(type[Exception], isal_zlib.error)  # its stub calls the class an instance
_BOM_UTF8, _BOMS_UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
#: Bytes of text in one block: at 24 MiB polars' cost per column and block no longer counts (measured at 2,000 columns).
_BLOCK = 3 << 23
#: Packed bytes that are inflated at a time.
_READ = 1 << 20
#: How many times larger than its archive a text may be before it is refused.
MAX_INFLATION = 100.0
_ALWAYS_ALLOWED = 1 << 28
#: A quotation that is longer was never closed; a line that is longer is no line.
_FEW_LINES, _LONGEST_QUOTE, _LONGEST_LINE = 50, 1 << 26, 1 << 28
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


def read_text(path: Path, max_inflation: float = MAX_INFLATION) -> bytes:
    """Read a text file, packed or not, as UTF-8 with plain line ends and without a byte-order mark.

    Parameters
    ----------
    path : Path
        Plain or gzip-packed text.
    max_inflation : float
        See `stream_text`.

    Returns
    -------
    bytes
        The text, never empty.

    Raises
    ------
    InputError
        If the path leads to no file, the archive is cut off, damaged or unpacks to too much, or the content is
        not text.
    """
    return b"".join(stream_text(path, max_inflation))


def stream_text(path: Path, max_inflation: float = MAX_INFLATION, block: int = _BLOCK) -> Iterator[bytes]:
    """Read a text file as `read_text` does, in blocks of whole lines; memory stays at a few blocks.

    Text that is neither UTF-8 nor UTF-16 is taken for Windows-1252, which holds Latin-1. A line end between
    quotation marks does not end a block.

    Parameters
    ----------
    path : Path
        Plain or gzip-packed text.
    max_inflation : float
        How many times larger than its archive the text may be; 256 MiB are always allowed. Expression matrices
        pack 2 to 30 times, archives made to exhaust a machine about 1,000 times.
    block : int
        Bytes of one block, about.

    Yields
    ------
    bytes
        Whole lines; only the last may lack its line end.

    Raises
    ------
    InputError
        If the path leads to no file, the archive is cut off, damaged or unpacks to too much, or the content is
        not text.
    """
    packed = first_bytes(path).startswith(_GZIP)
    chunks = _inflate(path, float(max_inflation), block) if packed else _read_chunks(path, _READ)
    blank = True
    for piece in _whole_lines(_plain_ends(_without_marks(chunks, path)), path, block):
        text = _as_utf8(piece)
        if b"\x00" in text:
            raise InputError(f"{path}: the content is binary, not text; {_NEEDED}")
        blank = blank and (text.isspace() or not text)
        yield text
    if blank:
        raise InputError(f"{path}: the file holds nothing but white space; {_NEEDED}")


def first_text(path: Path, count: int = 4096) -> str:
    """Read the first characters of a text file, packed or not; what cannot be read gives nothing.

    Parameters
    ----------
    path : Path
        Any path.
    count : int
        Bytes to look at.

    Returns
    -------
    str
        The beginning of the text; empty for a folder, a missing, damaged or binary file.
    """
    try:
        with path.open("rb") as file:
            start = file.read(max(count, 1 << 16))
        if start.startswith(_GZIP):
            start = isal_zlib.decompressobj(wbits=31).decompress(start, count + len(_BOM_UTF8))
    except (OSError, ValueError, _IsalError):
        return ""
    text = start.removeprefix(_BOM_UTF8)[:count]
    return "" if b"\x00" in text else text.decode("utf-8", errors="replace")


def clean_text(data: bytes, path: Path) -> bytes:
    """Bring unpacked bytes to what `read_text` gives, for a member of an archive.

    Parameters
    ----------
    data : bytes
        The whole text, unpacked.
    path : Path
        Name for messages.

    Returns
    -------
    bytes
        UTF-8 with plain line ends and without a byte-order mark, never empty.

    Raises
    ------
    InputError
        If the content is not text.
    """
    text = _as_utf8(b"".join(_plain_ends(_without_marks(iter([data]), path))))
    if b"\x00" in text:
        raise InputError(f"{path}: the content is binary, not text; {_NEEDED}")
    if text.isspace() or not text:
        raise InputError(f"{path}: the file holds nothing but white space; {_NEEDED}")
    return text


def text_size(path: Path) -> int:
    """Estimate the size of a text file when it is unpacked.

    Parameters
    ----------
    path : Path
        An existing file.

    Returns
    -------
    int
        Bytes; of a gzip archive what its last four bytes say, or a guess where that cannot be.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) != _GZIP or size < 18:
            return size
        file.seek(-4, 2)
        told = int.from_bytes(file.read(4), "little")
    return min(told, int(MAX_INFLATION * size)) if told >= size else 4 * size  # of several members it tells the last


def _read_chunks(path: Path, block: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(block):
                yield chunk
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def _inflate(path: Path, max_inflation: float, block: int) -> Iterator[bytes]:
    allowed = max(_ALWAYS_ALLOWED, int(max_inflation * path.stat().st_size))
    stream, size = isal_zlib.decompressobj(wbits=31), 0
    for packed in _read_chunks(path, _READ):
        while packed:
            if stream.eof:
                if not packed.startswith(_GZIP):  # padding after the last member
                    return
                stream = isal_zlib.decompressobj(wbits=31)
            try:
                text = stream.decompress(packed, block)
            except _IsalError as error:
                raise InputError(f"{path}: the gzip archive is damaged ({error}); download it again") from error
            size += len(text)
            if size > allowed:
                raise InputError(
                    f"{path}: the archive of {path.stat().st_size:,} bytes unpacks to more than {allowed:,} bytes; if "
                    f"it is no trap, unpack it yourself or set max_inflation above {max_inflation:g}"
                )
            yield text
            packed = stream.unused_data if stream.eof else stream.unconsumed_tail
    if not stream.eof:
        raise InputError(f"{path}: the gzip archive is cut off after {size:,} unpacked bytes; download it again")


def _without_marks(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """Refuse foreign files by their beginning, drop the byte-order mark, and bring UTF-16 to UTF-8."""
    start = next((chunk for chunk in chunks if chunk), b"")
    _refuse_foreign(start, path)
    if not start.startswith(_BOMS_UTF16):
        yield start.removeprefix(_BOM_UTF8)
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    for chunk in chain([start], chunks):
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _plain_ends(chunks: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        chunk, held = held + chunk, b""
        if chunk.endswith(b"\r"):  # its other half may stand in the next chunk
            chunk, held = chunk[:-1], b"\r"
        yield chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in chunk else chunk
    if held:
        yield b"\n"


def _whole_lines(chunks: Iterator[bytes], path: Path, block: int) -> Iterator[bytes]:
    """Gather blocks, and cut them at line ends that stand outside quotation marks."""
    parts: list[bytes] = []
    waiting, quotes, first = 0, 0, True  # a small first block: it is cut once more, behind the header
    for chunk in chunks:
        end, quoted = chunk.rfind(b"\n") + 1, b'"' in chunk  # to find none is far quicker than to count them
        if end and (waiting + end >= block or (first and chunk.count(b"\n", 0, end) > _FEW_LINES)):
            inside = (quotes + (chunk.count(b'"', 0, end) if quoted else 0)) % 2
            if not inside or waiting > _LONGEST_QUOTE:
                yield b"".join([*parts, memoryview(chunk)[:end]])
                parts, waiting, quotes, chunk, first = [], 0, 0, chunk[end:], False
        if waiting > _LONGEST_LINE:
            raise InputError(f"{path}: no line end within {waiting:,} bytes; {_NEEDED}")
        parts.append(chunk)
        waiting += len(chunk)
        quotes += chunk.count(b'"') if quoted else 0
    if waiting:
        yield b"".join(parts)


def _refuse_foreign(data: bytes, path: Path) -> None:
    start = data[:64].lstrip().lower()
    for magic, what in _FOREIGN:
        if start.startswith(magic.lower()):
            raise InputError(f"{path}: this is {what}; {_NEEDED}")


def _as_utf8(text: bytes) -> bytes:
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            # Latin-1 reads the five bytes that Windows-1252 leaves open
            return text.decode("cp1252" if _is_cp1252(text) else "latin-1").encode()
    return text


def _is_cp1252(data: bytes) -> bool:
    return not any(bytes([code]) in data for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
