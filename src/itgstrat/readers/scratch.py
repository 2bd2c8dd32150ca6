"""A matrix too large for memory, laid down on disk row by row and taken up again column by column."""

import errno
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

from itgstrat.errors import InputError
from itgstrat.readers.matrix import Array


class Scratch:
    """A float32 matrix in a temporary file without a name, so that it is gone however the program ends.

    Rows that are added together lie in tiles of some columns each: what is read for these columns lies together, and
    nothing is mapped into memory, so that memory is that of one tile of columns.

    Parameters
    ----------
    tile : int
        Columns of one tile.

    Raises
    ------
    InputError
        If no temporary file can be made, or the disk is full.
    """

    def __init__(self, tile: int) -> None:
        self._tile = tile
        self._heights: list[int] = []
        self._width = 0
        try:
            self._file = tempfile.TemporaryFile(prefix="itgstrat-", buffering=0)  # noqa: SIM115  # closed by __exit__
        except OSError as error:
            raise _no_place(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, values: Array) -> None:
        """Add rows.

        Parameters
        ----------
        values : ndarray of float32, shape (n_rows, n_columns)
            As many columns as before.

        Raises
        ------
        InputError
            If the disk is full.
        """
        self._heights.append(len(values))
        self._width = values.shape[1]
        try:
            for start in range(0, self._width, self._tile):
                part = np.ascontiguousarray(values[:, start : start + self._tile]).data.cast("B")
                while part:  # a write without a buffer may take a part only
                    part = part[self._file.write(part) :]
        except OSError as error:
            raise _no_place(error) from error

    def columns(self) -> Iterator[Array]:
        """Take up the matrix turned, one tile of columns after the other.

        Yields
        ------
        ndarray of float32, shape (n_tile_columns, n_rows)
            The next columns, as rows.
        """
        for start in range(0, self._width, self._tile):
            yield self._turn(start, min(self._tile, self._width - start))  # no name holds it while the next is made

    def _turn(self, start: int, width: int) -> Array:
        turned = np.empty((width, sum(self._heights)), np.float32)
        done = 0
        for height in self._heights:
            at = 4 * (done * self._width + height * start)
            turned[:, done : done + height] = self._read(at, (height, width)).T
            done += height
        return turned

    def rows(self) -> Iterator[Array]:
        """Take up the matrix as it was laid down.

        Yields
        ------
        ndarray of float32, shape (n_rows, n_columns)
            Rows that were added together.
        """
        at = 0
        for height in self._heights:
            parts = []
            for start in range(0, self._width, self._tile):
                width = min(self._tile, self._width - start)
                parts.append(self._read(at, (height, width)))
                at += 4 * height * width
            yield np.concatenate(parts, axis=1)

    def _read(self, at: int, shape: tuple[int, int]) -> Array:
        self._file.seek(at)
        return np.fromfile(self._file, np.float32, shape[0] * shape[1]).reshape(shape)


def _no_place(error: OSError) -> InputError:
    what = "is full" if error.errno == errno.ENOSPC else f"cannot be written ({error.strerror})"
    return InputError(
        f"the folder for temporary files, {tempfile.gettempdir()}, {what}; a text matrix that is read in blocks needs "
        "4 bytes there for each of its numbers: name another folder in the environment variable TMPDIR, or save the "
        "matrix as h5ad"
    )
