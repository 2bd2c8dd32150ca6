"""The base of all learned records: named arrays in, named arrays out; and the one door of arrays to and from disk."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from itgstrat.errors import BundleError, OutputError, name_some

Arrays = Mapping[str, npt.NDArray[Any]]

# What a field of text or of one number is saved as: the letters that numpy gives such arrays.
_SCALARS = {str: "U", bool: "b", int: "iu", float: "fiu"}

# How an npz archive begins.
_ZIP = b"PK"

#: In the file of a single record: the name of its class.
_KIND = "record"


@dataclass(frozen=True, eq=False)
class ArrayRecord:
    """A frozen dataclass whose fields are arrays, strings or numbers, and that saves as plain arrays."""

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give every field as an array.

        Returns
        -------
        dict of str to ndarray
            Field name -> array; strings and numbers as arrays without dimensions.
        """
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Build the record from what `to_arrays` gave.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Exactly the fields of the record.

        Returns
        -------
        ArrayRecord
            An equal record.

        Raises
        ------
        BundleError
            If a field is missing, one too many is there, or one that is text or a number is something else.
        """
        expected = {field.name for field in fields(cls)}
        if expected != set(arrays):
            raise BundleError(
                f"{cls.__name__} needs the arrays {sorted(expected)}, found {sorted(arrays)}; "
                "the bundle was made by another version or is damaged"
            )
        kinds = {field.name: _SCALARS[field.type] for field in fields(cls) if field.type in _SCALARS}
        wrong = [name for name, kind in kinds.items() if arrays[name].ndim or arrays[name].dtype.kind not in kind]
        if wrong:
            raise BundleError(f"{cls.__name__}: {name_some(wrong)} are neither text nor one number; get a fresh copy")
        return cls(**{name: array.item() if array.ndim == 0 else array for name, array in arrays.items()})

    def save(self, path: str | Path) -> Path:
        """Write the record into a file of its own.

        Parameters
        ----------
        path : str or Path
            File to make (.npz); it must not exist.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        OutputError
            If the file exists already, or its place cannot be written to.
        """
        path, name = Path(path), type(self).__name__
        content = pack_arrays(name, {_KIND: np.array(name), **self.to_arrays()})
        try:
            with path.open("xb") as file:
                file.write(content)
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error}; give another file") from error
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a record from the file that `save` wrote. No code in it can run.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        ArrayRecord
            An equal record.

        Raises
        ------
        BundleError
            If the file cannot be read, holds no plain arrays, or holds another record.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise BundleError(f"{path} cannot be read: {error}") from error
        try:
            arrays = unpack_arrays(str(path), content)
        except BundleError as error:
            raise BundleError(f"{error}; needed is {cls.__name__}, as its `save` writes it") from error
        found = str(arrays.pop(_KIND, "no record"))
        if found != cls.__name__:
            raise BundleError(f"{path} holds {found}; needed is {cls.__name__}, as its `save` writes it")
        return cls.from_arrays(arrays)


def pack_arrays(name: str, arrays: Arrays) -> bytes:
    """Pack plain arrays as an npz archive.

    Parameters
    ----------
    name : str
        What they are, for the error.
    arrays : mapping of str to ndarray
        Name -> array.

    Returns
    -------
    bytes
        The archive; the same arrays give the same bytes.

    Raises
    ------
    BundleError
        If an array holds objects.
    """
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:  # numpy would pickle them, and before 2.2 savez cannot be told not to
        raise BundleError(f"{name}: {name_some(objects)} hold objects; a bundle holds plain arrays")
    buffer = BytesIO()
    np.savez_compressed(buffer, **dict[str, Any](arrays))
    return buffer.getvalue()


def unpack_arrays(name: str, content: bytes) -> dict[str, npt.NDArray[Any]]:
    """Unpack an npz archive; what is pickled in it is refused unread.

    Parameters
    ----------
    name : str
        Name of the file, for the error.
    content : bytes
        The archive.

    Returns
    -------
    dict of str to ndarray
        Name -> array.

    Raises
    ------
    BundleError
        If it is no archive of plain arrays.
    """
    try:
        with np.load(BytesIO(content), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (ValueError, OSError, BadZipFile, EOFError, TypeError, zlib.error) as error:
        # what numpy says of it is advice to switch pickle on
        broken = "objects, refused unread" if "allow_pickle" in str(error) else "a damaged archive"
        found = broken if content.startswith(_ZIP) else "no npz archive"
        raise BundleError(f"{name} holds no plain arrays: found {found}") from error


def digest_arrays(arrays: Arrays) -> str:
    """Give the SHA-256 of named arrays: names, shapes and values; whatever the packing, the same.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Name -> array, without objects.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> digest_arrays({"a": np.arange(3)}) == digest_arrays({"a": np.arange(3)}), digest_arrays({})[:8]
    (True, 'e3b0c442')
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {arrays[name].shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
