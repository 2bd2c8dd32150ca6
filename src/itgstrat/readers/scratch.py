"""A matrix too large for memory, laid down on disk row by row and taken up again column by column."""

import errno
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

from itgstrat.errors import InputError
from itgstrat.readers.matrix import Array

#: Bytes of rows that are laid down together, about.
TOGETHER = 1 << 21


class Scratch:
    """A float32 matrix in a temporary file without a name, so that it is gone however the program ends.

    Some rows together lie in tiles of some columns each: what is read for these columns lies in few pieces, and nothing
    is mapped into memory, so that memory is that of one tile of columns.

    Parameters
    ----------
    tile : int
        Columns of one tile.
    together : int
        Bytes of rows that are laid down together, about; `TOGETHER` if not given.

    Raises
    ------
    InputError
        If no temporary file can be made, or the disk is full.
    """

    def __init__(self, tile: int, together: int | None = None) -> None:
        self._tile = tile
        self._together = TOGETHER if together is None else together
        self._held: list[Array] = []
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
        if not len(values):
            return
        self._width = values.shape[1]
        self._held.append(values)
        if sum(part.nbytes for part in self._held) >= self._together:
            self._lay_down()

    def _lay_down(self) -> None:
        """Write the rows that are held; many together, so that what is read later lies in few pieces."""
        if not self._held:
            return
        try:
            for start in range(0, self._width, self._tile):
                tile = np.ascontiguousarray(
                    np.concatenate([part[:, start : start + self._tile] for part in self._held])
                )
                left = tile.data.cast("B")
                while left:  # a write without a buffer may take a part only
                    left = left[self._file.write(left) :]
        except OSError as error:
            raise _no_place(error) from error
        self._heights.append(sum(map(len, self._held)))
        self._held.clear()

    def columns(self) -> Iterator[Array]:
        """Take up the matrix turned, one tile of columns after the other.

        Yields
        ------
        ndarray of float32, shape (n_tile_columns, n_rows)
            The next columns, as rows.

        Raises
        ------
        InputError
            If the disk is full.
        """
        self._lay_down()
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
            Rows that were laid down together.

        Raises
        ------
        InputError
            If the disk is full.
        """
        self._lay_down()
        at = 0
        for height in self._heights:
            parts = []
            for start in range(0, self._width, self._tile):
                width = min(self._tile, self._width - start)
                parts.append(self._read(at, (height, width)))
                at += 4 * height * width
            yield np.concatenate(parts, axis=1)

    def _read(self, at: int, shape: tuple[int, int]) -> Array:
        found = np.empty(shape, np.float32)
        left = found.data.cast("B")
        self._file.seek(at)
        while left:  # so may a read
            count = self._file.readinto(left)
            if not count:
                raise _no_place(OSError(errno.EIO, "what was written is gone"))
            left = left[count:]
        return found


def _no_place(error: OSError) -> InputError:
    what = "is full" if error.errno == errno.ENOSPC else f"cannot be written ({error.strerror})"
    return InputError(
        f"the folder for temporary files, {tempfile.gettempdir()}, {what}; a text matrix that is read in blocks needs "
        "4 bytes there for each of its numbers: name another folder in the environment variable TMPDIR, or save the "
        "matrix as h5ad"
    )
