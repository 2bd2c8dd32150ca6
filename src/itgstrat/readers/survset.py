"""Datasets of the PyPI package SurvSet (Drysdale 2022, arXiv:2203.03094), through its own public loader."""

import difflib
import warnings
from typing import Any

import numpy as np
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.layout import Orientation, RawCohort
from itgstrat.readers.tables import as_text, tidy_clinical

#: How a SurvSet dataset is named where a path is expected.
PREFIX = "survset:"
_GENE, _NUMERIC, _FACTOR = "num_HS_", "num_", "fac_"


def read_survset(name: str, orientation: Orientation = "auto") -> RawCohort:
    """Read a SurvSet dataset with gene expression (its ``num_HS_*`` columns).

    Clinical columns lose their prefix ``num_`` or ``fac_``; where both are there, the numeric one stays and
    the factor is left out. The package does not say the unit of the times; for the breast cancer sets
    gse1992, gse3143 and gse4335 it is months.

    Parameters
    ----------
    name : str
        Name of the dataset in any case, with or without ``survset:`` before it.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used: SurvSet always has patients in rows.

    Returns
    -------
    RawCohort
        With the clinical table: ``pid``, ``event``, ``time`` and the clinical columns.

    Raises
    ------
    InputError
        If SurvSet is not installed, has no such dataset, or the dataset has no gene symbols.
    """
    loader = _open_loader()
    wanted = name.removeprefix(PREFIX).strip()
    known = {str(alias).lower(): str(alias) for alias in loader.df_ds["ds"]}
    if wanted.lower() not in known:
        near = difflib.get_close_matches(wanted.lower(), known, n=5, cutoff=0.4)
        hint = f"; did you mean {', '.join(known[alias] for alias in near)}?" if near else ""
        raise InputError(f"SurvSet has no dataset {wanted!r} among its {len(known)}{hint}")
    with warnings.catch_warnings():  # its tables were stored by an older numpy, whose old names warn
        warnings.simplefilter("ignore", DeprecationWarning)
        frame: pd.DataFrame = loader.load_dataset(ds_name=known[wanted.lower()])["df"]
    genes = [column for column in frame.columns if column.startswith(_GENE)]
    if not genes:
        raise InputError(
            f"SurvSet's {known[wanted.lower()]!r} names no genes (no {_GENE}* columns among "
            f"{len(frame.columns)}); use a dataset with gene symbols: gse1992, gse3143 or gse4335"
        )
    clinical, notes = _clinical(frame.drop(columns=genes))
    return RawCohort(
        samples=tuple(str(patient) for patient in as_text(frame["pid"])),
        labels=tuple(column.removeprefix(_GENE) for column in genes),
        values=frame[genes].to_numpy(dtype=np.float32),
        source=f"{PREFIX}{known[wanted.lower()]}",
        orientation="patients x genes (SurvSet)",
        clinical=clinical,
        notes=(*notes, "SurvSet does not say the unit of the times; declare it in the endpoint"),
    )


def _open_loader() -> Any:
    try:
        from SurvSet.data import SurvLoader  # an optional dependency
    except ImportError as error:
        raise InputError(
            f'the package SurvSet cannot be imported ({error}); install it: pip install "itgstrat[demo]"'
        ) from error
    return SurvLoader()


def _clinical(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Strip the prefixes; a factor that is also there as a number is left out."""
    numeric = {column.removeprefix(_NUMERIC) for column in frame.columns if column.startswith(_NUMERIC)}
    twice = [
        column
        for column in frame.columns
        if column.startswith(_FACTOR) and column.removeprefix(_FACTOR) in numeric | {"pid", "event", "time"}
    ]
    names = {
        column: column.removeprefix(_NUMERIC).removeprefix(_FACTOR)
        for column in frame.columns
        if column not in ("pid", "event", "time")
    }
    notes = (f"factors left out, there as numbers too: {name_some(twice)}",) if twice else ()
    return tidy_clinical(frame.drop(columns=twice).rename(columns=names)), notes
