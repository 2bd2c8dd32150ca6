"""Alterations among the variables of a model, and what is done where one was not assessed."""

from collections.abc import Sequence
from typing import Literal

#: What is done with patients in whom an alteration was not assessed: ``fail`` stops, ``indicator`` counts them as
#: 0 and says so in a column of its own, ``drop`` leaves them out.
NotAssessed = Literal["fail", "indicator", "drop"]


def name_indicator(alteration: str) -> str:
    """Name the column that says where an alteration was not assessed.

    Parameters
    ----------
    alteration : str
        Name of the alteration.

    Returns
    -------
    str
        Name of the column.

    Examples
    --------
    >>> name_indicator("KRAS_mut")
    'KRAS_mut=not assessed'
    """
    return f"{alteration}=not assessed"


def list_variables(alterations: Sequence[str], not_assessed: NotAssessed) -> tuple[str, ...]:
    """List the variables that alterations become.

    Parameters
    ----------
    alterations : sequence of str
        Their names.
    not_assessed : {"fail", "indicator", "drop"}
        Only ``indicator`` adds columns.

    Returns
    -------
    tuple of str
        Alterations, then their indicators.

    Examples
    --------
    >>> list_variables(["KRAS_mut"], "indicator")
    ('KRAS_mut', 'KRAS_mut=not assessed')
    """
    return (*alterations, *(map(name_indicator, alterations) if not_assessed == "indicator" else ()))
