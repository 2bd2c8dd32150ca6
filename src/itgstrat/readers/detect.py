"""Which layout does a source have? One row a layout; the first that recognises the source reads it."""

from itgstrat.errors import InputError
from itgstrat.readers.layout import Layout, read_table
from itgstrat.readers.survset import PREFIX, read_survset

#: Layouts from the most particular to the most general; a new one is one more row.
LAYOUTS: tuple[Layout, ...] = (
    Layout("survset", lambda source: source.lower().startswith(PREFIX), read_survset),
    Layout("table", lambda source: True, read_table),
)


def find_layout(source: str) -> Layout:
    """Find the layout of a file, folder or dataset.

    Parameters
    ----------
    source : str
        A path, or ``survset:NAME``.

    Returns
    -------
    Layout
        How to read it.

    Raises
    ------
    InputError
        If no layout is recognised.
    """
    for layout in LAYOUTS:
        if layout.recognise(source):
            return layout
    raise InputError(f"{source}: no known layout; itgstrat reads {', '.join(layout.name for layout in LAYOUTS)}")


def detect_layout(source: str) -> str:
    """Name the layout of a file, folder or dataset.

    Parameters
    ----------
    source : str
        A path, or ``survset:NAME``.

    Returns
    -------
    str
        Such as ``"table"`` or ``"survset"``.

    Raises
    ------
    InputError
        If no layout is recognised.

    Examples
    --------
    >>> detect_layout("survset:gse1992")
    'survset'
    """
    return find_layout(str(source)).name
