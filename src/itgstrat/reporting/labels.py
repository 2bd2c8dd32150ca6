"""Short names for the rows of a figure: a heterodimer by its Greek letters, anything else by its title."""

import re
from collections.abc import Sequence
from functools import cache

from itgstrat.biology import load_catalogue
from itgstrat.biology.records import Heterodimer
from itgstrat.reporting.wording import shorten, split_form, title_feature

#: Longest name that a row of a figure has room for.
LONGEST = 44


def name_subunits(family: Sequence[Heterodimer]) -> dict[str, str]:
    """Give subunits the names of the field, from the titles of the heterodimers; else from the symbols.

    Parameters
    ----------
    family : sequence of Heterodimer
        The heterodimers.

    Returns
    -------
    dict of str to str
        Symbol -> name.

    Examples
    --------
    >>> name_subunits([load_catalogue().heterodimers["itg_aiibb3"]])
    {'ITGA2B': 'αIIb', 'ITGB3': 'β3'}
    """
    names = {}
    for one in family:
        found = re.match(r"Integrin a(\w+?)b\d+ ", one.title)
        alpha = found[1] if found else re.sub(r"^ITGA", "", one.alpha)
        names[one.alpha] = "α" + (alpha.upper() if len(alpha) == 1 else alpha)
        names[one.beta] = "β" + re.sub(r"^ITGB", "", one.beta)
    return names


def label_feature(name: str) -> str:
    """Give a feature a name that a row of a figure has room for.

    Parameters
    ----------
    name : str
        Feature, gene or system; a heterodimer by its id or its title.

    Returns
    -------
    str
        Of a heterodimer of the catalogue the Greek letters and the symbols, of a signature its title; behind it the
        form that is computed, which is never cut off.

    Examples
    --------
    >>> label_feature("itg_avb6"), label_feature("itg_avb6:adjusted")
    ('αVβ6 (ITGAV/ITGB6)', 'αVβ6 (ITGAV/ITGB6), adjusted')
    """
    known, form = split_form(name)
    return (_heterodimers().get(known) or shorten(title_feature(known), LONGEST - len(form))) + form


@cache
def _heterodimers() -> dict[str, str]:
    family = list(load_catalogue().heterodimers.values())
    greek = name_subunits(family)
    names = {one.id: f"{greek[one.alpha]}{greek[one.beta]} ({one.alpha}/{one.beta})" for one in family}
    return names | {one.title: names[one.id] for one in family}
