"""Gene symbols that a spreadsheet turned into dates, such as ``2-Sep``, and the genes they may have been."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from itgstrat.biology.hgnc import GeneTable
from itgstrat.errors import InputError

_ISO = re.compile(r"\d{4}[-/](\d{2})[-/](\d{2})(?:[ T]00:00:00)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/. ]{1,2}([^\W\d]+)")
_MONTH_FIRST = re.compile(r"([^\W\d]+)[-/. ]{1,2}(\d{1,2})")


@dataclass(frozen=True)
class _Months:
    numbers: dict[str, int]
    symbols: dict[int, tuple[str, ...]]


def find_mangled(label: str, table: GeneTable) -> tuple[str, ...]:
    """Give the genes that a date may have been.

    Parameters
    ----------
    label : str
        A gene label.
    table : GeneTable
        Gene names.

    Returns
    -------
    tuple of str
        Approved symbols, sorted; empty if the label is no date or no gene becomes this date.

    References
    ----------
    Ziemann, Eren, El-Osta 2016, doi:10.1186/s13059-016-1044-7.

    Examples
    --------
    >>> from itgstrat.biology.hgnc import load_hgnc
    >>> find_mangled("2-Sep", load_hgnc()), find_mangled("Mar-01", load_hgnc())
    (('SEPTIN2',), ('MARCHF1', 'MTARC1'))
    """
    if not any(letter.isdigit() for letter in label):
        return ()
    month, day = _read_date(label.strip().lower())
    found = [table.resolve(symbol.format(day)) for symbol in _load_months().symbols.get(month, ())]
    for kinds in ({"approved", "previous"}, {"alias"}):
        genes = {each.symbol for each in found if each is not None and each.symbol and each.how in kinds}
        if genes:
            return tuple(sorted(genes))
    return ()


def _read_date(label: str) -> tuple[int, int]:
    """Read month and day; zero for what is no date."""
    months = _load_months().numbers
    if match := _ISO.fullmatch(label):
        return int(match[1]), int(match[2])
    if match := _DAY_FIRST.fullmatch(label):
        return months.get(match[2], 0), int(match[1])
    if match := _MONTH_FIRST.fullmatch(label):
        return months.get(match[1], 0), int(match[2])
    return 0, 0


@cache
def _load_months() -> _Months:
    resource = files("itgstrat.readers").joinpath("data", "spreadsheet_dates.yaml")
    try:
        months = yaml.safe_load(resource.read_bytes())["months"]
    except (OSError, KeyError, yaml.YAMLError) as error:
        raise InputError(f"packaged table of dates cannot be read ({error}); reinstall itgstrat") from error
    numbers = {word: int(number) for number, month in months.items() for word in month["spelled"]}
    return _Months(numbers, {int(number): tuple(month["symbols"]) for number, month in months.items()})
