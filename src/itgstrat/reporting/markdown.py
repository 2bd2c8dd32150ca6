"""Markdown of the model cards."""

import html
from collections.abc import Mapping, Sequence
from typing import Any


def bullets(lines: Sequence[str]) -> str:
    """Write a list."""
    return "\n".join(f"- {line}" for line in lines)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table; markup in a cell shows as text."""
    lines = [tuple(head), ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(plain_text(cell) for cell in line)} |" for line in lines)


def cohort_table(info: Mapping[str, Any]) -> str:
    """Write how many patients of which cohorts a bundle was trained on."""
    rows = [(name, f"{patients:,}") for name, patients in dict(info.get("cohorts", {})).items()]
    return markdown_table(("Cohort", "Patients"), rows)


def plain_text(text: object) -> str:
    r"""Show markup in a name as text: neither HTML nor a table's bar works in it.

    Parameters
    ----------
    text : object
        Name, as a user gave it.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> plain_text("a|b <i>")
    'a\\|b &lt;i&gt;'
    """
    return html.escape(" ".join(str(text).split()), quote=False).replace("|", "\\|")
