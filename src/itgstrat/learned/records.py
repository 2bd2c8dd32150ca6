"""The base of all learned records: named arrays in, named arrays out."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from itgstrat.errors import BundleError


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
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
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
            If a field is missing or one too many is there.
        """
        expected = {field.name for field in fields(cls)}
        if expected != set(arrays):
            raise BundleError(
                f"{cls.__name__} needs the arrays {sorted(expected)}, found {sorted(arrays)}; "
                "the bundle was made by another version or is damaged"
            )
        return cls(**{name: array.item() if array.ndim == 0 else array for name, array in arrays.items()})
