"""One way to part the patients."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Split:
    """One way to part the patients.

    Parameters
    ----------
    repeat : int
        Repetition the split belongs to.
    train, test : ndarray of int
        Positions of the patients.
    """

    repeat: int
    train: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]
