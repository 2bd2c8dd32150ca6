"""Folds from a file, so that a model is judged on just the folds that others were judged on."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.evaluation.split import Split


@dataclass(frozen=True, eq=False)
class GivenFolds:
    """Folds as a file has them, for the patients at hand.

    Parameters
    ----------
    splits : tuple of Split
        Positions of the patients; some may never be tested.
    notes : tuple of str
        Who of the file is not in the cohort, and the other way round.
    """

    splits: tuple[Split, ...]
    notes: tuple[str, ...]


class _Named(NamedTuple):
    """A split as the file has it: where it stands, its repetition, and names of patients."""

    place: str
    repeat: int
    train: list[str]
    test: list[str]


def read_folds(path: str | Path, patients: Sequence[str]) -> GivenFolds:
    """Read folds from a table, or from a folder of ``splits_<k>.csv``.

    Parameters
    ----------
    path : str or Path
        A table (TSV, or CSV by its name) with columns ``patient``, ``fold`` and optionally ``repeat``: each fold is
        tested by a model of the others of its repetition. Or a folder with a file ``splits_<k>.csv`` a fold, columns
        ``train`` and ``val``, as published with PORPOISE (doi 10.1016/j.ccell.2022.07.004).
    patients : sequence of str
        Patients of the cohort, in order.

    Returns
    -------
    GivenFolds
        Splits of the patients that both know, and a note on the others.

    Raises
    ------
    InputError
        If the file cannot be read, no patient is shared, a patient is in training and test of one split or tested
        twice in a repetition, repetitions test different patients, or a part of a split is empty.
    """
    path = Path(path)
    named = list(_from_folder(path) if path.is_dir() else _from_table(path))
    position = {name: at for at, name in enumerate(patients)}
    listed = dict.fromkeys(name for split in named for name in (*split.train, *split.test))
    strange, unlisted = [n for n in listed if n not in position], [n for n in patients if n not in listed]
    if len(strange) == len(listed):
        raise InputError(
            f"{path}: shares no patient with the cohort: {name_some(listed, 3)} against {name_some(patients, 3)}; "
            "name patients alike"
        )
    if faults := _find_faults(named, position):
        raise InputError(f"{path}: the folds cannot be used: " + "; ".join(faults))
    splits = tuple(
        Split(
            split.repeat,
            *(
                np.array(sorted(position[n] for n in side if n in position), dtype=np.intp)
                for side in (split.train, split.test)
            ),
        )
        for split in named
    )
    notes = [f"folds given in {path.name}: {len(splits)} splits"]
    if strange:
        notes.append(f"{len(strange)} patients of the file are not in the cohort ({name_some(strange)})")
    if unlisted:
        notes.append(
            f"{len(unlisted)} patients of the cohort are not in the file and only in the final model "
            f"({name_some(unlisted)})"
        )
    tested = {name for split in named for name in split.test}
    if idle := [name for name in listed if name in position and name not in tested]:
        notes.append(f"{len(idle)} patients are trained on and never judged ({name_some(idle)})")
    return GivenFolds(splits, ("; ".join(notes),))


def _from_folder(folder: Path) -> Iterator[_Named]:
    files = {int(m[1]): p for p in folder.iterdir() if (m := re.fullmatch(r"splits_(\d+)\.csv", p.name))}
    if not files:
        raise InputError(
            f"{folder}: holds no splits_<k>.csv; give the folder that does, or a table of patient and fold"
        )
    for _, path in sorted(files.items()):
        table = _read(path, ",", {"train", "val"}, optional={"unnamed: 0", ""})
        yield _Named(path.name, 0, *(table[side].dropna().tolist() for side in ("train", "val")))


def _from_table(path: Path) -> Iterator[_Named]:
    table = _read(path, "," if path.suffix.lower() == ".csv" else "\t", {"patient", "fold"}, optional={"repeat"})
    if "repeat" not in table:
        table = table.assign(repeat="1")
    blank = table.isna().any(axis=1)
    if blank.any():
        raise InputError(f"{path}: {int(blank.sum())} rows are incomplete (row {int(blank.argmax()) + 2} first)")
    for number, (repeat, own) in enumerate(table.groupby("repeat", sort=True)):
        if own["patient"].duplicated().any():
            twice = own.loc[own["patient"].duplicated(), "patient"]
            raise InputError(f"{path}: patients stand twice in repetition {repeat}: {name_some(twice)}")
        for fold in sorted(own["fold"].unique()):
            tested = own["fold"] == fold
            place = f"repetition {repeat}, fold {fold}"
            yield _Named(place, number, own.loc[~tested, "patient"].tolist(), own.loc[tested, "patient"].tolist())


def _read(path: Path, separator: str, needed: set[str], optional: set[str]) -> pd.DataFrame:
    try:
        table: pd.DataFrame = pd.read_csv(path, sep=separator, dtype=str, encoding="utf-8-sig", skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read the folds ({error}); give a table of patient and fold") from error
    table = table.rename(columns=lambda name: str(name).strip().lower()).apply(lambda column: column.str.strip())
    if not needed <= set(table.columns) <= needed | optional:
        raise InputError(f"{path}: has the columns {name_some(table.columns)}; needs {' and '.join(sorted(needed))}")
    return table


def _find_faults(named: Sequence[_Named], position: dict[str, int]) -> list[str]:
    faults: list[str] = []
    tested: dict[int, set[str]] = {}
    for split in named:
        train, test = (set(side) & position.keys() for side in (split.train, split.test))
        if both := sorted(set(split.train) & set(split.test)):
            faults.append(f"{split.place}: in training and test: {name_some(both)}")
        if again := sorted(test & tested.setdefault(split.repeat, set())):
            faults.append(f"{split.place}: tested before: {name_some(again)}")
        if not train or not test:
            faults.append(f"{split.place}: {'training' if not train else 'test'} holds no patient of the cohort")
        tested[split.repeat] |= test
    if any(own != tested[0] for own in tested.values()):
        faults.append("repetitions test different patients; every repetition must test the same")
    return faults
